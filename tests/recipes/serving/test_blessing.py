"""A model that is worse than the one now served, overall or on a slice, is refused; one that may be as good is not."""

import json
import warnings
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, export
from recipes.cli import main
from recipes.serving.blessing import WorseModel, compare_served, refuse_worse
from recipes.serving.slices import slices_of

N = np.arange(2000)
RANDOM = np.random.default_rng(0)
TOWN = np.array(["Ulm", "Bonn", "Köln", "Jena"])[N % 4]
FRAME = pandas.DataFrame({"truth": RANDOM.random(2000), "town": TOWN, "age": N % 91, "chance": RANDOM.random(2000)})
TRUE = (FRAME["truth"] > 0.5).to_numpy().astype(int)
TRAIN = FRAME[:40].assign(chance=2.0)


def data_with(y_train, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # one column decides everything, as it should here
        return Data.from_arrays(TRAIN, y_train, x_test=FRAME, y_test=y, validation=0.2)


YES = np.where(TRUE, "yes", "no")
DATA = data_with(YES[:40], YES)


class Fake:
    """A model that is right in a share of the answers, which depends on the town."""

    def __init__(self, share, spec=DATA.spec, seed=0, **shares):
        self.spec, self.share, self.shares, self.seed = spec, share, shares, seed

    def scores(self, inputs):
        assert set(inputs) == set(self.spec.names.inner)
        truth = np.asarray(inputs["truth"]) > 0.5
        share = np.array([self.shares.get(town, self.share) for town in inputs["town"]])
        luck = (np.asarray(inputs["chance"]) * 7919 * (1 + self.seed)) % 1
        answer = np.where(luck < share, truth, ~truth)
        return np.where(answer, 0.9, 0.1)[:, None]


def verdicts(new, old, slices=()):
    rows = compare_served(new, old, DATA, slices)["comparisons"]
    return {row["where"]: row["verdict"] for row in rows}


def test_worse_overall_is_refused():
    result = compare_served(Fake(0.8), Fake(0.9, seed=1), DATA)
    (row,) = result["comparisons"]
    assert (row["where"], row["examples"], row["verdict"]) == ("", 2000, "worse")
    assert row["new"] == pytest.approx(0.8, abs=0.03)
    assert row["low"] < row["new"] - row["old"] < row["high"] < 0
    with pytest.raises(WorseModel) as caught:
        refuse_worse(result, "served")
    message = str(caught.value)
    assert message.startswith("the model is worse than that of served on all test examples: accuracy ")
    assert f"{100 * row['new']:.2f} % against {100 * row['old']:.2f} %" in message
    assert message.endswith(" at 95%) in 2,000 examples; nothing was written")
    assert "\n" not in message


def test_worse_on_a_slice_is_refused_and_named():
    new = Fake(0.9, Bonn=0.7)
    found = verdicts(new, Fake(0.85), ["town"])
    assert found["town 'Bonn'"] == "worse"
    assert found[""] != "worse"
    with pytest.raises(WorseModel, match=r"where town 'Bonn': accuracy .* of 5 comparisons\) in 500 examples;"):
        refuse_worse(compare_served(new, Fake(0.85), DATA, ["town"]), "served")


def test_noise_is_no_reason():
    for seed in range(1, 6):
        result = compare_served(Fake(0.9), Fake(0.9, seed=seed), DATA, ["town", "age"])
        assert len(result["comparisons"]) == 1 + 4 + 4
        refuse_worse(result, "served")
    assert set(verdicts(Fake(0.9), Fake(0.9), ["town"]).values()) == {"as good"}
    assert verdicts(Fake(0.95), Fake(0.8)) == {"": "better"}


def test_classes_in_another_order_are_matched_by_name():
    config = {**DATA.spec.to_config(), "class_names": DATA.spec.class_names[::-1]}
    other = Fake(0.1, type(DATA.spec).from_config(config))  # right as often, since its output is the other class
    (row,) = compare_served(Fake(0.9), other, DATA)["comparisons"]
    assert row["old"] == pytest.approx(0.9, abs=0.03)
    assert row["verdict"] in ("open", "as good")
    foreign = Fake(0.9, type(DATA.spec).from_config({**config, "class_names": ["a", "b"]}))
    with pytest.raises(
        InvalidArgument, match="compare must be a model for the same task and classes, binary of no, yes"
    ):
        compare_served(Fake(0.9), foreign, DATA)


def test_errors_of_a_regression():
    y = FRAME["truth"].to_numpy() * 1e6
    data = data_with(y[:40], y)

    class Off(Fake):
        def scores(self, inputs):
            factor = np.where(np.asarray(inputs["town"]) == "Ulm", *self.share)
            return np.asarray(inputs["truth"])[:, None] * 1e6 + factor[:, None] * 1e4 * np.cos(N)[:, None]

    rows = compare_served(Off((3.0, 1.0), data.spec), Off((1.0, 1.5), data.spec), data, ["town"])
    assert rows["metric"] == "root_mean_squared_error"
    found = {row["where"]: row["verdict"] for row in rows["comparisons"]}
    assert found["town 'Ulm'"] == "worse"
    assert found["town 'Bonn'"] == "better"


AGES = ("0 to 21", "22 to 44", "45 to 67", "68 to 90")


def test_slices():
    x = {DATA.spec.names.inner[name]: FRAME[name].to_numpy() for name in FRAME}
    parts = slices_of(["age", "town"], x, DATA.spec)
    assert [name for name, _ in parts[:4]] == [f"age from {ages}" for ages in AGES]
    assert sorted(np.concatenate([members for _, members in parts[:4]])) == N.tolist()
    assert all((TOWN[members] == name.split("'")[1]).all() for name, members in parts[4:])
    values = np.where(N < 30, None, np.where(N < 40, "rare", "usual"))
    own = slices_of({"region": values}, x, DATA.spec)
    assert [(name, len(members)) for name, members in own] == [("region 'usual'", 1960), ("region missing", 30)]


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ("town", "slices must be a list of names of columns"),
        (["Town"], "slices must be columns of the inputs: .*town.*Received: slices='Town'"),
        ({"region": [1, 2]}, r"slices\['region'\] must be a value for each of 2000 test examples"),
        ({"region": N}, None),
        ({"region": list(map(str, N))}, "slices must be columns with a value of at least 20 test examples"),
    ],
)
def test_what_is_no_slice(slices, message):
    x = {DATA.spec.names.inner[name]: FRAME[name].to_numpy() for name in FRAME}
    if message is None:
        assert len(slices_of(slices, x, DATA.spec)) == 4
        return
    with pytest.raises(InvalidArgument, match=message):
        slices_of(slices, x, DATA.spec)


