"""The columns of a History that goes on in another program: the same names, and one value per epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

__all__ = ["filled_up", "renamed"]


def renamed(columns: Mapping[str, Any], before: Sequence[str], now: Sequence[str]) -> dict[str, Any]:
    """Columns of the logs whose names contain those of layers, after Keras has numbered the layers anew.

    Args:
        columns: name -> values, such as "dense_1_loss", "val_dense_1_mae" or "gradient_norm/dense_1".
        before, now: the names of outputs and layers in the same order; of other numbers, nothing is renamed.

    Example:
        >>> renamed({"loss": [1], "val_dense_mae": [2], "gradient_norm/dense": [3]}, ["dense"], ["dense_4"])
        {'loss': [1], 'val_dense_4_mae': [2], 'gradient_norm/dense_4': [3]}
    """
    if len(before) != len(now):
        return dict(columns)
    pairs = sorted(zip(before, now, strict=True), key=lambda pair: -len(pair[0]))  # "dense_1" before "dense"

    def translated(name: str) -> str:
        head = "val_" if name.startswith("val_") else ""
        rest = name.removeprefix("val_")
        for old, new in pairs:
            if rest.startswith(f"{old}_"):
                return head + new + rest[len(old) :]
            start, _, end = rest.partition("/")
            if end == old or end.endswith(f"/{old}"):
                return f"{head}{start}/{end.removesuffix(old)}{new}"
        return name

    return {translated(name): values for name, values in columns.items()}


def filled_up(history: keras.callbacks.History, lengths: Mapping[str, int], restored: int) -> None:
    """Gives a restored History NaN where the program logs other names than before: columns stay equally long.

    Args:
        history: after the first epoch since, or a later one.
        lengths: name of each column when it was restored -> its length; less than ``restored`` for values that are not
            logged at every epoch, which are left alone.
        restored: the number of epochs then.
    """
    epochs = len(history.epoch)
    validated = any(name.startswith("val_") and length == restored for name, length in lengths.items())
    for name, values in history.history.items():
        new = name not in lengths and epochs == restored + 1 and len(values) == 1
        if new and (validated or not name.startswith("val_")):  # else the first validation, of ``validation_freq``
            values[:0] = [math.nan] * restored
        elif lengths.get(name) == restored:
            values.extend([math.nan] * (epochs - len(values)))
