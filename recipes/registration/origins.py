"""Origins: the module and name that something of one's own is imported from, "module:name"."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from typing import Any

__all__ = ["imported", "is_of_keras", "is_on_path", "origin_of"]


def origin_of(found: Any) -> str:
    """The origin of a class or function, or of an object's class.

    Example:
        >>> origin_of(recipes.Momentum)
        'keras_recipes.recipes.optimizers.momentum:Momentum'
    """
    named = found if hasattr(found, "__qualname__") and hasattr(found, "__module__") else type(found)
    return f"{named.__module__}:{named.__qualname__}"


def imported(origin: str) -> Any:
    """What an origin names; None if it cannot be imported."""
    module, _, path = origin.partition(":")
    if module == "__main__" or "<" in path:
        return None
    try:
        found: Any = sys.modules.get(module) or importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found


def is_of_keras(found: Any) -> bool:
    """Whether Keras has defined a class or function, or an object's class."""
    return origin_of(found).startswith("keras.")


def is_on_path(origin: str) -> bool:
    """Whether another process with the same path would find the module of an origin."""
    root = origin.partition(":")[0].partition(".")[0]
    found = sys.modules.get(root)
    file = getattr(found, "__file__", None)
    try:
        spec = importlib.machinery.PathFinder.find_spec(root)
    except (ImportError, ValueError):
        return False
    return spec is not None and (file is None or spec.origin == file)
