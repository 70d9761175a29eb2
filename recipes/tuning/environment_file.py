"""environment.json: under what circumstances a search ran."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..environment import commit, hardware, versions
from ..files import write_text
from .ledger import Ledger

__all__ = ["ENVIRONMENT", "read_environment", "write_environment"]

ENVIRONMENT = "environment.json"

FACTS: dict[str, Any] = {
    "commit": (str, type(None)),
    "versions": dict,
    "hardware": dict,
    "runs_on": str,
    "command": str,
    "directory": str,
    "merged": str,
}
"""The facts, with their types."""


def read_environment(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The facts beside the search in ``directory``; none if there is no such file.

    Raises:
        InvalidArgument: for anything but the facts that :func:`write_environment` writes.
    """
    path = Path(directory) / ENVIRONMENT
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError("no JSON object")
        for name, value in facts.items():
            if not isinstance(value, FACTS.get(name, ())):
                raise ValueError(f"{name}: {str(value)[:80]}")
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are subclasses
        accepted = f"that of an undamaged search ({ENVIRONMENT}: {' '.join(str(error).split())})"
        raise InvalidArgument("directory", str(directory), accepted) from None
    return facts


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
    write_text(ledger.directory / ENVIRONMENT, json.dumps(facts, indent=2) + "\n")
    return facts
