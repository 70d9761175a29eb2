"""Early stopping by the loss or by a score: which epoch's weights stay, against the values that decide."""

import math

import numpy as np
import pytest

import recipes
from callbacks import OneCycle
from callbacks.checks import InvalidArgument
from recipes.regularization.early_stopping import EarlyStopping
from recipes.training import fit


class Model:
    """Whose weights are the number of the epoch."""

    def __init__(self):
        self.weights, self.stop_training = [np.array(-1)], False

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = weights


def ended(values, *, monitor="val_loss", patience=None, schedule=None, examples=100):
    """The epochs trained, and the one whose weights are left, for these values."""
    stop = EarlyStopping(patience, monitor)
    (callback,) = stop.callbacks(epochs=len(values), schedule=schedule, validation_examples=examples)
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = [np.array(epoch)]
        callback.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 1.0, monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, int(model.weights[0])


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([3.0, 1.0, 2.0, 2.0, 2.0], {"patience": 2}, (4, 1)),
        ([0.5, 0.9, 0.7, 0.7], {"patience": 2, "monitor": "val_accuracy"}, (4, 1)),
        ([3.0, 1.0, 2.0, 2.0], {"patience": 2, "monitor": "val_mean_absolute_error"}, (4, 1)),
        # under 1cycle the last epoch stays unless another was better by a standard error: .04 of .8 on 100 examples
        ([0.5, 0.83, 0.80], {"schedule": OneCycle(0.1), "monitor": "val_accuracy"}, (3, 2)),
        ([0.5, 0.85, 0.80], {"schedule": OneCycle(0.1), "monitor": "val_accuracy"}, (3, 1)),
        ([0.5, 0.85, 0.80], {"schedule": OneCycle(0.1), "monitor": "val_accuracy", "examples": 25}, (3, 2)),
        ([9.0, 4.7, 5.0], {"schedule": OneCycle(0.1), "monitor": "val_mean_absolute_error"}, (3, 2)),
        ([9.0, 4.4, 5.0], {"schedule": OneCycle(0.1), "monitor": "val_mean_absolute_error"}, (3, 1)),
    ],
)
def test_the_best_epoch_of_what_is_monitored(values, options, expected):
    assert ended(values, **options) == expected


@pytest.mark.parametrize("monitor", ["accuracy", "val_accurac", "val_", None, 3])
def test_an_unknown_monitor_is_refused(monitor):
    with pytest.raises((InvalidArgument, LookupError)):
        EarlyStopping(monitor=monitor)


def test_a_metric_for_another_task_is_refused(classes):
    with pytest.raises(InvalidArgument, match="monitor must be a metric for a multiclass task"):
        EarlyStopping(monitor="val_r2").check(classes.spec)


def test_logs_without_the_metric_are_refused():
    (callback,) = EarlyStopping(monitor="val_auc").callbacks(epochs=2, schedule=None)
    callback.set_model(Model())
    callback.on_train_begin()
    with pytest.raises(InvalidArgument, match="which have val_loss"):
        callback.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})


def test_a_training_without_validation_ends_as_it_is():
    (callback,) = EarlyStopping().callbacks(epochs=2, schedule=OneCycle(0.1))
    callback.set_model(Model())
    callback.on_train_begin()
    callback.on_train_end()
    assert math.isnan(callback.last)


def test_the_choice_is_written_and_read():
    assert EarlyStopping(monitor="val_mae").monitor == "val_mean_absolute_error"
    assert EarlyStopping().to_choice() == {"name": "early_stopping", "patience": None}
    choice = EarlyStopping(3, "val_auc").to_choice()
    assert choice == {"name": "early_stopping", "patience": 3, "monitor": "val_auc"}
    assert recipes.Recipe.from_json(recipes.Recipe(regularizer=choice).to_json()).regularizers()[0].monitor == "val_auc"


def test_a_training_measures_what_it_monitors(binary):
    stop = {"name": "early_stopping", "patience": 2, "monitor": "val_auc"}
    recipe = recipes.Recipe({"name": "mlp", "hidden": ()}, regularizer=stop, learning_rate=1e-6, schedule="constant")
    run = fit(binary, recipe, epochs=6, verbose=0)
    scores = run.history["val_auc"]
    assert run.best_epoch == int(np.argmax(scores)) + 1
    assert run.linear_share or run.evaluate("validation", metrics=["auc"])["auc"] == pytest.approx(max(scores))
    assert not math.isnan(scores[0])
