"""option: a dataclass field that is an option of a search, in Python and on the command line."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["option"]


def option(default: Any, help: str, *, setting: bool = True) -> Any:
    """A field of a frozen dataclass, with metadata for the command line.

    Args:
        default: its default value.
        help: what it means, in one line.
        setting: whether trainings depend on it, so that another value makes it another search. Default True.
    """
    return dataclasses.field(default=default, metadata={"help": help, "setting": setting})
