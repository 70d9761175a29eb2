import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.targets import as_targets, check_classes

ARGUMENTS = {"train": "y", "validation": "y_validation", "test": "y_test"}


def targets(train, test=None, task=None, class_names=None):
    given = {"train": train} if test is None else {"train": train, "test": test}
    return as_targets(given, task, class_names, ARGUMENTS)


SETS = [[0, 2], [], [1], [2, 1]]


@pytest.mark.parametrize(
    ("y", "options", "task", "names", "dtype", "expected"),
    [
        ([0, 1, 1], {}, "binary", ("0", "1"), "int64", [0, 1, 1]),
        ([[0], [1], [1]], {}, "binary", ("0", "1"), "int64", [0, 1, 1]),
        ([True, False], {}, "binary", ("0", "1"), "int64", [1, 0]),
        (np.array([2, 0, 1], "uint8"), {}, "multiclass", ("0", "1", "2"), "int64", [2, 0, 1]),
        ([0, 1], {"class_names": ["p", "q", "r"]}, "multiclass", ("p", "q", "r"), "int64", [0, 1]),
        (["b", "a", "b", "a"], {}, "binary", ("a", "b"), "int64", [1, 0, 1, 0]),
        ([b"b", "a", "b", "a"], {"class_names": ["b", "a"]}, "binary", ("b", "a"), "int64", [0, 1, 0, 1]),
        (["b", "a", "c"] * 2, {"task": "multiclass"}, "multiclass", ("a", "b", "c"), "int64", [1, 0, 2] * 2),
        ([0.0, 1.0], {}, "regression", (), "float32", [0, 1]),
        ([5, 7, 9], {"task": "regression"}, "regression", (), "float32", [5, 7, 9]),
        ([[0.5, 2], [1, 3]], {}, "regression", (), "float32", [[0.5, 2], [1, 3]]),
        ([[0, 2], [1, 3]], {}, "regression", (), "float32", [[0, 2], [1, 3]]),
        ([[0, 1], [1, 1]], {"task": "regression"}, "regression", (), "float32", [[0, 1], [1, 1]]),
        ([[0, 1], [1, 1]], {}, "multilabel", ("0", "1"), "int64", [[0, 1], [1, 1]]),
        (np.array([[1, 0], [1, 1]], bool), {}, "multilabel", ("0", "1"), "int64", [[1, 0], [1, 1]]),
        ([[0.0, 1.0], [1, 1]], {"task": "multilabel"}, "multilabel", ("0", "1"), "int64", [[0, 1], [1, 1]]),
        ([[1, 0], [0, 1]], {"task": "multilabel", "class_names": "pq"}, "multilabel", ("p", "q"), "int64", None),
        (SETS, {}, "multilabel", ("0", "1", "2"), "int64", [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 1, 1]]),
        ([{0, 2}, set()], {"class_names": "pqr"}, "multilabel", ("p", "q", "r"), "int64", [[1, 0, 1], [0, 0, 0]]),
        ([[0, 2], [2, 1]], {"task": "multilabel"}, "multilabel", ("0", "1", "2"), "int64", [[1, 0, 1], [0, 1, 1]]),
        ([[1], [0]], {"task": "multilabel"}, "multilabel", ("0", "1"), "int64", [[0, 1], [1, 0]]),
        ([[0, 1], [1, 0]], {"task": "multilabel", "class_names": "pqr"}, "multilabel", ("p", "q", "r"), "int64", None),
    ],
)
def test_forms_of_targets(y, options, task, names, dtype, expected):
    found, told, classes = targets(y, **options)
    assert (told, classes, found["train"].dtype) == (task, names, dtype)
    if expected is None:  # rows where there are as many names, otherwise sets of labels
        expected = y if len(names) == 2 else [[1, 1, 0], [1, 1, 0]]
    assert found["train"].tolist() == expected


def test_other_splits_are_coded_like_training():
    assert targets(["b", "a", "b", "a"], ["b"])[0]["test"].tolist() == [1]
    assert targets(SETS, [[0], [1]])[0]["test"].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert targets(SETS, np.array([[0, 1, 1]]))[0]["test"].tolist() != [[0, 1, 1]]  # training says: sets of labels
    assert targets([0, 1], [0, 2])[2] == ("0", "1", "2")


