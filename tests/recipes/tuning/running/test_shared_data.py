"""Data written for other processes, and read back."""

import keras
import numpy as np
import pytest

import recipes
from recipes.tuning.running.shared_data import read_data, write_data


def mixed():
    """A number, a category and a text of each example."""
    columns = {"size": np.arange(60) * 1.5, "kind": np.array(["a", "b", "c"], object)[np.arange(60) // 3 % 3]}
    texts = np.array([f"word{number} of {number * 7}" for number in range(60)], object)
    return recipes.Data.from_arrays({**columns, "text": texts}, np.arange(60) % 2, name="mixed")


@pytest.mark.filterwarnings("ignore:.*alone predicts")
@pytest.mark.parametrize("name", ["mixed", "digits", "docstrings", "characters"])
@pytest.mark.ordinarily("mixed")
def test_data_in_a_file_is_the_same_and_cannot_be_changed(name, tmp_path):
    data = mixed() if name == "mixed" else recipes.load(name)
    _ = data.train  # what TensorFlow has made of it stays behind
    write_data(data, tmp_path / "data")
    other = read_data(tmp_path / "data")
    assert other.fingerprint == data.fingerprint
    assert other.spec == data.spec
    for one, two in zip(data.train, other.train, strict=True):
        for part, same in zip(keras.tree.flatten(one), keras.tree.flatten(two), strict=True):
            np.testing.assert_array_equal(part, same)
    labels = other.arrays("train")[1]
    with pytest.raises(ValueError, match="read-only"):
        labels[0] = 1
