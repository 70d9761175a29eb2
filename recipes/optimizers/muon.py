"""Muon: orthogonalized momentum for the hidden dense kernels, AdamW for everything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_integer, check_number
from ...callbacks.inside.weights import is_kernel
from ..catalogue import Entry, Range
from .base import Live, Optimizer, cast, checked_patterns, power_rest

__all__ = ["ENTRIES", "Muon"]

A, B, C = 3.4445, -4.7750, 2.0315
"""The polynomial A s + B s^3 + C s^5 that brings singular values s near 1."""

SCALE = 0.2
"""The root mean square of a step at a rate of 1: about Adam's, so that both share their rate and weight decay."""


OUTPUTS = "outputs"
"""How the names of output layers end in the models of this package."""


@keras.saving.register_keras_serializable(package="recipes")
class Muon(Optimizer):
    """Muon: the momentum of each hidden dense kernel is made (nearly) orthogonal, so that all its directions learn.

    With rate e, gradient g, momentum mu and mean m (zero at first), for a kernel of n x k weights::

        m <- mu m + (1 - mu) g
        O = newton_schulz(mu m + (1 - mu) g)
        w <- w - e 0.2 sqrt(max(n, k)) O

    where ``newton_schulz`` divides by the Frobenius norm and repeats ``X <- 3.4445 X - 4.775 (X X') X + 2.0315 (X X')^2
    X`` five times: the singular values become 0.7 to 1.2. The factor 0.2 sqrt(max(n, k)) gives the step the size of
    Adam's, so one rate and one weight decay suit both (Liu et al. 2025).

    **Everything else** is trained by Adam with decoupled weight decay, at the same rate: kernels of convolutions,
    embeddings, the last layer with a kernel, which makes the outputs, biases, and the scale and shift of normalization
    (whatever its rank). Keras' ``Muon`` orthogonalizes the output layer too, unless it is named, and every other weight
    of rank 2, such as the two biases of a GRU. Of a model with several outputs, those of layers whose name ends in
    "outputs", as in the models of this package, are Adam's, too; name others in ``adam_layers``.

    ``momentum`` may be assigned at any time, so 1cycle can vary it; it is that of the orthogonalized part.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        momentum: mu in [0, 1), live. Default 0.95.
        adam_beta_1, adam_beta_2: Adam's, in [0, 1). Default 0.9 and 0.999.
        epsilon: Adam's, > 0. Default 1e-7.
        adam_layers: regular expressions, searched in a variable's path ("block/dense_1/kernel"), for further variables
            that Adam trains. Default none.
        steps: of the Newton-Schulz iteration, >= 1. Default 5.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/; Liu et al. 2025, arXiv:2502.16982.

    Example:
        >>> layers = [keras.layers.Dense(4, name="first"), keras.layers.Dense(3, name="last")]
        >>> model = keras.Sequential([keras.Input((2,)), *layers], name="model")
        >>> optimizer = Muon(0.01)
        >>> optimizer.build(model.trainable_variables)
        >>> [variable.path for variable in optimizer.orthogonalized]
        ['model/first/kernel']
    """

    momentum = Live()
    live_hyperparameters = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        momentum: float = 0.95,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        epsilon: float = 1e-7,
        adam_layers: Sequence[str] = (),
        steps: int = 5,
        name: str = "muon",
        **options: Any,
    ):
        super().__init__(learning_rate, name=name, **options)
        self.add_live("momentum", momentum)
        self.adam_beta_1 = check_number("adam_beta_1", adam_beta_1, low=0, below=1)
        self.adam_beta_2 = check_number("adam_beta_2", adam_beta_2, low=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, above=0)
        self.steps = check_integer("steps", steps, low=1)
        self.adam_layers = checked_patterns("adam_layers", adam_layers)

    def build(self, variables: list[Any]) -> None:
        """Decides which variables are orthogonalized; creates a mean for each, and a mean square for the others."""
        if self.built:
            return
        super().build(variables)
        kernels = [_layer(variable) for variable in variables if is_kernel(variable)]
        self.means = self.add_optimizer_variables(variables, "mean")
        self.squares: list[Any] = []
        for variable in variables:
            adam = (
                not is_kernel(variable)
                or len(variable.shape) != 2
                or "embedding" in variable.path.lower()
                or _layer(variable) == kernels[-1]
                or str(_layer(variable)).endswith(OUTPUTS)
                or any(re.search(pattern, variable.path) for pattern in self.adam_layers)
            )
            self.squares.append(self.add_variable_from_reference(variable, "squares") if adam else None)

    @property
    def orthogonalized(self) -> list[Any]:
        """The variables whose steps are orthogonal; Adam trains the others. The optimizer must be built."""
        return [
            variable for variable, squares in zip(self.trained_variables, self.squares, strict=True) if squares is None
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        gradient, rate = cast(dtype, gradient, learning_rate)
        index = self.index_of(variable)
        mean, squares = self.means[index], self.squares[index]
        if squares is not None:
            self.assign_add(mean, ops.multiply(gradient - mean, 1.0 - self.adam_beta_1))
            self.assign_add(squares, ops.multiply(ops.square(gradient) - squares, 1.0 - self.adam_beta_2))
            correction = self.once("correction", dtype, self._correction)
            step = ops.multiply(mean, correction) / (ops.sqrt(squares) + self.epsilon)
        else:
            rest = self.once("1 - momentum", dtype, lambda: 1.0 - ops.convert_to_tensor(self.momentum))
            self.assign_add(mean, ops.multiply(gradient - mean, rest))
            step = newton_schulz(gradient + (mean - gradient) * (1.0 - rest), self.steps)
            step = step * (SCALE * max(variable.shape) ** 0.5)
        self.assign_sub(variable, ops.multiply(step, rate))

    def _correction(self) -> Any:
        """sqrt(1 - beta_2^t) / (1 - beta_1^t), with which Adam makes up for averages that start at 0."""
        step = self.iterations + 1
        return ops.sqrt(power_rest(self.adam_beta_2, step)) / power_rest(self.adam_beta_1, step)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``momentum`` as a float."""
        names = ("adam_beta_1", "adam_beta_2", "epsilon", "adam_layers", "steps")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _layer(variable: Any) -> Any:
    """The path of the layer that holds a variable; of one without a layer, what tells it from others."""
    return variable.path.rpartition("/")[0] or id(variable)


def newton_schulz(matrix: Any, steps: int = 5) -> Any:
    """A matrix with the same singular vectors and singular values of 0.7 to 1.2; those near 0 grow by 3.4 per step.

    Args:
        matrix: shape (n, k). Computed in single precision at least.
        steps: of the iteration.

    Source: Jordan et al. 2024.

    Example:
        >>> [round(float(value), 2) for value in ops.diag(newton_schulz(ops.array([[2.0, 0.0], [0.0, 0.5]])))]
        [0.74, 0.74]
    """
    dtype = keras.backend.standardize_dtype(matrix.dtype)
    x = ops.cast(matrix, keras.backend.result_type(dtype, "float32"))
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(x) if tall else x  # the smaller of the two products
    x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
    for _ in range(steps):
        product = ops.matmul(x, ops.transpose(x))
        x = A * x + ops.matmul(B * product + C * ops.matmul(product, product), x)
    return ops.cast(ops.transpose(x) if tall else x, dtype)


ENTRIES = (
    Entry(
        "muon",
        Muon,
        "Orthogonal steps for hidden dense kernels, AdamW for everything else.",
        "Jordan et al. 2024; Liu et al. 2025",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        when="For wide hidden dense kernels. Not for networks that consist of convolutions, embeddings "
        "and small layers: those get AdamW in any case.",
    ),
)
