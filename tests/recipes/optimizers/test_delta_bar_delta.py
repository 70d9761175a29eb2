"""DeltaBarDelta against Jacobs' equations in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.optimizers.delta_bar_delta import DeltaBarDelta

RANDOM = np.random.default_rng(3)
SCALE = 10.0 ** -np.repeat([0, 2, 4, 30], 3)  # the product of two gradients of 1e-30 is 0 in float32
GRADIENTS = (RANDOM.normal(size=(25, 12)) * SCALE).astype("float32").astype("float64")
GRADIENTS[10:13, ::4] = 0.0


def reference(gradients, rate=0.125, kappa=0.3, phi=0.4, theta=0.6):
    """The path of weights that begin at zero, shape (steps, n)."""
    weight = average = np.zeros(gradients.shape[1])
    rates, path = np.full(gradients.shape[1], rate), []
    for gradient in gradients:
        rates = np.where(average * gradient > 0, rates + rate * kappa, rates)
        rates = np.where(average * gradient < 0, rates - phi * rates, rates)
        average = (1 - theta) * gradient + theta * average
        weight = weight - rates * gradient
        path.append(weight)
    return np.array(path)


def path_of(optimizer, gradients, dtype="float32", wrap=lambda step: step):
    variable = keras.Variable(np.zeros(gradients.shape[1]), dtype=dtype)
    optimizer.build([variable])
    step = wrap(lambda gradient: optimizer.apply([gradient], [variable]))
    path = []
    for gradient in gradients:
        step(tf.constant(gradient, dtype))
        path.append(np.array(variable, "float64"))
    return np.array(path)


def test_it_is_jacobs_rule():
    expected = reference(GRADIENTS)
    tolerance = 1e-5 * np.abs(expected).max(0)
    for wrap in (lambda step: step, tf.function, lambda step: tf.function(step, jit_compile=True)):
        found = path_of(DeltaBarDelta(0.125, 0.3, 0.4, 0.6), GRADIENTS, wrap=wrap)
        seen = slice(0, 9) if wrap not in (tf.function,) and found[-1, 9] == 0 else slice(None)  # XLA flushes to zero
        assert np.all(np.abs(found - expected)[:, seen] <= tolerance[seen])
    np.testing.assert_allclose(path_of(DeltaBarDelta(0.125, 0.3, 0.4, 0.6), GRADIENTS, "float64"), expected, rtol=1e-9)
    changed = ({"rate": 0.126}, {"kappa": 0.31}, {"phi": 0.41}, {"theta": 0.8})
    for each in changed:  # the comparison would see it
        assert not np.all(np.abs(reference(GRADIENTS, **each) - expected) <= tolerance)


def test_without_adaptation_it_is_gradient_descent():
    found = path_of(DeltaBarDelta(0.1, kappa=0.0, phi=0.0), GRADIENTS)
    np.testing.assert_allclose(found, -0.1 * np.cumsum(GRADIENTS, 0), rtol=1e-4, atol=1e-7)


def test_the_learning_rate_scales_all_rates_together():
    for rate in (0.0078125, 2.0):
        found = path_of(DeltaBarDelta(rate), GRADIENTS, "float64")
        np.testing.assert_allclose(found, rate * path_of(DeltaBarDelta(1.0), GRADIENTS, "float64"), rtol=1e-9)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([11], [0.1, 0.0])
    found = path_of(DeltaBarDelta(schedule), GRADIENTS)
    np.testing.assert_array_equal(found[12:], np.repeat(found[11:12], 13, 0))


@pytest.mark.thorough
def test_on_a_narrow_valley_it_needs_fewer_steps_than_gradient_descent():
    curvatures = np.array([1.0, 100.0])
    left = []
    for options in ({}, {"kappa": 0.0, "phi": 0.0}):
        point = keras.Variable([1.0, 1.0])
        optimizer = DeltaBarDelta(0.01, **options)
        for _ in range(150):
            optimizer.apply([tf.constant(curvatures, "float32") * point.value], [point])
        left.append(np.abs(point.numpy()).max())
    assert left[0] < left[1] / 10


def model_of(**options):
    layers = [
        keras.layers.Dense(4, "tanh", kernel_initializer=keras.initializers.RandomNormal(seed=0)),
        keras.layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(seed=1)),
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(DeltaBarDelta(0.05), "mse", **options)
    return model


X = RANDOM.normal(size=(32, 3)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


@pytest.mark.thorough
def test_eager_compiled_several_steps_and_xla_give_the_same():
    paths = []
    for mode in ({}, {"run_eagerly": True}, {"steps_per_execution": 4}, {"jit_compile": True}):
        model = model_of(**mode)
        model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        paths.append(np.concatenate([each.ravel() for each in model.get_weights()]))
    for path in paths[1:]:
        np.testing.assert_allclose(path, paths[0], rtol=1e-5, atol=1e-6)


@pytest.mark.thorough
def test_saved_and_loaded_it_goes_on_identically(tmp_path):
    model = model_of()
    model.fit(X, Y, batch_size=32, epochs=5, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.fit(X, Y, batch_size=32, epochs=5, shuffle=False, verbose=0)
    for one, other in zip(
        model.variables + model.optimizer.variables, again.variables + again.optimizer.variables, strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    assert np.abs(np.array(model.optimizer.gains[0]) - 1).max() > 0.1


def test_the_config_makes_it_again():
    optimizer = DeltaBarDelta(0.5, 0.2, 0.3, 0.4, weight_decay=0.01)
    config = DeltaBarDelta.from_config(optimizer.get_config()).get_config()
    assert config == optimizer.get_config()
    assert [config[name] for name in ("learning_rate", "kappa", "phi", "theta", "weight_decay")] == [
        0.5,
        0.2,
        0.3,
        0.4,
        0.01,
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -1}, "learning_rate must be a number >= 0. Received: learning_rate=-1"),
        ({"kappa": -1}, "kappa must be a number >= 0. Received: kappa=-1"),
        ({"phi": 1}, "phi must be a number >= 0 and < 1. Received: phi=1"),
        ({"theta": 1.0}, "theta must be a number >= 0 and < 1. Received: theta=1.0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        DeltaBarDelta(**options)
    assert str(raised.value) == message
