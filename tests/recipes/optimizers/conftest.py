"""The list of optimizers with their float64 references, shared by the tests of recipes/optimizers/."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

from recipes.optimizers import OPTIMIZERS

# --- References: start (n,), gradients (steps, n) -> weights after each step (steps, n). All in float64. ---


def momentum(start, gradients, rate, momentum, nesterov):
    weight, velocity, path = start.copy(), np.zeros_like(start), []
    for gradient in gradients:
        velocity = momentum * velocity - rate * gradient
        weight = weight + (momentum * velocity - rate * gradient if nesterov else velocity)
        path.append(weight)
    return np.array(path)


def sgd(start, gradients, rate):
    return start - rate * np.cumsum(gradients, 0)


def rmsprop(start, gradients, rate, rho, eps):
    weight, square, path = start.copy(), np.zeros_like(start), []
    for gradient in gradients:
        square = rho * square + (1 - rho) * gradient**2
        weight = weight - rate * gradient / np.sqrt(square + eps)
        path.append(weight)
    return np.array(path)


def adam(start, gradients, rate, beta_1, beta_2, eps):
    weight, mean, square, path = start.copy(), np.zeros_like(start), np.zeros_like(start), []
    for t, gradient in enumerate(gradients, 1):
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        scale = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)  # eps is added before the correction of the square
        weight = weight - scale * mean / (np.sqrt(square) + eps)
        path.append(weight)
    return np.array(path)


def nadam(start, gradients, rate, beta_1, beta_2, eps):
    weight, mean, square, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    for t, gradient in enumerate(gradients, 1):
        now, following = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        product *= now
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        ahead = following * mean / (1 - product * following) + (1 - now) * gradient / (1 - product)
        weight = weight - rate * ahead / (np.sqrt(square / (1 - beta_2**t)) + eps)
        path.append(weight)
    return np.array(path)


@dataclass(frozen=True)
class Case:
    """One optimizer: the name of its entry, its reference, and the reference's parameters."""

    name: str
    reference: Callable[..., np.ndarray]
    parameters: dict = field(default_factory=dict)
    rate: float = 0.01
    descent: float = 0.01  # a rate at which it finds the bottom of a parabola

    def build(self, **options):
        return OPTIMIZERS.build(self.name, **{"learning_rate": self.rate, **options})

    def path(self, start, gradients, **changed):
        return self.reference(start, gradients, **{"rate": self.rate, **self.parameters, **changed})


EPS = 1e-7
CASES = [  # a new optimizer is one line here
    Case("momentum", momentum, {"momentum": 0.9, "nesterov": False}, 0.1, 0.02),
    Case("nesterov", momentum, {"momentum": 0.9, "nesterov": True}, 0.1, 0.02),
    Case("rmsprop", rmsprop, {"rho": 0.9, "eps": EPS}, 0.01, 0.003),
    Case("adam", adam, {"beta_1": 0.9, "beta_2": 0.999, "eps": EPS}, 0.01, 0.03),
    Case("nadam", nadam, {"beta_1": 0.9, "beta_2": 0.999, "eps": EPS}, 0.01, 0.03),
    Case("sgd", sgd, {}, 0.1, 0.1),
]


@pytest.fixture(scope="session")
def all_cases():
    """The list itself."""
    return CASES


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    """Every optimizer."""
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
