"""Output: what a model returns (probabilities of classes, of yes or numbers), read from its graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from ..callbacks.inside.layers import is_functional, node_of

__all__ = ["Output", "ends_in", "read_outputs"]

SAME = {"Identity", "Cast", "StopGradient", "ActivityRegularization", "Copy"}
"""Operations of Keras that return their input."""

NOISE = {
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("AlphaDropout", "GaussianDropout", "GaussianNoise"),
}
"""Layers that return their input at inference."""

MOVES = {
    *("Reshape", "Flatten", "Squeeze", "ExpandDims", "GetItem", "RepeatVector"),
    *("Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
    *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
}
"""Operations that select, arrange or average values, along other axes than the last where the last keeps its size."""

MIXES = {
    *("Permute", "Transpose", "Moveaxis", "Swapaxes"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"),
    *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
}
"""Operations after which probabilities along the last axis need not add up to 1."""

JOINS = {"Concatenate", "Stack"}

ARITHMETIC = {
    *("Add", "Subtract", "Multiply", "Negative", "Maximum", "Minimum", "Dot", "Matmul", "Einsum", "Sum", "Mean"),
}
"""Operations that make numbers of numbers."""

ELEMENTWISE = {
    *("Exp", "Expm1", "Log", "Log1p", "Absolute", "Square", "Sqrt", "Tanh", "Softplus", "Relu", "Relu6", "LeakyRelu"),
    *("Elu", "Selu", "Celu", "Gelu", "Silu", "Softsign", "ReLU", "LeakyReLU", "ELU", "PReLU"),
}
"""Functions that make numbers of numbers."""

BOUNDED = {"tanh", "softsign", "exp"}
"""Functions of which a further step can make probabilities: (1 + tanh x) / 2."""

AMBIGUOUS = {"hard_sigmoid", "log_sigmoid", "log_softmax", "sparsemax", "sparse_sigmoid", "threshold"}
"""Activations that may stand for probabilities or not."""

OPAQUE = {"TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}
"""Layers of Keras that hold something that it cannot look into."""


@dataclass(frozen=True)
class Output:
    """One output of a model.

    Attributes:
        kind: "softmax" (probabilities of classes along the last axis), "sigmoid" (each a probability of yes),
            "numbers", or "unknown" where the graph does not tell.
        name: of the activation or operation that decided: "softmax", "linear", "rescaling", "lambda", ...
        scale: where a ``Rescaling`` brings numbers to the target's unit, its scale: one number, or one a target.
        dtype: the floating-point type for its loss and metrics: "float64" for such an output, else "float32".
    """

    kind: str
    name: str
    scale: tuple[float, ...] | None = None
    dtype: str = "float32"


LINEAR = Output("numbers", "linear")


def read_outputs(model: keras.Model) -> list[Output]:
    """Reads what the outputs of a model are, in Keras' order.

    The operations that made the output tensors tell, through reshapes, casts, averages, nested models, ``Lambda``
    layers and functions as activations. The order of ``model.layers`` does not matter.

    Args:
        model: a functional or sequential model. One output of kind "unknown" is returned for any other.

    Example:
        >>> inputs = keras.Input((4,))
        >>> output = keras.layers.Reshape((3,))(keras.layers.Dense(3, activation="softmax")(inputs))
        >>> read_outputs(keras.Model(inputs, output))
        [Output(kind='softmax', name='softmax', scale=None, dtype='float32')]
    """
    if is_functional(model) and getattr(model, "built", False):
        return [_checked(_read(tensor), tensor) for tensor in model.outputs]
    if isinstance(model, keras.Sequential):
        return [_read_unbuilt(model.layers)]
    return [_unknown(model)]


def ends_in(model: keras.Model) -> str:
    """The name of the (first) output: "softmax", "sigmoid", "linear", "rescaling", ..."""
    return read_outputs(model)[0].name


def _unknown(operation: Any) -> Output:
    return Output("unknown", type(operation).__name__.lower())


def _checked(output: Output, tensor: Any) -> Output:
    """The output with the type of its tensor. A softmax over a single number, which is always 1, decides nothing."""
    if output.kind == "softmax" and (not tensor.shape or tensor.shape[-1] == 1):
        return Output("unknown", "softmax over one number")
    return replace(output, dtype="float64") if tensor.dtype == "float64" else output


def _read(tensor: Any, below: Callable[[Any], Output] | None = None) -> Output:
    """What a symbolic tensor is.

    Args:
        tensor: of a functional graph.
        below: asked about the tensors of the graph's ``Input`` layers; by default these are numbers.
    """
    node = node_of(tensor)
    if node.is_input:
        return LINEAR if below is None else below(tensor)
    if isinstance(node.operation, keras.Model):
        return _read_nested(node, tensor, lambda inner: _read(inner, below))
    return _read_call(node.operation, node, tensor, lambda inner: _read(inner, below))


def _read_nested(node: Any, tensor: Any, below: Callable[[Any], Output]) -> Output:
    """What a call of a model within the model returns."""
    inner = node.operation
    if not is_functional(inner) or len(inner.outputs) != len(node.output_tensors):
        return _unknown(inner)
    if len(inner.inputs) != len(node.input_tensors):
        return _unknown(inner)
    outer = {id(placeholder): source for placeholder, source in zip(inner.inputs, node.input_tensors, strict=True)}
    index = [id(result) for result in node.output_tensors].index(id(tensor))
    return _read(inner.outputs[index], lambda placeholder: below(outer[id(placeholder)]))


def _read_call(operation: Any, node: Any, tensor: Any, below: Callable[[Any], Output]) -> Output:
    """What a call of a layer or function returns: by itself, or else by what goes in."""
    kind = _class_name(operation)
    if kind == "Lambda" and len(node.input_tensors) == 1:
        source = node.input_tensors[0]
        function = functools.partial(operation.function, **(operation.arguments or {}))
        return _traced(function, source.shape, operation, lambda: below(source))
    alone = _alone(operation, tensor.shape)
    if alone is not None:
        return alone
    inputs = [below(source) for source in node.input_tensors]
    if not inputs:
        return _unknown(operation)
    kinds = {part.kind for part in inputs}
    first = inputs[0]
    if kind == "Softmax":
        return Output("softmax", "softmax") if _is_last(operation.axis, len(tensor.shape)) else _unknown(operation)
    if kind in SAME | NOISE | {"Activation", "Average"}:
        return first if len(kinds) == 1 else _unknown(operation)
    kept = all(len(source.shape) and source.shape[-1] == tensor.shape[-1] for source in node.input_tensors)
    if kind in MOVES | MIXES | JOINS:
        if len(kinds) != 1 or (first.kind == "softmax" and (kind in MIXES or not kept)):
            return _unknown(operation)
        one_scale = len(set(inputs)) == 1 and ((kept and kind not in MIXES) or len(first.scale or ()) == 1)
        return first if one_scale else replace(first, scale=None)
    if kind is None or kinds != {"numbers"}:
        return _unknown(operation)
    divided = len(inputs) == 1 and any(part is node.input_tensors[0] for part in node.arguments.args[:1])
    arithmetic = kind in ARITHMETIC or (kind in ("Divide", "TrueDivide") and divided)
    if kind in ELEMENTWISE or (arithmetic and not BOUNDED & {part.name for part in inputs}):
        return Output("numbers", kind.lower())
    return _unknown(operation)


def _alone(operation: Any, shape: Sequence[int | None]) -> Output | None:
    """What an operation returns whatever goes in; None where it depends on that."""
    kind = _class_name(operation)
    if kind in ("Sigmoid", "Greater", "GreaterEqual"):  # a decision is a probability of 0 or 1
        return Output("sigmoid", "sigmoid")
    if kind == "OneHot":
        return Output("softmax", "softmax") if _is_last(operation.axis, len(shape)) else _unknown(operation)
    if kind in ("TimeDistributed", "SpectralNormalization", "Bidirectional"):
        inner = operation.forward_layer if kind == "Bidirectional" else operation.layer
        if not isinstance(inner, keras.Model):
            return _alone(inner, shape) or _unknown(inner)
        outputs = read_outputs(inner)
        return outputs[0] if len(outputs) == 1 else _unknown(inner)
    if kind is None or kind in OPAQUE or not isinstance(operation, keras.layers.Layer):
        return None
    if kind == "Rescaling":
        return Output("numbers", "rescaling", tuple(np.ravel(operation.scale).astype(float).tolist()))
    if hasattr(operation, "activation"):
        return _of_activation(operation, operation.activation, shape)
    if kind in SAME | NOISE | MOVES | MIXES | JOINS | ARITHMETIC | ELEMENTWISE | {"Softmax", "Average", "Lambda"}:
        return None
    return Output("numbers", kind.lower())


def _of_activation(layer: Any, activation: Any, shape: Sequence[int | None]) -> Output | None:
    """What a layer returns by its activation; None for an ``Activation`` layer that changes nothing."""
    unchanged = None if _class_name(layer) == "Activation" else LINEAR
    if isinstance(activation, keras.layers.Layer):
        if _class_name(activation) == "Softmax":
            return Output("softmax", "softmax") if _is_last(activation.axis, len(shape)) else _unknown(activation)
        if _class_name(activation) in ELEMENTWISE:
            return Output("numbers", type(activation).__name__.lower())
        return _alone(activation, shape) or _unknown(activation)
    name = getattr(activation, "__name__", "")
    if activation is None or activation is keras.activations.linear:
        return unchanged
    if getattr(keras.activations, name, None) is not activation:
        return _traced(activation, shape, activation, lambda: LINEAR)
    if name in ("softmax", "sigmoid"):
        return Output(name, name)
    return Output("unknown" if name in AMBIGUOUS else "numbers", name)


def _traced(
    function: Callable[[Any], Any], shape: Sequence[int | None], operation: Any, below: Callable[[], Output]
) -> Output:
    """What a function makes of a tensor of this shape, where it can be called on a symbolic one."""
    name = getattr(operation, "__name__", type(operation).__name__).lower()
    source = keras.Input(batch_shape=tuple(shape))  # not the model's own tensor, whose layer would keep the call
    try:
        result = function(source)
    except Exception:  # TensorFlow's functions refuse symbolic tensors with various errors
        return Output("unknown", name)
    if not isinstance(result, keras.KerasTensor):
        return Output("unknown", name)
    return _read(result, lambda _: below())


def _read_unbuilt(layers: Sequence[Any]) -> Output:
    """What a chain of layers without an input yet returns."""
    for layer in reversed(layers):
        if isinstance(layer, keras.Model):
            return read_outputs(layer)[0]
        kind = _class_name(layer)
        if kind == "Softmax" and _is_last(layer.axis, None):
            return Output("softmax", "softmax")
        if kind is None or (kind not in SAME | NOISE and not _is_linear_activation(layer)):
            return _alone(layer, ()) or _unknown(layer)
    return Output("unknown", "no layers")


def _is_linear_activation(layer: Any) -> bool:
    return _class_name(layer) == "Activation" and layer.activation is keras.activations.linear


def _is_last(axis: Any, rank: int | None) -> bool:
    return axis == -1 or (rank is not None and axis == rank - 1)


def _class_name(operation: Any) -> str | None:
    """The name of the class of Keras that does the work; None for a layer whose ``call`` is not Keras' own."""
    known = next(base for base in type(operation).__mro__ if base.__module__.partition(".")[0] in ("keras", "builtins"))
    own = getattr(type(operation), "call", None)
    return known.__name__ if own is not None and own is getattr(known, "call", None) else None
