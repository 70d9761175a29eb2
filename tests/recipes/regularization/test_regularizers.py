import math
import sys

import keras
import numpy as np
import pytest

from callbacks import OneCycle
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.regularization import L2, REGULARIZERS, Dropout, EarlyStopping, Regularizer
from recipes.regularization.early_stopping import BestOrLast
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


LATE = {"one_cycle", "linear", "step", "cosine", "cosine_warm_up", "warm_up_stable_decay", "cosine_restarts"}


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_early_stopping_keeps_the_end_of_a_schedule_that_gains_late(name):
    (_, *_, callback) = Recipe(schedule=name, learning_rate=0.1).callbacks(epochs=100)
    assert isinstance(callback, BestOrLast) == (name in LATE)
    assert callback.patience == (10 if name not in LATE else sys.maxsize)


def kept_epoch(losses, validation_examples=None, patience=None):
    """Which epoch's weights early stopping keeps under 1cycle, from 0, and how many epochs run."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    (callback,) = EarlyStopping(patience).callbacks(
        epochs=len(losses), schedule=OneCycle(0.1), validation_examples=validation_examples
    )
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.layers[-1].kernel.assign([[float(epoch)]])
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    kept = int(model.layers[-1].kernel.numpy().item())
    assert callback.best_weights is None or callback.best_epoch == kept  # what Run.best_epoch reads
    return kept, epoch + 1


@pytest.mark.parametrize(
    ("losses", "validation_examples", "kept"),
    [
        ([3.0, 1.0, 1.5], 100, 1),  # a third lower, where a tenth is needed
        ([3.0, 1.0, 1.05], 100, 2),
        ([3.0, 0.02, 0.03], 100, 2),  # a third lower, but of few mistakes: sqrt(.03 / 100) = .017 is needed
        ([3.0, 0.01, 0.03], 100, 1),
        ([3.0, 1.0, 1.5], 4, 2),  # on four examples it may be chance
        ([3.0, 1.0, 1.05], 10**6, 1),
        ([3.0, 1.0, 1.05], None, 1),
        ([3.0, 2.0, 1.0], 100, 2),
        ([-1.0, -5.0, -2.0], 100, 1),
        ([3.0, 1.0, math.nan], 100, 1),
    ],
)
def test_the_last_epoch_is_kept_unless_another_was_clearly_better(losses, validation_examples, kept):
    assert kept_epoch(losses, validation_examples) == (kept, len(losses))


def test_patience_counts_from_70_percent_of_a_cycle():
    assert kept_epoch([1.0] + [2.0] * 19, patience=1) == (0, 15)
    assert kept_epoch([1.0] + [2.0] * 19, patience=3) == (0, 17)
    assert kept_epoch([1.0] + [2.0] * 19) == (0, 20)


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
