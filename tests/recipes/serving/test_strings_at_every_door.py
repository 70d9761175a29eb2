"""Dates, and numbers written as strings, are given raw to every door of an exported model, with the same answers."""

import datetime
import json

import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit
from recipes.serving.input_files import load_inputs

COUNT = 120
RANDOM = np.random.default_rng(0)
DAYS = pandas.Series(pandas.Timestamp("2019-03-01") + pandas.to_timedelta(RANDOM.integers(0, 9000, COUNT), unit="h"))
VALUES = RANDOM.uniform(1, 5000, COUNT)
FRAME = pandas.DataFrame(
    {
        "charges": np.where(np.arange(COUNT) % 7 == 3, None, [f" ${value:,.1f}" for value in VALUES]),
        "comma": [f"{value:.2f}".replace(".", ",") for value in VALUES],
        "when": DAYS.where(np.arange(COUNT) % 9 != 4),
        "a/b text": DAYS.dt.strftime("%d/%m/%Y"),
        "plain": RANDOM.normal(size=COUNT),
    }
)
ROWS = FRAME[:12]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    with pytest.warns(UserWarning, match="strings are read as numbers: 'charges'; .*; as dates"):
        data = Data.from_arrays(FRAME, (DAYS.dt.day_of_week > 3).to_numpy(), batch_size=16)
    run = fit(data, Recipe(model={"name": "tabular", "hidden": (4,)}, learning_rate=0.01), epochs=1, verbose=0)
    folder = export(run, tmp_path_factory.mktemp("strings") / "out")
    return folder, run


@pytest.fixture(scope="module")
def predictor(exported):
    return Predictor(exported[0])


@pytest.fixture(scope="module")
def expected(exported):
    """Of the model itself, from strings."""
    _, run = exported
    columns = ROWS.assign(when=ROWS["when"].dt.strftime("%Y-%m-%d %H:%M:%S").fillna(""))
    raw = {key: tf.constant(columns[name].fillna("").tolist()) for name, key in run.data.spec.names.inner.items()}
    answers = np.asarray(run.model(raw, training=False))[:, 0]
    assert np.ptp(answers) > 0.01
    return answers


def test_every_form_of_the_rows_gives_the_same_answers(predictor, expected, tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    ROWS.to_csv(tmp_path / "rows.tsv", index=False, sep="\t")
    ROWS.to_parquet(tmp_path / "rows.parquet")
    texts = ROWS.assign(when=ROWS["when"].dt.strftime("%Y-%m-%dT%H:%M:%S"))
    (tmp_path / "rows.json").write_text(json.dumps(texts.astype(object).where(texts.notna(), None).to_dict("records")))
    forms = [ROWS, ROWS.to_dict("records"), ROWS.to_dict("list"), {name: ROWS[name].to_numpy() for name in ROWS}]
    forms += [load_inputs(tmp_path / f"rows.{suffix}", predictor.spec) for suffix in ("csv", "tsv", "parquet", "json")]
    for inputs in forms:
        answers = [
            one["probability"] if one["class"] == "True" else 1 - one["probability"] for one in predictor(inputs)
        ]
        np.testing.assert_allclose(answers, expected, atol=1e-6)


def test_the_signature_takes_strings(exported, expected):
    folder, run = exported
    columns = ROWS.assign(when=ROWS["when"].dt.strftime("%Y-%m-%d %H:%M:%S").fillna(""))
    served = tf.saved_model.load(f"{folder}/1").signatures["serving_default"]
    arguments = run.data.spec.names.arguments
    tensors = {arguments[name]: tf.constant(columns[name].fillna("").to_numpy()) for name in columns}
    (answers,) = served(**tensors).values()
    np.testing.assert_allclose(np.asarray(answers)[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"charges": "many"}, r"input\['charges'\] must be numbers with a decimal '.', as in training, but 12 of 12"),
        ({"comma": "1.5"}, r"input\['comma'\] must be numbers with a decimal ','"),
        ({"comma": None}, r"input\['comma'\] must be given in every row, as in training; it is missing in 12 of 12"),
        ({"a/b text": None}, r"input\['a/b text'\] must be given in every row"),
        ({"a/b text": "2020-01-31"}, r"input\['a/b text'\] must be dates such as '31/01/2020', .* the first in row 1"),
        ({"when": 5}, r"input\['when'\] must be dates such as '2020-01-31 13:30:00'"),
    ],
)
def test_values_that_do_not_fit_are_refused(predictor, changes, message):
    with pytest.raises(InvalidArgument, match=message):
        predictor(ROWS.assign(**changes))


MISREAD = {
    "charges": ["$51,8", "1,2,3", "3-4", "5 5", "1e39", "-1e400"],
    "comma": ["51.8", "12.34,5"],
    "when": ["2020-02-30 10:00:00", "2021-02-29", "2020-01-05 x", "2020-001-05", "2020-01-05 1:30 PM"],
    "a/b text": ["31/04/2020", "2020-04-03", "05/01/2020-07", "05/01-2020"],
}
"""Strings by column that could be read as another number or date."""


def test_the_signature_takes_what_is_refused_for_missing_not_for_another_value(exported, predictor):
    folder, run = exported
    served = tf.saved_model.load(f"{folder}/1").signatures
    columns = ROWS.assign(when=ROWS["when"].dt.strftime("%Y-%m-%d %H:%M:%S").fillna(""))
    arguments = run.data.spec.names.arguments

    def answers(column, value):
        changed = columns.assign(**{column: value}).fillna("")
        tensors = {arguments[name]: tf.constant(changed[name].to_numpy()) for name in changed}
        labels = served["labels"](**tensors)
        return served["serving_default"](**tensors), labels["prediction"].numpy(), labels["probability"].numpy()

    for column, texts in MISREAD.items():
        missing, _, _ = answers(column, "")
        never_missing = column in ("comma", "a/b text")
        for text in texts:
            with pytest.raises(InvalidArgument, match="must be"):
                predictor(ROWS.assign(**{column: text}))
            raw, labels, probabilities = answers(column, text)
            for one, other in zip(raw.values(), missing.values(), strict=True):
                np.testing.assert_array_equal(one, other)
            assert np.isnan(probabilities).all() == never_missing
            assert (labels == b"").all() == never_missing


def test_values_of_other_types_are_written_as_in_training(predictor):
    row = ROWS.iloc[:1].assign(charges="$1,200.00", comma="7,5", when="2020-05-04 00:00:00")
    row["a/b text"] = "04/05/2020"
    changed = row.assign(charges=1200, comma=7.5, when=np.datetime64("2020-05-04"))
    changed["a/b text"] = [datetime.date(2020, 5, 4)]
    assert predictor(changed) == predictor(row)
