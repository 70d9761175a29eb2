"""StopOnNaN: where it stops and what it says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks


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
    assert stop.message.startswith("the loss is inf at epoch 1, step 1,")


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
