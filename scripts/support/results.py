"""Measurements as CSV, with the commit, versions, hardware and command of each row."""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from recipes.environment import commit, hardware, versions

ROOT = Path(__file__).resolve().parents[2]
GPU = "_gpu"
"""Ends the names of results that were measured on an accelerator, which stand beside those of the processors."""


def results_path(name: str) -> Path:
    """The file of the results of this machine."""
    return ROOT / "results" / f"{name}{'' if hardware()['accelerators'] == 'none' else GPU}.csv"


def _without_folders(arguments: list[str]) -> list[str]:
    """The arguments with absolute paths replaced by DIR."""
    return ["DIR" if os.path.isabs(argument) else argument for argument in arguments]


@functools.cache
def _source() -> dict[str, Any]:
    """The columns of the rows of this process: the commit as it is before the first file is written."""
    machine, packages = hardware(), versions()
    return {
        "commit": commit(),
        "tensorflow": packages["tensorflow"],
        "keras": packages["keras"],
        "python": packages["python"],
        "processor": machine["processor"],
        "cores": machine["cores"],
        "accelerators": machine["accelerators"],
        "command": shlex.join(["python", os.path.relpath(sys.argv[0], ROOT), *_without_folders(sys.argv[1:])]),
    }


def write_results(
    name: str, rows: list[dict[str, Any]], kept: Sequence[dict[str, Any]] = (), *, path: Path | None = None
) -> Path:
    """Writes rows to :func:`results_path` of the name, or ``path``, with the commit, versions, hardware and command.

    Rows ``kept`` from an earlier file have these columns already; they come first, unchanged.
    """
    source = _source()
    path = results_path(name) if path is None else path
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")  # an interrupted write loses nothing
    pd.DataFrame([*kept, *({**row, **source} for row in rows)]).to_csv(unfinished, index=False)
    os.replace(unfinished, path)
    return path
