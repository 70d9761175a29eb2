import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.checks.class_coverage import check_classes


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
