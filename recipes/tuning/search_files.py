"""The files of a search's directory, and whether a search may use a directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..files import check_new_directory, is_temporary
from ..stored.links import check_no_links

__all__ = [
    "CONFIG",
    "ENVIRONMENT",
    "KERAS_TUNER",
    "OUTCOMES",
    "RUNNING",
    "SETTINGS",
    "TRAININGS",
    "WEIGHTS",
    "check_search_directory",
    "remove_left_over",
]

SETTINGS, TRAININGS = "settings.json", "trainings.jsonl"

ENVIRONMENT, CONFIG = "environment.json", "search.yaml"

OUTCOMES, WEIGHTS, RUNNING, KERAS_TUNER = "outcomes", "weights", "running", "keras_tuner"
"""Folders."""

BEGUN = (SETTINGS, TRAININGS, ENVIRONMENT, CONFIG, OUTCOMES, WEIGHTS, RUNNING, KERAS_TUNER)
"""What a search writes before its first training is recorded, or into a directory that is removed at that moment."""


def check_search_directory(directory: str | os.PathLike[str]) -> None:
    """Raises unless a search may use the directory: it is new, empty or that of a search.

    One without settings and without records counts as empty if it holds nothing but what a search writes before its
    first record: the search was killed as it began, or its directory was removed while it wrote.

    Raises:
        InvalidArgument: with the reason, also for symbolic links in it.
    """
    check_new_directory(directory, marker=SETTINGS, overwrite=True, is_left_over=_is_left_over)
    check_no_links(directory)


def remove_left_over(directory: Path) -> None:
    """Removes what :func:`check_search_directory` counts as nothing from a search that is new and locked."""
    for path in directory.iterdir():
        if _is_left_over(path) and path.name not in (SETTINGS, TRAININGS):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_left_over(path: Path) -> bool:
    if path.name == TRAININGS:
        return path.is_file() and path.stat().st_size == 0
    return path.name in BEGUN or is_temporary(path, BEGUN)
