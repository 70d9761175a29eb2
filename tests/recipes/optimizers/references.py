"""The optimizers' references in float64 NumPy. A new optimizer gets its function and its Case here, and is tested."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from recipes.optimizers import OPTIMIZERS

# --- References: start (n,), gradients (steps, n) -> weights after each step (steps, n). All in float64. A rate, a
# --- momentum and a beta_1 may be a number or one number for each step.


def each_step(value, gradients):
    return np.broadcast_to(value, len(gradients))


def momentum(start, gradients, rate, momentum, nesterov, dampening=0.0, rate_inside=True):
    weight, velocity, path = start.copy(), np.zeros_like(start), []
    for gradient, e, mu in zip(gradients, each_step(rate, gradients), each_step(momentum, gradients), strict=True):
        scale = -e if rate_inside else 1.0
        velocity = mu * velocity + scale * (1 - dampening) * gradient
        moved = mu * velocity + scale * (1 - dampening) * gradient if nesterov else velocity
        weight = weight + (moved if rate_inside else -e * moved)
        path.append(weight)
    return np.array(path)


def sgd(start, gradients, rate):
    return start - np.cumsum(each_step(rate, gradients)[:, None] * gradients, 0)


def adagrad(start, gradients, rate, eps, initial):
    weight, total, path = start.copy(), np.full_like(start, initial), []
    for gradient, e in zip(gradients, each_step(rate, gradients), strict=True):
        total = total + gradient**2
        weight = weight - e * gradient / (eps + np.sqrt(total))
        path.append(weight)
    return np.array(path)


def adadelta(start, gradients, rate, rho, eps):
    weight, square, moved, path = start.copy(), np.zeros_like(start), np.zeros_like(start), []
    for gradient, e in zip(gradients, each_step(rate, gradients), strict=True):
        square = rho * square + (1 - rho) * gradient**2
        step = np.sqrt(moved + eps) / np.sqrt(square + eps) * gradient
        moved = rho * moved + (1 - rho) * step**2
        weight = weight - e * step
        path.append(weight)
    return np.array(path)


def rmsprop(start, gradients, rate, rho, eps, momentum=0.0, nesterov=False):
    weight, square, velocity, path = start.copy(), np.zeros_like(start), np.zeros_like(start), []
    for gradient, e, a in zip(gradients, each_step(rate, gradients), each_step(momentum, gradients), strict=True):
        square = rho * square + (1 - rho) * gradient**2
        step = e * gradient / np.sqrt(square + eps)
        velocity = a * velocity - step
        weight = weight + (a * velocity - step if nesterov else velocity)
        path.append(weight)
    return np.array(path)


def adam(start, gradients, rate, beta_1, beta_2, eps, amsgrad=False):
    weight, mean, square, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    largest = square
    pairs = zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True)
    for t, (gradient, e, b) in enumerate(pairs, 1):
        product *= b
        mean = b * mean + (1 - b) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        largest = np.maximum(largest, square) if amsgrad else square
        scale = e * np.sqrt(1 - beta_2**t) / (1 - product)  # eps is added before the correction of the square
        weight = weight - scale * mean / (np.sqrt(largest) + eps)
        path.append(weight)
    return np.array(path)


def adamax(start, gradients, rate, beta_1, beta_2, eps):
    weight, mean, norm, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    for gradient, e, b in zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True):
        product *= b
        mean = b * mean + (1 - b) * gradient
        norm = np.maximum(beta_2 * norm, np.abs(gradient))
        weight = weight - e / (1 - product) * mean / (norm + eps)
        path.append(weight)
    return np.array(path)


def nadam(start, gradients, rate, beta_1, beta_2, eps, decay):
    weight, mean, square, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    pairs = zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True)
    for t, (gradient, e, b) in enumerate(pairs, 1):
        now, following = (b * (1 - 0.5 * 0.96 ** (decay * k)) for k in (t, t + 1))
        product *= now
        mean = b * mean + (1 - b) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        ahead = following * mean / (1 - product * following) + (1 - now) * gradient / (1 - product)
        weight = weight - e * ahead / (np.sqrt(square / (1 - beta_2**t)) + eps)
        path.append(weight)
    return np.array(path)


def radam(start, gradients, rate, beta_1, beta_2, eps, threshold):
    weight, mean, square, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    limit = 2 / (1 - beta_2) - 1
    pairs = zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True)
    for t, (gradient, e, b) in enumerate(pairs, 1):
        product *= b
        mean = b * mean + (1 - b) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        rho = limit - 2 * t * beta_2**t / (1 - beta_2**t)
        step = mean / (1 - product)
        if rho > threshold:
            r = np.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
            step = r * np.sqrt(1 - beta_2**t) * step / (np.sqrt(square) + eps)
        weight = weight - e * step
        path.append(weight)
    return np.array(path)


def delta_bar_delta(start, gradients, rate, kappa, phi, theta):
    weight, gain, average, path = start.copy(), np.ones_like(start), np.zeros_like(start), []
    for gradient, e in zip(gradients, each_step(rate, gradients), strict=True):
        agreement = average * gradient
        gain = np.where(agreement > 0, gain + kappa, np.where(agreement < 0, gain * (1 - phi), gain))
        average = (1 - theta) * gradient + theta * average
        weight = weight - e * gain * gradient
        path.append(weight)
    return np.array(path)


def lion(start, gradients, rate, beta_1, beta_2):
    weight, mean, path = start.copy(), np.zeros_like(start), []
    for gradient, e, b in zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True):
        weight = weight - e * np.sign(b * mean + (1 - b) * gradient)
        mean = beta_2 * mean + (1 - beta_2) * gradient
        path.append(weight)
    return np.array(path)


def adamw(start, gradients, rate, beta_1, beta_2, eps, weight_decay):
    """As the paper has it: from :func:`adam`'s steps, which do not depend on the weights."""
    steps = np.diff(adam(np.zeros_like(start), gradients, rate, beta_1, beta_2, eps), axis=0, prepend=0)
    weight, path = start.copy(), []
    for step, e in zip(steps, each_step(rate, gradients), strict=True):
        weight = weight - e * weight_decay * weight + step
        path.append(weight)
    return np.array(path)