def test_one_hot_rows_are_no_classes_unless_the_user_says_so():
    with pytest.raises(InvalidArgument, match=r"not one-hot rows: give y.argmax\(axis=1\), or task='multilabel'"):
        targets(np.eye(3))
    assert targets(np.eye(3), task="multilabel")[0]["train"].tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(
    ("train", "test", "options", "message"),
    [
        (None, None, {}, "y must be numbers of shape"),
        (np.zeros((4, 2, 2)), None, {}, "y must be numbers of shape"),
        (np.zeros((4, 0)), None, {}, "y must be numbers of shape"),
        ([[1, 2], 3], None, {}, "y must be numbers of shape"),
        ([1, "x", None, "z"], None, {}, "all strings or all numbers, but 2 of 4 in split 'train' are no strings"),
        (["a", "b"] * 2, None, {"task": "regression"}, "y must be numbers for task 'regression'"),
        (["a", "b"] * 2, ["a", "c", "d"], {}, "y_test must be one of the 2 classes of training, but 2 in split 'test'"),
        (["a", "b"] * 2, [0, 1], {}, "y_test must be one of the 2 classes of training, but 2 in split 'test'"),
        ([0, 1], ["a", "b"], {}, "y_test must be numbers as in training, but all 2 in split 'test' are strings"),
        (list("abcd"), None, {}, "y must be the names of classes, each with 2 or more examples. Received: y='4 diff"),
        ([-1, 0, 1], None, {}, "y must be labels in 0..1, but 1 of 3 in split 'train' are not. Received: y=.-1."),
        ([0, 1], [5, 0, 7], {"class_names": "pq"}, "y_test must be labels in 0..1, but 2 of 3 in split 'test' are not"),
        ([0, 0, 0], None, {}, "y must be of 2 or more classes, but all 3 in split 'train' are '0'"),
        (["a", "a"], None, {}, "y must be of 2 or more classes, but all 2 in split 'train' are 'a'"),
        ([0, 1, 2], None, {"task": "binary"}, "y must be exactly 2 classes. Received: y='3 classes'"),
        ([0, 1], None, {"task": "multiclass"}, "y must be 3 or more classes. Received: y='2 classes'"),
        ([0.0, 1.0], None, {"task": "binary"}, "y must be whole numbers for task 'binary'"),
        ([0.0, np.inf], None, {}, "y must be finite: 1 of the 2 values of the target in split 'train'"),
        ([0.0, 1.0], [np.nan], {}, "y_test must be finite: 1 of the 1 values of the target in split 'test'"),
        ([[0.0, np.nan]], None, {"task": "regression"}, "1 of the 1 values of column 1 in split 'train' is NaN"),
        ([0, 1], None, {"task": "multilabel"}, r"y must be of shape \(n, classes\) for task 'multilabel'"),
        (np.ones((3, 2)), None, {"task": "binary"}, r"y must be of shape \(n,\) for task 'binary'"),
        ([[0, 1], [1, 2]], None, {"class_names": "ab", "task": "multilabel"}, "lists of labels in 0..1, but 1 of 2 in"),
        (np.array([[0, 1], [1, 2]]), None, {"task": "multilabel"}, "1 of the 2 values of column 1 in split 'train'"),
        (np.array([[0, 1]]), np.array([[0.5, 1]]), {"task": "multilabel"}, "values of column 0 in split 'test' are"),
        (np.array([[1, 1]]), None, {"class_names": "abc"}, "class_names must be 2 names, one for each column of y"),
        (SETS, [[0], [3], [-1]], {}, "y_test must be lists of labels in 0..2, but 2 of 3 in split 'test' are not"),
        (SETS, [0, 1], {}, "y_test must be lists of whole numbers, but 2 of 2 in split 'test' are not"),
        ([["a"], ["b", "c"]], None, {}, "y must be lists of whole numbers, but 2 of 2 in split 'train' are not"),
        ([[0.5], [1, 0]], None, {}, "y must be lists of whole numbers, but 1 of 2 in split 'train' are not"),
        ([[], []], None, {"task": "multilabel"}, "y must be lists of labels in 0..0"),
    ],
)
def test_what_cannot_be_a_target(train, test, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        targets(train, test, **options)
    assert "\n" not in str(error.value)


def classes(**counts):
    """Targets of so many examples of each class, split by split."""
    return {split: np.repeat(np.arange(len(sizes)), sizes) for split, sizes in counts.items()}


def test_classes_that_are_everywhere_are_fine():
    check_classes(classes(train=[2, 2], validation=[1, 1], test=[1, 3]), ("a", "b"), "y")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train": [3, 0], "test": [1, 1]}, "y must be of 2 or more classes in split 'train', but all 3 are 'a'"),
        (
            {"train": [2, 2, 0], "validation": [1, 1, 0], "test": [1, 0, 4]},
            "y must be of classes that are in split 'train', but 4 of 5 in split 'test' are not. Received: y=.'c'.",
        ),
    ],
)
def test_classes_that_training_lacks_are_refused(counts, message):
    with pytest.raises(InvalidArgument, match=message):
        check_classes(classes(**counts), ("a", "b", "c"), "y")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            {"train": [2, 2], "validation": [4, 0], "test": [1, 1]},
            "y: no example of class 'b' in split 'validation', which has 4 examples$",
        ),
        ({"train": [2, 2, 0], "test": [1, 1, 0]}, "y: no example of class 'c' in any split$"),
        (
            {"train": [1] * 9, "test": [1] + [0] * 8},
            "no example of class 'b', 'c', 'd', 'e', 'f' and 3 more in split 'test', which has 1 examples$",
        ),
    ],
)
def test_a_class_that_another_split_lacks_is_a_warning(counts, message):
    with pytest.warns(UserWarning, match=message):
        check_classes(classes(**counts), "abcdefghi"[: len(counts["train"])], "y")
