"""Batches that fit into the device's memory: sizes to try, and the error of those that do not fit."""

from __future__ import annotations

from typing import Any

from ..callbacks.checks import InvalidArgument, check_integer

__all__ = ["AUTO", "batch_sizes", "is_out_of_memory"]

AUTO = "auto"

LARGEST = 4096
"""The largest batch that is chosen: larger ones gain little speed, and generalize worse (Keskar et al. 2017)."""

BATCHES = 32
"""The least number of batches an epoch keeps where a size is chosen."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether TensorFlow raised this because memory did not suffice.

    Example:
        >>> import tensorflow as tf
        >>> is_out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM")), is_out_of_memory(ValueError())
        (True, False)
    """
    import tensorflow as tf

    return isinstance(error, tf.errors.ResourceExhaustedError)


def batch_sizes(batch_size: Any, examples: int, usual: int) -> tuple[int, ...]:
    """The sizes of training batches to try, largest first: the next is for steps that run out of memory.

    Args:
        batch_size: None for ``usual``; an integer >= 1, or "auto": powers of two from at most 4,096 examples, with at
            least 32 batches an epoch, down to ``usual``.
        examples: in the training split.
        usual: the data's own batch size.

    Raises:
        InvalidArgument: for anything else.

    Example:
        >>> batch_sizes(None, 60_000, 128), batch_sizes("auto", 60_000, 128), batch_sizes("auto", 500, 32)
        ((128,), (1024, 512, 256, 128), (32,))
    """
    if batch_size is None:
        return (usual,)
    if isinstance(batch_size, str):
        if batch_size != AUTO:
            raise InvalidArgument("batch_size", batch_size, "an integer >= 1, 'auto' or None")
        largest = min(LARGEST, examples // BATCHES)
        powers = [2**power for power in range(largest.bit_length() - 1, -1, -1)] if largest else []
        return (*(size for size in powers if size > usual), usual)
    return (check_integer("batch_size", batch_size, low=1),)
