import pickle

import numpy as np
import pytest

from recipes.data.disk.stored import Stored, Writer

ROWS = {
    "uint8": np.random.default_rng(0).integers(0, 256, (50, 3, 4, 2)).astype("uint8"),
    "uint16": np.arange(50, dtype="uint16") * 1000,
    "float32": np.random.default_rng(1).normal(size=(50, 5)).astype("float32"),
    "bool": np.arange(50) % 3 == 0,
    "strings": np.array([f"{'é' * (i % 4)} {i}" * (i % 3) for i in range(50)], object),  # some are empty
}


@pytest.fixture
def write(tmp_path):
    def make(values, name="rows", piece=7):
        writer = Writer(tmp_path / name, values.dtype)
        for start in range(0, len(values), piece):
            writer.write(values[start : start + piece])
        return writer.close()

    return make


@pytest.fixture(params=list(ROWS))
def values(request):
    return ROWS[request.param]


def test_what_was_written_is_read(write, values):
    stored = write(values)
    assert (len(stored), stored.shape, stored.ndim, stored.dtype) == (50, values.shape, values.ndim, values.dtype)
    np.testing.assert_array_equal(stored[:], values)
    np.testing.assert_array_equal(np.asarray(stored), values)
    assert np.asarray(stored).dtype == values.dtype


@pytest.mark.parametrize(
    "key",
    [
        3,
        -1,
        slice(4, 9),
        slice(None, None, -1),
        slice(0, 0),
        np.array([], int),
        np.array([7]),
        np.array([3, 4, 5, 4, 3, 49, 0, 1, 1]),
        np.arange(50) % 2 == 0,
        np.random.default_rng(2).permutation(50),
    ],
    ids=str,
)
def test_rows_are_those_of_the_array(write, values, key):
    np.testing.assert_array_equal(write(values)[key], values[key])


def test_views_of_views(write, values):
    stored = write(values)
    first = stored.select(np.array([9, 2, 30, 31, 32]))
    np.testing.assert_array_equal(first.select(np.array([4, 1]))[:], values[[32, 2]])
    np.testing.assert_array_equal(first[[2, 0]], values[[30, 9]])
    joined = first.joined(stored.select(np.array([0])))
    assert joined.shape == (6, *values.shape[1:])
    np.testing.assert_array_equal(joined[:], values[[9, 2, 30, 31, 32, 0]])
    np.testing.assert_array_equal(stored[:], values)


def test_a_copy_in_another_process_reads_for_itself(write, values):
    stored = write(values)
    stored[0]  # which opens the file
    again = pickle.loads(pickle.dumps(stored.select(np.array([5, 6]))))
    del stored  # which closes it
    np.testing.assert_array_equal(again[:], values[[5, 6]])


def test_strings_can_be_converted_and_have_no_rows(write):
    stored = write(np.array([], object))
    assert (len(stored), stored.shape, stored[:].dtype) == (0, (0,), object)


def test_a_type_that_is_asked_for(write):
    assert np.asarray(write(ROWS["uint16"]), dtype="float64").dtype == np.float64


def test_a_file_that_was_cut_is_an_error(write, tmp_path):
    stored = write(ROWS["float32"])
    with open(tmp_path / "rows", "r+b") as file:
        file.truncate(40 * 5 * 4 + 2)
    np.testing.assert_array_equal(stored[:40], ROWS["float32"][:40])
    with pytest.raises(OSError, match="rows ended before row 44: it was cut or removed"):
        stored[38:45]


def test_strings_that_were_cut_are_an_error(write, tmp_path):
    texts = ROWS["strings"]
    stored = write(texts)
    with open(tmp_path / "rows", "r+b") as file:
        file.truncate(len("".join(texts[:41]).encode()) - 1)
    np.testing.assert_array_equal(stored[:40], texts[:40])
    with pytest.raises(OSError, match="rows ended before row 40: it was cut or removed"):
        stored[38:42]


def test_a_file_written_before_can_be_opened(write, values, tmp_path):
    write(values)
    again = Stored(tmp_path / "rows", values.shape, values.dtype)
    np.testing.assert_array_equal(again[10:20], values[10:20])


@pytest.mark.parametrize("near", [0, 2**23])
def test_rows_that_lie_close_together_are_the_same_rows(tmp_path, monkeypatch, near):
    monkeypatch.setattr("recipes.data.disk.stored.NEAR", near)
    values = np.random.default_rng(0).normal(size=(300, 3))
    writer = Writer(tmp_path / "x.bin", values.dtype)
    writer.write(values)
    stored = writer.close()
    for rows in ([0, 2, 3, 7], [299], [0, 299], [5, 4, 3], [7, 7, 9], list(range(0, 300, 2)), []):
        np.testing.assert_array_equal(stored[np.array(rows, int)], values[np.array(rows, int)])
    monkeypatch.setattr("recipes.data.disk.stored.TOGETHER", 7)
    np.testing.assert_array_equal(list(stored.select(np.arange(290, 300))), values[290:])


def test_a_column_as_a_table(tmp_path):
    writer = Writer(tmp_path / "x.bin", np.dtype("int64"))
    writer.write(np.arange(9))
    view = writer.close().as_table()
    assert view.shape == (9, 1)
    np.testing.assert_array_equal(view.astype(np.float64)[2:4], [[2.0], [3.0]])


def test_files_of_as_many_rows_share_their_numbers(tmp_path):
    columns = []
    for name in ("a", "b"):
        writer = Writer(tmp_path / name, np.dtype("int64"))
        writer.write(np.arange(9))
        columns.append(writer.close())
    assert columns[0].rows is columns[1].rows
