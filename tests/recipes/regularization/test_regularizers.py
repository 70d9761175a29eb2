import keras
import numpy as np
import pytest

from callbacks import OneCycle
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.regularization import L2, REGULARIZERS, Dropout, EarlyStopping, Regularizer
from recipes.schedules import SCHEDULES


@pytest.mark.parametrize("name", list(REGULARIZERS))
def test_every_entry_builds_and_describes_itself(name):
    entry = REGULARIZERS[name]
    built = REGULARIZERS.build(name)
    assert built.name == name
    choice = built.to_choice()
    options = {key: value for key, value in choice.items() if key != "name"}
    assert REGULARIZERS.build(choice["name"], **options).to_choice() == choice
    for each in entry.hyperparameters:
        assert getattr(built, each.name) == each.default
        for value in (each.low, each.high):
            assert getattr(REGULARIZERS.build(name, **{each.name: value}), each.name) == value


def test_a_regularizer_that_overrides_nothing_does_nothing():
    nothing = Regularizer()
    assert nothing.kernel_regularizer() is None
    assert nothing.kernel_constraint(2) is None
    assert nothing.on_input(4) is None
    assert nothing.after_activation(2) is None
    assert nothing.optimizer_options() == {}
    assert nothing.loss("mse") == "mse"
    assert nothing.augment(None) is None
    assert not nothing.acts_in_model
    assert nothing.callbacks(epochs=3, schedule=None) == []


@pytest.mark.parametrize(("strength", "expected"), [(0.0, 0.0), (0.5, 0.25 * 5.0)])
def test_l2_is_half_the_sum_of_squares(strength, expected):
    penalty = L2(strength).kernel_regularizer()
    assert float(penalty(np.array([[1.0, -2.0]], "float32"))) == pytest.approx(expected)


def test_dropout_has_its_rate_and_is_new_each_time():
    dropout = Dropout(0.5)
    assert dropout.after_activation(2).rate == 0.5
    assert dropout.after_activation(2) is not dropout.after_activation(2)
    assert Dropout(0).after_activation(2) is None


def test_early_stopping_watches_the_validation_loss():
    (callback,) = EarlyStopping(3).callbacks(epochs=10, schedule=None)
    assert isinstance(callback, keras.callbacks.EarlyStopping)
    assert callback.monitor == "val_loss"
    assert callback.patience == 3
    assert callback.restore_best_weights
    assert callback.start_from_epoch == 0


@pytest.mark.parametrize(("epochs", "start"), [(1, 0), (5, 3), (10, 7), (30, 21)])
def test_early_stopping_waits_for_the_descent_of_the_cycle(epochs, start):
    (callback,) = EarlyStopping().callbacks(epochs=epochs, schedule=OneCycle(0.1))
    assert callback.start_from_epoch == start < epochs


LATE = {"one_cycle", "linear", "step", "cosine", "cosine_restarts"}


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_early_stopping_waits_where_the_gain_comes_late(name):
    (_, *_, callback) = Recipe(schedule=name, learning_rate=0.1).callbacks(epochs=10)
    assert callback.start_from_epoch == (7 if name in LATE else 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L2(-1e-9), "strength must be a number >= 0"),
        (lambda: L2(float("inf")), "strength must be"),
        (lambda: Dropout(-0.1), "rate must be a number >= 0 and < 1"),
        (lambda: Dropout(1.0), "rate must be a number >= 0 and < 1"),
        (lambda: Dropout("0.1"), "rate must be"),
        (lambda: EarlyStopping(0), "patience must be an integer >= 1"),
        (lambda: EarlyStopping(2.0), "patience must be an integer >= 1"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InvalidArgument, match=message):
        make()
