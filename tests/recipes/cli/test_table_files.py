"""The commands that load data, given a CSV file."""

from pathlib import Path

import numpy as np
import pandas
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.cli import main

N = 120


@pytest.fixture
def call(capsys):
    """``call("describe", "churn.csv")``: runs the command line; returns (exit status, output, errors)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return left.value.code, " ".join(captured.out.split()), captured.err

    return run


@pytest.fixture
def churn(tmp_path, monkeypatch):
    """The path of churn.csv; its folder is the working directory."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"id": [f"c{number}" for number in range(N)], "age": random.integers(18, 90, N)})
    frame["town"] = random.choice(["Ulm", "Köln, West"], N)
    frame["Churn"] = np.where(frame["age"] + random.normal(0, 9, N) > 50, "Yes", "No")
    frame.to_csv("churn.csv", index=False)
    return tmp_path / "churn.csv"


@pytest.mark.usefixtures("churn")
def test_describe_proposes_a_target(call):
    code, output, errors = call("describe", "churn.csv", "--id", "id")
    assert code == 0
    assert "target 'Churn', the last column (another one: --target COLUMN)" in output
    assert "binary of 2; 77 to train, 19 to validate, 24 to test" in output
    assert "splits: train 77 (64 %), validation 19 (16 %), test 24 (20 %); stratified by class" in output
    assert "left out 'id', which identifies the examples" in errors


@pytest.mark.usefixtures("churn")
def test_commands_without_a_target_are_refused(call, tmp_path):
    for command in ("train", "search", "lr-find"):
        code, output, errors = call(command, "churn.csv")
        assert (code, output, errors.count("\n")) == (2, "", 1)
        assert (
            "target must be the column of churn.csv to predict, e.g. 'Churn' (the last column), one of id, age"
            in errors
        )
    assert [path.name for path in tmp_path.iterdir()] == ["churn.csv"]


def test_a_saved_run_finds_its_file_unless_it_has_changed(call, churn):
    options = ("--target", "Churn", "--features", "age,town", "--learning-rate", 0.01, "--epochs", 1)
    assert call("train", "churn.csv", *options, "--save", "run")[0] == 0
    expected = recipes.load(churn, target="Churn", features=["age", "town"])
    assert recipes.Run.load("run").data.fingerprint == expected.fingerprint
    (churn.parent / "moved").mkdir()
    moved = churn.rename(churn.parent / "moved" / "churn.csv")
    with pytest.raises(InvalidArgument, match=r"pass its new folder as data_dir\. Received: data='.*churn.csv'"):
        recipes.Run.load("run")
    assert recipes.Run.load("run", data_dir="moved").data.fingerprint == expected.fingerprint
    churn.write_text(moved.read_text() + "c120,30,Ulm,No\n")
    with pytest.raises(InvalidArgument, match=r"it has changed since.*churn\.csv"):
        recipes.Run.load("run")
    assert call("export", "run", "--to", "served")[0] == 0  # needs no data


def test_a_search_gets_the_same_data(call, churn, monkeypatch):
    searched = {}

    def run_search(data, *_, directory, **__):
        searched[directory] = data
        raise InvalidArgument("search", "it", "over")

    monkeypatch.setattr("recipes.tuning.run_search.run_search", run_search)
    call("search", "churn.csv", "--target", "Churn", "--exclude", "town", "--id", "id")
    ((directory, data),) = searched.items()
    assert Path(directory) == Path("searches/churn")
    assert data.fingerprint == recipes.load(churn, target="Churn", features=["age"]).fingerprint


def test_groups_and_times_decide_about_the_splits(call, churn):
    frame = pandas.read_csv(churn).assign(who=np.arange(N) // 4, day=np.arange(N))
    frame.to_csv("visits.csv", index=False)
    options = ("visits.csv", "--target", "Churn", "--features", "age,town", "--duplicates", "ignore")
    assert "; whole groups 'who': train 19, validation 5, test 6; " in call("describe", *options, "--groups", "who")[1]
    assert "; stratified by 'town'" in call("describe", *options, "--stratify", "town")[1]
    training = ("--time", "day", "--learning-rate", 0.01, "--epochs", 1, "--save", "run")
    code, output, errors = call("train", *options, *training)
    assert "left out 'day', which says when they were; list it in --features to use it as an input, too" in errors
    assert code == 0
    assert "; by time 'day': train 0 to 76, validation 77 to 95, test 96 to 119" in output
    data = recipes.Run.load("run").data
    assert data.settings["times"] == {"train": [0, 76], "validation": [77, 95], "test": [96, 119]}
    code, _, errors = call("describe", *options, "--groups", "age", "--small-classes", "drop")
    assert (code, errors.count("\n")) == (2, 1)
    assert "small_classes must be one of 'refuse', 'leave_out', 'merge', 'train'" in errors


@pytest.mark.thorough
@pytest.mark.usefixtures("churn")
def test_what_classes_are_blended_with_is_called_logistic_regression(call):
    code, output, _ = call("train", "churn.csv", "--target", "Churn", "--id", "id", "--epochs", "1")
    assert code == 0
    assert "logistic regression" in output
    assert "linear regression" not in output
    assert "others each time" not in output


@pytest.mark.thorough
@pytest.mark.usefixtures("churn")
def test_what_large_batches_leave_out_is_said(call):
    options = ("--target", "Churn", "--id", "id", "--epochs", "1", "--learning-rate", "0.01")
    code, output, _ = call("train", "churn.csv", *options, "--batch-size", "40")
    assert code == 0
    assert "an epoch has 40 of 77 examples, others each time, in full batches of 40" in output
