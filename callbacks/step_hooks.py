"""Functions that run inside the compiled training step, before Keras' own: the one place that wraps ``train_step``.

With ``steps_per_execution=N`` Keras calls its callbacks only every N steps. What has to happen at every one of them
(take the rate from a table, measure the gradients) has to be a part of the step that TensorFlow compiles.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras

__all__ = ["StepHooks"]

_attached: weakref.WeakKeyDictionary[Any, StepHooks] = weakref.WeakKeyDictionary()


class StepHooks:
    """The hooks of one model. Get them with :meth:`of`: a model has at most one, which stays.

    Adding or removing a hook compiles the step anew; a hook that stays from one ``fit`` to the next costs no tracing.

    Example:
        >>> hooks = StepHooks.of(model)                                        # doctest: +SKIP
        >>> hooks.add(model, "count", lambda data: counter.assign_add(1))
        >>> model.fit(...)
        >>> hooks.remove(model, "count")
    """

    def __init__(self, model: keras.Model):
        self._before: dict[str, Callable[[Any], Any]] = {}
        self._at_start: dict[str, Callable[[], Any]] = {}
        before, at_start = self._before, self._at_start  # a cycle through the model would be one more reference to it
        train_step, make_train_function = model.train_step, model.make_train_function

        def hooked_step(data: Any) -> Any:
            for hook in before.values():
                hook(data)
            return train_step(data)

        def hooked_make(force: bool = False) -> Any:
            for hook in at_start.values():
                hook()
            return make_train_function(force=force)

        model.train_step = hooked_step
        model.make_train_function = hooked_make

    @classmethod
    def of(cls, model: keras.Model) -> StepHooks:
        """The hooks of this model."""
        hooks = _attached.get(model)
        if hooks is None:
            hooks = _attached[model] = cls(model)
        return hooks

    def add(
        self,
        model: keras.Model,
        name: str,
        before_step: Callable[[Any], Any],
        at_start: Callable[[], Any] | None = None,
    ) -> None:
        """Adds a hook, or replaces the one of the same name.

        Args:
            model: the one these hooks belong to; they keep no reference to it.
            name: of the hook.
            before_step: called with the batch, as ``train_step`` is, inside the compiled step; it must not refer to
                the model strongly.
            at_start: called without arguments, outside of TensorFlow's graph, whenever a ``fit`` begins.
        """
        self._before[name] = before_step
        if at_start is not None:
            self._at_start[name] = at_start
        model.make_train_function(force=True)

    def remove(self, model: keras.Model, name: str) -> None:
        """Removes a hook; one that is not there is no error."""
        self._at_start.pop(name, None)
        if self._before.pop(name, None) is not None:
            model.make_train_function(force=True)
