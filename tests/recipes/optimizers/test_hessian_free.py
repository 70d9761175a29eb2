"""Conjugate gradients, and Hessian-free optimization by them."""

import keras
import numpy as np
import pytest
import scipy.sparse.linalg
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.optimizers.hessian_free import HessianFree, conjugate_gradients


def system(size, seed=0, spread=10.0):
    """A symmetric positive definite matrix with eigenvalues from 1 to spread, and a vector."""
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.normal(size=(size, size)))[0]
    return basis @ np.diag(np.geomspace(1, spread, size)) @ basis.T, random.normal(size=size)


def solve(matrix, target, start=None, tolerance=0.0, max_iterations=50):
    start = np.zeros_like(target) if start is None else start
    return conjugate_gradients(
        lambda v: tf.linalg.matvec(tf.constant(matrix), v),
        tf.constant(target),
        tf.constant(start),
        tolerance=tolerance,
        max_iterations=max_iterations,
    )


def quadratic(matrix, bottom):
    return lambda v: tf.tensordot(v[0] - bottom, tf.linalg.matvec(tf.constant(matrix), v[0] - bottom), 1) / 2


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_the_iterates_are_scipys(limit):
    matrix, target = system(12, spread=1000.0)
    start = np.linspace(-1, 1, 12)
    path = []
    scipy.sparse.linalg.cg(matrix, target, start, rtol=0, maxiter=limit, callback=lambda x: path.append(x.copy()))
    x, residual, iterations = solve(matrix, target, start, max_iterations=limit)
    assert int(iterations) == limit
    np.testing.assert_allclose(x, path[-1], rtol=1e-9)
    np.testing.assert_allclose(residual, target - matrix @ path[-1], atol=1e-9)


def test_it_stops_when_the_last_iterations_gained_little():
    matrix, target = system(60, spread=100.0)

    def q(x):
        return x @ matrix @ x / 2 - target @ x

    values = [0.0]
    scipy.sparse.linalg.cg(matrix, target, rtol=0, maxiter=60, callback=lambda x: values.append(q(x)))
    expected = next(
        i
        for i in range(61)
        if i > (k := max(10, i // 10)) and values[i] < 0 and (values[i] - values[i - k]) / values[i] < k * 1e-2
    )
    x, _, iterations = solve(matrix, target, tolerance=1e-2, max_iterations=60)
    assert int(iterations) == expected < 60
    assert q(x.numpy()) == pytest.approx(values[expected], rel=1e-6)


def test_a_direction_of_negative_curvature_is_not_followed():
    x, residual, iterations = solve(np.diag([1.0, 2.0, -3.0]), np.array([1.0, 1.0, 0.1]))
    assert int(iterations) < 4
    assert np.all(np.isfinite(x))
    np.testing.assert_allclose(residual, [1, 1, 0.1] - np.diag([1.0, 2.0, -3.0]) @ x.numpy(), atol=1e-12)
    x, _, _ = solve(-np.eye(2), np.ones(2))
    assert x.numpy().tolist() == [0, 0]


def test_nothing_to_solve():
    x, _, iterations = solve(np.eye(3), np.zeros(3))
    assert (x.numpy().tolist(), int(iterations)) == ([0, 0, 0], 0)


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_a_quadratic_of_k_dimensions_takes_k_iterations(size):
    matrix, bottom = system(size)
    point = keras.Variable(np.zeros(size), dtype="float64")
    optimizer = HessianFree(damping=0.0, tolerance=0.0, max_iterations=size)
    optimizer.minimize(quadratic(matrix, bottom), [point])
    assert int(optimizer.last_iterations_of_cg) <= size
    assert float(optimizer.last_step) == 1
    np.testing.assert_allclose(point.numpy(), bottom, rtol=1e-7)
    assert float(optimizer.gradient_evaluations) == pytest.approx(
        2 + 2 * (int(optimizer.last_iterations_of_cg) + 1) + 1 / 3
    )


def test_damping_warm_start_and_steps_are_those_of_numpy():
    matrix, bottom = system(6, seed=1)
    matrix = 0.1 * matrix

    def f(w):
        return (w - bottom) @ matrix @ (w - bottom) / 2 + np.sum(np.log(np.cosh(3 * (w - bottom))))

    def gradient(w):
        return matrix @ (w - bottom) + 3 * np.tanh(3 * (w - bottom))

    def hessian(w):
        return matrix + np.diag(9 / np.cosh(3 * (w - bottom)) ** 2)

    def function(v):
        return quadratic(matrix, bottom)(v) + tf.reduce_sum(tf.math.log(tf.cosh(3 * (v[0] - bottom))))

    point = keras.Variable(np.zeros(6), dtype="float64")
    optimizer = HessianFree(0.875, damping=0.5, max_iterations=3, decay=0.8, tolerance=0.0)
    w, damping, solution, seen = np.zeros(6), 0.5, np.zeros(6), set()
    for _ in range(12):
        g, b = gradient(w), hessian(w)
        damped = b + damping * np.eye(6)
        x = scipy.sparse.linalg.cg(damped, -g, 0.8 * solution, rtol=0, maxiter=3)[0]
        step = 0.875
        ratio = (f(w + step * x) - f(w)) / (step * g @ x + step**2 * x @ b @ x / 2)
        while f(w + step * x) > f(w) + 0.01 * step * g @ x:
            step /= 2
        factor = 2 / 3 if ratio > 0.75 else 1.5 if ratio < 0.25 else 1.0
        w, damping, solution = w + step * x, damping * factor, x
        seen.add(factor)
        optimizer.minimize(function, [point])
        np.testing.assert_allclose(point.numpy(), w, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(float(optimizer.damping), damping, rtol=1e-12)
        np.testing.assert_allclose(optimizer.solutions[0], solution, rtol=1e-5, atol=1e-8)
    assert seen == {2 / 3, 1.0, 1.5}


def test_a_model_that_promises_too_much_raises_the_damping():
    point = keras.Variable([1.5], dtype="float64")
    optimizer = HessianFree(damping=0.1)  # far out log cosh is flat: the full step overshoots
    optimizer.minimize(lambda v: tf.math.log(tf.cosh(3 * v[0][0])), [point])
    assert float(optimizer.damping) == pytest.approx(0.15)
    assert 0 < float(optimizer.last_step) < 1


def test_the_promise_is_that_of_the_model_without_damping():
    point = keras.Variable([0.5], dtype="float64")
    optimizer = HessianFree(damping=3.0)
    optimizer.minimize(lambda v: tf.math.log(tf.cosh(3 * v[0][0])), [point])
    assert float(optimizer.damping) == 3.0  # r is 0.63; with the damped model it would be 1.03


@pytest.mark.parametrize("learning_rate", [1.0, 0.0])
def test_no_step_forgets_the_solution_and_a_rate_of_zero_changes_nothing(learning_rate):
    point = keras.Variable([1.0], dtype="float64")
    optimizer = HessianFree(learning_rate, damping=0.1)
    optimizer.build([point])
    optimizer.solutions[0].assign([0.25])
    # Only at this point is the loss a number, so that every step is one too far.
    optimizer.minimize(lambda v: tf.where(v[0][0] == 1.0, v[0][0] ** 2, np.nan), [point])
    assert point.numpy().tolist() == [1.0]
    assert float(optimizer.last_step) == 0
    assert optimizer.solutions[0].numpy().tolist() == ([0.0] if learning_rate else [0.25])
    assert float(optimizer.damping) == pytest.approx(0.15 if learning_rate else 0.1)


@pytest.mark.parametrize("curvature", ["hessian", pytest.param("gauss_newton", marks=pytest.mark.thorough)])
def test_from_a_maximum_it_goes_down(curvature):
    point = keras.Variable([0.1, 0.1], dtype="float64")
    optimizer = HessianFree(damping=0.01, curvature=curvature)
    step = tf.function(lambda: optimizer.minimize(lambda v: tf.reduce_sum(tf.cos(v[0])), [point]))
    losses = [float(step()) for _ in range(20)]
    assert np.all(np.diff(losses) <= 1e-12)
    np.testing.assert_allclose(np.cos(point.numpy()), -1, atol=1e-6)
    assert float(optimizer.damping) > 0


@pytest.mark.thorough
def test_rosenbrock():
    point = keras.Variable([-1.2, 1.0], dtype="float64")
    optimizer = HessianFree(damping=0.1)

    def function(v):
        return (1 - v[0][0]) ** 2 + 100 * (v[0][1] - v[0][0] ** 2) ** 2

    step = tf.function(lambda: optimizer.minimize(function, [point]))
    losses = [float(step()) for _ in range(60)]
    assert np.all(np.diff(losses) <= 1e-12)
    np.testing.assert_allclose(point.numpy(), 1, atol=1e-5)
    assert int(optimizer.iterations_of_cg) > 60


def test_on_linear_least_squares_it_is_the_solution():
    random = np.random.default_rng(5)
    x = random.normal(size=(50, 4)).astype("float32")
    y = (x @ random.normal(size=(4, 2)) + random.normal(size=(50, 2))).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, use_bias=False)])
    model.compile(HessianFree(damping=1e-3), "mse")
    model.fit(x, y, batch_size=50, epochs=6, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], np.linalg.lstsq(x, y, rcond=None)[0], atol=1e-4)


