"""Conjugate gradients, and what the Hessian says of a place: minimum, saddle or slope."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

import recipes
from recipes.optimizers.conjugate_gradient import ConjugateGradient

from .measured import Measured

__all__ = ["conjugate_gradients", "curvature"]


def conjugate_gradients() -> Iterator[Measured]:
    """Conjugate-gradient descent as an optimizer of its own."""
    root = np.random.default_rng(0).normal(size=(6, 6))
    matrix, line = root @ root.T + np.eye(6), np.arange(1.0, 7.0)
    point = keras.Variable(np.zeros(6, np.float32))
    optimizer = ConjugateGradient(tolerance=1e-4, max_trials=100)
    fixed, slope = tf.constant(matrix, tf.float32), tf.constant(line, tf.float32)
    places = [np.zeros(6)]
    for _ in range(6):
        optimizer.minimize(
            lambda values: (
                0.5 * tf.tensordot(values[0], tf.linalg.matvec(fixed, values[0]), 1) - tf.tensordot(slope, values[0], 1)
            ),
            [point],
        )
        places.append(np.asarray(point, np.float64))
    steps = np.diff(places, axis=0)
    steps /= np.sqrt(np.einsum("ki,ij,kj->k", steps, matrix, steps))[:, None]
    yield Measured(
        "largest d H d' of normed directions", float(np.abs(steps @ matrix @ steps.T - np.eye(6)).max()), 0.0, 0.01
    )
    solution = np.linalg.solve(matrix, line)
    gap = float(np.abs(places[-1] - solution).max() / np.abs(solution).max())
    yield Measured("distance from the minimum after as many steps as weights", gap, 0.0, 1e-3)
    ours, theirs = (_gaps(matrix, solution, path) for path in (places, _linear_conjugate_gradients(matrix, line)))
    yield Measured("largest difference of a step's loss from NumPy's", float(np.abs(ours - theirs).max()), 0.0, 1e-3)
    run = recipes.fit(
        recipes.load("digits", batch_size=1437), recipes.Recipe(optimizer="conjugate_gradient"), epochs=40, verbose=0
    )
    yield Measured("digits, 40 steps on all examples: loss", run.history["loss"][-1])
    yield Measured("test accuracy", run.evaluate()["accuracy"])


def _gaps(matrix: np.ndarray, solution: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """How much higher the loss is than at the solution, as a share of that at the start."""
    errors = np.stack(places) - solution
    gaps = np.einsum("ki,ij,kj->k", errors, matrix, errors)
    return gaps / gaps[0]


def _linear_conjugate_gradients(matrix: np.ndarray, line: np.ndarray) -> list[np.ndarray]:
    """The points of Hestenes and Stiefel 1952, in double precision."""
    point, rest = np.zeros(6), line.copy()
    direction, places = rest.copy(), [np.zeros(6)]
    for _ in range(6):
        length = rest @ rest / (direction @ matrix @ direction)
        point, old = point + length * direction, rest
        rest = rest - length * matrix @ direction
        direction = rest + rest @ rest / (old @ old) * direction
        places.append(point)
    return places


def curvature() -> Iterator[Measured]:
    """The Hessian's largest eigenvalue; a saddle, a minimum or a slope."""
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 5)).astype("float32")
    y = (x @ np.array([1, -1, 2, 0.5, 0]) + 0.1 * random.normal(size=120)).astype("float32")
    data = recipes.Data.from_arrays(x, y, task="regression")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(12, "tanh"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    inputs, targets = (np.asarray(array, np.float64) for array in data.arrays("train"))
    hidden, bias, out, constant = (np.asarray(weight, np.float64) for weight in model.get_weights())
    eigenvalues = np.linalg.eigvalsh(_hessian(inputs, targets.ravel(), hidden, bias, out.ravel(), constant[0]))
    found = recipes.curvature(model, data)
    yield Measured("largest eigenvalue, 85 weights", found.largest, float(eigenvalues[-1]), 0.02 * eigenvalues[-1])
    yield Measured("smallest", found.smallest, float(eigenvalues[0]), 0.02 * eigenvalues[-1])
    yield Measured("there", str(found), "a slope")
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()[:3]] + [np.array([targets.mean()])])
    yield Measured("units that are all zero", str(recipes.curvature(model, data)), "a saddle point")
    linear = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    linear.compile("sgd", "mse")
    best = np.linalg.lstsq(np.c_[inputs, np.ones(len(inputs))], targets.ravel(), rcond=None)[0]
    linear.set_weights([best[:5, None], best[5:]])
    yield Measured("least squares", str(recipes.curvature(linear, data)), "a minimum")


def _hessian(
    x: np.ndarray, y: np.ndarray, hidden: np.ndarray, bias: np.ndarray, out: np.ndarray, constant: float
) -> np.ndarray:
    """Of the mean squared error of one layer of tanh units, by the chain rule.

    Args:
        x: (n, inputs).
        y: (n,).
        hidden, bias, out, constant: the weights, (inputs, units), (units,), (units,) and a number.
    """
    full = np.c_[x, np.ones(len(x))]
    units, inputs = len(bias), full.shape[1]
    value = np.tanh(x @ hidden + bias)
    first, second = 1 - value**2, -2 * value * (1 - value**2)
    error = value @ out + constant - y
    slope = (first * out)[:, None, :] * full[:, :, None]  # (n, inputs, units)
    jacobian = np.concatenate([slope.reshape(len(x), -1), value, np.ones((len(x), 1))], axis=1)
    bent = np.zeros((jacobian.shape[1],) * 2)
    for unit in range(units):
        rows = np.arange(inputs) * units + unit
        weighted = full * (error * second[:, unit] * out[unit])[:, None]
        bent[np.ix_(rows, rows)] = full.T @ weighted
        cross = full.T @ (error * first[:, unit])
        bent[rows, inputs * units + unit] = bent[inputs * units + unit, rows] = cross
    return 2 * (jacobian.T @ jacobian + bent) / len(x)
