"""Functions that run inside the compiled training step, around Keras' own: the one place that wraps ``train_step``.

With ``steps_per_execution=N`` Keras calls its callbacks only every N steps. What has to happen at every one of them
(take the rate from a table, measure the gradients) has to be a part of the step that TensorFlow compiles.
"""

from __future__ import annotations

import contextlib
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
        self._change: dict[str, Callable[[Any], Any]] = {}
        self._before: dict[str, Callable[[Any], Any]] = {}
        self._around: dict[str, Callable[[], Any]] = {}
        self._at_start: dict[str, Callable[[], Any]] = {}
        # Not through self: a cycle through the model would be one more reference to it.
        change, before, around, at_start = self._change, self._before, self._around, self._at_start
        train_step, make_train_function = model.train_step, model.make_train_function

        def hooked_step(data: Any) -> Any:
            for hook in change.values():
                data = hook(data)
            for hook in before.values():
                hook(data)
            with contextlib.ExitStack() as stack:
                for enter in around.values():
                    stack.enter_context(enter())
                return train_step(data)

        def hooked_make(force: bool = False) -> Any:
            # A fit that was interrupted has not called on_train_end: what it changed in the step ends here.
            if not force and (change or around):
                change.clear()
                around.clear()
                force = True
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

    @property
    def names(self) -> set[str]:
        """The names of the hooks in place."""
        return {*self._change, *self._before, *self._around, *self._at_start}

    def add(
        self,
        model: keras.Model,
        name: str,
        before_step: Callable[[Any], Any] | None = None,
        at_start: Callable[[], Any] | None = None,
        *,
        change_data: Callable[[Any], Any] | None = None,
        around_step: Callable[[], contextlib.AbstractContextManager[Any]] | None = None,
    ) -> None:
        """Adds a hook, or replaces the one of the same name.

        Args:
            model: the one these hooks belong to; they keep no reference to it.
            name: of the hook.
            before_step: called with the batch, as ``train_step`` is, inside the compiled step. Like all the others it
                must not refer to the model strongly.
            at_start: called without arguments, outside of TensorFlow's graph, whenever a ``fit`` begins.
            change_data: called with the batch, before all of ``before_step``; answers the batch to train on.
            around_step: called without arguments; answers a context manager in which Keras' own step runs. This and
                ``change_data`` are for one ``fit``, and have to be added when it begins.
        """
        new = (before_step, at_start, change_data, around_step)
        for hooks, hook in zip((self._before, self._at_start, self._change, self._around), new, strict=True):
            hooks.pop(name, None)  # type: ignore[attr-defined]
            if hook is not None:
                hooks[name] = hook  # type: ignore[index]
        model.make_train_function(force=True)

    def remove(self, model: keras.Model, name: str) -> None:
        """Removes a hook; one that is not there is no error."""
        self._at_start.pop(name, None)
        removed = [hooks.pop(name, None) for hooks in (self._before, self._change, self._around)]
        if any(hook is not None for hook in removed):
            model.make_train_function(force=True)
