"""Checks: what they accept, what they refuse, and the one line that they say."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import callbacks
import recipes
from callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number, check_unmasked
from recipes.optimizers import Momentum


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.int64(1), np.array(0.5)])
def test_numbers(value):
    number = check_number("rate", value, above=0, high=1)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize(
    "value", [True, np.True_, "0.5", b"1", None, [0.5], float("nan"), float("inf"), 1j, 10**400, np.zeros(3)]
)
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(InvalidArgument, match=r"^rate must be a number\. Received: rate="):
        check_number("rate", value)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "accepted"),
    [
        ({"above": 1}, 1.001, 1, "a number > 1"),
        ({"low": 1}, 1, 0.999, "a number >= 1"),
        ({"below": 1}, 0.999, 1, "a number < 1"),
        ({"high": 1}, 1, 1.001, "a number <= 1"),
        ({"above": 0, "high": 2.5}, 2.5, 0, "a number > 0 and <= 2.5"),
    ],
)
def test_bounds(bounds, inside, outside, accepted):
    assert check_number("x", inside, **bounds) == inside
    with pytest.raises(InvalidArgument) as raised:
        check_number("x", outside, **bounds)
    assert str(raised.value) == f"x must be {accepted}. Received: x={outside}"


@pytest.mark.parametrize("value", [1e308, -1e39, 1e-320, -1e-39])
def test_numbers_that_float32_does_not_hold_are_refused(value):
    with pytest.raises(InvalidArgument, match=r"^rate must be a number that float32 can hold: 0, or from 1.18e-38"):
        check_number("rate", value)
    assert check_number("rate", value, double=True) == value


def test_an_epsilon_that_is_0_in_float32_is_refused():
    with pytest.raises(InvalidArgument, match=r"epsilon must be a number > 0 that float32 can hold"):
        recipes.Recipe(optimizer={"name": "adam", "epsilon": 1e-320})  # it gave weights that are NaN


@pytest.mark.parametrize("value", [np.ma.masked, np.ma.masked_array(3.0, True)])
def test_what_is_masked_is_no_number(value):
    for check in (check_number, check_integer):
        with pytest.raises(InvalidArgument, match=r"^n must be a"):
            check("n", value)


def test_integers_have_64_bits():
    with pytest.raises(InvalidArgument, match="n must be an integer >= 1 of at most 64 bits"):
        check_integer("n", 2**70, low=1)


class Nameless:
    def __repr__(self):
        raise TypeError("no text")


@pytest.mark.parametrize(
    "value",
    [np.zeros((2, 2)), np.array(["a", "b"]), pd.DataFrame({"a": [1]}), pd.NA, [], {}, None, "A", ["a"], Nameless()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_choice_is_refused(value):
    with pytest.raises(InvalidArgument, match=r"^shape must be one of 'a', 'b'"):
        check_choice("shape", value, ["a", "b"])


def test_a_choice_is_of_the_same_type():
    assert check_choice("phases", 2.0, (2, 3)) == 2
    assert check_choice("phases", np.int64(3), (2, 3)) == 3
    assert check_choice("shape", np.str_("a"), ["a"]) == "a"
    assert check_choice("column", "a", np.array(["a"])) == "a"
    with pytest.raises(InvalidArgument):
        check_choice("phases", True, (1, 2))


@pytest.mark.parametrize("value", [3, np.int32(3), np.array(3)])
def test_integers(value):
    number = check_integer("n", value, low=3, high=3)
    assert type(number) is int
    assert number == 3


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None, np.array([1, 2]), np.array(1.5), 2, 5])
def test_what_is_no_integer_inside_the_bounds_is_refused(value):
    with pytest.raises(InvalidArgument, match=r"^n must be an integer >= 3 and <= 4\. Received: n="):
        check_integer("n", value, low=3, high=4)


@pytest.mark.parametrize("value", [True, np.True_])
def test_flags(value):
    assert check_bool("overwrite", value) is True


@pytest.mark.parametrize("value", ["no", "", 0, 1, 1.0, None, [], np.array([True])])
def test_what_is_no_flag_is_refused(value):
    with pytest.raises(InvalidArgument, match=r"^overwrite must be True or False\. Received: overwrite="):
        check_bool("overwrite", value)


def test_choices():
    assert check_choice("shape", "linear", ("cosine", "linear")) == "linear"
    with pytest.raises(InvalidArgument) as raised:
        check_choice("shape", ["x"], iter(("cosine", "linear")))
    assert str(raised.value) == "shape must be one of 'cosine', 'linear'. Received: shape=['x']"


MASKED = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("values", "where"),
    [(MASKED, "x"), ([np.ones(2), MASKED], r"x\[1\]"), ({"a": (MASKED,)}, r"x\['a'\]\[0\]")],
)
def test_a_mask_that_hides_values_is_refused(values, where):
    with pytest.raises(InvalidArgument, match=rf"^{where} must be without a mask, but 1 of 4 values are masked\. Rec"):
        check_unmasked("x", values)


def test_what_has_no_mask_stays_what_it_is():
    plain = np.ones(2)
    assert check_unmasked("x", plain) is plain
    (column,) = check_unmasked("x", [np.ma.masked_array([1, 2])])
    assert type(column) is np.ndarray
    assert column.tolist() == [1, 2]


def test_the_message_is_one_short_line():
    error = InvalidArgument("data", np.arange(5000).reshape(1000, 5), "a dataset")
    assert "\n" not in str(error)
    assert len(str(InvalidArgument("data", list(range(5000)), "a dataset"))) < 300
    frame = pd.DataFrame({"a": [1, 2]})
    assert str(InvalidArgument("data", frame, "one")) == "data must be one. Received: data=<DataFrame of shape (2, 1)>"
    assert error.argument == "data"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_arrives_from_another_process_as_it_was(copied):
    error = copied(InvalidArgument("epochs", 0, "an integer >= 1"))
    assert type(error) is InvalidArgument
    assert str(error) == "epochs must be an integer >= 1. Received: epochs=0"
    assert error.argument == "epochs"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: callbacks.OneCycle(max_lr=0.1),
            r"max_lr is called peak here: OneCycle\(peak=...\). Received: max",
        ),
        (lambda: callbacks.OneCycle(0.1, pct_start=0.3), "pct_start is called start_fraction here"),
        (lambda: callbacks.LRFinder(min_lr=1e-5), "min_lr is called low here: LRFinder"),
        (lambda: callbacks.LRFinder(max_lr=1.0), "max_lr is called high here"),
        (
            lambda: callbacks.PerformanceDecay(0.1, min_lr=1e-5),
            "min_lr is called minimum here, a fraction of the peak",
        ),
        (lambda: callbacks.CosineDecay(0.1, warmup_steps=9), "warmup_steps is called warm_up here, counted in `unit`"),
        (lambda: recipes.Recipe(lr=0.1), "lr is called learning_rate here: Recipe"),
        (lambda: Momentum(lr=0.1), "lr is called learning_rate here: Momentum"),
        (lambda: callbacks.OneCycle(0.1, nonsense=1), "unexpected keyword argument 'nonsense'"),
    ],
)
def test_names_of_other_libraries(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_list_that_contains_itself_has_no_values():
    values = [np.zeros(2)]
    values.append(values)
    with pytest.raises(InvalidArgument, match=r"^y must be without a list that contains itself"):
        check_unmasked("y", values)
