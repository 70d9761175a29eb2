"""Several optimizers among a model's attributes: each callback drives the one that it was told, or refuses."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import InvalidArgument
from callbacks.inside.model_optimizers import chosen_optimizer, optimizers_of
from callbacks.range_test.lr_finder import run_range_test
from recipes.optimizers import Momentum
from tests.callbacks.own_steps import Rivals, X, Y, descended

BATCHES = [X[start : start + 4] for start in range(0, 20, 4)]
ALL = "one of 'optimizer', 'left_optimizer', 'right_optimizer'"


def fit(model, *used, **options):
    return model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[*used], **options).history


def test_which_optimizers_there_are():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.other = keras.optimizers.Adam()
    assert optimizers_of(model) == {"optimizer": model.optimizer}  # Keras' own step uses no other
    assert chosen_optimizer(model, None, "Who") is model.optimizer
    with pytest.raises(InvalidArgument, match=r"optimizer must be one of 'optimizer'. Received: optimizer='other'"):
        chosen_optimizer(model, "other", "Who")
    rivals = Rivals()
    assert list(optimizers_of(rivals)) == ["optimizer", "left_optimizer", "right_optimizer"]
    assert chosen_optimizer(rivals, "left_optimizer", "Who") is rivals.left_optimizer
    rivals.compile(None)
    rivals.left_optimizer = None
    assert chosen_optimizer(rivals, None, "Who") is rivals.right_optimizer
    rivals.right_optimizer = None
    with pytest.raises(ValueError, match="Who needs a model that is compiled with an optimizer"):
        chosen_optimizer(rivals, None, "Who")


@pytest.mark.parametrize("make", [lambda: callbacks.OneCycle(0.1), callbacks.LRFinder, callbacks.WeightNoise])
def test_not_told_which_they_refuse_before_any_step(make):
    model = Rivals()
    with pytest.raises(InvalidArgument, match=f"optimizer must be {ALL} for .*, since the train_step.*=None"):
        fit(model, make())
    assert model.weights_now() == [1.0, 1.0]


@pytest.mark.parametrize(
    "options",
    [
        {"steps_per_execution": 2},
        pytest.param({}, marks=pytest.mark.thorough),
        pytest.param({"run_eagerly": True}, marks=pytest.mark.thorough),
    ],
)
def test_each_schedule_drives_its_own(options):
    model = Rivals(Momentum(0.5, momentum=0.0), **options)
    left = callbacks.CosineDecay(0.05, optimizer="left_optimizer")
    right = callbacks.LinearDecay(0.03, optimizer="right_optimizer", restore_rate=True)
    history = fit(model, left, right, epochs=2)
    expected = [descended(schedule.values(10)[0], 2 * BATCHES)[0] for schedule in (left, right)]
    np.testing.assert_allclose(model.weights_now(), expected, rtol=1e-5)
    assert "learning_rate" not in history
    assert history["learning_rate/left_optimizer"][0] == pytest.approx(left.values(10)[0][4], rel=1e-6)
    assert history["learning_rate/right_optimizer"][1] == pytest.approx(right.values(10)[0][9], rel=1e-6)
    assert float(model.right_optimizer.learning_rate) == pytest.approx(0.02)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    again = callbacks.LinearDecay(0.03, optimizer="right_optimizer")
    with pytest.raises(ValueError, match="LinearDecay must be the only callback that sets the learning rate"):
        fit(model, right, again)


def test_the_range_test_of_one():
    model = Rivals()
    with pytest.raises(InvalidArgument, match=r"monitor must be a number in the logs.*'left_loss', 'right_loss'"):
        run_range_test(model, (X, Y), callbacks.LRFinder(optimizer="left_optimizer", steps=12))
    finder = callbacks.LRFinder(0.01, 0.02, 12, optimizer="left_optimizer", monitor="left_loss")
    fit(model, finder, steps_per_epoch=5, epochs=3)
    np.testing.assert_allclose(finder.losses, descended(finder.rates, (3 * BATCHES)[:12])[1], rtol=1e-5)
    assert model.weights_now() == [1.0, 1.0]
    assert [int(optimizer.iterations) for optimizer in optimizers_of(model).values()] == [0, 0, 0]
    assert float(model.left_optimizer.learning_rate) == pytest.approx(0.01)


def test_a_metric_that_the_model_does_not_list_is_reset_too():
    class Hidden(Rivals):
        def __init__(self):
            super().__init__()
            self.mean = keras.metrics.Mean(name="left_loss")

        @property
        def metrics(self):
            return []

        def train_step(self, data):
            logs = super().train_step(data)
            self.mean.update_state(logs["left_loss"])
            return {"left_loss": self.mean.result()}

    finder = callbacks.LRFinder(0.01, 0.02, 12, optimizer="left_optimizer", monitor="left_loss")
    fit(Hidden(), finder, epochs=3)
    np.testing.assert_allclose(finder.losses, descended(finder.rates, (3 * BATCHES)[:12])[1], rtol=1e-5)


def test_two_optimizers_one_callback_each_of_the_wrong_kind():
    for make in (callbacks.LRFinder, lambda **options: callbacks.OneCycle(0.1, **options)):
        with pytest.raises(InvalidArgument, match=r"optimizer must be (a string or )?None"):
            make(optimizer=keras.optimizers.SGD())
    with pytest.raises(InvalidArgument, match="monitor must be a string"):
        callbacks.LRFinder(monitor=1)
