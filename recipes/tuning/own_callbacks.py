"""OwnCallbacks: Keras callbacks of one's own in the trainings of a search, new ones for each."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument
from ..registration.origins import imported, is_on_path, origin_of

__all__ = ["NO_CALLBACKS", "OwnCallbacks"]

ACCEPTED = "a function that returns new Keras callbacks, a class of them or a callback; or a list of these"


@dataclass(frozen=True, eq=False)
class OwnCallbacks:
    """What makes the callbacks of each training.

    Args:
        makers: functions without arguments that return a callback or a list of them; classes; or callbacks, which are
            copied for each training.

    Example:
        >>> callbacks = OwnCallbacks.of([keras.callbacks.TerminateOnNaN, keras.callbacks.EarlyStopping(patience=3)])
        >>> [type(callback).__name__ for callback in callbacks.new()]
        ['TerminateOnNaN', 'EarlyStopping']
    """

    makers: tuple[Any, ...] = ()

    @classmethod
    def of(cls, value: Any) -> OwnCallbacks:
        """From the argument of :func:`recipes.search`.

        Raises:
            InvalidArgument: for anything but what :data:`ACCEPTED` says, and for callbacks that cannot be copied or
                have been in a training.
        """
        if isinstance(value, OwnCallbacks):
            return value
        callbacks = cls(() if value is None else tuple(value) if isinstance(value, (list, tuple)) else (value,))
        for maker in callbacks.makers:
            if isinstance(maker, keras.callbacks.Callback) and maker.model is not None:
                raise InvalidArgument("callbacks", type(maker).__name__, "callbacks that have not been in a training")
        callbacks.new()
        return callbacks

    def new(self) -> list[keras.callbacks.Callback]:
        """New callbacks for a training."""
        return [callback for maker in self.makers for callback in _made(maker)]

    def to_settings(self) -> dict[str, Any]:
        """The setting "callbacks": what each is imported from, and the numbers and names that a callback holds."""
        return {"callbacks": [_described(maker) for maker in self.makers]} if self.makers else {}

    def check_importable(self) -> None:
        """Raises ``InvalidArgument`` for what other processes could not import or be sent."""
        for maker in self.makers:
            held = isinstance(maker, keras.callbacks.Callback)
            named = type(maker) if held else maker
            origin = origin_of(named)
            reason = "" if is_on_path(origin) and imported(origin) is named else f"not as {origin}"
            try:
                pickle.dumps(maker)
            except Exception as error:  # whatever it holds may raise
                reason = reason or f"and pickled ({' '.join(str(error).split())[:200]})"
            if reason:
                accepted = f"defined in a module that other processes can import, {reason}; or workers=1"
                raise InvalidArgument("callbacks", getattr(named, "__name__", str(named)), accepted)


NO_CALLBACKS = OwnCallbacks()


def _made(maker: Any) -> list[keras.callbacks.Callback]:
    name = getattr(maker, "__name__", type(maker).__name__)
    try:
        made = copy.deepcopy(maker) if isinstance(maker, keras.callbacks.Callback) else maker()
    except Exception as error:  # theirs
        accepted = f"{ACCEPTED} ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        raise InvalidArgument("callbacks", name, accepted) from None
    several = list(made) if isinstance(made, (list, tuple)) else [made]
    for callback in several:
        if not isinstance(callback, keras.callbacks.Callback):
            raise InvalidArgument("callbacks", f"{name}: {callback!r}", ACCEPTED)
        if callback.model is not None:
            raise InvalidArgument("callbacks", name, "a function that returns new callbacks, not used ones")
    return several


def _described(maker: Any) -> dict[str, Any]:
    if not isinstance(maker, keras.callbacks.Callback):
        return {"origin": origin_of(maker)}
    held: Mapping[str, Any] = vars(maker)
    plain = {name: value for name, value in sorted(held.items()) if isinstance(value, (bool, int, float, str))}
    options = {name: value for name, value in plain.items() if not name.startswith("_")}
    return {"origin": origin_of(maker), **({"options": options} if options else {})}
