"""What the command line prints, where, and how it loads data."""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = ["complain", "console", "load", "say"]


def console() -> Any:
    """The standard output; as wide as 120 columns where it is no terminal."""
    from rich.console import Console

    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=120)


def say(*lines: Any) -> None:
    """Prints to the standard output.

    Args:
        *lines: texts, printed as they are, or whatever rich can draw.
    """
    out = console()
    for line in lines:
        if isinstance(line, str):
            out.print(line, markup=False, soft_wrap=True)
        else:
            out.print(line)


def load(dataset: str, **options: Any) -> Any:
    """The data, with each of its warnings as a line on the standard error.

    Args:
        dataset, **options: as for :func:`recipes.load`, and with its errors.
    """
    import recipes

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        data = recipes.load(dataset, **options)
    for each in said:
        if issubclass(each.category, UserWarning):
            print(f"recipes: warning: {each.message}", file=sys.stderr)
    return data


def complain(message: str, status: int = 2) -> int:
    """Prints an error as one line on the standard error.

    Args:
        message: line breaks in it become spaces.
        status: of the process.

    Returns:
        The status.
    """
    print(f"recipes: {' '.join(message.split())}", file=sys.stderr)
    return status
