"""Arrays read back: as they were written, or an error."""

import numpy as np
import pytest

from callbacks.inside.arrays import read_arrays


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_every_kind_comes_back(write, tmp_path):
    values = {"b": np.arange(6).reshape(2, 3).T, "a": np.array(["x", "yz"]), "empty": np.empty((0, 2)), "one": np.True_}
    write(tmp_path / "file.npz", **values)
    read = read_arrays(tmp_path / "file.npz")
    assert list(read) == list(values)
    for name, value in values.items():
        np.testing.assert_array_equal(read[name], value, strict=True)


@pytest.mark.parametrize(("text", "damaged"), [(b"(625,)", b"(225,)"), (b"'<f8'", b"'<f4'")])
def test_a_wrong_bit_that_makes_an_array_shorter_is_noticed(text, damaged, tmp_path):
    """Of an array above 4 kB, whose end a reader of the shorter one never sees."""
    path = tmp_path / "file.npz"
    np.savez(path, x=np.ones(625))
    whole = path.read_bytes()
    assert whole.count(text) == 1
    path.write_bytes(whole.replace(text, damaged))
    assert np.load(path)["x"].nbytes < 5000  # without a word
    with pytest.raises(Exception, match="Bad CRC"):
        read_arrays(path)


def test_objects_are_not_read(tmp_path):
    np.savez(tmp_path / "file.npz", x=np.array([None]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_arrays(tmp_path / "file.npz")


def test_a_small_file_with_large_arrays_is_refused_before_it_is_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(2**20, np.uint8))
    assert (tmp_path / "x.npz").stat().st_size < 5000
    with pytest.raises(ValueError, match=r"arrays of 1,048,704 bytes; at most 1,000 are read"):
        read_arrays(tmp_path / "x.npz", 1000)


def test_no_wrong_bit_in_the_list_of_arrays_goes_unnoticed(tmp_path):
    """Where a length may swallow the next entries."""
    path = tmp_path / "file.npz"
    arrays = {"a": np.ones(1, np.float32), "b": np.zeros(2, np.int8), "c": np.array(3.0)}
    np.savez(path, **arrays)
    whole = path.read_bytes()
    places = range(8 * whole.index(b"PK\1\2"), 8 * len(whole))
    unchanged = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            read = read_arrays(path)
        except Exception:
            continue
        unchanged += 1
        assert list(read) == list(arrays)
        for name, value in arrays.items():
            np.testing.assert_array_equal(read[name], value, strict=True)
    assert 0 < unchanged < len(places)


def test_two_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "file.npz"
    np.savez(path, np.zeros(2), np.ones(2))
    path.write_bytes(path.read_bytes().replace(b"arr_1", b"arr_0"))
    with pytest.raises(ValueError, match="1 of 2 arrays are listed"):
        read_arrays(path)
