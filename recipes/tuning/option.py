"""option: a field that is an option of a search, for whoever builds its value in Python or on the command line."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["option"]


def option(default: Any, help: str, *, setting: bool = True) -> Any:
    """A field of a frozen dataclass, with what the command line has to know of it.

    Args:
        default: its value where none is given.
        help: what it means, in one line.
        setting: whether a search with another value is another search, so that ``settings.json`` holds it.
    """
    return dataclasses.field(default=default, metadata={"help": help, "setting": setting})
