"""Warnings of columns and targets whose values float32 does not keep apart."""

import warnings

import numpy as np
import pytest

from recipes.data import Data

RANDOM = np.random.default_rng(0)
USUAL = RANDOM.normal(size=60)
TIMES = 1.7e9 + 1000.0 * RANDOM.normal(size=60)
LABELS = np.arange(60) % 2


def warning_of(x, y=LABELS, **options):
    with pytest.warns(UserWarning, match="does not keep the values") as caught:
        Data.from_arrays(x, y, name="shop", **options)
    (message,) = [str(warning.message) for warning in caught]
    return message


def test_a_table_names_the_column_and_says_what_becomes_of_it():
    message = warning_of(np.stack([USUAL, TIMES], axis=1), feature_names=["size", "time"])
    assert message.startswith(
        "dataset 'shop': float32 does not keep the values of column 'time' apart (its numbers are"
    )
    assert " 128 apart near 1.7e+09, where the values differ by about " in message
    assert "the model takes them as float64" in message


def test_what_was_lost_before():
    message = warning_of({"size": USUAL, "time": TIMES.astype("float32")})
    assert "float32 does not keep the values of column 'time'" in message
    assert "pass a wider type if the values come from one" in message
    assert warning_of({"size": USUAL, "time": TIMES.astype("float32").astype("float64")}) == message
    assert "float64 does not keep the values of column 0" in warning_of(1e15 + USUAL[:, None])


def test_several_columns_are_one_warning():
    message = warning_of(np.stack([TIMES, TIMES + 1, TIMES + 2, TIMES + 3, USUAL], axis=1))
    assert "the values of column 0, column 1, column 2 and 1 more apart (column 0: its numbers are" in message


def test_targets():
    x = USUAL[:, None]
    message = warning_of(x, TIMES)
    assert "the values of the target apart" in message
    assert "targets, predictions, loss and metrics are in float64" in message
    assert "the values of target 1 apart" in warning_of(x, np.stack([USUAL, TIMES], axis=1))
    assert "pass a wider type" in warning_of(x, TIMES.astype("float32"))


def test_steps_of_sequences():
    message = warning_of(np.stack([USUAL, TIMES], axis=1).reshape(60, 1, 2).repeat(3, axis=1))
    assert "the values of the inputs[1] apart" in message


@pytest.mark.parametrize(
    "x",
    [
        {"id": 2**60 + np.arange(60), "size": USUAL},  # int64 holds them
        {"time": TIMES.astype("int64"), "size": USUAL},
        {"count": (1e7 + np.arange(60)).astype("float32"), "size": USUAL},  # whole and below 2^24
        np.stack([USUAL, 1e6 * USUAL, 1e-12 * USUAL, 2000 + 10 * USUAL, np.ones(60)], axis=1),
    ],
    ids=["id", "time", "count", "table"],
)
def test_no_warning_where_nothing_is_lost(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Data.from_arrays(x, LABELS)
