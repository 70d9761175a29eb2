"""vectorized: a TensorFlow function of one member applied to all members of a stack at once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.parallel_for import pfor as registry

__all__ = ["NotVectorized", "vectorized"]

DRAWS = (
    "StatelessRandomGetKeyCounter",
    "StatelessRandomNormalV2",
    "StatelessRandomUniformFullIntV2",
    "StatelessRandomUniformIntV2",
    "StatelessRandomUniformV2",
    "StatelessTruncatedNormalV2",
)
"""Operations whose numbers depend on a seed alone, so that each member must draw its own."""

REASONS = (
    "No pfor vectorization defined for",
    "No converter",
    "expected to be loop invariant",
    "<dtype: 'variant'> is not compatible",  # the gradient of a loop's inputs
)
"""In the messages of TensorFlow where it cannot."""


class NotVectorized(ValueError):
    """An operation that TensorFlow cannot apply to all members at once."""


def vectorized(function: Callable[..., Any], arguments: Any) -> Any:
    """``function`` of each member's arguments, in operations on all members: matrix products become batched ones.

    Args:
        function: takes a structure of tensors.
        arguments: the same structure of tensors with a first axis of the members, whose number is known.

    Returns:
        What the function returns, with a first axis of the members.

    Raises:
        NotVectorized: for an operation that would be run member by member in a loop, which takes longer than separate
            steps. Draws of random numbers are not among them: each member draws its own, as it does alone.

    Example:
        >>> weights, inputs = tf.ones((3, 2, 4)), tf.ones((3, 5, 2))
        >>> vectorized(lambda pair: tf.matmul(pair[1], pair[0]), (weights, inputs)).shape
        TensorShape([3, 5, 4])
    """
    _teach()
    try:
        return tf.vectorized_map(function, arguments, fallback_to_while_loop=False, warn=False)
    except (TypeError, ValueError) as error:
        if not any(reason in str(error) for reason in REASONS):
            raise
        raise NotVectorized(str(error).partition("\n")[0][:200]) from None


@functools.cache
def _teach() -> None:
    """Teaches TensorFlow the operations that it would run in a loop."""
    for operation, converter in {**dict.fromkeys(DRAWS, _draw_for_each), "Bitcast": _of_stack}.items():
        with contextlib.suppress(AssertionError):  # it knows the operation
            registry.RegisterPFor(operation)(converter)


def _of_stack(pfor_input: Any) -> list[Any]:
    """The operation on the stack: it works number by number."""
    types = [output.dtype for output in pfor_input.outputs]
    outputs = registry._create_op(
        pfor_input.op_type, [pfor_input.stacked_input(0)], types, pfor_input.op.node_def.attr
    ).outputs
    return [registry.wrap(output, True) for output in outputs]


def _draw_for_each(pfor_input: Any) -> list[Any]:
    """The operation once for each member, side by side rather than in a loop."""
    inputs = [pfor_input.input(place) for place in range(pfor_input.num_inputs)]
    members = tf.get_static_value(pfor_input.pfor.loop_len_vector)
    if members is None or not any(stacked for _, stacked, _ in inputs):
        return registry._fallback_converter(pfor_input, warn=False)
    draws = []
    for member in range(int(members[0])):
        given = [value[member] if stacked else value for value, stacked, _ in inputs]
        types = [output.dtype for output in pfor_input.outputs]
        draws.append(registry._create_op(pfor_input.op_type, given, types, pfor_input.op.node_def.attr).outputs)
    return [registry.wrap(tf.stack(list(outputs)), True) for outputs in zip(*draws, strict=True)]
