"""Values that probably mean something else are named, and others are not."""

import warnings

import numpy as np
import pandas
import pytest

from recipes import Data

N = np.arange(60)
Y = np.random.default_rng(0).permutation(N % 2)


def said(column):
    frame = pandas.DataFrame({"other": np.array(["a", "b"])[N % 2], "it": column})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Data.from_arrays(frame, Y, validation=0.1, test=0.1, seed=0)
    texts = [str(warning.message) for warning in caught]
    return [text for text in texts if "far from the others" in text or "differ only" in text or "too seldom" in text]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.where(N < 9, -999.0, N), "numbers are -999, far from the others (9 to 59)"),
        (np.where(N < 9, 9999.0, np.where(N == 30, np.nan, N)), "numbers are 9999, far from the others"),
        (np.array(["Basic", " Basic", "BASIC", "Plus"], object)[N % 4], "' Basic', 'BASIC', 'Basic'; if not, write"),
        (np.array(["New  York", "New York", "Ulm"], object)[N % 3], "'New  York', 'New York'; if not"),
        (np.where(N % 9 == 0, "-", [f"CHF 1,{n:03d}.50" for n in N]), "such as 'CHF 1,0"),
        (
            np.where(N % 9 == 0, "-", [f"{n}.5 kg" for n in N]),
            "; if they are numbers with a unit, write the numbers alone",
        ),
        (np.where(N % 4 == 0, "a", [f"code {n}" for n in N]), "values are seen too seldom to be known, such as 'code"),
    ],
)
def test_what_probably_means_something_else(column, message):
    column = np.where(N == 31, np.nan, column) if column.dtype.kind == "f" else column  # else known as the missing one
    (text,) = said(column)
    assert message in text
    assert text.startswith("dataset 'arrays': column 'it': ")


@pytest.mark.parametrize(
    "column",
    [
        np.where(N < 9, 99, N + 20),  # an age
        np.where(N < 1, -999.0, np.where(N == 31, np.nan, N)),  # once
        np.where(N < 9, -999.0, N),  # taken for the missing one
        np.where(N < 9, -1.0, np.where(N == 31, np.nan, N)),
        np.full(60, 999),
        np.array(["Ulm", "Ulm-West", "Köln"], object)[N % 3],
        np.array(["a1", "b 2", ""], object)[N % 3],
    ],
)
def test_what_does_not(column):
    assert not said(column)


def test_numbers_of_a_table_without_strings():
    with pytest.warns(UserWarning, match=r"column 'b': \d+ of \d+ numbers are -99, far from the others \(0 to 3\)"):
        Data.from_arrays(pandas.DataFrame({"a": N * 0.5, "b": np.where(N < 20, -99.0, N % 4)}), Y)
