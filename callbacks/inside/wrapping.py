"""wrap_once: observe the calls of a public method of Keras, where Keras offers no hook."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["wrap_once"]

State = TypeVar("State")


def wrap_once(owner: type, name: str, state: State, around: Callable[..., Any]) -> State:
    """Routes all calls of a method through ``around``, for the whole process. A second call has no effect.

    Subclasses that call ``super()`` are covered, and an earlier replacement of the method is still called.

    Args:
        owner: the public class. The wrapper is set on the class that defines the method, which may be a base class of
            ``owner``, so that the method resolution order stays the same.
        name: the method's name.
        state: an object that ``around`` can use from call to call.
        around: takes the state, the original method and the arguments, ``self`` first. It must call the method and
            return its result.

    Returns:
        The state of the wrapper in place: ``state``, or that of an earlier call.

    Example:
        >>> class Greeter:
        ...     def greet(self, name):
        ...         return f"hello {name}"
        >>> def noting(names, greet, greeter, name):
        ...     names.append(name)
        ...     return greet(greeter, name)
        >>> names = wrap_once(Greeter, "greet", [], noting)
        >>> Greeter().greet("Ada"), names, wrap_once(Greeter, "greet", [], noting) is names
        ('hello Ada', ['Ada'], True)
    """
    home = next(kind for kind in owner.__mro__ if name in vars(kind))
    method = vars(home)[name]
    if hasattr(method, "state_of_wrapper"):
        return method.state_of_wrapper

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(state, method, *args, **kwargs)

    wrapper.state_of_wrapper = state  # type: ignore[attr-defined]
    setattr(home, name, wrapper)
    return state
