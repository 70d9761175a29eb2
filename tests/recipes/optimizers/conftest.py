"""What the tests of recipes/optimizers/ share: the cases of references.py as fixtures, a problem and a model."""

import keras
import numpy as np
import pytest

from .references import CASES

LIVE = [case for case in CASES if case.momentum_name]


@pytest.fixture(params=[case for case in CASES if case.keras_own is not None], ids=lambda case: case.name)
def keras_case(request):
    """Every optimizer whose rule Keras has too."""
    return request.param


TYPICAL = ("momentum", "adam", "delta_bar_delta")


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    """Every optimizer."""
    return request.param


@pytest.fixture(params=[case for case in CASES if case.elementwise], ids=lambda case: case.name)
def elementwise_case(request):
    """Every optimizer that moves each weight by itself."""
    return request.param


@pytest.fixture(
    params=[
        pytest.param(case, id=case.name, marks=() if case.name in TYPICAL else pytest.mark.thorough) for case in CASES
    ]
)
def typical_case(request):
    """One of each kind of optimizer; the others when asked for."""
    return request.param


@pytest.fixture(params=LIVE, ids=lambda case: case.name)
def live_case(request):
    """Every optimizer whose momentum can change during training."""
    return request.param


@pytest.fixture(params=CASES[:2], ids=lambda case: case.name)
def momentum_case(request):
    """Momentum, classical and Nesterov."""
    return request.param


@pytest.fixture(scope="session")
def problem():
    """(start, gradients): 25 steps for 12 weights; gradients change sign and range from 1e-6 to 1, so eps matters."""
    generator = np.random.default_rng(3)
    scale = 10.0 ** -np.repeat([0, 2, 4, 6], 3)
    gradients = (generator.normal(size=(25, 12)) * scale).astype("float32").astype("float64")
    return np.zeros(12), gradients


@pytest.fixture(scope="session")
def apply():
    """``apply(optimizer, start, gradients, step=...)``: the weights after each step, shape (steps, n)."""

    def run(optimizer, start, gradients, *, dtype="float32", wrap=lambda step: step, before=lambda k: None):
        import tensorflow as tf

        variable = keras.Variable(np.asarray(start, "float32"), dtype=dtype)
        optimizer.build([variable])
        step = wrap(lambda gradient: optimizer.apply([gradient], [variable]))
        path = []
        for k, gradient in enumerate(gradients):
            before(k)
            step(tf.cast(tf.constant(gradient), dtype))
            path.append(np.asarray(variable.numpy(), "float64"))
        return np.array(path)

    return run


@pytest.fixture(scope="session")
def agree():
    """``agree(path, expected, rate)``: whether two trajectories are equal to 1e-5 of the distance covered."""

    def equal(path, expected):
        return bool(np.all(np.abs(path - expected) <= 1e-5 * np.abs(expected).max(0)))

    return equal


@pytest.fixture(scope="session")
def regression():
    """A tf.data.Dataset of 10 batches of a small regression."""
    import tensorflow as tf

    generator = np.random.default_rng(7)
    x = generator.normal(size=(40, 3)).astype("float32")
    y = (x @ [[1.0], [-2.0], [0.5]] + 0.1 * generator.normal(size=(40, 1))).astype("float32")
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(4)


@pytest.fixture(scope="session")
def make_model():
    """``make_model(optimizer)``: always from the same weights, compiled."""

    def make(optimizer, dtype=None, **options):
        kernels = [keras.initializers.RandomNormal(0.5, seed=seed) for seed in (0, 1)]
        layers = [
            keras.layers.Dense(4, activation="tanh", kernel_initializer=kernels[0], dtype=dtype),
            keras.layers.Dense(1, kernel_initializer=kernels[1], dtype=dtype),
        ]
        model = keras.Sequential([keras.Input((3,)), *layers])
        model.compile(optimizer, "mse", **options)
        return model

    return make
