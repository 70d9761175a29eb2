"""warn: warnings that name the line of the user's own code that led to them."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

from .printable import printable

__all__ = ["warn"]

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = tuple(f"{PACKAGE / half}/" for half in ("callbacks", "recipes", "keras_recipes"))
INSTALLED = f"{PACKAGE}/" if PACKAGE.name == "keras_recipes" else FOLDERS
"""Where the files of this package lie: its own folder where it is installed, three folders where it is developed."""


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """``warnings.warn`` that blames the first caller outside this package, however deep inside it this is called.

    Args:
        text: the warning.
        category: of the warning. Default ``UserWarning``.

    Example:
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     warn("the rate is large")
        >>> str(caught[0].message)
        'the rate is large'
    """
    files = []  # inspect.stack() would look up the module of every frame, which takes long
    frame = inspect.currentframe()
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    level = next((level for level, file in enumerate(files, start=1) if not file.startswith(INSTALLED)), 1)
    warnings.warn(printable(text), category, stacklevel=level)
