from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas
import pytest
import scipy.sparse

from callbacks.checks import InvalidArgument
from recipes.data.disk.stored import Stored, Writer
from recipes.data.input_arrays import as_inputs, kind_of, pad

NAN = np.nan


def given(x, **options):
    return as_inputs("x", "train", x, **options)


@pytest.mark.parametrize(
    ("x", "shape", "dtype", "kind"),
    [
        (np.zeros((5, 3)), (5, 3), "float64", "vector"),
        (np.zeros((5, 3), "uint8"), (5, 3), "float32", "vector"),
        ([[1, 2], [3, 4]], (2, 2), "int64", "vector"),
        (np.zeros((5, 4, 6), "uint8"), (5, 4, 6, 1), "uint8", "image"),
        (np.zeros((5, 4, 6), "uint16"), (5, 4, 6, 1), "uint16", "image"),
        (np.zeros((5, 4, 6), ">u2"), (5, 4, 6, 1), "uint16", "image"),
        (np.zeros((5, 4, 6), ">i8"), (5, 4, 6), "int64", "sequence"),
        (np.zeros((5, 4, 6, 3), "uint8"), (5, 4, 6, 3), "uint8", "image"),
        (np.zeros((5, 4, 6, 3)), (5, 4, 6, 3), "float32", "image"),
        ([np.zeros((4, 6), "uint8")] * 5, (5, 4, 6, 1), "uint8", "image"),
        (np.zeros((5, 4, 6)), (5, 4, 6), "float64", "sequence"),
        (np.zeros((5, 4, 6), "int64"), (5, 4, 6), "int64", "sequence"),
        (np.array(["a b", "c"]), (2,), object, "string"),
        (["a b", "c"], (2,), object, "string"),
        ([b"a b", None, NAN, pandas.NA], (4,), object, "string"),
        (np.array([[1, 2.5], [True, Decimal("4.0")]], object), (2, 2), "float64", "vector"),
        (np.array([[2**53 + 1, True], [3, False]], object), (2, 2), "int64", "vector"),
        (np.array([[2**64, True], [3, False]], object), (2, 2), "float64", "vector"),
        (scipy.sparse.csr_matrix(np.eye(3)), (3, 3), "float64", "vector"),
        (scipy.sparse.coo_array(np.eye(3, dtype="uint8")), (3, 3), "float32", "vector"),
    ],
)
def test_forms_of_inputs(x, shape, dtype, kind):
    found = given(x)
    assert (found.shape, found.dtype, kind_of(found)) == (shape, dtype, kind)
    assert found.flags.c_contiguous


def test_values_stay_what_they_are():
    table = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    assert np.array_equal(given(table), table)
    assert np.array_equal(given(np.asfortranarray(table)), table)
    assert given(["ä", b"\xc3\xa4", b"\xff", "", None]).tolist() == ["ä", "ä", "\ufffd", "", ""]
    assert given(np.ma.masked_array(["p", "q"], [False, True])).tolist() == ["p", ""]


def test_missing_values_of_a_table_are_nan_and_a_mask_over_other_arrays_is_refused():
    table = np.array([[NAN, 1], [1, 1]])
    for x in (table, np.ma.masked_array(np.ones((2, 2), int), np.eye(2) * [1, 0]), [[None, 1], [1, Decimal(1)]]):
        np.testing.assert_array_equal(given(x), table)
    for x in (np.ones((2, 2, 2)), np.ones((2, 2, 2, 1), "uint8")):
        with pytest.raises(InvalidArgument, match="x must be without a mask, but 1 of 8 values are masked"):
            given(np.ma.masked_array(x, np.arange(8).reshape(x.shape) == 3))
    with pytest.raises(InvalidArgument, match=r"x\['v'\] must be without a mask"):
        given({"v": np.ma.masked_array(np.ones((2, 2)), np.eye(2) * [1, 0])})
    assert type(given(np.ma.masked_array(np.ones((2, 2))))) is np.ndarray


def test_what_is_on_disk_stays_there(tmp_path):
    writer = Writer(tmp_path / "rows", np.dtype("float32"))
    writer.write(np.zeros((3, 2), "float32"))
    stored = writer.close()
    assert given(stored) is stored
    assert isinstance(given({"a": stored})["a"], Stored)


