"""EpochWriter: the logs of each epoch of a training, on disk as soon as the epoch ends."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras

from ....callbacks.inside.logs import numbers
from ...stored.reading import read_bytes

__all__ = ["EpochWriter", "read_epochs"]


class EpochWriter(keras.callbacks.Callback):
    """Writes one row per epoch to a CSV file. Keras' ``CSVLogger`` would leave its file open if a training fails.

    Args:
        path: the file. At the end of the first epoch its folder is created, in one that exists, and earlier content is
            replaced.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._names: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Appends a row, preceded by the header if it is the first."""
        row = {"epoch": epoch, **numbers(logs)}
        first = not self._names
        if first:
            self._path.parent.mkdir(exist_ok=True)  # not those above: a search that was removed stays so
            self._names = list(row)
        with open(self._path, "w" if first else "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._names, extrasaction="ignore")
            if first:
                writer.writeheader()
            writer.writerow(row)


def read_epochs(path: Path) -> list[dict[str, float]]:
    """The complete rows of such a file; none if there is no file."""
    try:
        whole, _, _ = read_bytes(path).decode("utf-8").rpartition("\n")  # the last row may be written just now
        names, *rows = csv.reader(whole.splitlines())
        return [{name: float(value) for name, value in zip(names, row, strict=True) if value} for row in rows]
    except (OSError, ValueError, csv.Error):
        return []
