"""The two searches along a line, and steepest descent by them."""

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.optimizers.batch_loss import LOSS
from recipes.optimizers.line_search import LineSearch, backtracking, exact

MATRIX = np.diag([1.0, 4.0, 20.0]) + 0.5
START = np.array([3.0, -2.0, 1.0])

CURVES = {  # f, f'
    "parabola": (lambda a: (a - 0.3) ** 2, lambda a: 2 * (a - 0.3)),
    "far away": (lambda a: (a - 300) ** 2, lambda a: 2 * (a - 300)),
    "very near": (lambda a: (1e4 * a - 1) ** 2, lambda a: 2e4 * (1e4 * a - 1)),
    "quartic": (lambda a: (a - 2) ** 4 + a, lambda a: 4 * (a - 2) ** 3 + 1),
    "exponential": (lambda a: np.exp(a) - 5 * a, lambda a: np.exp(a) - 5),
    "bumpy": (lambda a: -np.sin(a) / (1 + a), lambda a: np.sin(a) / (1 + a) ** 2 - np.cos(a) / (1 + a)),
    "wall": (lambda a: a**2 - a if a < 0.6 else np.inf, lambda a: 2 * a - 1 if a < 0.6 else np.nan),
}


def on_tensors(function):
    return lambda a: tf.constant(float(function(float(a))), tf.float64)


def quadratic(values):
    return tf.reduce_sum(values[0] * tf.linalg.matvec(tf.cast(MATRIX, values[0].dtype), values[0])) / 2


def armijo(f, slope, first, sufficient, contraction, trials):
    for k in range(trials):
        if f(first * contraction**k) <= f(0) + sufficient * first * contraction**k * slope:
            return first * contraction**k, k + 1
    return 0.0, trials


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("options", [(1.0, 1e-4, 0.5, 30), (8.0, 0.3, 0.7, 30), (8.0, 0.3, 0.7, 4)])
def test_backtracking_is_armijos_rule(name, options):
    f, slope = CURVES[name]
    first, sufficient, contraction, trials = options
    step, first_loss, used = backtracking(
        on_tensors(f),
        first,
        f(0),
        slope(0),
        sufficient_decrease=sufficient,
        contraction=contraction,
        max_trials=trials,
    )
    expected, count = armijo(f, slope(0), *options)
    assert (float(step), int(used)) == (pytest.approx(expected, rel=1e-12), count)
    assert float(first_loss) == f(first)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("first", [1e-3, 1.0, 50.0])
def test_exact_ends_where_the_slope_is_zero(name, first):
    f, slope = CURVES[name]

    def values(a):
        return (on_tensors(f)(a), on_tensors(slope)(a))

    step, trials = exact(values, first, f(0), slope(0), tolerance=1e-6, max_trials=60)
    assert abs(slope(float(step))) <= 1e-6 * abs(slope(0))
    assert f(float(step)) <= f(0)
    assert int(trials) < 45
    if name != "bumpy":
        high = {"wall": 0.6, "far away": 1000.0, "very near": 1e-3}.get(name, 10.0)
        found = scipy.optimize.minimize_scalar(f, bounds=(0, high), method="bounded", options={"xatol": 1e-9})
        assert float(step) == pytest.approx(found.x, rel=1e-4)


def test_uphill_or_no_number_is_no_step():
    for loss, slope in ((1.0, 1.0), (1.0, 0.0), (np.nan, -1.0), (1.0, np.nan), (np.inf, -1.0)):
        f = on_tensors(lambda a: 0.0)
        options = {"sufficient_decrease": 0.1, "contraction": 0.5, "max_trials": 9}
        assert [float(each) for each in backtracking(f, 1.0, loss, slope, **options)[::2]] == [0, 0]
        both = exact(lambda a: (tf.zeros_like(a), tf.zeros_like(a)), 1.0, loss, slope, tolerance=0.1, max_trials=9)
        assert [float(each) for each in both] == [0, 0]


def test_an_exact_step_on_a_quadratic_is_known():
    point = keras.Variable(START.astype("float32"))
    optimizer, here = LineSearch(method="exact", tolerance=1e-5), START
    for _ in range(10):
        gradient = MATRIX @ here
        here = here - gradient * (gradient @ gradient) / (gradient @ MATRIX @ gradient)
        optimizer.minimize(quadratic, [point])
        np.testing.assert_allclose(point.numpy(), here, rtol=1e-3, atol=1e-4)


def test_backtracking_on_a_quadratic_is_that_of_numpy():
    point = keras.Variable(START.astype("float32"))
    optimizer, here, work = LineSearch(0.7, sufficient_decrease=0.3, contraction=0.6), START, 0.0
    for _ in range(20):
        gradient = MATRIX @ here

        def f(a, here=here, gradient=gradient):
            return quadratic_of(here - a * gradient)

        step, trials = armijo(f, -gradient @ gradient, 0.7, 0.3, 0.6, 30)
        here = here - step * gradient
        optimizer.minimize(quadratic, [point])
        assert float(optimizer.last_step) == pytest.approx(step, rel=1e-6)
        assert float(optimizer.last_gradient_evaluations) == pytest.approx(2 + LOSS * trials)
        work += 2 + LOSS * trials
        np.testing.assert_allclose(point.numpy(), here, rtol=1e-3, atol=1e-5)
    assert float(optimizer.gradient_evaluations) == pytest.approx(work)


def quadratic_of(here):
    return here @ MATRIX @ here / 2


def test_exact_agrees_with_scipys_steps_on_rosenbrock():
    start = np.array([-1.2, 1.0])
    point = keras.Variable(start, dtype="float64")
    LineSearch(1e-4, method="exact", tolerance=1e-8, max_trials=60).minimize(
        lambda v: (1 - v[0][0]) ** 2 + 100 * (v[0][1] - v[0][0] ** 2) ** 2, [point]
    )
    gradient = scipy.optimize.rosen_der(start)

    def along(a):
        return scipy.optimize.rosen(start - a * gradient)

    found = scipy.optimize.minimize_scalar(along, bounds=(0, 2e-3), method="bounded", options={"xatol": 1e-12})
    np.testing.assert_allclose(point.numpy(), start - found.x * gradient, rtol=1e-6)


def test_a_schedule_says_where_the_search_starts():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.01, 0.002])
    optimizer, point = LineSearch(schedule), keras.Variable(START.astype("float32"))
    steps = []
    for _ in range(2):
        optimizer.minimize(quadratic, [point])
        steps.append(float(optimizer.last_step))
    np.testing.assert_allclose(steps, [0.01, 0.002], rtol=1e-6)


def test_the_config_makes_it_again():
    optimizer = LineSearch(0.5, "exact", 0.01, 0.7, 0.02, 12)
    config = LineSearch.from_config(optimizer.get_config()).get_config()
    assert config == optimizer.get_config()
    names = ("learning_rate", "method", "sufficient_decrease", "contraction", "tolerance", "max_trials")
    assert [config[name] for name in names] == [0.5, "exact", 0.01, 0.7, 0.02, 12]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "wolfe"}, "method must be one of 'backtracking', 'exact'. Received: method='wolfe'"),
        ({"contraction": 1}, "contraction must be a number > 0 and < 1. Received: contraction=1"),
        (
            {"sufficient_decrease": -1},
            "sufficient_decrease must be a number >= 0 and < 1. Received: sufficient_decrease=-1",
        ),
        ({"tolerance": 0}, "tolerance must be a number > 0 and < 1. Received: tolerance=0"),
        ({"max_trials": 0}, "max_trials must be an integer >= 1. Received: max_trials=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        LineSearch(**options)
    assert str(raised.value) == message