@pytest.mark.thorough
def test_a_fraction_of_the_batch_costs_that_fraction():
    random = np.random.default_rng(6)
    x = random.normal(size=(40, 3)).astype("float32")
    work = []
    for fraction in (1.0, 0.25):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile(HessianFree(curvature_fraction=fraction, max_iterations=3, tolerance=0.0), "mse")
        losses = model.fit(x, x[:, :1] ** 2, batch_size=40, epochs=4, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        optimizer = model.optimizer
        products = int(optimizer.last_iterations_of_cg) + 1
        trials = (float(optimizer.last_gradient_evaluations) - 2 - fraction * 4 / 3 * products) * 3
        assert trials == pytest.approx(round(trials), abs=1e-6)
        assert 1 <= round(trials) <= 40
        work.append(products)
    assert work == [4, 4]


def test_the_config_makes_it_again():
    optimizer = HessianFree(0.5, 0.2, "hessian", 0.5, 20, 1e-3, 0.5)
    point = keras.Variable([1.0])
    optimizer.minimize(lambda v: v[0][0] ** 2, [point])
    config = HessianFree.from_config(optimizer.get_config()).get_config()
    assert config == optimizer.get_config()
    names = ("learning_rate", "damping", "curvature", "curvature_fraction", "max_iterations", "tolerance", "decay")
    assert [config[name] for name in names] == [0.5, 0.2, "hessian", 0.5, 20, 1e-3, 0.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": -1}, "damping must be a number >= 0. Received: damping=-1"),
        ({"curvature": "fisher"}, "curvature must be one of 'gauss_newton', 'hessian'. Received: curvature='fisher'"),
        ({"curvature_fraction": 0}, "curvature_fraction must be a number > 0 and <= 1. Received: curvature_fraction=0"),
        ({"max_iterations": 0}, "max_iterations must be an integer >= 1. Received: max_iterations=0"),
        ({"tolerance": -1}, "tolerance must be a number >= 0. Received: tolerance=-1"),
        ({"decay": 1.1}, "decay must be a number >= 0 and <= 1. Received: decay=1.1"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        HessianFree(**options)
    assert str(raised.value) == message
