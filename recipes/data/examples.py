"""save_examples, load_examples: a few raw inputs in a file, and which of a split these are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.inside.arrays import read_arrays
from ..stored.json_files import parse
from .named_arrays import Inputs, apply, items, length, take

__all__ = ["load_examples", "raw_examples", "save_examples"]

EXAMPLES = 256
"""Maximum number of examples."""

BYTES = 2**24
"""Maximum size of the examples, unless there are only :data:`FEWEST`."""

FEWEST = 8

LARGEST = 2**33
"""Maximum size of the arrays in a file that is read."""


def raw_examples(x: Inputs) -> Inputs:
    """Up to 256 examples from all over a split, in its order; fewer where they would take more than 16 MiB.

    Args:
        x: the inputs of a split: an array, or several by name.

    Example:
        >>> raw_examples(np.arange(1000))[:3].tolist(), len(raw_examples(np.arange(5)))
        ([0, 3, 7], 5)
    """
    count = length(x)
    first = apply(np.asarray, take(x, np.arange(1)))
    size = sum(array.nbytes if array.dtype != object else len(str(array[0])) for _, array in items(first))
    chosen = min(count, EXAMPLES, max(FEWEST, BYTES // max(size, 1)))
    return apply(np.asarray, take(x, np.linspace(0, count - 1, chosen).astype(int)))


def save_examples(path: Path, x: Inputs) -> None:
    """Writes inputs as ``.npz``: numbers as they are, strings as JSON, names of columns beside them.

    Example:
        >>> save_examples(Path("examples.npz"), {"age": np.arange(3)})           # doctest: +SKIP
    """
    arrays: dict[str, Any] = {"names": _as_bytes([name for name, _ in items(x)] if isinstance(x, dict) else None)}
    for number, (_, array) in enumerate(items(x)):
        texts = array.dtype == object
        arrays[f"{'texts' if texts else 'numbers'}_{number}"] = _as_bytes(array.tolist()) if texts else array
    np.savez_compressed(path, **arrays)


def load_examples(path: Path) -> Inputs:
    """The inputs that :func:`save_examples` wrote."""
    arrays = read_arrays(path, LARGEST)
    names = parse(arrays.pop("names").tobytes())
    values = [_texts(array) if key.startswith("texts") else array for key, array in arrays.items()]
    return values[0] if names is None else dict(zip(names, values, strict=True))


def _as_bytes(value: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def _texts(array: np.ndarray) -> np.ndarray:
    listed = parse(array.tobytes())
    texts = np.empty(len(listed), object)
    texts[:] = listed
    return texts
