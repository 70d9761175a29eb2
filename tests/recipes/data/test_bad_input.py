"""What is wrong with data is found before any training, in one line that names the column, the split and the count."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import Data, load

F = tfds.features
NAN = np.nan
Y = np.arange(40) // 2 % 2
N = np.arange(40.0)


def changed(values, places, value):
    """A copy in which the values at these places are another."""
    found = np.array(values)
    found[places] = value
    return found


def objects(values, places, value):
    found = np.array(values, object)
    for place in places:
        found[place] = value
    return found


def of_sizes(shapes, dtype="uint8"):
    return [np.ones(shape, dtype) for shape in shapes]


IMAGES = of_sizes([(6, 5, 3)] * 37 + [(7, 5, 3)] * 3)
STEPS = of_sizes([(1 + i % 3, 2) for i in range(40)], "float32")
TEST = {"y_test": Y[:6]}

FROM_ARRAYS = {
    "images of different sizes": (IMAGES, Y, {}, "x must be of one size, but 3 of 40 in split 'train' differ"),
    "images of different sizes in a record": (
        {"photo": IMAGES, "n": N},
        Y,
        {},
        r"x\['photo'\] must be of one size, but 3 of 40 in split 'train' differ from the rest: pass image_size=",
    ),
    "grey images of different heights": (
        of_sizes([(6, 5)] * 38 + [(7, 5)] * 2),
        Y,
        {},
        "x must be of one size, but 2 of 40 in split 'train' differ",
    ),
    "a test image of another size": (
        np.ones((40, 6, 5, 3), "uint8"),
        Y,
        {"x_test": np.ones((6, 7, 5, 3), "uint8"), **TEST},
        r"x_test must be like .* uint8 of shape \(n, 6, 5, 3\). Received: x_test='uint8 of shape \(6, 7, 5, 3\)'",
    ),
    "infinity in a table": (
        changed(np.ones((40, 2)), ([3, 5], 1), np.inf),
        Y,
        {"feature_names": ["left", "right"]},
        "x must be finite: 2 of the 40 values of column 'right' in split 'train' are NaN or infinite",
    ),
    "infinity in a table to test on": (
        np.ones((40, 2)),
        Y,
        {"x_test": changed(np.ones((6, 2)), (2, 0), -np.inf), **TEST},
        "x_test must be finite: 1 of the 6 values of column 0 in split 'test' is NaN or infinite",
    ),
    "infinity in a column": (
        {"m": N, "n": changed(N, [1, 2, 3], -np.inf)},
        Y,
        {},
        r"x\['n'\] must be finite, but 3 of 40 in split 'train' are infinite",
    ),
    "too large for float32": (
        {"n": changed(N, [4], 1e300)},
        Y,
        {},
        r"x\['n'\] must be finite, but 1 of 40 in split 'train' are infinite or too large for float32",
    ),
    "NaN in a vector of a record": (
        {"m": N, "v": changed(np.ones((40, 2)), ([1, 9], 1), NAN)},
        Y,
        {},
        r"x\['v'\] must be finite: 2 of the 40 values of column 1 in split 'train'",
    ),
    "NaN in an image": (changed(np.ones((40, 4, 4, 1)), (0, 0), NAN), Y, {}, "4 of the 640 values of the inputs in s"),
    "NaN in a sequence": (
        {"s": [changed(each, (0, 0), NAN) if i == 7 else each for i, each in enumerate(STEPS)]},
        Y,
        {},
        r"x\['s'\] must be finite: 1 of the 158 values of the steps in split 'train' is NaN",
    ),
    "a sequence without steps": (
        {"s": [each[:0] if i % 4 == 1 else each for i, each in enumerate(STEPS)]},
        Y,
        {},
        r"x\['s'\] must be sequences of at least one step; 10 of 40 in split 'train' have none",
    ),
    "sequences of other vectors": (
        STEPS,
        Y,
        {"x_test": of_sizes([(2, 3), (1, 3)] * 3, "float32"), **TEST},
        r"x_test must be like .* sequences of shape \(steps, 2\). Received: x_test='6 sequences of shape \(steps, 3\)'",
    ),
    "NaN as every target": (N, N * NAN, {}, "y must be the targets of split 'train', but all 40 are missing"),
    "infinity as one of two targets": (
        N,
        changed(np.stack([N, N], axis=1), (3, 1), np.inf),
        {},
        "y must be finite: 1 of the 40 values of column 1 in split 'train'",
    ),
    "a string among numbers": (
        {"m": N, "n": objects(N, [3, 9], "two")},
        Y,
        {},
        r"x\['n'\] must be all strings or all numbers, but of 40 in split 'train' 2 are strings and 38 are not. "
        "Received: .*='two'",
    ),
    "a number among strings": (
        {"n": objects(["p", "q"] * 20, [3], 5)},
        Y,
        {},
        r"x\['n'\] must be all strings or all numbers, but of 40 in split 'train' 39 are strings and 1 are not. "
        "Received: .*=5",
    ),
    "a string in a table": (
        objects(np.ones((40, 2)), [(3, 1), (4, 1)], "two"),
        Y,
        {"feature_names": ["left", "right"]},
        "x must be numbers, but 2 of the 40 values of column 'right' in split 'train' are none",
    ),
    "strings where training has numbers": (
        {"m": N, "n": N},
        Y,
        {"x_test": {"m": N[:6], "n": ["p"] * 6}, **TEST},
        r"x_test must be like the training split, n: float64 of shape \(n\). Received: .*'n: strings of shape \(6\)'",
    ),
    "a column that the test split lacks": (
        {"m": N, "n": N},
        Y,
        {"x_test": {"m": N[:6]}, **TEST},
        "x_test must be columns m, n, in any order, and nothing else. Received: x_test='missing: n'",
    ),
    "columns of different lengths": ({"m": N, "n": N[1:]}, Y, {}, "columns of the same length. Received: .*'n': 39"),
    "one class only": (N, np.zeros(40, int), {}, "y must be of 2 or more classes, but all 40 in split 'train' are '0'"),
    "one class of two only": (
        N,
        np.ones(40, int),
        {"class_names": ["no", "yes"]},
        "y must be of 2 or more classes in split 'train', but all 26 are 'yes'",
    ),
    "one class by name": (N, ["no"] * 40, {}, "y must be of 2 or more classes, but all 40 in split 'train' are 'no'"),
    "a class that training lacks": (
        N,
        Y,
        {"x_test": N[:6, None], "y_test": [0, 1, 2, 2, 0, 1]},
        "y_test must be one of the 2 classes of training, but 2 in split 'test' are not. Received: y_test=.2.",
    ),
    "a name that training lacks": (
        N,
        np.array(["no", "yes"])[Y],
        {"x_test": N[:6, None], "y_test": ["no", "yes", "maybe", "no", "maybe", "so"]},
        "y_test must be one of the 2 classes of training, but 3 in split 'test' are not. Received: .*'maybe', 'so'",
    ),
    "a class of one example": (N, changed(Y * 0, [5], 1), {}, "examples of every class, but class '1' has only 1"),
    "a label that has no name": (
        N,
        Y,
        {"class_names": ["no", "yes"], "x_test": N[:6, None], "y_test": changed(Y[:6], [2, 3], 2)},
        "y_test must be labels in 0..1, but 2 of 6 in split 'test' are not",
    ),
    "a label of several that has no name": (
        N,
        [[0, 1], [2]] * 20,
        {"class_names": ["no", "yes"]},
        "y must be lists of labels in 0..1, but 20 of 40 in split 'train' are not",
    ),
    "numbers for yes or no": (
        N,
        changed(np.stack([Y, Y], axis=1), (3, 1), 2),
        {"task": "multilabel"},
        "y must be 0 and 1 for multilabel, but 1 of the 40 values of column 1 in split 'train' are not",
    ),
    "a number among classes": (N, objects(["no", "yes"] * 20, [3], 5), {}, "1 of 40 in split 'train' are no strings"),
    "nothing": (np.ones((0, 2)), Y[:0], {}, r"x must be not empty \(split 'train'\). Received: x=\(0, 2\)"),
    "nothing to test on": (
        {"n": N},
        Y,
        {"x_test": {"n": N[:0]}, "y_test": Y[:0]},
        r"x_test\['n'\] must be not empty \(split 'test'\). Received: .*=\(0,\)",
    ),
    "no texts to validate on": (
        ["some words"] * 40,
        Y,
        {"x_validation": [], "y_validation": []},
        r"x_validation must be not empty \(split 'validation'\)",
    ),
    "texts without words": (["", " "] * 20, Y, {}, "all texts of the training split are empty"),
}


@pytest.mark.parametrize("case", FROM_ARRAYS)
def test_from_arrays(case):
    x, y, options, message = FROM_ARRAYS[case]
    x = x[:, np.newaxis] if isinstance(x, np.ndarray) and x.ndim == 1 else x
    with pytest.raises(InvalidArgument, match=message) as error:
        Data.from_arrays(x, y, **options)
    assert "\n" not in str(error.value)


LABEL = F.ClassLabel(names=["no", "yes"])
TABLE = {"m": F.Scalar(np.float32), "n": F.Scalar(np.float64), "label": LABEL}
ROWS = [{"m": float(i), "n": float(i), "label": i // 2 % 2} for i in range(40)]


def rows(places=(), **change):
    """The rows, some of them changed."""
    return [{**row, **change} if i in places else row for i, row in enumerate(ROWS)]


def beside(features, values, row=ROWS):
    """Features and rows with one column more."""
    (name,) = features
    return {**TABLE, **features}, [{**each, name: value} for each, value in zip(row, values, strict=True)]


SOME = F.Tensor(shape=(2,), dtype=np.float32)
VARYING = F.Tensor(shape=(None, 2), dtype=np.float32)
PHOTO = F.Image(shape=(None, None, 3))

LOADED = {
    "infinity": (
        (TABLE, rows([3, 5], n=np.inf)),
        {},
        r"dataset 'bad'\['n'\] must be finite, but 2 of 40 in split 'train' are infinite",
    ),
    "infinity to test on": (
        (TABLE, ROWS, rows([3], n=-np.inf)[:9]),
        {},
        r"dataset 'bad'\['n'\] must be finite, but 1 of 9 in split 'test' are infinite",
    ),
    "NaN in a vector": (
        beside({"v": SOME}, [np.array([1, NAN if i < 3 else 2], "float32") for i in range(40)]),
        {},
        r"dataset 'bad'\['v'\] must be finite: 3 of the 40 values of column 1 in split 'train'",
    ),
    "a sequence without steps": (
        beside({"s": VARYING}, [each[: i % 4] for i, each in enumerate(STEPS)]),
        {},
        r"dataset 'bad'\['s'\] must be sequences of at least one step; 10 of 40 in split 'train' have none",
    ),
    "images of different sizes": (
        beside({"photo": PHOTO}, IMAGES),
        {},
        r"image_size must be .* since images vary in size: 'photo' of 'bad' has the shape \(None, None, 3\)",
    ),
    "one class only": (
        (TABLE, rows(range(40), label=1)),
        {},
        r"of 2 or more classes in split 'train', but all 26 are 'yes'",
    ),
    "a class that training lacks": (
        (TABLE | {"label": F.ClassLabel(names=["no", "yes", "maybe"])}, ROWS, rows([1, 2], label=2)[:9]),
        {},
        r"of classes that are in split 'train', but 2 of 9 in split 'test' are not. Received: .*\['maybe'\]",
    ),
    "a class of one example": (
        (TABLE, [{**row, "label": int(row["n"] == 0)} for row in ROWS]),
        {},
        "every class, but class 'yes' has only 1",
    ),
    "an unknown target": (
        (TABLE, ROWS),
        {"target": "price"},
        "target must be one of 'label', 'm', 'n'. Received: target='price'",
    ),
    "an unknown feature": ((TABLE, ROWS), {"features": ["price"]}, "features must be one of .* Received: .*'price'"),
    "an unknown feature to leave out": ((TABLE, ROWS), {"exclude": ["price"]}, "exclude must be one of .*'price'"),
    "numbers that are no classes": (
        (TABLE, rows([7, 8], n=0.5)),
        {"target": "n", "task": "multiclass"},
        "whole numbers for task 'multiclass', but 2 of 40 in split 'train' are not; others are for 'regression'",
    ),
    "a class that training lacks, among numbers": (
        (TABLE, ROWS, rows(range(9), n=99)[:9]),
        {"target": "n", "task": "multiclass"},
        r"one of the 40 classes of training, but 9 in split 'test' are not. Received: .*\[99.0\]",
    ),
    "strings that are no numbers": (
        beside({"s": F.Text()}, ["3", "?", "two", "four"] * 10),
        {"target": "label", "features": {"s": "number"}},
        "features must be 'category' for 's': 20 of 40 values in split 'train' are no numbers. .*='(two|four)'",
    ),
    "numbers that are no categories": (
        (TABLE, rows([7], n=0.5)),
        {"target": "label", "features": {"n": "category"}},
        "features must be 'number' for 'n': 1 of 40 values in split 'train' are not whole",
    ),
    "a name that training lacks": (
        beside({"s": F.Text()}, ["p", "q"] * 19 + ["r"] * 2),
        {"target": "s", "test": ["p"] * 7 + ["t", "u"]},
        r"one of the 3 classes of training, but 2 in split 'test' are not. Received: .*\['t', 'u'\]",
    ),
}


@pytest.mark.parametrize("case", LOADED)
def test_load(prepare, case):
    (features, train, *test), options, message = LOADED[case]
    if "test" in options:
        options = dict(options)
        test = [[{**row, "s": value} for row, value in zip(ROWS, options.pop("test"), strict=False)]]
    folder = prepare("bad", features, {"train": train, **({"test": test[0]} if test else {})})
    with pytest.raises(InvalidArgument, match=message) as error:
        load("bad", data_dir=folder, **options)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore:.*the same inputs")
def test_a_class_that_a_split_lacks_is_a_warning(prepare):
    message = r"no example of class '{}' in split 'test', which has {} examples"
    with pytest.warns(UserWarning, match=message.format(1, 6)):
        Data.from_arrays(N[:, np.newaxis], Y, x_test=N[:6, np.newaxis], y_test=Y[:6] * 0)
    folder = prepare("lacking", TABLE, {"train": ROWS, "test": rows(range(40), label=0)[:9]})
    with pytest.warns(UserWarning, match="dataset 'lacking': " + message.format("yes", 9)):
        load("lacking", data_dir=folder)