def norm_ratio(weight, step):
    """LAMB's |w| / |u|, or 1 if either is 0."""
    weights, steps = np.linalg.norm(weight), np.linalg.norm(step)
    return weights / steps if weights > 0 and steps > 0 else 1.0


def lamb(start, gradients, rate, beta_1, beta_2, eps, weight_decay=0.0):
    weight, mean, square, path, product = start.copy(), np.zeros_like(start), np.zeros_like(start), [], 1.0
    pairs = zip(gradients, each_step(rate, gradients), each_step(beta_1, gradients), strict=True)
    for t, (gradient, e, b) in enumerate(pairs, 1):
        product *= b
        mean = b * mean + (1 - b) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        step = mean / (1 - product) / (np.sqrt(square / (1 - beta_2**t)) + eps) + weight_decay * weight
        weight = weight - e * norm_ratio(weight, step) * step
        path.append(weight)
    return np.array(path)


def adafactor(start, gradients, rate, exponent, eps_1, eps_2, clip):
    """Vectors and matrices: start (...), gradients (steps, ...)."""
    weight, rows, columns, square, path = start.copy(), 0.0, 0.0, 0.0, []
    for t, (gradient, e) in enumerate(zip(gradients, each_step(rate, gradients), strict=True), 1):
        share, new = t**-exponent, gradient**2 + eps_1
        if start.ndim < 2:
            square = (1 - share) * square + share * new
        else:
            rows = (1 - share) * rows + share * new.mean(-1)
            columns = (1 - share) * columns + share * new.mean(-2)
            square = rows[..., :, None] * columns[..., None, :] / rows.mean(-1)[..., None, None]
        step = gradient / np.sqrt(square)
        step = step / max(1, np.sqrt(np.mean(step**2)) / clip)
        weight = weight - e * max(eps_2, np.sqrt(np.mean(weight**2))) * step
        path.append(weight)
    return np.array(path)


def muon_of_vectors(start, gradients, rate, adam_beta_1, beta_2, eps):
    """Adam, whose beta_1 is not the momentum that 1cycle moves."""
    return adam(start, gradients, rate, adam_beta_1, beta_2, eps)


