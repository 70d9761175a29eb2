"""environment.json: under what circumstances a search ran."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..environment import commit, hardware, versions
from ..stored.json_files import read_json, write_json
from ..stored.schema import TEXT, Kind, Mapped, Object, optional
from .ledger import Ledger
from .search_files import ENVIRONMENT
from .settings import UNDAMAGED

__all__ = ["FACTS", "read_environment", "write_environment"]

FACTS = Object(
    optional={
        "commit": optional(TEXT),
        "versions": Mapped(of=TEXT),
        "hardware": Mapped(of=Kind("a string or a whole number", lambda value: type(value) in (str, int))),
        "runs_on": TEXT,
        "command": TEXT,
        "directory": TEXT,
        "merged": TEXT,
    }
)
"""The facts. None of them is a setting."""


def read_environment(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The facts beside the search in ``directory``; none if there is no such file.

    Raises:
        InvalidArgument: for anything but the facts that :func:`write_environment` writes.
    """
    try:
        return read_json(Path(directory) / ENVIRONMENT, FACTS, accepted=UNDAMAGED)
    except FileNotFoundError:
        return {}


def write_environment(ledger: Ledger, command: str, runs_on: str) -> dict[str, Any]:
    """Writes commit, versions, hardware, runner and command beside the ledger, unless it is there; returns its content.

    A search that is resumed keeps the facts of its first call; one that is extended, or was merged, gets the new
    command, and the directory by the name that the command has for it.
    """
    facts = read_environment(ledger.directory)
    if not facts:
        facts = {"commit": commit(), "versions": versions(), "hardware": hardware(), "runs_on": runs_on}
    if ledger.extended or "command" not in facts:
        facts |= {"command": command, "directory": str(ledger.directory)}
    write_json(ledger.directory / ENVIRONMENT, facts)
    return facts
