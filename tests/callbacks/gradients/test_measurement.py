"""The numbers that GradientMonitor measures: against a training by hand, the step's own gradient, awkward models."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import GradientMonitor
from callbacks.gradients.measurement import named_layers, named_weights
from tests.callbacks.monitored import Subclassed, everything, fitted, images, two_outputs, weighted_data

K = keras.layers


@pytest.fixture(scope="module")
def data():
    """10 batches of 8 with weights: (x, y, sample_weight)."""
    return weighted_data()


def linear(data, monitor, steps, rate=0.05, epochs=2):
    """A linear model in float64, its training by hand: (monitor, norms of kernel and bias at all steps, outputs)."""
    layer = K.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.1), name="linear")
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.SGD(rate), "mse", steps_per_execution=steps)
    x, y, weight = (each.astype("float64") for each in data)
    batches = tf.data.Dataset.from_tensor_slices((x, 3.0 * y, weight)).batch(8)
    model.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=[monitor])
    kernel, bias, norms, scales = np.ones((6, 1)), 0.0, [], []
    for step in range(10 * epochs):
        rows = slice(8 * (step % 10), 8 * (step % 10) + 8)
        output = x[rows] @ kernel + bias
        slope = 2.0 * weight[rows, None] * (output - 3.0 * y[rows]) / 8
        to_kernel, to_bias = x[rows].T @ slope + 0.2 * kernel, slope.sum()
        norms.append(np.sqrt((to_kernel**2).sum() + to_bias**2))
        scales.append(output.std())
        kernel, bias = kernel - rate * to_kernel, bias - rate * to_bias
    return np.array(norms), np.array(scales)


@pytest.mark.parametrize("steps", [1, 7, 20])
@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.ordinarily("4-7", "1-20")
@pytest.mark.usefixtures("double_precision")
def test_against_a_training_by_hand(every, steps, data):
    monitor = GradientMonitor(every)
    norms, scales = linear(data, monitor, steps)
    assert monitor.steps.tolist() == list(range(0, 20, every))
    np.testing.assert_allclose(monitor.norms, norms[::every], rtol=1e-7)  # the rate is kept in float32
    np.testing.assert_allclose(monitor.layer_norms[:, 0], norms[::every], rtol=1e-7)
    np.testing.assert_allclose(monitor.activation_scales[:, 0], scales[::every], rtol=1e-7)


@pytest.mark.parametrize("make", [everything, images])
@pytest.mark.ordinarily("everything")
def test_against_the_gradient_that_the_step_itself_makes(make, data):
    class Seen(keras.optimizers.SGD):
        def apply(self, gradients, trainable_variables=None):
            dense = [tf.convert_to_tensor(each) for each in gradients]
            tf.py_function(lambda *g: norms.append([float(tf.norm(each)) for each in g]), dense, [])
            super().apply(gradients, trainable_variables)

    norms = []
    monitor = GradientMonitor(1)
    model, _ = fitted(make, data, monitor, optimizer=Seen(0.01))
    place = {id(weight): i for i, weight in enumerate(model.trainable_weights)}
    seen = np.array(norms)
    for column, (_, weights) in enumerate(named_weights(model)):
        own = seen[:, [place[id(weight)] for weight in weights]]
        # Dropout and augmentation drew the same random numbers.
        np.testing.assert_allclose(monitor.layer_norms[:, column], np.sqrt((own**2).sum(1)), rtol=1e-4)


def test_layers_of_models_inside_and_weights_of_the_model_itself(data):
    keras.utils.set_random_seed(1)
    model = everything()
    assert [name for name, _ in named_weights(model)] == ["first", "norm", "inner/a", "last"]
    monitor = GradientMonitor(5)
    fitted(Subclassed, data, monitor)
    assert monitor.layers == ["hidden", "out", "own"]
    assert monitor.activation_layers == ["hidden", "drop", "out"]
    shared = K.Dense(3, name="d")
    inputs = keras.Input((3,))
    wrapped = K.TimeDistributed(K.Dense(2, name="d"), name="d_2")
    other = keras.Sequential([keras.Input((3,)), K.Dense(2, name="d")], name="inside")
    outputs = K.Concatenate(name="c")([other(shared(shared(inputs))), K.Flatten(name="f")(wrapped(inputs[:, None]))])
    names = [name for name, layer in named_layers(keras.Model(inputs, outputs)) if layer.weights]
    assert sorted(names) == ["d", "d_2", "inside/d"]
    twins = Subclassed()
    twins.more = K.Dense(1, name="hidden")
    assert [name for name, _ in named_layers(twins)] == ["hidden", "drop", "out", "hidden_2"]


def test_frozen_layers_have_a_scale_and_no_norm(data):
    def make():
        model = everything()
        model.get_layer("first").trainable = False
        return model

    monitor = GradientMonitor(5)
    fitted(make, data, monitor)
    assert monitor.layers == ["norm", "inner/a", "last"]
    assert "first" in monitor.activation_layers


@pytest.mark.filterwarnings("ignore:.*Gradients do not exist:UserWarning")
def test_a_layer_that_the_loss_does_not_depend_on_has_no_norm(data):
    monitor, model = GradientMonitor(5), two_outputs()
    model.compile("sgd", {"one": "mse", "two": None})
    model.fit(data[0], {"one": data[1], "two": data[1]}, batch_size=8, verbose=0, shuffle=False, callbacks=[monitor])
    assert [name for name in monitor.layers if not name.startswith("dense")] == ["one"]
    assert {"one", "two"} <= set(monitor.activation_layers)
    assert (monitor.layer_norms > 0).all()


def test_large_and_small_numbers_neither_overflow_nor_vanish(data):
    def make():
        layers = [K.Dense(6, use_bias=False, kernel_initializer=keras.initializers.Identity(1e7)) for _ in range(3)]
        return keras.Sequential([keras.Input((6,)), *layers, K.Rescaling(1e-21), K.Dense(1)])

    monitor = GradientMonitor(1)
    fitted(make, data, monitor, optimizer=keras.optimizers.SGD(0.0))
    assert monitor.activation_scales[0, 2] == pytest.approx(1e21, rel=0.3)
    assert np.isfinite(monitor.layer_norms).all()


REPLICAS = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import numpy as np
import callbacks

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = x[:, :1] * x[:, 1:2]
with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
    model = keras.Sequential([keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.build((None, 4))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x[:16]) - y[:16]) ** 2)
gradients = tape.gradient(loss, model.trainable_weights)
monitor = callbacks.GradientMonitor(2)
history = model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0, callbacks=[monitor]).history
assert monitor.steps.tolist() == [0, 2, 4, 6], monitor.steps
np.testing.assert_allclose(monitor.norms[0], tf.linalg.global_norm(gradients), rtol=1e-5)
assert monitor.layer_norms.shape == (4, 2) and len(history["gradient_norm"]) == 2, history
print("fine")
"""


@pytest.mark.thorough
def test_the_gradient_of_several_replicas_is_that_of_the_batch():
    done = subprocess.run([sys.executable, "-c", REPLICAS], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "fine"


def test_a_layer_that_assigns_to_its_weights_has_the_gradient_that_the_optimizer_gets(data):
    """Of the weights as they are assigned: TensorFlow's step does not differentiate the assignment."""
    x, y, _ = data
    model = keras.Sequential([keras.Input((6,)), K.SpectralNormalization(K.Dense(3, "tanh")), K.Dense(1)])
    model.compile("sgd", "mse")
    measured = callbacks.gradient_report(model, (x, y)).norm
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    np.testing.assert_allclose(measured, tf.linalg.global_norm(gradients), rtol=1e-5)
