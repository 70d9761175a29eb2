"""Newton's direction and Newton's method, against NumPy, SciPy and scikit-learn."""

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from callbacks.checks import InvalidArgument
from recipes.optimizers.newton import Newton, newton_direction


def rosenbrock(values):
    x = values[0]
    return tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def path_of(optimizer, function, start, steps):
    point = keras.Variable(start, dtype="float64")
    path = []
    for _ in range(steps):
        optimizer.minimize(function, [point])
        path.append(point.numpy())
    return np.array(path)


def test_the_direction_is_newtons_where_the_hessian_is_positive():
    random = np.random.default_rng(0)
    root = random.normal(size=(6, 6))
    matrix, gradient = root @ root.T + np.eye(6), random.normal(size=6)
    np.testing.assert_allclose(
        newton_direction(matrix, gradient, 0.0, 0.0), -np.linalg.solve(matrix, gradient), rtol=1e-10
    )
    damped = -np.linalg.solve(matrix + 0.7 * np.eye(6), gradient)
    np.testing.assert_allclose(newton_direction(matrix, gradient, 0.7, 0.0), damped, rtol=1e-10)


def test_the_direction_leads_downhill_for_every_symmetric_matrix():
    random = np.random.default_rng(1)
    for rank in (0, 1, 3, 6):
        root = random.normal(size=(6, rank))
        matrix, gradient = root @ np.diag(random.choice([-1, 1], rank)) @ root.T, random.normal(size=6)
        direction = newton_direction(tf.constant(matrix), tf.constant(gradient), 0.0, 1e-12).numpy()
        assert np.all(np.isfinite(direction))
        assert direction @ gradient < 0
    np.testing.assert_array_equal(
        newton_direction(tf.zeros((2, 2), tf.float64), tf.constant([1.0, -2.0], tf.float64), 0.0, 0.1), [-1, 2]
    )


def test_one_step_solves_a_quadratic():
    random = np.random.default_rng(2)
    root, bottom = random.normal(size=(7, 7)), random.normal(size=7)
    matrix = root @ root.T + 0.1 * np.eye(7)

    def function(v):
        return tf.tensordot(v[0] - bottom, tf.linalg.matvec(matrix, v[0] - bottom), 1) / 2 + 3

    for options in ({}, {"line_search": False}):
        np.testing.assert_allclose(path_of(Newton(**options), function, np.zeros(7), 1)[0], bottom, rtol=1e-10)
    half = path_of(Newton(0.5, line_search=False), function, np.zeros(7), 1)[0]
    np.testing.assert_allclose(half, bottom / 2, rtol=1e-10)


def test_without_a_search_it_is_newtons_iteration():
    start, expected = np.array([-1.2, 1.0, 0.8, 1.1]), []
    here = start
    for _ in range(6):
        hessian = scipy.optimize.rosen_hess(here)
        values, basis = np.linalg.eigh(hessian)
        here = here - basis @ (basis.T @ scipy.optimize.rosen_der(here) / np.abs(values))
        expected.append(here)
    np.testing.assert_allclose(path_of(Newton(line_search=False), rosenbrock, start, 6), expected, rtol=1e-8)


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.thorough) for k in (1, 2, 3))])
def test_from_anywhere_it_ends_in_a_minimum_and_never_rises(seed):
    start = np.random.default_rng(seed).uniform(-2, 2, 5)
    path = path_of(Newton(), rosenbrock, start, 40)
    values = [scipy.optimize.rosen(start), *map(scipy.optimize.rosen, path)]
    assert np.all(np.diff(values) <= 1e-12)
    assert np.abs(scipy.optimize.rosen_der(path[-1])).max() < 1e-6
    found = scipy.optimize.minimize(
        scipy.optimize.rosen, path[-1], method="Newton-CG", jac=scipy.optimize.rosen_der, hess=scipy.optimize.rosen_hess
    )
    np.testing.assert_allclose(path[-1], found.x, atol=1e-4)


def test_a_saddle_is_left():
    path = path_of(Newton(), lambda v: v[0][0] ** 2 - v[0][1] ** 2 + v[0][1] ** 4 / 4, [1.0, 0.01], 30)
    np.testing.assert_allclose(np.abs(path[-1]), [0, np.sqrt(2)], atol=1e-8)


@pytest.mark.usefixtures("double_precision")
def test_it_ends_where_scikit_learn_does():
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 4))
    y = (x @ [1.0, -2.0, 0.5, 0.0] + random.normal(size=60) > 0).astype(int)
    layer = keras.layers.Dense(1, "sigmoid", kernel_regularizer=keras.regularizers.L2(0.5 / 60))
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(Newton(), "binary_crossentropy")
    model.fit(x, y[:, None], batch_size=60, epochs=8, verbose=0)
    expected = LogisticRegression(C=1.0, tol=1e-12, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(layer.kernel.numpy()[:, 0], expected.coef_[0], atol=1e-7)
    np.testing.assert_allclose(layer.bias.numpy(), expected.intercept_, atol=1e-7)


def test_a_singular_hessian_in_float32():
    random = np.random.default_rng(4)  # softmax without a penalty: the same number added to all logits changes nothing
    x, y = random.normal(size=(80, 3)).astype("float32"), random.integers(0, 3, 80)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "softmax", kernel_initializer="zeros")])
    model.compile(Newton(), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, batch_size=80, epochs=8, verbose=0).history["loss"]
    expected = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(x, y)
    best = -np.log(expected.predict_proba(x)[np.arange(80), y]).mean()
    assert losses[-1] == pytest.approx(best, rel=1e-6)
    assert np.abs(model.get_weights()[0]).max() < 5


def test_the_work_is_counted():
    optimizer = Newton(line_search=False)
    path_of(optimizer, rosenbrock, np.zeros(5), 3)
    assert float(optimizer.last_gradient_evaluations) == 2 + 2 * 5
    assert float(optimizer.gradient_evaluations) == 3 * 12


def test_a_large_model_is_refused_before_training():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(100), keras.layers.Dense(10)])
    for count, optimizer in ((79510, Newton()), (79510, Newton(max_parameters=79509))):
        with pytest.raises(
            InvalidArgument, match=rf"{count:,}, whose Hessian takes 47\.1 GiB .* Received: max_parameters="
        ):
            optimizer.build(model.trainable_variables)
    small = keras.Variable(np.zeros(1000))
    with pytest.raises(InvalidArgument, match=r"1,000, whose Hessian takes 8 MiB"):
        Newton(max_parameters=999).build([small])
    Newton(max_parameters=1000).build([small])


def test_the_config_makes_it_again():
    optimizer = Newton(0.5, 0.1, False, 77)
    config = Newton.from_config(optimizer.get_config()).get_config()
    assert config == optimizer.get_config()
    assert [config[name] for name in ("learning_rate", "damping", "line_search", "max_parameters")] == [
        0.5,
        0.1,
        False,
        77,
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": -1}, "damping must be a number >= 0. Received: damping=-1"),
        ({"line_search": 1}, "line_search must be True or False. Received: line_search=1"),
        ({"max_parameters": 0}, "max_parameters must be an integer >= 1. Received: max_parameters=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        Newton(**options)
    assert str(raised.value) == message