@pytest.mark.parametrize(
    ("column", "dtype", "expected"),
    [
        (np.array([1, 2], "int16"), "int16", [1, 2]),
        (np.array([1, 2], "uint8"), "uint8", [1, 2]),
        (np.array([True, False]), "bool", [True, False]),
        (np.array([1.5, NAN]), "float64", [1.5, NAN]),
        (np.array([1.5, 2], "float16"), "float32", [1.5, 2]),
        (np.array([1.5, 2], ">f8"), "float64", [1.5, 2]),
        ([1, None], "float64", [1, NAN]),
        ([True, None], "float64", [1, NAN]),
        ([1, 2.5], "float64", [1, 2.5]),
        (np.array([1, 2], object), "int64", [1, 2]),
        (np.array([True, False], object), "bool", [True, False]),
        ([2**70, 1], "float64", [2.0**70, 1]),
        ([Decimal("2.50"), Fraction(1, 4), None], "float64", [2.5, 0.25, NAN]),
        (np.ma.masked_array([1, 2], [False, False]), "int64", [1, 2]),
        (np.ma.masked_array([1, 2], [False, True]), "float64", [1, NAN]),
        (pandas.array([1, None], "Int64"), "float64", [1, NAN]),
        (pandas.array([True, False], "boolean"), "bool", [True, False]),
    ],
)
def test_columns_of_a_record(column, dtype, expected):
    found = given({"a": column})["a"]
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)
    assert kind_of(found) == "number"


def test_names_stay():
    assert list(given({"two words": [1], "c-d": ["x"], "C-d": [2]})) == ["two words", "c-d", "C-d"]


def test_a_data_frame_of_numbers_is_a_table():
    frame = pandas.DataFrame({"a": [1, 2], "b": [True, False], "c": pandas.array([3, 4], "Int64")})
    found = given(frame)
    assert found.dtype == np.float64
    assert found.tolist() == [[1, 1, 3], [2, 0, 4]]


def test_any_other_data_frame_is_a_record():
    frame = pandas.DataFrame(
        {
            "number": [1, 2, 3],
            "gaps": [1.5, NAN, 3],
            "yes no": [True, False, True],
            "whole": pandas.array([1, None, 3], "Int64"),
            "nullable": pandas.array([True, None, False], "boolean"),
            "full": pandas.array([1, 2, 3], "UInt8"),
            "text": pandas.array(["x", None, "z"], "string"),
            "object": np.array(["x", None, NAN], object),
            "kind": pandas.Categorical(["u", None, "v"], categories=["v", "u", "w"]),
            "grade": pandas.Categorical([3, 1, 3]),
            5: [b"q", b"r", b"s"],
        }
    )
    found = given(frame)
    assert {name: (values.dtype.name, values.tolist()) for name, values in found.items()} == {
        "number": ("int64", [1, 2, 3]),
        "gaps": ("float64", [1.5, pytest.approx(NAN, nan_ok=True), 3]),
        "yes no": ("bool", [True, False, True]),
        "whole": ("float64", [1, pytest.approx(NAN, nan_ok=True), 3]),
        "nullable": ("float64", [1, pytest.approx(NAN, nan_ok=True), 0]),
        "full": ("uint8", [1, 2, 3]),
        "text": ("object", ["x", "", "z"]),
        "object": ("object", ["x", "", ""]),
        "kind": ("object", ["u", "", "v"]),
        "grade": ("object", ["3", "1", "3"]),
        "5": ("object", ["q", "r", "s"]),
    }


def test_sequences_of_different_lengths_stay_a_list():
    found = given([[[1, 2]], [[3, 4], [5, 6]]])
    assert [each.tolist() for each in found] == [[[1, 2]], [[3, 4], [5, 6]]]
    assert {each.dtype.name for each in found} == {"int64"}
    assert kind_of(found) == "sequence"
    assert [each.shape for each in given([(1, 2), (3,)])] == [(2, 1), (1, 1)]
    ragged = np.empty(2, object)
    ragged[:] = [np.ones((1, 2)), np.ones((3, 2))]
    assert [each.shape for each in given({"s": ragged})["s"]] == [(1, 2), (3, 2)]


