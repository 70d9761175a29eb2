"""Import hook: KerasTuner's oracles take a seed of 0 as a seed, as their documentation says.

KerasTuner reads it by ``seed or random.randint(1, 10000)``: a search with ``seed=0`` is another one each time. The hook
changes the base class of all oracles when KerasTuner is imported, or at once if it has been.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from numbers import Integral
from types import ModuleType
from typing import Any

__all__ = ["install"]

LIBRARY = "keras_tuner"


class _Zero(int):
    """The number 0, which ``or`` does not replace."""

    def __bool__(self) -> bool:
        return True


def _accept_zero(library: ModuleType) -> None:
    original = library.Oracle.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def initialize(*args: Any, **options: Any) -> None:
        arguments = signature.bind(*args, **options)
        seed = arguments.arguments.get("seed")
        if isinstance(seed, Integral) and not isinstance(seed, bool) and seed == 0:
            arguments.arguments["seed"] = _Zero()
        original(*arguments.args, **arguments.kwargs)

    library.Oracle.__init__ = initialize


class _Finder(MetaPathFinder):
    """Finds KerasTuner where the other finders do, and changes it once it is loaded."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname != LIBRARY:
            return None
        others = (finder for finder in sys.meta_path if not isinstance(finder, _Finder))
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            _accept_zero(module)

        spec.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Installs the hook, once per process."""
    if LIBRARY in sys.modules:
        _accept_zero(sys.modules[LIBRARY])
    else:
        sys.meta_path.insert(0, _Finder())
