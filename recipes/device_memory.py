"""Batches that fit into the device's memory: sizes to try, and the error of those that do not fit."""

from __future__ import annotations

import os
from typing import Any

from ..callbacks.checks import InvalidArgument, check_integer
from ..callbacks.resume.checkpoints import Checkpoints
from ..callbacks.resume.resume import Resume

__all__ = ["AUTO", "PARTS", "batch_sizes", "begin_in_parts", "is_out_of_memory", "parts_of"]

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


PARTS = "parts"
"""The setting of a checkpoint whose training computes batches in parts."""


def parts_of(directory: str | os.PathLike[str] | None) -> int:
    """In how many parts the training in a directory of checkpoints computes its batches; 1 for whole ones."""
    return 1 if directory is None else int(Resume(directory).saved_settings().get(PARTS, 1))


def begin_in_parts(directory: str | os.PathLike[str] | None, error: BaseException) -> None:
    """Lets a training whose first steps ran out of memory begin again, in parts.

    Args:
        directory: of its checkpoints; None if it has none.
        error: of the step.

    Raises:
        MemoryError: if epochs are trained already, which no record would tell from those in parts.
    """
    if directory is None:
        return
    if Resume(directory).position() > (0, 0):
        text = " ".join(str(error).split())[:300]
        raise MemoryError(
            f"a step does not fit into memory, but those before in {os.fspath(directory)} did: the same call goes on "
            f"when as much is free again ({text})"
        ) from error
    Checkpoints(directory).path((0, 0)).unlink(missing_ok=True)


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
