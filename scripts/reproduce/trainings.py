"""Trainings: the rows of a reproduction, on disk as soon as each training has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from support.results import results_path, write_results

__all__ = ["Trainings"]


class Trainings:
    """One row per training in ``results/NAME.csv``, written whenever one is added, so that a run can be killed.

    Args:
        name: of the file.
        key: the columns that tell trainings apart.
        go_on: whether to keep the rows that are there. Default False: the first row that is added replaces them.
        path: of the file. Default None: ``results/NAME.csv``.
    """

    def __init__(self, name: str, key: Sequence[str], *, go_on: bool = False, path: Path | None = None):
        self.name, self.key = name, tuple(key)
        self.path = results_path(name) if path is None else path
        there = go_on and self.path.exists()
        self._kept = pd.read_csv(self.path, dtype=str, keep_default_na=False).to_dict("records") if there else []
        self._added: list[dict[str, Any]] = []

    def have(self, row: Mapping[str, Any]) -> bool:
        """Whether there is a row with these values of the key."""
        wanted = [str(row[name]) for name in self.key]
        return any([str(known[name]) for name in self.key] == wanted for known in (*self._kept, *self._added))

    def add(self, row: dict[str, Any]) -> None:
        """Prints and writes a row."""
        self._added.append(row)
        write_results(self.name, self._added, self._kept, path=self.path)
        print(row, flush=True)

    def table(self) -> pd.DataFrame:
        """What is in the file."""
        return pd.read_csv(self.path)
