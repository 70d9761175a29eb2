"""inputs_for: the columns of a record as a model of one's own takes them."""

from __future__ import annotations

from typing import Any

import keras

from ..callbacks.inside.layers import is_functional

__all__ = ["inputs_for", "inputs_of", "shapes_of"]


def inputs_for(model: keras.Model, x: Any) -> Any:
    """Inputs as a model takes them: those of a record by position, if only their shapes say which is which.

    Keras matches the columns of a record with the inputs by name. Where a functional model has other names, as those
    that Keras makes up, each column goes to the input of its shape, if there is exactly one for each.

    Args:
        model: any.
        x: a batch: a tensor, or a dictionary of tensors.

    Returns:
        ``x``, or a list of its tensors in the order of the model's inputs.

    Example:
        >>> inputs = [keras.Input((2,)), keras.Input((8, 8, 1))]
        >>> model = keras.Model(inputs, keras.layers.Flatten()(inputs[1]))
        >>> batch = {"image": np.zeros((5, 8, 8, 1)), "numbers": np.zeros((5, 2))}
        >>> [tensor.shape for tensor in inputs_for(model, batch)]
        [(5, 2), (5, 8, 8, 1)]
    """
    inputs = inputs_of(model)
    keyed = model.input if len(inputs) > 1 and isinstance(model.input, dict) else None
    inputs = inputs if keyed is None else list(keyed.values())
    names = [tensor.name for tensor in inputs] if keyed is None else list(keyed)
    if not isinstance(x, dict) or len(inputs) != len(x) or all(name in x for name in names):
        return x
    fitting = [[name for name, column in x.items() if _fits(tensor, column)] for tensor in inputs]
    found = [columns[0] for columns in fitting if len(columns) == 1]
    if len(set(found)) < len(inputs):
        return x
    columns = [x[name] for name in found]
    return columns if keyed is None else dict(zip(names, columns, strict=True))


def inputs_of(model: keras.Model) -> list[Any]:
    """The inputs of a functional or sequential model in order; none of others, or before it is built."""
    return list(model.inputs or ()) if is_functional(model) and model.built else []


def shapes_of(model: keras.Model) -> str:
    """The shapes of a model's inputs, as text; "" if they are not known."""
    inputs = inputs_of(model)
    shapes = {tensor.name: tuple(tensor.shape[1:]) for tensor in inputs}
    return str(next(iter(shapes.values())) if len(shapes) == 1 else shapes) if shapes else ""


def _fits(tensor: Any, column: Any) -> bool:
    """Whether an input takes a column, but for an axis of 1 at the end, which Keras adds or removes."""
    expected, shape = list(tensor.shape[1:]), list(column.shape[1:])
    if abs(len(expected) - len(shape)) == 1:
        longer = expected if len(expected) > len(shape) else shape
        if longer[-1] != 1:
            return False
        longer.pop()
    strings = [keras.backend.standardize_dtype(found.dtype) == "string" for found in (tensor, column)]
    same = len(expected) == len(shape) and strings[0] == strings[1]
    return same and all(None in pair or pair[0] == pair[1] for pair in zip(expected, shape, strict=True))
