"""Style, hidden_block, output_layer: the arguments, the hidden block and the output that the factories share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument, check_choice, check_integer
from ..activations import ACTIVATIONS
from ..choice import build, parse_several
from ..initializers import bias_initializer
from ..initializers.kernel import check_kernel_initializer, kernel_initializer
from ..normalizations import NORMALIZATIONS, SHIFTS, normalized
from ..regularization import REGULARIZERS
from ..regularization.penalties import penalty_of
from .preprocessing import rescaled

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["DEEP", "Style", "hidden_block", "input_shape_of", "output_layer", "regularized", "sizes"]

DEEP = 5
"""A network with at least this many hidden layers is deep: "auto" normalization means batch normalization."""

OUTPUT_SCALE = 0.01
"""Variance of the output kernel as a fraction of Glorot's: a new network predicts nearly the mean, or equal chances.
With all of it, a small training spends its updates on undoing random predictions; with zeros, no gradient would reach
the hidden layers in the first step."""


@dataclass
class Style:
    """How the layers of one network are built, in the same way for every factory.

    A Style counts the kernels it has initialized, so that all layers draw different weights, even from a seeded
    initializer. Use a new one for every model.

    Args:
        activation: a name in the catalogue of activations. Default "elu".
        initializer: a name in the catalogue of initializers, a mapping of a name and options, "auto" (by activation),
            or a Keras initializer. Default "he_normal".
        normalization: "auto" (batch normalization from 5 hidden layers on), "none", or a name:
            "batch", "layer", "group", "rms" or "unit" (``recipes list normalizations``).
        regularizer: a choice, several joined by "+" ("l2+dropout"), a sequence of choices, or "none". The attribute is
            a tuple of :class:`recipes.regularization.Regularizer` objects.
        depth: number of hidden layers, for "auto" normalization.
        bias: initial biases: a number, "auto" (by activation) or a Keras initializer. Default 0.

    Attributes:
        kernels: number of hidden kernels initialized so far.
    """

    activation: str = "elu"
    initializer: Any = "he_normal"
    normalization: str = "auto"
    regularizer: Any = ()
    depth: int = 1
    bias: Any = 0.0
    kernels: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        ACTIVATIONS[self.activation]
        check_kernel_initializer(self.initializer, self.activation)
        bias_initializer(self.bias, self.activation)
        check_choice("normalization", self.normalization, ("auto", *NORMALIZATIONS, "none"))
        choices = parse_several(REGULARIZERS, self.regularizer)
        self.regularizer = tuple(build(REGULARIZERS, choice) for choice in choices)

    @property
    def batch_norm(self) -> bool:
        """Whether hidden layers are batch-normalized."""
        return self.normalization == "batch" or (self.normalization == "auto" and self.depth >= DEEP)

    @property
    def use_bias(self) -> bool:
        """Whether hidden layers have a bias: not if the shift of their normalization replaces it."""
        return not self.batch_norm and self.normalization not in SHIFTS

    def normalized(self, x: Any) -> Any:
        """``x`` after the normalization of hidden layers, if there is one."""
        name = "batch" if self.batch_norm else self.normalization
        return normalized(x, name) if name in NORMALIZATIONS else x

    def kernel(self, rank: int = 2, *, linear: bool = False) -> dict[str, Any]:
        """The keyword arguments for a layer with a kernel: new initializers, the penalties and the constraint.

        Args:
            rank: of the kernel: 2 for dense layers, 4 for convolutions of images.
            linear: whether no hidden activation follows: Glorot's variance, whatever the hidden layers use.
        """
        if linear:
            return {"kernel_initializer": keras.initializers.GlorotUniform(), **self.restraints(rank)}
        initializer = kernel_initializer(self.initializer, self.activation, self.kernels)
        self.kernels += 1
        bias = bias_initializer(self.bias, self.activation)
        return {"bias_initializer": bias, "kernel_initializer": initializer, **self.restraints(rank)}

    def output_kernel(self) -> dict[str, Any]:
        """The keyword arguments for the output layer: a small kernel, the penalties and the constraint."""
        small = keras.initializers.VarianceScaling(OUTPUT_SCALE, "fan_avg", "uniform")
        return {"kernel_initializer": small, **self.restraints()}

    def restraints(self, rank: int = 2) -> dict[str, Any]:
        """The penalties and the constraint as keyword arguments, without initializers."""
        constraints = [regularizer.kernel_constraint(rank) for regularizer in self.regularizer]
        constraints = [constraint for constraint in constraints if constraint is not None]
        if len(constraints) > 1:
            raise InvalidArgument("regularizer", self.regularizer, "given at most one constraint on the kernels")
        return {"kernel_regularizer": penalty_of(self.regularizer), "kernel_constraint": next(iter(constraints), None)}


def hidden_block(x: Any, layer: keras.layers.Layer, style: Style, *, last: bool = False) -> Any:
    """``layer``, then normalization (if the style has it), activation and dropout.

    Create ``layer`` with ``use_bias=style.use_bias``: the shift of a normalization replaces the bias. ``last`` means
    that no hidden block follows.
    """
    x = style.normalized(layer(x))
    x = ACTIVATIONS.build(style.activation)(x)
    return regularized(x, style, normalized=style.batch_norm and not last)


def regularized(x: Any, style: Style, *, normalized: bool = False) -> Any:
    """Activations with the layers of the regularizers, such as dropout.

    Args:
        x: of shape (batch, ...).
        style: provides the regularizers.
        normalized: whether batch normalization follows.
    """
    for regularizer in style.regularizer:
        extra = regularizer.after_activation(len(x.shape), normalized=normalized)
        if extra is not None:
            x = extra(x)
    return x


def input_shape_of(
    spec: Spec | None, input_shape: Sequence[int | None] | None, outputs: int | None
) -> tuple[tuple, int]:
    """The input shape (without the batch) and the number of outputs, from a Spec or from plain values.

    Raises:
        InvalidArgument: if both or neither are given, or a size is not a positive integer; only the steps of a
            sequence, (steps, size), may be None.
    """
    if spec is not None:
        if input_shape is not None or outputs is not None:
            raise InvalidArgument("spec", spec, "given alone, or input_shape and outputs instead of it")
        return tuple(spec.input_shape), spec.outputs
    if input_shape is None or outputs is None:
        missing = "input_shape" if input_shape is None else "outputs"
        raise InvalidArgument(missing, None, "given where there is no Spec")
    if not isinstance(input_shape, Sequence):
        input_shape = (input_shape,)
    if not input_shape:
        raise InvalidArgument("input_shape", input_shape, "at least one size, without the batch")
    free = (None,) if len(input_shape) == 2 and input_shape[0] is None else ()
    known = sizes("input_shape", input_shape[len(free) :])  # type: ignore[arg-type]
    return (*free, *known), check_integer("outputs", outputs, low=1)


def sizes(name: str, values: Sequence[int]) -> list[int]:
    """The sizes of several layers as a list of integers >= 1.

    Raises:
        InvalidArgument: for any other value; it names the argument.
    """
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise InvalidArgument(name, values, "a sequence of integers >= 1, one per layer")
    return [check_integer(name, value, low=1) for value in values]


def output_layer(x: Any, spec: Spec | None, outputs: int, task: str | None, style: Style, linear: Any = None) -> Any:
    """Class probabilities (softmax), probabilities of the positive class (sigmoid), or numbers, depending on the task.

    With a Spec, the model itself rescales numbers to the units of the targets. ``linear`` is added to the logits, or to
    the numbers in units of their standard deviation.

    Raises:
        InvalidArgument: for a task other than "multiclass", "binary", "multilabel" and "regression", or one that
            ``outputs`` contradicts.
    """
    if spec is not None:
        task = spec.task
    elif task is None:
        task = "multiclass" if outputs > 1 else "binary"
    check_choice("task", task, ("multiclass", "binary", "multilabel", "regression"))
    if (task == "multiclass" and outputs < 2) or (task == "binary" and outputs != 1):
        raise InvalidArgument("outputs", outputs, "1 for a binary task and at least 2 for a multiclass one")
    x = keras.layers.Dense(outputs, **style.output_kernel(), name="outputs")(x)
    if linear is not None:
        x = keras.layers.Add(dtype="float32", name="with_linear_part")([x, linear])
    if task == "multiclass":
        return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(x)
    if task in ("binary", "multilabel"):
        name = "probability" if task == "binary" else "probabilities"
        return keras.layers.Activation("sigmoid", dtype="float32", name=name)(x)
    if spec is not None and spec.target_mean is not None:
        return rescaled(x, spec.target_mean, spec.target_variance, name="target_scale")
    return keras.layers.Activation("linear", dtype="float32", name="target")(x)