def muon(start, gradients, rate, momentum, steps=5):
    """Of matrices: start (n, k), gradients (steps, n, k)."""
    weight, mean, path = start.copy(), np.zeros_like(start), []
    for gradient, e, mu in zip(gradients, each_step(rate, gradients), each_step(momentum, gradients), strict=True):
        mean = mu * mean + (1 - mu) * gradient
        x = mu * mean + (1 - mu) * gradient
        left, values, right = np.linalg.svd(x / (np.linalg.norm(x) + 1e-7), full_matrices=False)
        for _ in range(steps):  # the iteration changes the singular values alone
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        weight = weight - e * 0.2 * np.sqrt(max(start.shape)) * left @ np.diag(values) @ right
        path.append(weight)
    return np.array(path)


def schedule_free(start, gradients, rate, beta, beta_2, eps, averaged=False):
    """With x, y and z as the paper has them; what the model has in training: y. If ``averaged``: x."""
    x, y, z, square, path = start.copy(), start.copy(), start.copy(), np.zeros_like(start), []
    total = largest = 0.0
    for t, (gradient, e) in enumerate(zip(gradients, each_step(rate, gradients), strict=True), 1):
        largest = max(largest, e)
        total += largest**2
        c = largest**2 / total
        square = beta_2 * square + (1 - beta_2) * gradient**2
        z = z - e * gradient / (np.sqrt(square / (1 - beta_2**t)) + eps)
        x = (1 - c) * x + c * z
        y = (1 - beta) * z + beta * x
        path.append(x if averaged else y)
    return np.array(path)


def lookahead(start, gradients, rate, beta, beta_2, eps, slow_rate, steps):
    """Around :func:`adam`, whose steps do not depend on the weights."""
    moves = np.diff(adam(np.zeros_like(start), gradients, rate, beta, beta_2, eps), axis=0, prepend=0)
    slow, fast, path = start.copy(), start.copy(), []
    for t, move in enumerate(moves, 1):
        fast = fast + move
        if t % steps == 0:
            slow = slow + slow_rate * (fast - slow)
            fast = slow
        path.append(fast)
    return np.array(path)


@dataclass(frozen=True)
class Case:
    """One optimizer: the name of its entry, its reference, and the reference's parameters."""

    name: str
    reference: Callable[..., np.ndarray]
    parameters: dict = field(default_factory=dict)
    rate: float = 0.01
    descent: float = 0.01  # a rate at which it finds the bottom of a parabola
    valley: float = 0.01  # and of Rosenbrock's function
    fused: bool = False  # whether TensorFlow has one kernel for the whole update, which it uses
    keras_own: Callable[[float], keras.optimizers.Optimizer] | None = None  # Keras' own of the same rule
    moved: dict = field(default_factory=dict)  # parameter: the least factor that shows in 25 steps, where not 1.001
    options: dict = field(default_factory=dict)  # with which the entry is built
    elementwise: bool = True  # whether each weight moves by itself, whatever the others of its variable

    @property
    def momentum_name(self):
        """What its reference calls the hyperparameter that 1cycle moves, or None."""
        return next((name for name in ("momentum", "beta_1") if name in self.parameters), None)

    def build(self, **options):
        return OPTIMIZERS.build(self.name, **{"learning_rate": self.rate, **self.options, **options})

    def path(self, start, gradients, **changed):
        return self.reference(start, gradients, **{"rate": self.rate, **self.parameters, **changed})