def test_an_export_is_compared_through_its_files(exported, digits_run, saved_run, digits, tmp_path, capsys, data_dir):
    export(digits_run, tmp_path / "same", compare=exported, slices={"parity": digits.arrays("test")[1] % 2})
    rows = json.loads(Path(tmp_path / "same", "export.json").read_text())["compared"]["comparisons"]
    assert [(row["where"], row["verdict"]) for row in rows] == [
        ("", "as good"),
        *((f"parity {value}", "as good") for value in (0, 1)),
    ]
    assert rows[0]["new"] == pytest.approx(digits_run.evaluate()["accuracy"], abs=1e-6)
    kernel = digits_run.model.trainable_variables[-2]
    before = kernel.numpy()
    kernel.assign(keras.ops.roll(kernel, 1, axis=1))
    try:
        with pytest.raises(WorseModel, match="on all test examples: accuracy"):
            export(digits_run, tmp_path / "worse", compare=tmp_path / "same")
    finally:
        kernel.assign(before)
    assert [path.name for path in tmp_path.iterdir()] == ["same"]
    with pytest.raises(SystemExit) as left:
        main(["export", str(saved_run), "--to", str(tmp_path / "out"), "--compare", exported, "--data-dir", data_dir])
    assert left.value.code == 0
    assert "all test examples: as good, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compare": "nothing"}, r"compare must be the directory of an export \(saved_model must be"),
        ({"compare": 3}, "compare must be a path or None"),
        ({"slices": ["a"]}, "slices must be left out without compare"),
    ],
)
def test_what_cannot_be_compared(digits_run, tmp_path, options, message):
    with pytest.raises(InvalidArgument, match=message):
        export(digits_run, tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())
