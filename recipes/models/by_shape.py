"""accepts_shape: model factories that take a shape and a number of outputs where a Spec would be."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ...callbacks.checks import InvalidArgument

__all__ = ["accepts_shape"]

Factory = TypeVar("Factory", bound=Callable[..., Any])

SHAPE = (tuple, list, int)


def accepts_shape(factory: Factory) -> Factory:
    """Lets a factory be called as ``mlp((28, 28, 1), 10)``, for ``mlp(input_shape=(28, 28, 1), outputs=10)``.

    Args:
        factory: takes a Spec, or ``input_shape`` and perhaps ``outputs`` by name.
    """
    names = [name for name in ("input_shape", "outputs") if name in inspect.signature(factory).parameters]

    @functools.wraps(factory)
    def called(*values: Any, **options: Any) -> Any:
        if values and isinstance(values[0], SHAPE) and len(values) <= len(names):
            for name, value in zip(names, values, strict=False):
                if name in options:
                    raise InvalidArgument(name, value, f"given once, but {name}={options[name]!r} is given too")
                options[name] = value
            return factory(**options)
        return factory(*values, **options)

    return cast("Factory", called)
