import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.targets.targets import Declared, as_targets

PRICES = [f"${1000 + 7 * place:,}.50" for place in range(40)]


def targets(train, test=None, task=None):
    raw = {"train": train} if test is None else {"train": train, "test": test}
    return as_targets(raw, Declared(), task, {"train": "y", "test": "y_test"})


@pytest.mark.parametrize("y", [PRICES, [f"{place}" for place in range(40)], [f"{place % 25},5" for place in range(90)]])
def test_strings_of_many_numbers_are_quantities(y):
    with pytest.warns(
        UserWarning, match=r"y has strings of .* numbers, such as '.*': this is a regression; pass task="
    ):
        values, task, names = targets(y, y[:3])
    expected = [float(text.replace(",", "." if len(text) < 6 else "").strip("$")) for text in y]
    assert (task, names) == ("regression", ())
    np.testing.assert_array_equal(values["train"], np.float32(expected))
    assert values["test"].tolist() == values["train"][:3].tolist()


def test_with_a_task_nothing_is_inferred():
    assert targets(["1.5", "2"] * 3, task="regression")[0]["train"].tolist() == [1.5, 2] * 3
    assert targets([f"{place % 30}" for place in range(90)], task="multiclass")[1] == "multiclass"


@pytest.mark.parametrize("y", [["0", "1", "2"] * 9, ["1.5", "2.5"] * 9, [f"{place % 30}" for place in range(90)]])
def test_strings_of_few_numbers_or_repeated_whole_ones_are_names(y):
    assert set(targets(y)[2]) == set(y)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            ["cheap", "$3"],
            "y_test must be numbers with a decimal '.', as in training, but 1 of 2 in split 'test' are not",
        ),
        (["", "$3"], "y_test must be given for every example, but 1 of 2 in split 'test' are missing"),
    ],
)
def test_other_splits_have_to_fit(test, message):
    with pytest.raises(InvalidArgument, match=message):
        targets(PRICES, test, task="regression")
