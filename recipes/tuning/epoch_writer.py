"""EpochWriter: what each epoch of a training gave, on disk as soon as it has ended."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras

__all__ = ["EpochWriter", "read_epochs"]


class EpochWriter(keras.callbacks.Callback):
    """Writes a row for each epoch to a CSV file. Keras' ``CSVLogger`` leaves its file open where a training fails.

    Args:
        path: the file; its folder is made, and what it held before is replaced when the first epoch has ended.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._names: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Adds a row, before the first one the names of the columns."""
        row = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        first = not self._names
        if first:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._names = list(row)
        with open(self._path, "w" if first else "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._names, extrasaction="ignore")
            if first:
                writer.writeheader()
            writer.writerow(row)


def read_epochs(path: Path) -> list[dict[str, float]]:
    """The rows of such a file, as far as they are whole; none where there is no file."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return []
    return [{name: float(value) for name, value in row.items() if value} for row in rows if None not in row.values()]
