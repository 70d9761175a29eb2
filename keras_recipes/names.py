"""Import hooks: find ``keras_recipes.recipes`` and ``keras_recipes.callbacks``, and alias their short names.

The two halves are folders beside this one. Every module has one full name, which starts with ``keras_recipes``. A short
name is an alias of the same module, so that no class exists twice and pickles can be read in any process.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

__all__ = ["install", "use_full_name"]

ROOT = __package__
HALVES = ("recipes", "callbacks")


class _Finder(MetaPathFinder):
    """Finds the two halves in their folders, and modules under a short name by their full name."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        first, _, rest = fullname.partition(".")
        if first == ROOT and rest in HALVES:
            folder = Path(__file__).resolve().parents[1] / rest
            return spec_from_file_location(fullname, folder / "__init__.py", submodule_search_locations=[str(folder)])
        if first in HALVES and rest and sys.modules.get(first) is sys.modules.get(f"{ROOT}.{first}"):
            full = find_spec(f"{ROOT}.{fullname}")
            if full is not None:
                locations = full.submodule_search_locations
                return ModuleSpec(fullname, _Alias(), origin=full.origin, is_package=locations is not None)
        return None


class _Alias(InspectLoader):
    """Loads the module of the full name under its short name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"{ROOT}.{spec.name}")
        spec.loader_state = module.__spec__
        _name_loaded(spec.name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state  # the import system has replaced it by the short name's

    def get_code(self, fullname: str) -> CodeType | None:
        """For ``python -m recipes.cli``."""
        full = find_spec(f"{ROOT}.{fullname}")
        return full.loader.get_code(full.name) if full and isinstance(full.loader, InspectLoader) else None

    def get_source(self, fullname: str) -> str | None:
        """The source text of the module."""
        full = find_spec(f"{ROOT}.{fullname}")
        return full.loader.get_source(full.name) if full and isinstance(full.loader, InspectLoader) else None


def _name_loaded(short: str) -> None:
    """Gives the loaded modules inside a package their short names.

    Importing one later by its short name would set it as an attribute of the package, in place of a function of the
    same name that the package exports, such as ``recipes.models.mlp``.
    """
    inside = f"{ROOT}.{short}."
    for name in [name for name in sys.modules if name.startswith(inside)]:
        sys.modules.setdefault(name.removeprefix(f"{ROOT}."), sys.modules[name])


def install() -> None:
    """Installs the finder, once per process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def use_full_name(module: dict[str, Any]) -> None:
    """Turns a half that is being imported under its short name into the module of its full name.

    Args:
        module: the globals of the half. Its relative imports resolve by the full name from here on.
    """
    full = importlib.import_module(f"{ROOT}.{module['__name__']}")
    sys.modules[module["__name__"]] = full
    module.update(__package__=full.__package__, __spec__=full.__spec__)
