"""curvature: the extreme eigenvalues of the loss's Hessian, and whether a training ended in a minimum or a saddle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer
from ...callbacks.taken import check_compiled
from ..data import Data
from ..data.named_arrays import apply, take
from ..optimizers.batch_loss import BatchLoss, flatten, unflatten
from ..trainer import LARGEST_SEED
from ..training_checks import check_data, check_shapes

__all__ = ["Curvature", "curvature"]

DENSE = 64
"""Up to so many weights the whole Hessian is computed."""

ACCURACY = 0.01
"""The relative accuracy of the eigenvalues."""

VECTORS = 50
"""Random vectors for the mean eigenvalue."""

FLAT = 0.01
"""Curvature below this share of the largest is none; so is a gradient whose step would lower the loss by less of it."""

ROUNDING = float(np.finfo(np.float32).eps)
"""Relative to the weights, a step that is lost in them."""

ILL = 1000.0
"""The ratio of the largest to the median curvature from which plain gradient descent is slow."""


@dataclass(frozen=True)
class Curvature:
    """The curvature of a loss where the weights of a model are. ``str(curvature)`` says what that means.

    Attributes:
        loss: there.
        gradient_norm: its gradient's L2 norm.
        largest, smallest: the extreme eigenvalues of its Hessian, to about 1 %.
        mean: about the mean of all eigenvalues, estimated from 50 random vectors.
        weights: their number.
        weights_norm: their L2 norm.
    """

    loss: float
    gradient_norm: float
    largest: float
    smallest: float
    mean: float
    weights: int
    weights_norm: float = 0.0

    @property
    def stable_rate(self) -> float:
        """The rate above which plain gradient descent diverges along the most curved direction: 2 / largest."""
        return 2.0 / self.largest if self.largest > 0 else float("inf")

    @property
    def kind(self) -> str:
        """One of "minimum", "saddle" and "slope".

        On a slope a step along the gradient, of the length that suits the largest curvature, lowers the loss by more
        than 1 % of it, and changes the weights by more than their rounding. A saddle has no such slope, but a direction
        in which the loss curves down, by more than 1 % of the largest curvature.
        """
        size = max(self.largest, -self.smallest)
        lowers = size > 0 and self.gradient_norm**2 / (2 * size) > FLAT * abs(self.loss)
        if lowers and self.gradient_norm / size > ROUNDING * self.weights_norm:
            return "slope"
        return "saddle" if self.smallest < -FLAT * max(self.largest, 0.0) else "minimum"

    def __str__(self) -> str:
        where = {
            "minimum": "a minimum, or a flat valley: the loss curves up or not at all in every direction",
            "saddle": "a saddle point: the gradient is small, but in some direction the loss curves down",
            "slope": "a slope: the gradient still leads down"
            + (", and in some direction the loss curves down" if self.smallest < 0 else ""),
        }[self.kind]
        numbers = f"eigenvalues of the Hessian from {self.smallest:.3g} to {self.largest:.3g}, mean {self.mean:.2g}"
        parts = [f"{where} ({numbers}; gradient {self.gradient_norm:.2g}, loss {self.loss:.3g})"]
        if self.largest > 0:
            parts.append(f"plain gradient descent diverges at rates above {self.stable_rate:.2g}")
        if 0 < self.mean * ILL < self.largest:
            parts.append("ill-conditioned: few directions are far more curved than the others; use an adaptive rate")
        return "; ".join(parts)


@checked
def curvature(model: keras.Model, data: Data, *, examples: int = 1000, seed: int = 0) -> Curvature:
    """How the loss of a model curves around its weights: whether in a minimum, at a saddle point or on a slope.

    The extreme eigenvalues of the Hessian are found by Lanczos' method from exact products of the Hessian with vectors;
    the matrix is never formed. The loss is that of the training step on some training examples: with penalties, and
    with one draw of dropout. The largest eigenvalue is also called sharpness: gradient descent is stable below a rate
    of 2 / largest.

    Args:
        model: compiled: ``run.model``.
        data: of its training.
        examples: the number of training examples that the loss is the mean of, drawn at random; >= 1. Default 1000.
        seed: of the draw and of the random vectors, >= 0. Default 0.

    Returns:
        A :class:`Curvature`.

    Raises:
        InvalidArgument: for a model that does not fit the data or is not compiled, or a loss that is not finite.

    Source: LeCun et al. 1993; Dauphin et al. 2014, arXiv:1406.2572, on saddle points; Cohen et al. 2021,
    arXiv:2103.00065, on sharpness; Hutchinson 1990 for the mean.

    Example:
        >>> print(recipes.curvature(run.model, data))                            # doctest: +SKIP
        a minimum, or a flat valley: the loss curves up or not at all in every direction (eigenvalues ...
    """
    import tensorflow as tf

    check_data(data)
    check_shapes(model, data.spec)
    check_compiled(model)
    examples = check_integer("examples", examples, low=1)
    generator = np.random.default_rng(check_integer("seed", seed, low=0, high=LARGEST_SEED))
    x, y = data.arrays("train")
    drawn = np.sort(generator.permutation(len(y))[:examples])
    batch = (apply(tf.convert_to_tensor, take(x, drawn)), tf.convert_to_tensor(y[drawn]))
    values = [tf.convert_to_tensor(weight.value) for weight in model.trainable_weights]
    if not values:
        raise InvalidArgument("model", model.name, "one with trainable weights")
    loss = BatchLoss(model, batch)

    @tf.function(autograph=False)
    def product(vector: Any) -> Any:
        return flatten(loss.hessian_at(values)[2](unflatten(vector, values)))

    now, gradient = loss.loss_and_gradient(values)
    slopes = flatten(gradient).numpy().astype(np.float64)
    if not np.isfinite(float(now)) or not np.isfinite(slopes).all():
        accepted = f"one whose loss and gradient are finite (the loss is {float(now):.3g})"
        raise InvalidArgument("model", model.name, accepted)
    dtype = flatten(values).dtype
    spectrum = extremes(lambda v: product(tf.constant(v, dtype)).numpy().astype(np.float64), len(slopes), generator)
    norm = float(np.linalg.norm(flatten(values).numpy().astype(np.float64)))
    return Curvature(float(now), float(np.linalg.norm(slopes)), *spectrum, len(slopes), norm)


def extremes(product: Any, size: int, generator: np.random.Generator) -> tuple[float, float, float]:
    """The largest, the smallest and the mean eigenvalue of a symmetric matrix of this size, from its products."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    if size <= DENSE:
        matrix = np.stack([product(column) for column in np.eye(size)])
        eigenvalues = np.linalg.eigvalsh((matrix + matrix.T) / 2)
        return float(eigenvalues[-1]), float(eigenvalues[0]), float(eigenvalues.mean())
    matrix = LinearOperator((size, size), matvec=lambda v: product(np.ravel(v)), dtype=np.float64)
    options = {"k": 1, "tol": ACCURACY, "v0": generator.normal(size=size), "return_eigenvectors": False, "ncv": 20}
    largest, smallest = (float(eigsh(matrix, which=which, **options)[0]) for which in ("LA", "SA"))
    signs = generator.choice([-1.0, 1.0], size=(VECTORS, size))
    return largest, smallest, float(np.mean([vector @ product(vector) for vector in signs]) / size)
