"""Compiled: a TensorFlow function of a split, traced once for splits of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ...callbacks.inside.training import traced_often
from .arrays import Split

__all__ = ["Compiled"]


class Compiled:
    """A function of a split and further arguments, compiled once for each type of the split, whatever its length.

    Args:
        function: called with the split, x, y and weights, whose first dimension is unknown; with the other positional
            arguments as tensors, and with those by name as they are.
        any_length: if False, the first dimension is known, and each length is compiled: TensorFlow multiplies by the
            inverse of a known number of examples where it divides by an unknown one, which may differ in the last bit.
            Default True.
        xla: whether XLA compiles it, for each length. Default False.
    """

    def __init__(self, function: Callable[..., Any], *, any_length: bool = True, xla: bool = False):
        self._function, self._any_length, self._xla = function, any_length, xla
        self._traced: dict[Any, Any] = {}

    def __call__(self, split: Split, *arguments: Any, **options: Any) -> Any:
        tensors = [None if argument is None else tf.convert_to_tensor(argument) for argument in arguments]
        flat = [tensor for tensor in tf.nest.flatten((split, tensors)) if tensor is not None]
        length = None if self._any_length else int(split[1].shape[0])
        key = (length, _form(split), *(tensor is None for tensor in tensors), *options.items())
        if key not in self._traced:
            self._traced[key] = self._compile(split, length, tensors, options)
        return self._traced[key](*flat)

    def _compile(self, split: Split, length: int | None, tensors: list[Any], options: dict[str, Any]) -> Any:
        specs = tf.nest.map_structure(lambda array: None if array is None else _spec(array, length), split)
        others = [
            None if tensor is None else _spec(tensor) if tensor.shape.rank else tf.TensorSpec([], tensor.dtype)
            for tensor in tensors
        ]
        structure = (specs, others)
        signature = [spec for spec in tf.nest.flatten(structure) if spec is not None]

        def function(*flat: Any) -> Any:
            given = iter(flat)
            filled = tf.nest.map_structure(lambda spec: None if spec is None else next(given), structure)
            return self._function(filled[0], *filled[1], **options)

        return traced_often(
            tf.function(function, autograph=False, input_signature=signature, jit_compile=self._xla or None)
        )


def _spec(array: tf.Tensor, length: int | None = None) -> tf.TensorSpec:
    return tf.TensorSpec([length, *array.shape[1:]], array.dtype)


def _form(split: Split) -> Any:
    x, y, weights = split
    named = x.items() if isinstance(x, dict) else [("", x)]
    forms = [(name, array.dtype, tuple(array.shape[1:])) for name, array in named]
    return (*forms, y.dtype, tuple(y.shape[1:]), weights is None)
