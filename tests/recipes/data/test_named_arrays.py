import numpy as np
import pytest

from recipes.data.disk.stored import Stored, Writer
from recipes.data.named_arrays import apply, concatenate, items, length, take


@pytest.fixture
def stored(tmp_path):
    writer = Writer(tmp_path / "rows", np.dtype("float32"))
    writer.write(np.arange(10, dtype="float32").reshape(5, 2))
    return writer.close()


A, B = np.arange(5), np.arange(10.0).reshape(5, 2)


def test_one_array_has_an_empty_name():
    assert [name for name, _ in items(A)] == [""]
    assert items(A)[0][1] is A
    assert [name for name, _ in items({"b": B, "a": A})] == ["b", "a"]


def test_apply_keeps_the_structure():
    assert apply(np.ndim, B) == 2
    assert apply(np.ndim, {"b": B, "a": A}) == {"b": 2, "a": 1}


def test_length(stored):
    assert length(B) == length({"b": B, "a": A}) == length(stored) == length({"s": stored}) == 5


def test_take_leaves_on_disk_what_is_there(stored):
    places = np.array([4, 0, 4])
    assert take(A, places).tolist() == [4, 0, 4]
    found = take({"a": A, "s": stored}, places)
    assert found["a"].tolist() == [4, 0, 4]
    assert isinstance(found["s"], Stored)
    assert found["s"][:].tolist() == [[8, 9], [0, 1], [8, 9]]


def test_concatenate(stored):
    assert concatenate(A, A[:2]).tolist() == [0, 1, 2, 3, 4, 0, 1]
    first = {"a": A[:2], "s": take(stored, np.array([1]))}
    second = {"a": A[2:3], "s": take(stored, np.array([0, 3]))}
    both = concatenate(first, second)
    assert both["a"].tolist() == [0, 1, 2]
    assert isinstance(both["s"], Stored)
    assert both["s"][:].tolist() == [[2, 3], [0, 1], [6, 7]]


def test_concatenate_of_two_files_is_in_memory(stored, tmp_path):
    writer = Writer(tmp_path / "other", np.dtype("float32"))
    writer.write(np.full((1, 2), 7, "float32"))
    both = concatenate(take(stored, np.array([2])), writer.close())
    assert isinstance(both, np.ndarray)
    assert both.tolist() == [[4, 5], [7, 7]]