EPS = 1e-7
BETAS = {"beta_1": 0.9, "beta_2": 0.999, "eps": EPS}
FUSED = {"fused": True}
K = keras.optimizers
CASES = [
    Case(
        "momentum",
        momentum,
        {"momentum": 0.9, "nesterov": False},
        0.1,
        0.02,
        3e-4,
        keras_own=lambda rate: K.SGD(rate, 0.9),
        **FUSED,
    ),
    Case(
        "nesterov",
        momentum,
        {"momentum": 0.9, "nesterov": True},
        0.1,
        0.02,
        3e-4,
        keras_own=lambda rate: K.SGD(rate, 0.9, True),
        **FUSED,
    ),
    Case("rmsprop", rmsprop, {"rho": 0.9, "eps": EPS}, 0.01, 0.003, 3e-3, keras_own=K.RMSprop),
    Case(
        "rmsprop_nesterov",
        rmsprop,
        {"rho": 0.9, "eps": EPS, "momentum": 0.9, "nesterov": True},
        *(0.01, 1e-3, 3e-4),
        **FUSED,
    ),
    Case("adam", adam, BETAS, 0.01, 0.03, 0.03, keras_own=K.Adam, **FUSED),
    Case(
        "adamw",
        adamw,
        {**BETAS, "weight_decay": 0.01},
        *(0.01, 0.03, 0.03),
        keras_own=lambda rate: K.AdamW(rate, weight_decay=0.01),
        moved={"weight_decay": 1.1},
        options={"decay": "all"},
        **FUSED,
    ),
    Case(
        "amsgrad",
        adam,
        {**BETAS, "amsgrad": True},
        0.01,
        0.03,
        0.03,
        keras_own=lambda rate: K.Adam(rate, amsgrad=True),
        **FUSED,
    ),
    Case("adamax", adamax, BETAS, 0.01, 0.03, 0.03, keras_own=K.Adamax, **FUSED),
    Case("nadam", nadam, {**BETAS, "decay": 1.0}, 0.01, 0.03, 0.03, keras_own=K.Nadam, **FUSED),
    Case("radam", radam, {**BETAS, "threshold": 5.0}, 0.01, 0.03, 3e-3, moved={"threshold": 1.2}, **FUSED),
    Case(
        "lion",
        lion,
        {"beta_1": 0.9, "beta_2": 0.99},
        *(0.01, 3e-3, 1e-3),
        keras_own=K.Lion,
        moved={"beta_1": 1.02, "beta_2": 1.002},
    ),
    Case(
        "lamb",
        lamb,
        {"beta_1": 0.9, "beta_2": 0.999, "eps": 1e-6},
        *(0.01, 0.03, 1e-3),
        keras_own=lambda rate: K.Lamb(rate, epsilon=1e-6),
        options={"adapted": "all"},
        elementwise=False,
        **FUSED,
    ),
    Case(
        "adafactor",
        adafactor,
        {"exponent": 0.8, "eps_1": 1e-8, "eps_2": 1e-3, "clip": 1.0},
        *(0.01, 0.03, 3e-3),
        keras_own=lambda rate: K.Adafactor(rate, epsilon_1=1e-8),
        moved={"eps_1": 1.1},
        options={"epsilon_1": 1e-8},  # the usual 1e-30 shows nowhere
        elementwise=False,
    ),
    Case(  # of vectors; of matrices: test_muon.py
        "muon",
        muon_of_vectors,
        {"adam_beta_1": 0.9, "beta_2": 0.999, "eps": EPS},
        *(0.01, 0.03, 0.03),
        keras_own=lambda rate: K.Muon(rate, adam_weight_decay=None, weight_decay=None),
        elementwise=False,
    ),
    Case(
        "schedule_free_adamw",
        schedule_free,
        {"beta": 0.9, "beta_2": 0.999, "eps": EPS},
        *(0.01, 0.03, 0.03),
    ),
    Case(
        "lookahead",
        lookahead,
        {"beta": 0.9, "beta_2": 0.999, "eps": EPS, "slow_rate": 0.5, "steps": 5},
        *(0.01, 0.03, 0.03),
        moved={"steps": 1.2},
        **FUSED,
    ),
    Case("adagrad", adagrad, {"eps": EPS, "initial": 0.0}, 0.1, 0.3, 0.3, **FUSED),
    Case(
        "adadelta",
        adadelta,
        {"rho": 0.95, "eps": 1e-6},
        1.0,
        1.0,
        1.0,
        keras_own=lambda rate: K.Adadelta(rate, epsilon=1e-6),
        **FUSED,
    ),
    Case("sgd", sgd, {}, 0.1, 0.1, 2e-3, keras_own=K.SGD),
    Case(
        "delta_bar_delta",
        delta_bar_delta,
        {"kappa": 0.1, "phi": 0.2, "theta": 0.7},
        *(0.1, 0.02, 5e-4),
        moved={"theta": 1.3},
    ),
]
"""A case for every optimizer that takes a step of given length along its gradient."""
