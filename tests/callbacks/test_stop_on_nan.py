"""StopOnNaN: where it stops and what it says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import InvalidArgument
from recipes.optimizers import Momentum
from tests.callbacks.own_steps import Rivals, X, Y


@pytest.fixture
def broken(arrays):
    """The regression with a NaN in its eighth batch, step 8."""
    x, y = arrays[0].copy(), arrays[1]
    x[4 * 7 + 1, 0] = np.nan
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(4)


@pytest.mark.parametrize(
    ("steps", "noticed"), [(1, "step 8"), (5, "step 10"), (4, "step 8"), (6, "step 10"), (16, "step 10")]
)
def test_it_stops_and_says_where(make_model, run, broken, steps, noticed):
    stop, model = callbacks.StopOnNaN(), make_model(keras.optimizers.SGD(0.25), steps_per_execution=steps)
    history = run(model, stop, data=broken)
    assert len(history["loss"]) == 1
    assert stop.message == (
        f"the loss is nan at epoch 1, {noticed}, learning rate 0.25: try a lower learning rate or gradient clipping"
    )


def test_the_epoch_is_that_of_the_fit(make_model, run, broken):
    stop = callbacks.StopOnNaN()
    run(make_model(), stop, data=broken, epochs=7, initial_epoch=4)
    assert stop.message.startswith("the loss is nan at epoch 5, step 8,")


def test_an_infinite_loss(make_model, run, arrays):
    stop = callbacks.StopOnNaN()
    data = tf.data.Dataset.from_tensor_slices((arrays[0] * 1e25, arrays[1])).batch(4)
    run(make_model(), stop, data=data)
    before = ": before any update: look for NaN or huge numbers in the data and the weights"
    assert stop.message.startswith("the loss is inf at epoch 1, step 1, learning rate ")
    assert stop.message.endswith(before)


def test_a_sound_training_is_left_alone_and_a_new_fit_forgets(make_model, run, broken):
    stop, model = callbacks.StopOnNaN(), make_model()
    assert stop.message is None
    run(model, stop, data=broken)
    assert stop.message is not None
    model.set_weights(make_model().get_weights())
    for velocity in model.optimizer.velocities:
        velocity.assign(np.zeros(velocity.shape))
    assert len(run(model, stop, epochs=2)["loss"]) == 2
    assert stop.message is None


def test_every_loss_of_a_step_of_its_own_is_watched():
    class Diverges(Rivals):
        def train_step(self, data):
            logs = super().train_step(data)
            return {
                "left": logs["left_loss"],
                "right_loss": logs["right_loss"] / 0.0,
                "per_class": data[1][:2, 0] / 0.0,
            }

    def fit(stop):
        return Diverges().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[stop]).epoch

    stop = callbacks.StopOnNaN()
    assert fit(stop) == [0]
    assert stop.message == (
        "right_loss is inf at epoch 1, step 1, learning rate 0.001 of optimizer, learning rate 0.01 of left_optimizer, "
        "learning rate 0.02 of right_optimizer: before any update: look for NaN or huge numbers in the data and the "
        "weights"
    )
    stop = callbacks.StopOnNaN("left")
    assert fit(stop) == [0, 1]
    assert stop.message is None
    stop = callbacks.StopOnNaN(["left", "per_class"])
    fit(stop)
    assert stop.message.startswith("per_class is inf at epoch 1, step 1")
    with pytest.raises(InvalidArgument, match=r"names of losses in the logs, which have 'left', .* Received: monitor="):
        fit(callbacks.StopOnNaN("loss"))
    with pytest.raises(InvalidArgument, match="monitor must be a string or a sequence of strings or None"):
        callbacks.StopOnNaN(monitor=0)


def test_interrupted_the_optimizers_raise_again():
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model = Rivals(Momentum(0.01))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.StopOnNaN(), Interrupt()])
    assert model.left_optimizer.raises_on_nan
