"""Examples without a target are left out with a warning, in arrays as in files, with all that belongs to them."""

import numpy as np
import pandas as pd
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Data, load

ROWS = 60
X = np.arange(ROWS * 2.0).reshape(ROWS, 2) + 0.5
NUMBERS = np.where(np.arange(ROWS) % 20 == 3, np.nan, np.sin(np.arange(ROWS)))
KEPT = np.flatnonzero(np.isfinite(NUMBERS))
WORDS = [None if np.isnan(number) else "ab"[int(number > 0)] for number in NUMBERS]
MESSAGE = "y: left out 3 of 60 examples without a target, the first at index 3"

pytestmark = pytest.mark.filterwarnings("ignore:dataset")


def everything(data, which=1):
    parts = [data.arrays(split) for split in ("train", "validation", "test")]
    return np.concatenate([part[which] for part in parts])


@pytest.mark.parametrize(
    "y",
    [
        NUMBERS,
        NUMBERS.tolist(),
        NUMBERS.astype(object),
        [None if np.isnan(number) else number for number in NUMBERS],
        pd.Series(NUMBERS),
        pd.Series(NUMBERS).astype("Float64"),
        np.ma.array(np.nan_to_num(NUMBERS, nan=7.0), mask=np.isnan(NUMBERS)),
        np.stack([NUMBERS, np.arange(ROWS, dtype=float)], axis=1)[:, :1],
    ],
    ids=["array", "list", "objects", "list with None", "Series", "nullable", "masked", "column"],
)
def test_quantities(y):
    with pytest.warns(UserWarning, match=MESSAGE):
        data = Data.from_arrays(X, y)
    assert sorted(everything(data)) == pytest.approx(sorted(NUMBERS[KEPT]), abs=1e-6)
    pairs = {tuple(row): value for row, value in zip(everything(data, 0).tolist(), everything(data), strict=True)}
    assert pairs == {tuple(X[row].tolist()): pytest.approx(NUMBERS[row], abs=1e-6) for row in KEPT}


@pytest.mark.parametrize("y", [WORDS, np.array(WORDS, object), pd.Series(WORDS), pd.Series(WORDS, dtype="category")])
def test_classes(y):
    with pytest.warns(UserWarning, match=MESSAGE):
        data = Data.from_arrays(X, y)
    assert data.spec.class_names == ("a", "b")
    assert len(everything(data)) == len(KEPT)


def test_one_of_several():
    y = np.stack([NUMBERS, np.arange(ROWS) / 2], axis=1)
    with pytest.warns(UserWarning, match=MESSAGE):
        assert Data.from_arrays(X, y).spec.outputs == 2


def test_what_belongs_to_an_example_goes_with_it():
    groups, weights = np.arange(ROWS) // 4, np.arange(ROWS) + 1.0
    x = {"a": X[:, 0], "words": [f"word {row % 7} of {row}" for row in range(ROWS)], "steps": [X[:2]] * ROWS}
    with pytest.warns(UserWarning, match=MESSAGE):
        data = Data.from_arrays(x, NUMBERS, groups=groups, sample_weight=weights)
    for split in ("train", "validation", "test"):
        rows = (data.arrays(split)[0]["a"] / 2).astype(int)
        np.testing.assert_array_equal(data.sample_weight(split), weights[rows])
    sides = [set(groups[(data.arrays(split)[0]["a"] / 2).astype(int)]) for split in ("train", "validation", "test")]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_a_test_split_of_ones_own():
    y = np.full(10, 0.5)
    y[2] = np.nan
    with pytest.warns(UserWarning, match="y_test: left out 1 of 10 examples without a target, the first at index 2"):
        data = Data.from_arrays(X, np.arange(ROWS) / 2, x_test=X[:10] + 0.25, y_test=y)
    assert data.settings["counts"]["test"] == 9
    with pytest.raises(InvalidArgument, match="y_test must be the targets of split 'test', but all 10 are missing"):
        Data.from_arrays(X, np.arange(ROWS) / 2, x_test=X[:10], y_test=y * np.nan)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (np.arange(15) * 7 + 115, "regression"),  # each occurs once
        ([5, 8, 8, 9, 9, 12, 12, 12, 16, 16] * 4 + [20], "regression"),  # years of school, one of them once
        ([0, 0, 0, 1, 1, 1, 3, 3] * 4, "multiclass"),
        ([1, 2, 3] * 8, "multiclass"),
    ],
)
@pytest.mark.filterwarnings("ignore:y has")
def test_whole_numbers_that_occur_once_are_quantities(y, task):
    x = np.random.default_rng(0).normal(size=(len(y), 2))
    assert Data.from_arrays(x, y).spec.task == task


def test_numbers_of_which_one_occurs_once_may_be_either():
    x, y = np.random.default_rng(0).normal(size=(41, 2)), [0, 1, 2, 1] * 10 + [3]
    with pytest.raises(InvalidArgument, match=r"class '3' has only 1; small_classes=.*; task='regression' if they"):
        Data.from_arrays(x, y)
    with pytest.warns(UserWarning, match="left out 1 training examples"):
        assert Data.from_arrays(x, y, small_classes="leave_out").spec.task == "multiclass"
    y = [10, 20, 20, 20] * 10 + [30]
    with pytest.warns(UserWarning, match="left out 1 training examples"):  # says that these are classes
        assert Data.from_arrays(x, y, small_classes="leave_out").spec.class_names == ("10", "20")


def test_many_small_classes_say_what_share_does():
    x, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 15 + 1
    with pytest.raises(InvalidArgument, match=r"it holds out 12\); test=0.25 does; task='regression' if"):
        Data.from_arrays(x, y)


def test_a_frame_and_its_file_give_the_same(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(y=WORDS)
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.warns(UserWarning, match=MESSAGE):
        of_frame = Data.from_arrays(frame[["a", "b"]], frame["y"])
    with pytest.warns(UserWarning, match="left out 3 of 60 rows without a value of 'y'"):
        of_file = load(str(tmp_path / "table.csv"), target="y")
    for split in ("train", "validation", "test"):
        for one, other in zip(of_frame.arrays(split), of_file.arrays(split), strict=True):
            np.testing.assert_array_equal(one, other)
