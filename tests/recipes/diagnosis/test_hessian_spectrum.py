"""curvature: eigenvalues against NumPy's of a whole Hessian, and what is a minimum, a saddle and a slope."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes import Data
from recipes.diagnosis.hessian_spectrum import Curvature, curvature, extremes
from recipes.optimizers.batch_loss import BatchLoss, flatten, unflatten

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 5)).astype("float32") * [1.0, 2.0, 0.1, 3.0, 1.0]


@pytest.fixture(scope="module")
def line():
    y = X @ [1.0, -1.0, 2.0, 0.5, 0.0] + 0.1 * RANDOM.normal(size=80)
    return Data.from_arrays(X.astype("float32"), y.astype("float32"), batch_size=16, name="line")


def regression_model(units=0):
    hidden = (
        [keras.layers.Dense(units, "tanh", kernel_initializer=keras.initializers.GlorotUniform(0))] if units else []
    )
    model = keras.Sequential([keras.Input((5,)), *hidden, keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    return model


def test_of_a_linear_regression_it_is_that_of_the_inputs_second_moments(line):
    x, y = line.arrays("train")
    full = np.hstack([x.astype("float64"), np.ones((len(x), 1))])
    eigenvalues = np.linalg.eigvalsh(2 * full.T @ full / len(x))
    model = regression_model()
    found = curvature(model, line)
    np.testing.assert_allclose([found.smallest, found.largest], eigenvalues[[0, -1]], rtol=1e-4, atol=1e-5)
    assert found.mean == pytest.approx(eigenvalues.mean(), rel=1e-4)
    assert found.weights == 6
    assert found.gradient_norm == pytest.approx(np.linalg.norm(2 * full.T @ -y.ravel() / len(x)), rel=1e-4)
    assert found.kind == "slope"
    best = np.linalg.lstsq(full, y, rcond=None)[0].ravel()
    model.set_weights([best[:5, None], best[5:]])
    assert curvature(model, line).kind == "minimum"
    assert found.stable_rate == pytest.approx(2 / eigenvalues[-1], rel=1e-4)


def test_lanczos_finds_the_extremes_of_a_matrix_that_it_does_not_see():
    root = RANDOM.normal(size=(200, 200))
    matrix = root + root.T + 3 * np.eye(200)
    eigenvalues = np.linalg.eigvalsh(matrix)
    largest, smallest, mean = extremes(lambda v: matrix @ v, 200, np.random.default_rng(1))
    np.testing.assert_allclose([smallest, largest], eigenvalues[[0, -1]], rtol=0.02)
    rest = matrix - np.diag(np.diag(matrix))
    assert mean == pytest.approx(eigenvalues.mean(), abs=4 * np.sqrt(2 * (rest**2).sum() / 50) / 200)


def test_the_products_are_those_of_the_networks_hessian(line):
    model = regression_model(units=12)  # 85 weights: by products
    for variable in model.trainable_variables:
        variable.assign_add(0.3 * keras.random.normal(variable.shape, seed=1))
    found = curvature(model, line, examples=40)
    assert found.weights == 85
    x, y = (tf.constant(array) for array in line.arrays("train"))
    drawn = np.sort(np.random.default_rng(0).permutation(len(y))[:40])
    loss = BatchLoss(model, (tf.gather(x, drawn), tf.gather(y, drawn)))
    values = [tf.convert_to_tensor(variable.value) for variable in model.trainable_weights]
    product = loss.hessian_at(values)[2]
    columns = [flatten(product(unflatten(tf.constant(row, tf.float32), values))).numpy() for row in np.eye(85)]
    eigenvalues = np.linalg.eigvalsh(np.stack(columns).astype("float64"))
    assert found.largest == pytest.approx(eigenvalues[-1], rel=0.02)
    assert found.smallest == pytest.approx(eigenvalues[0], rel=0.05, abs=0.01 * eigenvalues[-1])


def test_two_hidden_units_that_are_zero_are_at_a_saddle(line):
    model = regression_model(units=2)
    _, y = line.arrays("train")
    for variable in model.trainable_variables:
        variable.assign(0 * variable)
    model.trainable_variables[-1].assign([y.mean()])
    found = curvature(model, line)
    assert found.kind == "saddle"
    assert found.smallest < 0 < found.largest
    assert str(found).startswith("a saddle point")


def test_where_the_loss_is_zero_is_a_minimum():
    """What is left of the gradient is rounding, however much it is of the loss."""
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    line = recipes.Data.from_arrays(x, x @ np.float32([1, -2, 0.5]) + 1, task="regression")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x, y = (np.asarray(array, np.float64) for array in line.arrays("train"))
    solution = np.linalg.lstsq(np.c_[x, np.ones(len(x))], np.ravel(y), rcond=None)[0]
    model.set_weights([solution[:3, None], solution[3:]])
    found = curvature(model, line)
    assert found.loss < 1e-10
    assert found.weights_norm == pytest.approx(np.linalg.norm(solution), rel=1e-5)
    assert found.kind == "minimum"
    model.set_weights([0.9 * solution[:3, None], solution[3:]])
    assert curvature(model, line).kind == "slope"


def test_words():
    text = str(Curvature(0.5, 1e-4, 50.0, -1e-3, 1e-3, 1000))
    assert text.startswith("a minimum, or a flat valley")
    assert "plain gradient descent diverges at rates above 0.04" in text
    assert "ill-conditioned" in text
    assert "ill-conditioned" not in str(Curvature(0.5, 1e-4, 50.0, 0.0, 1.0, 1000))
    assert "slope" in str(Curvature(0.5, 10.0, 50.0, 0.0, 1.0, 1000))


def test_what_is_refused(line):
    with pytest.raises(InvalidArgument, match="examples must be an integer >= 1"):
        recipes.curvature(regression_model(), line, examples=0)
    with pytest.raises(InvalidArgument, match="compiled"):
        recipes.curvature(keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)]), line)
    broken = regression_model()
    broken.set_weights([np.full((5, 1), np.nan), np.zeros(1)])
    with pytest.raises(InvalidArgument, match="finite"):
        recipes.curvature(broken, line)
