"""Data written for other processes, and read back."""

import numpy as np
import pytest

import recipes
from recipes.tuning.running.shared_data import read_data, write_data


@pytest.mark.parametrize("name", ["digits", "docstrings", "characters"])
@pytest.mark.ordinarily("docstrings")
def test_data_in_a_file_is_the_same_and_cannot_be_changed(name, tmp_path):
    data = recipes.load(name)
    _ = data.train  # what TensorFlow has made of it stays behind
    write_data(data, tmp_path / "data")
    other = read_data(tmp_path / "data")
    assert other.fingerprint == data.fingerprint
    assert other.spec == data.spec
    for one, two in zip(data.train, other.train, strict=True):
        np.testing.assert_array_equal(one[1], two[1])
    labels = other.arrays("train")[1]
    with pytest.raises(ValueError, match="read-only"):
        labels[0] = 1
