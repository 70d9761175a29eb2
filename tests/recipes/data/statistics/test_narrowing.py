import numpy as np
import pytest

from recipes.data import Data
from recipes.data.statistics.narrowing import narrowed, wide

TIMES = 1.7e9 + 1000.0 * np.random.default_rng(0).normal(size=(60, 2))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        *((dtype, "float32") for dtype in ("bool", "int8", "uint16", "float16", "float32")),
        *((dtype, "float64") for dtype in ("int32", "uint32", "float64", "longdouble")),
        *((dtype, "int64") for dtype in ("int64", "uint64")),
    ],
)
def test_every_type_is_held_by_one_of_three(dtype, expected):
    values = np.array([0, 1], dtype)
    assert wide(values).dtype == expected
    assert wide(values).tolist() == [0, 1]


def test_integers_beyond_int64_become_floats():
    assert wide(np.array([2**64 - 1], np.uint64)).tolist() == [2.0**64]


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        (TIMES, "float64"),
        (TIMES - 1.7e9, "float32"),
        (1e-30 * (TIMES - 1.7e9), "float64"),
        (np.hstack([TIMES - 1.7e9, TIMES]), "float64"),
        (2**60 + np.arange(40).reshape(20, 2), "int64"),
        (1000 + np.arange(40).reshape(20, 2), "float32"),
        (TIMES.astype("float32"), "float32"),
        (TIMES.reshape(20, 3, 2), "float64"),
        (2**60 + np.arange(60).reshape(10, 3, 2), "float64"),
        (TIMES[:, 0], "float64"),
    ],
)
def test_the_narrowest_type_that_keeps_values_apart(train, expected):
    splits = narrowed({"train": train, "test": train[:3]})
    assert {array.dtype for array in splits.values()} == {np.dtype(expected)}
    np.testing.assert_allclose(splits["train"], train, rtol=1e-7)


def test_a_zero_among_times_does_not_hide_that_they_are_close():
    times = TIMES.copy()
    times[3] = 0.0
    assert narrowed({"train": times})["train"].dtype == "float64"


def test_lists_of_sequences():
    arrays = narrowed({"train": [TIMES[:4], TIMES[4:]], "test": [TIMES[:2]]})
    assert [array.dtype for array in (*arrays["train"], *arrays["test"])] == ["float64"] * 3


def test_texts_and_images_are_left_alone():
    images = np.zeros((3, 2, 2, 1), "uint8")
    texts = np.array(["a", "b", "c"], object)
    assert narrowed({"train": images})["train"] is images
    assert narrowed({"train": texts})["train"] is texts


@pytest.mark.filterwarnings("ignore:dataset 'arrays'. float32 does not keep")
def test_types_of_data():
    y = np.arange(60) % 2
    assert Data.from_arrays(TIMES, y).arrays("test")[0].dtype == "float64"
    assert Data.from_arrays(TIMES - 1.7e9, y).arrays("test")[0].dtype == "float32"
    assert (
        Data.from_arrays(y[:, None], 1e9 + TIMES[:, 0], x_test=y[:5, None], y_test=np.arange(5.0))
        .arrays("test")[1]
        .dtype
        == "float64"
    )
    with pytest.raises(ValueError, match="subtract a constant first"):
        Data.from_arrays(y[:, None], 2**60 + np.arange(60), task="regression")


def test_a_data_frame_keeps_large_integers():
    pandas = pytest.importorskip("pandas")
    ids = 2**60 + np.arange(60)
    frame = pandas.DataFrame({"id": ids, "size": np.arange(60) % 7})
    data = Data.from_arrays(frame, np.arange(60) % 2)
    assert data.spec.input_dtype == "int64"
    assert set(data.arrays("train")[0][:, 0].tolist()) <= set(ids.tolist())
    record = Data.from_arrays(frame.assign(size=0.5 * frame["size"]), np.arange(60) % 2)
    assert [feature.dtype for feature in record.spec.features] == ["int64", "float64"]
