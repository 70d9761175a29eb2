"""The package under its full name: ``import keras_recipes`` always works.

``recipes`` and ``callbacks`` are short names of its two halves. A file or folder of yours called ``recipes`` or
``callbacks`` takes precedence over that short name; the full name still works.

Example:
    >>> import keras_recipes
    >>> keras_recipes.Recipe is keras_recipes.recipes.Recipe
    True
    >>> keras_recipes.callbacks.OneCycle(0.1).peak
    0.1
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import names, seed_zero

names.install()
seed_zero.install()

if TYPE_CHECKING:
    from . import callbacks as callbacks
    from . import recipes as recipes
    from .recipes import *  # noqa: F403

HALVES = ("recipes", "callbacks")


def __getattr__(name: str) -> Any:
    if name in HALVES:
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}.recipes"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *HALVES, *dir(importlib.import_module(f"{__name__}.recipes"))})
