"""Columns that are called an id, and what is advised."""

import warnings

import numpy as np
import pandas
import pytest

from recipes.data import Data
from recipes.data.checks.identifiers import is_called_an_id

RANDOM = np.random.default_rng(0)
Y = RANDOM.integers(0, 2, 200)
LARGE = RANDOM.permutation(90_000)[:200] + 7
PATIENTS = RANDOM.integers(0, 60, 200)


@pytest.mark.parametrize(
    ("name", "called"),
    [("id", True), ("customerID", True), ("user-id", True), ("Patient", True), ("UserIDs", False)]
    + [(name, False) for name in ("humid", "valid", "idea", "paid", "id_of_shop", "patient age", "年龄")],
)
def test_names_of_ids(name, called):
    assert is_called_an_id(name) is called


def warned(x, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Data.from_arrays(x, Y, **options)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("form", ["table", "frame", "record"])
def test_an_id_of_each_example_should_be_left_out(form):
    columns = {"noise": RANDOM.normal(size=200), "order id": LARGE}
    x = {"table": np.stack(list(columns.values()), axis=1), "frame": pandas.DataFrame(columns), "record": columns}[form]
    options = {"feature_names": list(columns)} if form == "table" else {}
    (message,) = warned(x, **options)
    assert "column 'order id' is called an id, and hardly two of its values are equal" in message
    assert message.endswith("exclude=['order id']")


@pytest.mark.parametrize("as_text", [False, True])
def test_an_id_of_several_examples_should_keep_them_together(as_text):
    patients = np.array([f"P{number}" for number in PATIENTS], object) if as_text else PATIENTS
    x = {"noise": RANDOM.normal(size=200), "patient": patients}
    (message,) = warned(x)
    assert "several examples share a value of column 'patient'" in message
    assert "groups='patient' keeps them in one split" in message
    assert not warned(x, groups="patient")
    assert not warned(x, time=np.arange(200))


@pytest.mark.parametrize(
    "columns",
    [
        {"shop_id": PATIENTS % 9},  # few shops say something about their goods
        {"amount": LARGE},
        {"id": LARGE + 0.5},
    ],
)
def test_other_columns_are_inputs(columns):
    assert not warned({"noise": RANDOM.normal(size=200), **columns})
