"""The weights of final trainings, kept in files beside the records, so that their models can be made again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .archives import archive_file, read_archive, write_archive
from .search_files import WEIGHTS

__all__ = ["read_weights", "weights_file", "write_weights"]

HEADER = 2**10
"""The most bytes of a file for each array beside its values."""


def weights_file(directory: str | os.PathLike[str], key: str) -> Path:
    """The file for the weights of a training, by its key in the ledger."""
    return archive_file(directory, WEIGHTS, key)


def write_weights(directory: str | os.PathLike[str], key: str, weights: Sequence[np.ndarray]) -> None:
    """Writes the weights of a training atomically, as they are.

    Args:
        directory: of the search.
        key: of the training.
        weights: what ``get_weights`` of its model returns.

    Example:
        >>> write_weights("searches/digits", "adam+none/confirm/0", model.get_weights())      # doctest: +SKIP
    """
    arrays = {f"arr_{number}": array for number, array in enumerate(weights)}
    write_archive(weights_file(directory, key), arrays, compressed=False)


def read_weights(directory: str | os.PathLike[str], key: str, like: Sequence[np.ndarray]) -> list[np.ndarray] | None:
    """The weights of a training in the order of ``get_weights``; None if they were not kept.

    Args:
        directory: of the search.
        key: of the training.
        like: the weights of a model as it was trained, which bound the size of the file.

    Raises:
        InvalidArgument: for a file that cannot be read, or is larger than such weights.

    Example:
        >>> model.set_weights(read_weights(directory, "adam+none/confirm/0", model.get_weights()))  # doctest: +SKIP
    """

    def in_order(arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [arrays[f"arr_{number}"] for number in range(len(arrays))]

    most = sum(array.nbytes + HEADER for array in like)
    return read_archive(weights_file(directory, key), in_order, most=most)
