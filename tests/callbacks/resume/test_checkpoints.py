"""Checkpoints: what is written is read back exactly, and a damaged file falls back to the one before."""

import math
import os
from collections import Counter, OrderedDict, defaultdict, deque

import keras
import numpy as np
import pytest

from callbacks import InvalidArgument
from callbacks.resume import checkpoints
from callbacks.resume.checkpoints import Checkpoints, is_plain

VALUES = {
    "nothing": None,
    "numbers": [0, -1, 2**70, 0.1, math.inf, True],
    "text": "ä",
    "pair": (1, (2, "x")),
    "by number": {1: "one", 2.5: [None], None: "nothing"},
    "empty": {"list": [], "tuple": (), "dict": {}, "array": np.empty((0, 3), np.float32)},
    "arrays": [np.arange(6, dtype=np.int64).reshape(2, 3), np.array(1.5), np.array([True]), np.array(["a", "bc"])],
    "containers": [{3, 1, "x"}, frozenset([2.5]), deque([1, [2]], 3), deque(), Counter("aab"), OrderedDict(b=1, a=2)],
    "keys": {(1, "x"): b"\x00\xff", frozenset([1]): None},
    "scalars": [np.float32(0.1), np.int8(3), np.bool_(False)],
}


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, (list, tuple, deque)):
        assert getattr(one, "maxlen", None) == getattr(other, "maxlen", None)
        assert len(one) == len(other)
        for each, that in zip(one, other, strict=True):
            same(each, that)
    elif isinstance(one, (np.ndarray, np.generic)):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    else:
        assert one == other


def test_every_value_comes_back_as_it_was(tmp_path):
    files = Checkpoints(tmp_path / "new" / "folder")
    assert files.newest() is None
    files.write((3, 7), VALUES)
    position, value = files.newest()
    assert position == (3, 7)
    same(value, VALUES)
    nan = files.write((4, 0), math.nan) or files.newest()[1]
    assert math.isnan(nan)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn"])
def test_short_floats(dtype, tmp_path):
    value = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast([[0.5, -3.0], [1.0, 2.0]], dtype)))
    files = Checkpoints(tmp_path)
    files.write((0, 0), [value])
    same(files.newest()[1], [value])


@pytest.mark.parametrize("value", [object(), {"x": print}, [{print}], {print: 3}, np.array([None]), np.zeros(2, "V3")])
def test_anything_else_is_refused(value, tmp_path):
    assert not is_plain(value)
    with pytest.raises(InvalidArgument, match="value must be made of containers, arrays"):
        Checkpoints(tmp_path).write((0, 0), value)
    assert os.listdir(tmp_path) == []


def test_only_the_newest_are_kept_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "checkpoint-1.npz").write_text("mine too")
    files = Checkpoints(tmp_path, keep=3)
    for position in [(0, 0), (0, 5), (1, 0), (1, 5), (2, 0)]:
        files.write(position, position)
    assert files.positions() == [(2, 0), (1, 5), (1, 0)]
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path / "checkpoint-1.npz").exists()


def test_a_torn_file_falls_back_to_the_one_before(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), {"x": np.arange(50)})
    files.write((2, 0), {"x": np.arange(60)})
    whole = files.path((2, 0)).read_bytes()
    for length in [0, 1, 10, *range(50, len(whole), 97), len(whole) - 1]:
        files.path((2, 0)).write_bytes(whole[:length])
        position, value = files.newest()
        assert position == (1, 0)
        assert len(value["x"]) == 50
    files.path((2, 0)).write_bytes(whole)
    assert files.newest()[0] == (2, 0)


def test_a_single_wrong_bit_in_the_data_is_noticed(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), {"x": np.arange(50)})
    files.write((2, 0), {"x": np.full(50, 7.25)})
    whole = bytearray(files.path((2, 0)).read_bytes())
    at = whole.index(np.float64(7.25).tobytes()) + 17
    whole[at] ^= 1
    files.path((2, 0)).write_bytes(whole)
    assert files.newest()[0] == (1, 0)


def test_a_wrong_bit_that_makes_an_array_shorter_is_noticed(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), "before")
    files.write((2, 0), [np.ones(625)])
    whole = files.path((2, 0)).read_bytes()
    files.path((2, 0)).write_bytes(whole.replace(b"(625,)", b"(225,)"))
    assert files.newest() == ((1, 0), "before")


def test_a_file_that_lacks_a_part_falls_back_to_the_one_before(tmp_path):
    files = Checkpoints(tmp_path, is_whole=lambda value: "weights" in value)
    files.write((1, 0), {"weights": 1})
    files.write((2, 0), {"wights": 2})
    assert files.newest() == ((1, 0), {"weights": 1})


def test_a_pipe_is_passed_over_and_not_waited_for(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), {"weights": 1})
    os.mkfifo(files.path((2, 0)))
    assert files.newest() == ((1, 0), {"weights": 1})


def test_a_file_of_another_version_is_refused_and_not_passed_over(tmp_path, monkeypatch):
    files = Checkpoints(tmp_path)
    files.write((1, 0), 1)
    monkeypatch.setattr(checkpoints, "FORMAT", 1)
    files.write((2, 0), 2)
    monkeypatch.undo()
    with pytest.raises(InvalidArgument, match="directory must be one whose checkpoints have the format 3, not 1"):
        files.newest()


def test_what_a_killed_write_left_is_cleaned_up(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), 1)
    (tmp_path / "checkpoint-000000002-000000000.123.tmp").write_bytes(b"half")
    assert files.newest()[0] == (1, 0)
    files.clean()
    assert sorted(os.listdir(tmp_path)) == [files.path((1, 0)).name]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match=r"directory must be a directory that can be written \(.*Received: dir"):
        Checkpoints(tmp_path / "file").write((0, 0), 1)


def test_of_a_defaultdict_the_items_are_kept(tmp_path):
    files = Checkpoints(tmp_path)
    files.write((0, 0), defaultdict(list, a=[1]))
    value = files.newest()[1]
    assert type(value) is defaultdict
    assert value == {"a": [1]}


@pytest.mark.parametrize("every", [101, pytest.param(1, marks=pytest.mark.thorough)])
def test_any_wrong_bit_leaves_the_value_or_falls_back(every, tmp_path):
    files = Checkpoints(tmp_path)
    files.write((1, 0), "before")
    value = {"x": np.arange(3.0), "history": {"loss": [0.5]}, "short": np.asarray(keras.ops.ones(2, "bfloat16"))}
    files.write((2, 0), value)
    whole, fell = files.path((2, 0)).read_bytes(), 0
    for at in range(0, 8 * len(whole), every):
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        files.path((2, 0)).write_bytes(damaged)
        position, found = files.newest()
        fell += position == (1, 0)
        same(found, value if position == (2, 0) else "before")
    assert fell > 8 * len(whole) / every / 3
