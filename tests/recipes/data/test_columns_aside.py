import numpy as np
import pandas
import pytest
import scipy.sparse

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.columns_aside import column_values, columns_of, excluded, without

Y = np.arange(40) // 2 % 2
TABLE = np.random.default_rng(0).normal(size=(40, 3))
FRAME = pandas.DataFrame(TABLE, columns=["a", "pH", "年龄"])
FORMS = {
    "array": (TABLE, None, 1),
    "list": (TABLE.tolist(), None, 1),
    "sparse": (scipy.sparse.csr_matrix(TABLE), None, 1),
    "named": (TABLE, ["a", "pH", "年龄"], "pH"),
    "frame": (FRAME, None, "pH"),
    "numbered": (pandas.DataFrame(TABLE), None, 1),
    "renamed": (pandas.DataFrame(TABLE), ["a", "pH", "年龄"], "pH"),
    "record": (dict(FRAME.items()), None, "pH"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_column_is_left_out_of_all_splits(form):
    x, names, column = FORMS[form]
    options = {"feature_names": names} if names else {}
    data = Data.from_arrays(x, Y, x_test=x, y_test=Y, duplicates="ignore", exclude=[column], **options)
    if form == "record":
        x, expected = (dict(FRAME[["a", "年龄"]].items()) for _ in range(2))
    else:
        expected = TABLE[:, [0, 2]]
    kept = {"feature_names": ["a", "年龄"]} if form in ("named", "frame", "renamed") else {}
    kept |= {"feature_names": ["0", "2"]} if form == "numbered" else {}
    same = Data.from_arrays(expected, Y, x_test=expected, y_test=Y, duplicates="ignore", **kept)
    assert data.fingerprint == same.fingerprint
    assert data.spec == same.spec


def test_a_split_may_lack_what_is_left_out():
    rest = FRAME.drop(columns="pH")
    data = Data.from_arrays(FRAME, Y, x_test=rest[:5] + 9, y_test=Y[:5], exclude=["pH"])
    assert data.spec.feature_names == ("a", "年龄")


def test_the_column_of_weights_may_be_named():
    x = FRAME.assign(w=1.0)
    data = Data.from_arrays(x, Y, sample_weight="w", exclude=["w", "a"])
    assert data.spec.feature_names == ("pH", "年龄")


@pytest.mark.parametrize(
    ("x", "exclude", "message"),
    [
        (FRAME, ["ph"], "exclude must be one of 'a', 'pH', '年龄'. Received: exclude='ph'"),
        (FRAME, "pH", "exclude must be a list of columns to leave out. Received: exclude='pH'"),
        (FRAME, None, "exclude must be a list"),
        (FRAME, ["a", "pH", "年龄"], "exclude must be fewer than all columns"),
        (TABLE, ["a"], "exclude must be one of 0, 1, 2"),
        (np.zeros((40, 4, 4), "uint8"), ["a"], "exclude must be empty, since the inputs have no columns"),
        (["a text"] * 40, [0], "since the inputs have no columns"),
        ([[1.0], [2.0, 3.0]] * 20, [0], "since the inputs have no columns"),
    ],
)
def test_what_cannot_be_left_out_is_refused(x, exclude, message):
    with pytest.raises(InvalidArgument, match=message):
        Data.from_arrays(x, Y, exclude=exclude)


def test_columns_and_values():
    assert columns_of(FRAME) == ["a", "pH", "年龄"]
    assert columns_of(["x", "y"]) == []
    assert column_values("time", "pH", "train", FRAME).tolist() == TABLE[:, 1].tolist()
    assert list(without(dict(FRAME.items()), ["a", "absent"])) == ["pH", "年龄"]
    assert excluded({"train": (TABLE, Y)}, [], None)[0]["train"][0] is TABLE
    with pytest.raises(InvalidArgument, match="time must be a column of the inputs in split 'test': a, pH, 年龄"):
        column_values("time", "t", "test", FRAME)