def test_padding():
    arrays, filling = pad({"train": [np.full((1, 2), 5.0), np.full((3, 2), 6.0)], "test": [np.full((2, 2), 7.0)]})
    assert filling == 0.0
    assert arrays["train"].tolist() == [[[5, 5], [0, 0], [0, 0]], [[6, 6], [6, 6], [6, 6]]]
    assert arrays["test"].tolist() == [[[7, 7], [7, 7], [0, 0]]]
    assert arrays["test"].dtype == np.float64


@pytest.mark.parametrize(
    ("step", "filling"),
    [([0.0, 1.0], 0.0), ([0.0, 0.0], -1.0), ([-2.5, 0.0], 0.0)],
)
def test_no_real_step_looks_like_the_filling(step, filling):
    assert pad({"train": [np.array([step, step]), np.array([[1.0, 2.0]])]})[1] == filling
    lowest = pad({"train": [np.zeros((2, 2)), np.array([[-2.5, 2.0]])]})[1]
    assert lowest == -4.0 < -2.5


def test_sequences_of_one_length_are_not_padded():
    arrays, filling = pad({"train": [np.ones((2, 1))] * 3, "test": [np.ones((2, 1))]})
    assert filling is None
    assert arrays["train"].shape == (3, 2, 1)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (None, "x must be numbers of shape"),
        (5, "x must be numbers of shape"),
        (np.arange(4), "x must be numbers of shape"),
        (np.zeros((2, 2, 2, 2, 2)), "x must be numbers of shape"),
        (np.arange(4) * 1j, "x must be numbers of shape"),
        ([[1, 2], 3.0], "x must be numbers of shape"),
        ([], r"x must be not empty .split 'train'"),
        (np.zeros((0, 4)), r"x must be not empty .split 'train'"),
        (np.zeros((4, 0)), "a table with at least one column"),
        (np.zeros((4, 3, 0)), "of sizes of at least 1"),
        (np.zeros((4, 3, 8, 9), "uint8"), r"images of shape .n, height, width, channels.: numpy.moveaxis.*, 1, -1."),
        ({"i": np.zeros((4, 1, 8, 9))}, r"x\['i'\] must be images of shape .*=.4, 1, 8, 9."),
        (scipy.sparse.csr_matrix((10**5, 501)), r"dense, or sparse of up to 50,000,000 values: .* x.toarray"),
        (
            {"v": np.where(np.eye(4, 2) > 0, NAN, 1.0)},
            r"of column 0 .* is NaN .*, the first in row 1 .*of a vector as col",
        ),
        (
            np.where(np.arange(40).reshape(5, 4, 2) == 27, NAN, 1),
            "the inputs .*, the first in row 4; leave such examples",
        ),
        (
            [np.ones((1, 2)), np.ones((3, 2)) * NAN],
            "6 of the 8 values of the steps .*, the first in row 2; .* with numpy.nan_to_num",
        ),
        ({}, "a dictionary with names as keys, at least one"),
        ({1: [2]}, "named by strings that are not empty. Received: x=1"),
        ({"": [2]}, "named by strings that are not empty. Received: x=''"),
        ({"a": [1], "b": [1, 2]}, r"columns of the same length. Received: x=.'a': 1, 'b': 2"),
        ({"a": {1, 2}}, r"x\['a'\] must be numbers of shape"),
        (pandas.DataFrame([[1, "x"]], columns=["a", "a"]), "named without repetition. Received: x='a'"),
        (pandas.DataFrame([[1, "x"]], columns=[1, "1"]), "named without repetition. Received: x='1'"),
        (np.array(["a", "caf\udce9"]), "x must be text in UTF-8, without lone surrogates"),
        ({"a": np.array(["b", "caf\udce9"], object)}, r"x\['a'\] must be text in UTF-8, without lone surrogates"),
        (pandas.DataFrame([[1, 2]], columns=["a", ""]), "named by strings that are not empty. Received: x=''"),
    ],
)
def test_other_forms_are_refused(x, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        given(x)
    assert "\n" not in str(error.value)
