"""The weights of final trainings, kept in files beside the records, so that their models can be made again."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.arrays import read_arrays
from ..files import write_bytes
from .search_files import WEIGHTS

__all__ = ["read_weights", "weights_file", "write_weights"]


def weights_file(directory: str | os.PathLike[str], key: str) -> Path:
    """The file for the weights of a training, by its key in the ledger."""
    return Path(directory) / WEIGHTS / f"{key.replace('/', ' ')}.npz"


def write_weights(directory: str | os.PathLike[str], key: str, weights: Sequence[np.ndarray]) -> None:
    """Writes the weights of a training atomically, as they are.

    Args:
        directory: of the search.
        key: of the training.
        weights: what ``get_weights`` of its model returns.

    Example:
        >>> write_weights("searches/digits", "adam+none/confirm/0", model.get_weights())      # doctest: +SKIP
        >>> model.set_weights(read_weights("searches/digits", "adam+none/confirm/0"))         # doctest: +SKIP
    """
    buffer = io.BytesIO()
    np.savez(buffer, *weights)
    path = weights_file(directory, key)
    path.parent.mkdir(exist_ok=True)  # not those above: a search that was removed stays so
    write_bytes(path, buffer.getvalue())


def read_weights(directory: str | os.PathLike[str], key: str) -> list[np.ndarray] | None:
    """The weights of a training in the order of ``get_weights``; None if they were not kept.

    Raises:
        InvalidArgument: for a file that cannot be read.
    """
    path = weights_file(directory, key)
    if not path.is_file():
        return None
    try:
        arrays = read_arrays(path)
        return [arrays[f"arr_{number}"] for number in range(len(arrays))]
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds
        accepted = f"that of an undamaged search ({WEIGHTS}/{path.name}: {' '.join(str(error).split())[:200]})"
        raise InvalidArgument("directory", str(directory), accepted) from None
