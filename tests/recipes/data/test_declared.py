import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.declared import as_told
from recipes.data.selection import Selection, Source

X = np.zeros((4, 2), "float32")
VECTOR = Source(("v",), "vector", (2,))


def told(source, y, task=None, test=None, x=None, inputs=(VECTOR,)):
    """What is told of one target, or of several where ``source`` and ``y`` are lists."""
    several = isinstance(source, list)
    sources = source if several else [source]

    def by_name(values):
        return dict(zip([each.name for each in sources], values if several else [values], strict=True))

    read = {"train": (X if x is None else x, by_name(y))}
    if test is not None:
        read["test"] = (X if x is None else x, by_name(test))
    found, names, task = as_told(read, Selection(tuple(inputs), tuple(sources)), task, "dataset 'd'")
    return {split: y for split, (_, y) in found.items()}, names, task, found["train"][0]


def source(kind, dtype="float32", names=(), shape=(), name="y"):
    return Source((name,), kind, shape, dtype, tuple(names))


NUMBERS = source("number", "int64")


@pytest.mark.parametrize(
    ("source", "y", "task", "names", "expected", "found"),
    [
        (source("category", "int64", "ab"), [1, 0], None, ("a", "b"), [1, 0], None),
        (source("category", "int64", "ab"), [1, 0], "regression", (), [1, 0], "regression"),
        (source("labels", "int64", "abc"), [[0], [1, 2]], None, ("a", "b", "c"), [[0], [1, 2]], "multilabel"),
        (source("string", "object"), ["u", "v"], None, (), ["u", "v"], None),
        (source("number", "bool"), [True, False], None, ("False", "True"), [1, 0], None),
        (NUMBERS, [3, 7, 3], None, (), [3, 7, 3], "regression"),
        (NUMBERS, [3, 7, 3], "binary", ("3", "7"), [0, 1, 0], "binary"),
        (NUMBERS, [9, -1, 4], "multiclass", ("-1", "4", "9"), [2, 0, 1], "multiclass"),
        (NUMBERS, [0, 1, 1], None, ("0", "1"), [0, 1, 1], "binary"),
        (NUMBERS, [0, 1, 1], "regression", (), [0, 1, 1], "regression"),
        (source("number"), [0.0, 1.0, 1.0], None, (), [0, 1, 1], "regression"),
        (source("number"), [5.0, 3.0, 5.0], "binary", ("3", "5"), [1, 0, 1], "binary"),
        (source("vector", "int64", shape=(2,)), [[0, 1], [1, 1]], None, (), [[0, 1], [1, 1]], "multilabel"),
        (source("vector", "int64", shape=(2,)), [[0, 1], [1, 1]], "regression", (), [[0, 1], [1, 1]], "regression"),
        (source("vector", "float32", shape=(2,)), [[0, 1], [1, 1]], None, (), [[0, 1], [1, 1]], "regression"),
        (source("vector", "int64", shape=(2,)), [[0, 2], [1, 1]], None, (), [[0, 2], [1, 1]], "regression"),
    ],
)
def test_what_a_target_is(source, y, task, names, expected, found):
    values = y if source.kind in ("labels", "string") else np.array(y, source.dtype)
    ys, classes, answer, _ = told(source, values, task)
    assert (classes, answer) == (names, found)
    assert (ys["train"] if isinstance(ys["train"], list) else ys["train"].tolist()) == expected


def test_zero_and_one_in_training_alone_are_no_classes():
    assert told(NUMBERS, np.array([0, 1]), test=np.array([0, 2]))[2] == "regression"


def test_other_splits_are_coded_like_training():
    ys, names, _, _ = told(NUMBERS, np.array([3, 7, 9]), "multiclass", test=np.array([9, 3]))
    assert (names, ys["train"].tolist(), ys["test"].tolist()) == (("3", "7", "9"), [0, 1, 2], [2, 0])


def test_several_targets():
    numbers = [source("number", name="p"), source("number", "int64", name="q")]
    ys, names, task, _ = told(numbers, [np.array([0.5, 1]), np.array([1, 0])])
    assert (ys["train"].tolist(), names, task) == ([[0.5, 1], [1, 0]], (), "regression")
    answers = [source("number", "bool", name="p"), source("category", "int64", "ny", name="q")]
    ys, names, task, _ = told(answers, [np.array([True, True]), np.array([1, 0])])
    assert (ys["train"].tolist(), names, task) == ([[1, 1], [1, 0]], ("p", "q"), "multilabel")
    assert told(answers, [np.array([True, True]), np.array([1, 0])], "regression")[2] == "regression"


@pytest.mark.parametrize(
    ("source", "y", "task", "test", "message"),
    [
        (source("image", shape=(2, 2, 1)), X, None, None, "target must be a class, .* not of kind image"),
        (source("sequence", shape=(None, 1)), X, None, None, "target must be a class, .* not of kind sequence"),
        (source("category", "int64", "a"), [0, 0], None, None, "target must be of 2 or more classes; it has 1"),
        (source("number"), [0.5, 1, 2.5], "binary", None, "'y': 2 of 3 values in split 'train' are not whole"),
        (source("number"), [0, 1.0], "binary", [np.inf], "'y': 1 of 1 values in split 'test' are not whole"),
        (source("number"), [0, np.nan], "multiclass", None, "'y': 1 of 2 values in split 'train' are not whole"),
        (NUMBERS, [3, 7], "binary", [3, 5], "dataset 'd' must be one of the 2 classes of training, but 1 in split 'te"),
    ],
)
def test_what_cannot_be_a_target(source, y, task, test, message):
    with pytest.raises(InvalidArgument, match=message):
        told(source, np.array(y), task, None if test is None else np.array(test))


def test_what_cannot_be_one_of_several_targets():
    wrong = [source("number", name="p"), source("category", "int64", "abc", name="q")]
    with pytest.raises(InvalidArgument, match=r"numbers or yes-or-no answers, .* Received: target=\['q'\]"):
        told(wrong, [np.zeros(2), np.zeros(2)])
    with pytest.raises(InvalidArgument, match="1 of the 2 values of target 'q' in split 'train' is NaN or infinite"):
        told([source("number", name="p"), source("number", name="q")], [np.zeros(2), np.array([1, np.nan])])


def column(kind, dtype, given):
    return Source(("a",), kind, (), dtype, (), given)


def record(source, values):
    return told(NUMBERS, np.arange(len(values)), inputs=(source,), x={"a": values})[3]["a"]


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
    assert told(NUMBERS, np.arange(4))[3] is X


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
