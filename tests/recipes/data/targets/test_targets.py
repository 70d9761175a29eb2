import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Data, load
from recipes.data.declared import as_declared
from recipes.data.targets.targets import Declared, as_targets
from recipes.data.tfds.selection import Selection
from recipes.data.tfds.sources import Source

ARGUMENTS = {"train": "y", "validation": "y_validation", "test": "y_test"}


def targets(train, test=None, task=None, class_names=None):
    given = {"train": train} if test is None else {"train": train, "test": test}
    return as_targets(given, Declared(names=class_names), task, ARGUMENTS)


SETS = [[0, 2], [], [1], [2, 1]]


@pytest.mark.parametrize(
    ("y", "options", "task", "names", "dtype", "expected"),
    [
        ([0, 1, 1], {}, "binary", ("0", "1"), "int64", [0, 1, 1]),
        ([[0], [1], [1]], {}, "binary", ("0", "1"), "int64", [0, 1, 1]),
        ([True, False], {}, "binary", ("False", "True"), "int64", [1, 0]),
        ([0, 1, 5] * 2, {}, "multiclass", ("0", "1", "5"), "int64", [0, 1, 2] * 2),
        ([1, 2, 2], {}, "binary", ("1", "2"), "int64", [0, 1, 1]),
        (np.array([2, 0, 1] * 2, "uint8"), {}, "multiclass", ("0", "1", "2"), "int64", [2, 0, 1] * 2),
        ([0, 1], {"class_names": ["p", "q", "r"]}, "multiclass", ("p", "q", "r"), "int64", [0, 1]),
        (["b", "a", "b", "a"], {}, "binary", ("a", "b"), "int64", [1, 0, 1, 0]),
        ([b"b", "a", "b", "a"], {"class_names": ["b", "a"]}, "binary", ("b", "a"), "int64", [0, 1, 0, 1]),
        (["b", "a", "c"] * 2, {"task": "multiclass"}, "multiclass", ("a", "b", "c"), "int64", [1, 0, 2] * 2),
        ([0.0, 1.5], {}, "regression", (), "float32", [0, 1.5]),
        ([0.0, 1.0], {"task": "binary"}, "binary", ("0", "1"), "int64", [0, 1]),
        ([1.0, 0.0], {"class_names": "pq"}, "binary", ("p", "q"), "int64", [1, 0]),
        ([-1, 1, 1], {}, "binary", ("-1", "1"), "int64", [0, 1, 1]),
        ([0, 1, -1] * 2, {}, "multiclass", ("-1", "0", "1"), "int64", [1, 2, 0] * 2),
        ([2_000_000_000, -5, 7] * 2, {}, "multiclass", ("-5", "7", "2000000000"), "int64", [2, 0, 1] * 2),
        (np.array([3, 5, 3], object), {}, "binary", ("3", "5"), "int64", [0, 1, 0]),
        (np.array([True, False], object), {}, "binary", ("False", "True"), "int64", [1, 0]),
        (np.array([0.5, 2, 7], object), {}, "regression", (), "float32", [0.5, 2, 7]),
        (np.array([[1, 0], [1, 1]], object), {}, "multilabel", ("0", "1"), "int64", [[1, 0], [1, 1]]),
        (np.eye(3)[[2, 0, 1]], {"task": "multiclass"}, "multiclass", ("0", "1", "2"), "int64", [2, 0, 1]),
        (np.eye(2, dtype=bool), {"task": "binary", "class_names": "pq"}, "binary", ("p", "q"), "int64", [0, 1]),
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
        ([[2_000_000_000, -1], [7]], {}, "multilabel", ("-1", "7", "2000000000"), "int64", [[1, 0, 1], [0, 1, 0]]),
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


def declared(kind, dtype="float32", names=(), shape=(), name="y"):
    return Source((name,), kind, shape, dtype, tuple(names))


def loaded(source, y, task=None, test=None):
    """As :func:`targets`, for one target of a TFDS dataset, or several where ``source`` and ``y`` are lists."""
    sources = source if isinstance(source, list) else [source]

    def by_name(values):
        values = values if isinstance(source, list) else [values]
        return {each.name: value for each, value in zip(sources, values, strict=True)}

    read = {split: (None, by_name(values)) for split, values in (("train", y), ("test", test)) if values is not None}
    splits, known = as_declared(read, Selection((), tuple(sources)))
    return as_targets({split: y for split, (_, y) in splits.items()}, known, task, ARGUMENTS)


NUMBERS = declared("number", "int64")
PAIRS = declared("vector", "int64", shape=(2,))
FLOATS = declared("vector", "float32", shape=(2,))
BOTH_DOORS = [
    (declared("number", "bool"), [True, False], None),
    (declared("number", "bool"), [True, False], "regression"),
    (NUMBERS, [0, 1, 1], None),
    (NUMBERS, [3, 7, 3], "binary"),
    (NUMBERS, [9, -1, 4], "multiclass"),
    (NUMBERS, [0, 1, 1], "regression"),
    (NUMBERS, [0, 1, 5], "multiclass"),
    (declared("number"), [0.0, 0.5, 1.0], None),
    (declared("number"), [0.0, 1.0, 1.0], "regression"),
    (PAIRS, [[0, 1], [1, 0]], "binary"),
    (declared("number"), [5.0, 3.0, 5.0], "binary"),
    (declared("string", "object"), list("uvuv"), None),
    (declared("vector", "int64", shape=(1,)), [[1], [0], [1]], None),
    (PAIRS, [[0, 1], [1, 1]], None),
    (PAIRS, [[0, 1], [1, 0]], "multilabel"),
    (PAIRS, [[0, 1], [1, 1]], "regression"),
    (PAIRS, [[0, 2], [1, 1]], None),
    (FLOATS, [[0, 1], [1, 1]], None),
]
REFUSED_AT_BOTH_DOORS = [
    (PAIRS, [[0, 1], [1, 0]], None, None, "used with task='binary' for one-hot rows"),
    (FLOATS, [[0, 1], [1, 0]], None, None, "used with task='binary' for one-hot rows"),
    (
        NUMBERS,
        [3, 7],
        "binary",
        [3, 5],
        "y_test must be one of the 2 classes of training, but 1 in split 'test' are not",
    ),
    (NUMBERS, [0, 1, 2], "binary", None, "y must be exactly 2 classes. Received: y='3 classes'"),
    (NUMBERS, [0, 1], "multilabel", None, r"y must be of shape \(n, classes\) for task 'multilabel'"),
    (declared("number"), [0.5, 1, 2.5], "binary", None, "whole numbers for task 'binary', but 2 of 3 in split 'train'"),
    (declared("number"), [0, 1.0], "binary", [np.inf], "whole numbers for task 'binary', but 1 of 1 in split 'test'"),
    (declared("number"), [0, np.nan], "multiclass", None, "but 1 of 2 in split 'train' are not; others are for 'regr"),
    (declared("number"), [0, np.nan], None, None, "finite: 1 of the 2 values of the target in split 'train'"),
    (declared("string", "object"), list("abab"), None, list("ac"), "one of the 2 classes of training, but 1 in split"),
]


def array(source, y):
    return y if y is None or source.dtype == "object" else np.array(y, source.dtype)


@pytest.mark.parametrize(("source", "y", "task"), BOTH_DOORS)
def test_arrays_and_datasets_are_told_alike(source, y, task):
    y = array(source, y)
    (one, *told), (other, *also) = targets(y, task=task), loaded(source, y, task)
    assert told == also
    np.testing.assert_array_equal(one["train"], other["train"])
    assert one["train"].dtype == other["train"].dtype


@pytest.mark.parametrize(("source", "y", "task", "test", "message"), REFUSED_AT_BOTH_DOORS)
def test_arrays_and_datasets_are_refused_alike(source, y, task, test, message):
    y, test = array(source, y), array(source, test)
    with pytest.raises(InvalidArgument, match=message) as one:
        targets(y, test, task)
    with pytest.raises(InvalidArgument) as other:
        loaded(source, y, task, test)
    assert str(one.value) == str(other.value)


@pytest.mark.parametrize(
    ("source", "y", "task", "names", "expected", "told"),
    [
        (declared("category", "int64", "ab"), [1, 0], None, ("a", "b"), [1, 0], "binary"),
        (declared("category", "int64", "abc"), [1, 0], None, ("a", "b", "c"), [1, 0], "multiclass"),
        (declared("category", "int64", "ab"), [1, 0], "regression", (), [1, 0], "regression"),
        (
            declared("labels", "int64", "abc"),
            [[0], [1, 2]],
            None,
            ("a", "b", "c"),
            [[1, 0, 0], [0, 1, 1]],
            "multilabel",
        ),
        (declared("labels", "int64", "ab"), [[0, 1], [0, 1]], None, ("a", "b"), [[1, 1], [1, 1]], "multilabel"),
        (
            declared("labels", "int64", "ab"),
            np.array([[0, 0], [0, 1]]),
            None,
            ("a", "b"),
            [[1, 0], [1, 1]],
            "multilabel",
        ),
    ],
)
def test_what_a_dataset_declares(source, y, task, names, expected, told):
    arrays, answer, classes = loaded(source, y if source.kind == "labels" else np.array(y), task)
    assert (arrays["train"].tolist(), answer, classes) == (expected, told, names)


@pytest.mark.parametrize(("y", "test"), [([3, 7, 3], [3]), ([0, 1, 2], [1]), ([0, 1], [0, 2])])
def test_whole_numbers_that_a_dataset_does_not_declare_as_classes_are_a_regression_with_a_warning(y, test):
    with pytest.warns(UserWarning, match="which it does not declare as classes: this is a regression; pass task='mult"):
        arrays, answer, classes = loaded(NUMBERS, np.array(y), test=np.array(test))
    assert (arrays["train"].tolist(), answer, classes) == (y, "regression", ())
    assert loaded(NUMBERS, np.array(y), "regression")[1] == "regression"  # without a warning


def test_several_targets_of_a_dataset():
    numbers = [declared("number", name="p"), declared("number", "int64", name="q")]
    ys, task, names = loaded(numbers, [np.array([0.5, 1]), np.array([1, 0])])
    assert (ys["train"].tolist(), names, task) == ([[0.5, 1], [1, 0]], (), "regression")
    assert loaded(numbers, [np.array([0.0, 1]), np.array([1, 0])])[1] == "regression"  # floats, whatever their values
    answers = [declared("number", "bool", name="p"), declared("category", "int64", "ny", name="q")]
    ys, task, names = loaded(answers, [np.array([True, False]), np.array([0, 1])])
    assert (ys["train"].tolist(), names, task) == ([[1, 0], [0, 1]], ("p", "q"), "multilabel")
    assert loaded(answers, [np.array([True, True]), np.array([1, 0])], "regression")[1] == "regression"


def test_both_doors_from_end_to_end(prepare):
    import tensorflow_datasets as tfds

    x, y = np.arange(60.0, dtype="float32").reshape(30, 2), np.arange(30) % 2 * 2 - 1
    kinds = {"v": tfds.features.Tensor(shape=(2,), dtype=np.float32), "y": tfds.features.Scalar(np.int64)}
    folder = prepare("signs", kinds, {"train": [{"v": row, "y": int(sign)} for row, sign in zip(x, y, strict=True)]})
    for data in (
        load("signs", data_dir=folder, target="y", task="binary"),
        Data.from_arrays(x, y, task="binary"),
    ):
        assert (data.spec.task, data.spec.class_names) == ("binary", ("-1", "1"))
        inputs, codes = data.arrays("train")
        np.testing.assert_array_equal(codes, (inputs[:, 0] // 2).astype(int) % 2)


def test_other_splits_are_coded_like_training():
    assert targets(["b", "a", "b", "a"], ["b"])[0]["test"].tolist() == [1]
    assert targets(SETS, [[0], [1]])[0]["test"].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert targets(SETS, np.array([[0, 1, 1]]))[0]["test"].tolist() != [[0, 1, 1]]  # training says: sets of labels
    assert targets([3, 7, 9] * 2, [9, 3])[0]["test"].tolist() == [2, 0]
    assert targets([0, 1], [1.0, 0.0])[0]["test"].tolist() == [1, 0]


def test_one_hot_rows_need_a_task():
    with pytest.raises(InvalidArgument, match=r"used with task='multiclass' for one-hot rows, .* or with task='multil"):
        targets(np.eye(3))
    assert targets(np.eye(3), task="multilabel")[0]["train"].tolist() == np.eye(3).tolist()
    assert targets(np.eye(3), np.eye(3)[[1]], "multiclass")[0]["test"].tolist() == [1]
    for wrong in (np.eye(4), [[1, 1, 0]], [0, 1]):
        with pytest.raises(InvalidArgument, match=r"y_test must be of shape \(n,\), or one-hot rows"):
            targets(np.eye(3), wrong, "multiclass")


PRICES = np.random.default_rng(0).integers(50_000, 10**9, 3000)


@pytest.mark.parametrize("y", [PRICES, PRICES.astype(object), -PRICES, np.arange(21) * 10, np.arange(300)])
def test_many_whole_numbers_are_a_regression_and_a_warning_says_so(y):
    with pytest.warns(UserWarning, match="y has .* different whole numbers, from .* a regression; pass task='multi"):
        ys, task, names = targets(y)
    assert (task, names) == ("regression", ())
    np.testing.assert_allclose(ys["train"], np.float64(y), rtol=1e-6)
    codes, task, names = targets(y, task="multiclass")  # without a warning
    np.testing.assert_array_equal(np.array(names, int)[codes["train"]], y)
    assert targets(y, task="regression")[1] == "regression"


@pytest.mark.parametrize("y", [np.arange(400) % 200, np.arange(400) % 100 + 1, np.arange(400) % 20 * 7 - 5])
def test_labels_stay_classes(y):
    codes, task, names = targets(y)
    assert task == "multiclass"
    np.testing.assert_array_equal(np.array(names, int)[codes["train"]], y)


def test_floats_0_and_1_are_a_regression_and_a_warning_says_so():
    with pytest.warns(UserWarning, match="only the floats 0.0 and 1.0: this is a regression; pass task='binary'"):
        assert targets([0.0, 1.0])[1] == "regression"


def test_a_label_of_minus_one_beside_others_is_a_class_with_a_warning(recwarn):
    with pytest.warns(
        UserWarning, match=r"y has 8 times the label -1 beside 0..3: it is a class like the others; leave"
    ):
        assert targets(np.arange(40) % 5 - 1)[2] == ("-1", "0", "1", "2", "3")
    recwarn.clear()
    for signs in (np.arange(40) % 3 - 1, np.arange(40) % 2 * 2 - 1, np.arange(40) % 4 - 2):
        targets(signs)
    targets(np.arange(40) % 5 - 1, task="multiclass")
    assert not recwarn


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(9, 3.5), "y must be of 2 or more values, but all 9 in split 'train' are the same. Received: y=3.5"),
        (np.stack([np.arange(9.0), np.zeros(9)], axis=1), "2 or more values in column 1, but all 9"),
        (["1" + "0" * 25 + str(row) for row in range(9)], "are the same. Received: y=1e"),  # as float64 holds them
    ],
)
def test_a_quantity_that_is_always_the_same_is_refused(y, message):
    with pytest.raises(InvalidArgument, match=message):
        targets(y, task="regression")


def test_prices_from_end_to_end():
    with pytest.warns(UserWarning, match="different whole numbers"):
        data = Data.from_arrays(np.arange(3000.0)[:, None], PRICES)
    assert (data.spec.task, data.spec.outputs) == ("regression", 1)
    np.testing.assert_allclose(data.spec.target_mean, data.arrays("train")[1].mean(dtype=float), rtol=1e-6)


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
        ([-1, 0, 1], None, {"class_names": "pq"}, "y must be labels in 0..1, but 1 of 3 in split 'train' are not"),
        (
            [0, 1, 1],
            [0, 2],
            {},
            "y_test must be one of the 2 classes of training, but 1 in split 'test' are not. .*=.2.",
        ),
        (np.ma.masked_array([0, 1, 1], [0, 0, 1]), None, {}, "y must be without a mask, but 1 of 3 values are masked"),
        ([0, 1], [5, 0, 7], {"class_names": "pq"}, "y_test must be labels in 0..1, but 2 of 3 in split 'test' are not"),
        ([0, 0, 0], None, {}, "y must be of 2 or more classes, but all 3 in split 'train' are '0'"),
        (["a", "a"], None, {}, "y must be of 2 or more classes, but all 2 in split 'train' are 'a'"),
        ([0, 1, 2], None, {"task": "binary"}, "y must be exactly 2 classes. Received: y='3 classes'"),
        ([0, 1], None, {"task": "multiclass"}, "y must be 3 or more classes. Received: y='2 classes'"),
        (
            [0.5, 1.0],
            None,
            {"task": "binary"},
            "y must be whole numbers for task 'binary', but 1 of 2 in split 'train'",
        ),
        ([0, 1], [0.5], {}, "y_test must be whole numbers for classes, as in training, but 1 of 1"),
        ([[0], [1, 2]], None, {"task": "regression"}, "y must be one value an example for task 'regression'"),
        ([0.0, np.inf], None, {}, "y must be finite: 1 of the 2 values of the target in split 'train'"),
        ([0.0, 1.0], [np.nan], {}, "y_test must be finite: 1 of the 1 values of the target in split 'test'"),
        ([[0.0, np.nan]], None, {"task": "regression"}, "1 of the 1 values of column 1 in split 'train' is NaN"),
        ([0, 1], None, {"task": "multilabel"}, r"y must be of shape \(n, classes\) for task 'multilabel'"),
        (
            np.ones((3, 2)),
            None,
            {"task": "binary"},
            r"y must be of shape \(n,\), or one-hot rows of shape .* for task 'bin",
        ),
        (
            np.array([0, 1, None]),
            None,
            {},
            "y must be given for every example, but 1 of 3 in split 'train' are missing",
        ),
        (np.array([0, 2**70, 5], object), None, {}, "y must be numbers that int64 or float64 holds"),
        ([0.5, 1.0], None, {"class_names": "pq"}, "y must be whole numbers for classes"),
        ([[0, 1], [1, 2]], None, {"class_names": "ab", "task": "multilabel"}, "lists of labels in 0..1, but 1 of 2 in"),
        (np.array([[0, 1], [1, 2]]), None, {"task": "multilabel"}, "1 of the 2 values of column 1 in split 'train'"),
        (np.array([[0, 1]]), np.array([[0.5, 1]]), {"task": "multilabel"}, "values of column 0 in split 'test' are"),
        (np.array([[1, 1]]), None, {"class_names": "abc"}, "class_names must be 2 names, one for each column of y"),
        (
            SETS,
            [[0], [3], [-1]],
            {},
            "y_test must be lists of the 3 labels of training, but 2 of 3 in split 'test' are",
        ),
        (SETS, [0, 1], {}, "y_test must be lists of whole numbers, but 2 of 2 in split 'test' are not"),
        ([np.ma.masked_array([0, 1], [0, 1]), [1]], None, {}, r"y\[0\] must be without a mask, but 1 of 2 values are"),
        ([["a"], ["b", "c"]], None, {}, "y must be lists of whole numbers, but 2 of 2 in split 'train' are not"),
        ([[0.5], [1, 0]], None, {}, "y must be lists of whole numbers, but 1 of 2 in split 'train' are not"),
        ([[], []], None, {"task": "multilabel"}, "y must be lists of labels, but all 2 are empty"),
    ],
)
def test_what_cannot_be_a_target(train, test, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        targets(train, test, **options)
    assert "\n" not in str(error.value)
