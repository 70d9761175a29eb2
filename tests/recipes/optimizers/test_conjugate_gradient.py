"""Conjugate gradients: linear ones of NumPy on quadratics, SciPy's on Rosenbrock's function, and the restarts."""

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.optimizers.conjugate_gradient import METHODS, ConjugateGradient

GENERATOR = np.random.default_rng(0)
SIZE = 6
ROOT = GENERATOR.normal(size=(SIZE, SIZE))
MATRIX = ROOT @ ROOT.T + np.diag([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
START = GENERATOR.normal(size=SIZE)


def quadratic(values):
    flat = tf.concat([tf.reshape(value, [-1]) for value in values], 0)
    return tf.reduce_sum(flat * tf.linalg.matvec(MATRIX, flat)) / 2


def rosenbrock(values):
    x = values[0]
    return tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def variables(start, *, split=False):
    parts = [start[:4].reshape(2, 2), start[4:]] if split else [start]
    return [keras.Variable(part, dtype="float64") for part in parts]


def linear_conjugate_gradients(steps):
    """Hestenes and Stiefel 1952, in NumPy: the points after each step."""
    point, points = START.copy(), []
    residual = -MATRIX @ point
    direction = residual
    for _ in range(steps):
        length = residual @ residual / (direction @ MATRIX @ direction)
        point = point + length * direction
        following = residual - length * MATRIX @ direction
        direction = following + (following @ following) / (residual @ residual) * direction
        residual = following
        points.append(point)
    return points


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("split", [False, True], ids=["one weight", "two weights"])
def test_on_a_quadratic_of_k_weights_k_steps_are_those_of_linear_conjugate_gradients(method, split):
    optimizer = ConjugateGradient(method=method, tolerance=1e-8, max_trials=60)
    weights = variables(START, split=split)
    for expected in linear_conjugate_gradients(SIZE):
        optimizer.minimize(quadratic, weights)
        flat = np.concatenate([np.ravel(weight) for weight in weights])
        np.testing.assert_allclose(flat, expected, rtol=1e-4, atol=1e-6)
    assert np.abs(flat).max() < 1e-5


def steps_until(optimizer, function, weights, loss, most):
    step = tf.function(lambda: optimizer.minimize(function, weights))
    optimizer.build(weights)
    for number in range(most):
        if float(step()) < loss:
            return number
    return most


def test_on_rosenbrocks_function_it_needs_about_as_many_steps_as_scipy():
    start = np.array([-1.2, 1.0, -1.2, 1.0])

    def function(x):
        return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))

    reference = scipy.optimize.minimize(function, start, jac=scipy.optimize.rosen_der, method="CG", tol=1e-6)
    assert reference.fun < 1e-10
    weights = variables(start)
    steps = steps_until(ConjugateGradient(), rosenbrock, weights, 1e-10, 300)
    assert steps <= 2 * reference.nit
    np.testing.assert_allclose(weights[0], 1.0, atol=1e-4)
    descent = ConjugateGradient(restart=1)  # is steepest descent
    assert steps_until(descent, rosenbrock, variables(start), 1e-10, 300) == 300


def test_it_restarts_along_the_gradient():
    optimizer, weights = ConjugateGradient(restart=2, tolerance=1e-8, max_trials=60), variables(START)
    directions, gradients, points = [], [], []
    for _ in range(5):
        points.append(np.array(weights[0]))
        optimizer.minimize(quadratic, weights)
        directions.append(np.array(optimizer.directions[0]))
        gradients.append(MATRIX @ points[-1])
        np.testing.assert_allclose(optimizer.gradients[0], gradients[-1], rtol=1e-9)
    along = [np.allclose(d, -g, rtol=1e-9) for d, g in zip(directions, gradients, strict=True)]
    assert along == [True, False, True, False, True]
    assert abs(directions[0] @ MATRIX @ directions[1]) < 1e-6 * (directions[0] @ MATRIX @ directions[0])


def uphill(values):
    """A sum of squares whose gradient points the other way."""
    squares = tf.reduce_sum(values[0] ** 2)
    return 2 * tf.stop_gradient(squares) - squares


def test_a_step_that_finds_nothing_leaves_the_weights_and_begins_anew():
    optimizer, weights = ConjugateGradient(), variables(np.array([1.0, 2.0]))
    optimizer.minimize(lambda values: tf.reduce_sum(values[0] ** 2 * [1.0, 3.0]), weights)
    before = np.array(weights[0])
    optimizer.minimize(uphill, weights)
    np.testing.assert_array_equal(weights[0], before)
    assert (float(optimizer.last_step), int(optimizer.since_restart)) == (0.0, 0)
    assert not np.any(optimizer.directions[0])
    optimizer.minimize(lambda values: tf.reduce_sum(values[0] ** 2), weights)
    assert float(optimizer.last_step) == pytest.approx(0.5)


def test_a_flat_loss_is_no_step():
    optimizer, weights = ConjugateGradient(), variables(np.array([1.0, 2.0]))
    optimizer.minimize(lambda values: tf.reduce_sum(0.0 * values[0]), weights)
    np.testing.assert_array_equal(weights[0], [1.0, 2.0])
    assert float(optimizer.last_step) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "hestenes"}, "method must be one of 'polak_ribiere', 'fletcher_reeves'"),
        ({"restart": 0}, r"restart must be an integer >= 1\. Received: restart=0"),
        ({"tolerance": 1.0}, "tolerance must be"),
        ({"max_trials": 0}, "max_trials must be"),
        ({"weight_decay": 0.1}, "weight_decay must be None"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        ConjugateGradient(**options)
