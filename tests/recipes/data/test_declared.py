import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.declared import as_declared
from recipes.data.tfds.selection import Selection
from recipes.data.tfds.sources import Source

X = np.zeros((4, 2), "float32")


def source(kind, dtype="float32", names=(), shape=(), name="y"):
    return Source((name,), kind, shape, dtype, tuple(names))


TARGET = source("number", "int64")
VECTOR = source("vector", shape=(2,))


def declared(*targets, x=X, inputs=(VECTOR,)):
    read = {"train": (x, {target.name: np.arange(4) for target in targets})}
    return as_declared(read, Selection(tuple(inputs), targets))


@pytest.mark.parametrize(
    ("target", "form", "names"),
    [
        (TARGET, "quantity", None),
        (source("category", "int64", "ab"), "classes", ("a", "b")),
        (source("labels", "int64", "ab"), "label sets", ("a", "b")),
        (source("string", "object"), None, None),
    ],
)
def test_what_is_declared(target, form, names):
    splits, known = declared(target)
    assert (known.form, known.names, splits["train"][1].tolist()) == (form, names, [0, 1, 2, 3])


def test_several_targets_are_columns():
    splits, known = declared(source("number", name="p"), source("category", "int64", "ny", name="q"))
    assert (known.form, known.names, splits["train"][1].shape) == ("columns", ("p", "q"), (4, 2))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([source("category", "int64", "a")], "target must be of 2 or more classes; it has 1"),
        (
            [source("number", name="p"), source("category", "int64", "abc", name="q")],
            r"numbers or yes-or-no answers, .* Received: target=\['q'\]",
        ),
    ],
)
def test_what_cannot_be_a_target(targets, message):
    with pytest.raises(InvalidArgument, match=message):
        declared(*targets)


def column(kind, dtype, given):
    return Source(("a",), kind, (), dtype, (), given)


def record(source, values):
    return declared(TARGET, x={"a": values}, inputs=(source,))[0]["train"][0]["a"]


def test_columns_that_are_something_else_than_they_look():
    texts = np.array(["1", "2.5", "?", " NA", "", "-3e2"], object)
    numbers = record(column("string", "object", "number"), texts)
    np.testing.assert_array_equal(numbers, np.array([1, 2.5, np.nan, np.nan, np.nan, -300], "float32"))
    codes = record(column("number", "float32", "category"), np.array([3.0, -1.0], "float32"))
    assert (codes.dtype, codes.tolist()) == (np.int64, [3, -1])
    for given in (None, "number"):
        same = np.array([3.0, 1.0], "float32")
        assert record(column("number", "float32", given), same) is same
    assert record(column("string", "object", "category"), texts) is texts
    assert declared(TARGET)[0]["train"][0] is X


@pytest.mark.parametrize(
    ("source", "values", "message"),
    [
        (
            column("string", "object", "number"),
            np.array(["1", "two", "three"], object),
            r"features must be 'category' for 'a': 2 of 3 values in split 'train' are no numbers. Received: .*'two'",
        ),
        (
            column("number", "float32", "category"),
            np.array([1, 0.5, np.nan, np.inf]),
            "features must be 'number' for 'a': 3 of 4 values in split 'train' are not whole",
        ),
    ],
)
def test_columns_that_are_not_what_the_user_says(source, values, message):
    with pytest.raises(InvalidArgument, match=message):
        record(source, values)
