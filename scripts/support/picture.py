"""The command line of a script that draws a picture of the guide."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .results import ROOT

__all__ = ["write_picture"]


def write_picture(draw: Callable[[Path], None], file: str, description: str) -> None:
    """Draws to ``docs/FILE``, or where ``--path`` says, and prints the path.

    Args:
        draw: writes the picture to a path.
        file: its name.
        description: the docstring of the script.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--path", type=Path, default=ROOT / "docs" / file)
    path = parser.parse_args().path
    draw(path)
    print(path)
