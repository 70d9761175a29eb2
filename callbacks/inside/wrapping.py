"""wrap_once: a public method of a Keras class that tells us when it is called, where Keras has no hook for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["wrap_once"]

State = TypeVar("State")


def wrap_once(owner: type, name: str, state: State, around: Callable[..., Any]) -> State:
    """Has a method call ``around`` in its place, for the whole process; a second call changes nothing.

    Subclasses that call ``super()`` pass through it too, and so does whoever replaced the method before.

    Args:
        owner: the class that users know. The method is replaced on the class that defines it, which may be a base of
            it: the order in which Python looks for methods stays as it was.
        name: of the method.
        state: what ``around`` keeps from call to call.
        around: takes the state, the method and its arguments, ``self`` first; has to call the method and to return
            what that returns.

    Returns:
        The state of the one ``around`` that is in place: ``state``, or an earlier one.

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
