"""Random images, vectors, sequences and records through every way in, a few of them."""

import numpy as np
import pytest

import recipes
from scripts.fuzz_examples import difference, examined
from scripts.support.random_examples import random_examples


@pytest.fixture
def failures(tmp_path, monkeypatch):
    """``failures(numbers, train)``: what fails of these datasets."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def found(numbers, train=False):
        rows = []
        for number in numbers:
            folder = tmp_path / str(number)
            folder.mkdir()
            rows += examined(random_examples(number), folder, train=train)
        return [row for row in rows if row[2]]

    return found


def test_every_way_in_gives_the_same_data(failures):
    assert failures([3, 81]) == []  # files; images of several sizes


@pytest.mark.thorough
def test_every_way_in_gives_the_same_data_and_numbers(failures):
    assert failures(range(100, 130)) == []
    assert failures([25], train=True) == []


def test_a_difference_of_one_value_is_seen():
    images = np.arange(40 * 4 * 5, dtype="uint8").reshape(40, 4, 5)
    y = np.arange(40) % 2
    data = recipes.Data.from_arrays(images, y)
    assert difference(data, recipes.Data.from_arrays(images[..., np.newaxis], y)) == ""
    other = images.copy()
    other[np.flatnonzero(y == 0)[:1], 2, 3] += 1
    assert difference(data, recipes.Data.from_arrays(other, y)) != ""
    assert "weights" in difference(data, recipes.Data.from_arrays(images, y, sample_weight=np.ones(40)))
