"""POOL: values that a caller may pass by mistake, each by a name, made anew for each call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["POOL", "WORDS", "near_misses"]


def _frame(rows: int) -> Any:
    import pandas as pd

    return pd.DataFrame({"a": range(rows), "b": ["x", "y", "z", "x"][:rows]})


def _tensor(value: Any) -> Any:
    import tensorflow as tf

    return tf.constant(value)


def _series(values: Any) -> Any:
    import pandas as pd

    return pd.Series(values)


def _missing() -> Any:
    import pandas as pd

    return pd.NA


def _dataset() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(np.zeros((3, 2), "float32"))


POOL: dict[str, Callable[[Path], Any]] = {
    # --- plain values
    "None": lambda _: None,
    "True": lambda _: True,
    "False": lambda _: False,
    "0": lambda _: 0,
    "5": lambda _: 5,
    "-1": lambda _: -1,
    "2**70": lambda _: 2**70,
    "-2**70": lambda _: -(2**70),
    "0.5": lambda _: 0.5,
    "1e308": lambda _: 1e308,
    "1e-320": lambda _: 1e-320,
    "nan": lambda _: float("nan"),
    "inf": lambda _: float("inf"),
    "complex": lambda _: 1 + 2j,
    # --- texts and paths
    "empty text": lambda _: "",
    "abc": lambda _: "abc",
    "text of a number": lambda _: "5",
    "text of a call": lambda _: "abc(x=__import__('os'))",
    "open bracket": lambda _: "adam(",
    "surrogate": lambda _: "\udc80",
    "escape code": lambda _: "\x1b[31mred",
    "bytes": lambda _: b"abc",
    "path with NUL": lambda _: "a\0b",
    "path too long": lambda _: "x" * 5000,
    "name too long": lambda _: "y" * 300,
    "missing path": lambda folder: str(folder / "none" / "such.csv"),
    "file": lambda folder: str(folder / "file.txt"),
    "folder": lambda folder: folder / "folder",
    "below a file": lambda folder: folder / "file.txt" / "below",
    # --- containers
    "empty list": lambda _: [],
    "empty tuple": lambda _: (),
    "empty dict": lambda _: {},
    "empty set": lambda _: set(),
    "mixed list": lambda _: ["a", 1],
    "list of None": lambda _: [None],
    "list of lists": lambda _: [[1, 2], [3]],
    "list of nan": lambda _: [float("nan"), 1.0],
    "list of -1": lambda _: [-1, 0],
    "list of texts": lambda _: ["abc", "abc"],
    "list of objects": lambda _: [object()],
    "list of itself": lambda _: _of_itself(),
    "dict without name": lambda _: {"rate": 0.1},
    "dict of other name": lambda _: {"name": 5},
    "dict with numbers": lambda _: {1: 2},
    "bad option": lambda _: {"name": "dropout", "rate": "abc"},
    # --- arrays
    "0 rows": lambda _: np.zeros((0, 3), "float32"),
    "0-d array": lambda _: np.array(5.0),
    "array": lambda _: np.arange(3),
    "2-d array": lambda _: np.zeros((4, 3)),
    "object array": lambda _: np.array([object(), None, "a"], dtype=object),
    "masked array": lambda _: np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]),
    "complex array": lambda _: np.zeros(3, "complex64"),
    "array of nan": lambda _: np.full((24, 3), np.nan),
    "array of texts": lambda _: np.array(["a", "b"]),
    "array of dates": lambda _: np.array(["2020-01-01", "NaT"], "datetime64[D]"),
    "structured array": lambda _: np.zeros(3, [("a", "i4"), ("b", "f4")]),
    "huge array": lambda _: np.broadcast_to(np.float32(0), (2**45, 3)),
    "array of 1e308": lambda _: np.full((24, 3), 1e308),
    "NumPy integer": lambda _: np.int64(5),
    "NumPy float": lambda _: np.float32(0.5),
    "NumPy bool": lambda _: np.bool_(True),
    "NumPy nan": lambda _: np.float64("nan"),
    # --- of other libraries
    "tensor": lambda _: _tensor([1.0, 2.0]),
    "tensor of a number": lambda _: _tensor(5),
    "tensor of texts": lambda _: _tensor(["a"]),
    "tf.data": lambda _: _dataset(),
    "empty frame": lambda _: _frame(0),
    "frame": lambda _: _frame(4),
    "series": lambda _: _series([1.0, None, 3.0]),
    "series of texts": lambda _: _series(["a", "b"]),
    "pandas NA": lambda _: _missing(),
    # --- things of Python
    "object": lambda _: object(),
    "lambda": lambda _: lambda *arguments: None,
    "class": lambda _: dict,
    "module": lambda _: np,
    "generator": lambda _: (number for number in range(3)),
    "iterator": lambda _: iter("abc"),
    "range": lambda _: range(3),
    "error": lambda _: ValueError("abc"),
    "Ellipsis": lambda _: ...,
}
"""Name -> a function of a folder that has "file.txt" and "folder"."""


def _of_itself() -> list[Any]:
    values: list[Any] = [1]
    values.append(values)
    return values


def near_misses(text: str) -> dict[str, Callable[[Path], Any]]:
    """Values close to a known good text: of another case, with a blank, cut short.

    Example:
        >>> [make(None) for make in near_misses("test").values()]
        ['TEST', ' test', 'tes', ['test']]
    """
    return {
        "upper case": lambda _: text.upper(),
        "with a blank": lambda _: f" {text}",
        "cut short": lambda _: text[:-1],
        "in a list": lambda _: [text],
    }


WORDS = [
    "", " ", "abc", "5", "-1", "0", "0.5", "1e308", "1e-320", "nan", "inf", "9" * 30, "None", "True", "a,b", ",", "+",
    "adam(", "{", "[1", "a=b", "a:b", "a/b", "../x", "/dev/null", "x" * 5000, "\x1b[31mred",
    "é", "--help", "\udc80", "file.txt", "folder",
]  # fmt: skip
"""Words that a shell may pass."""
