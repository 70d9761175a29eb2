"""StepHooks: functions that run inside the compiled training step. The only place that replaces ``train_step``.

With ``steps_per_execution=N`` Keras calls its callbacks only every N steps. What must happen at every step (taking the
rate from a table, measuring the gradients) must be part of the step that TensorFlow compiles. On JAX, Keras calls the
compiled step once per batch from Python: hooks before the step run there, and see and change the values that it gets.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import keras

from .backend import StepState, on_jax
from .fit_end import check_fit_runs
from .layers import replaced_method

__all__ = ["StepHooks", "has_own_step"]

_attached: weakref.WeakKeyDictionary[Any, StepHooks] = weakref.WeakKeyDictionary()


class StepHooks:
    """The hooks of a model. Get them with :meth:`of`: a model has at most one object, which stays attached.

    Adding or removing a hook retraces the step; a hook that stays from one ``fit`` to the next costs no tracing.

    Example:
        >>> hooks = StepHooks.of(model)                                        # doctest: +SKIP
        >>> hooks.add(model, "count", lambda data, state: counter.assign_add(1))
        >>> model.fit(...)
        >>> hooks.remove(model, "count")
    """

    def __init__(self, model: keras.Model):
        self.own_step = _is_own(model.train_step)
        self._change: dict[str, Callable[[Any], Any]] = {}
        self._before: dict[str, Callable[..., Any]] = {}
        self._around: dict[str, Callable[[Any], Any]] = {}
        self._instead: dict[str, Callable[[Callable[[Any], Any], Any], Any]] = {}
        self._at_start: dict[str, Callable[[], Any]] = {}
        # Not through self, which would add a reference cycle through the model.
        change, before, around, at_start = self._change, self._before, self._around, self._at_start
        instead = self._instead
        train_step, make_train_function = model.train_step, model.make_train_function

        def changed_step(data: Any) -> Any:
            return train_step(changed(data))

        def changed(data: Any) -> Any:
            for hook in change.values():
                data = hook(data)
            return data

        def hooked_step(data: Any) -> Any:
            with contextlib.ExitStack() as stack:
                for enter in around.values():
                    stack.enter_context(enter(None))
                if instead:
                    for hook in before.values():
                        hook(changed(data), None)
                    return next(iter(instead.values()))(changed_step, data)
                data = changed(data)
                for hook in before.values():
                    hook(data, None)
                return train_step(data)

        def hooked_jax_step(state: Any, data: Any) -> Any:
            values = StepState(model, state)
            with contextlib.ExitStack() as stack:
                for enter in around.values():
                    stack.enter_context(enter(values))
                if change:
                    with values.scope():
                        data = changed(data)
                return train_step(values.values(), data)

        def with_hooks_before(make_function: Callable[..., Any]) -> Callable[..., Any]:
            def make(step: Callable[..., Any]) -> Any:
                def hooked(state: Any, data: Any) -> Any:
                    if before:
                        values = StepState(model, state)
                        for hook in before.values():
                            hook(data, values)
                        state = values.values()
                    return step(state, data)

                return make_function(hooked)

            return make

        def hooked_make(force: bool = False) -> Any:
            # An interrupted fit has not called on_train_end: its changes to the step end here.
            if not force and (change or around or instead):
                for hooks in (change, around, instead):
                    hooks.clear()
                force = True
            for hook in at_start.values():
                hook()
            if not on_jax():
                return make_train_function(force=force)
            with replaced_method(model, "_make_function", with_hooks_before):
                return make_train_function(force=force)

        model.train_step = hooked_jax_step if on_jax() else hooked_step
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
        return {*self._change, *self._before, *self._around, *self._instead, *self._at_start}

    def add(
        self,
        model: keras.Model,
        name: str,
        before_step: Callable[[Any, StepState | None], Any] | None = None,
        at_start: Callable[[], Any] | None = None,
        *,
        change_data: Callable[[Any], Any] | None = None,
        around_step: Callable[[StepState | None], contextlib.AbstractContextManager[Any]] | None = None,
        instead: Callable[[Callable[[Any], Any], Any], Any] | None = None,
    ) -> None:
        """Adds a hook, or replaces the one of the same name.

        Args:
            model: the model of these hooks, which keep no reference to it.
            name: the hook's name, which begins with that of the callback.
            before_step: called with the batch and None inside the compiled step, as ``train_step`` is; on JAX, with the
                batch and the :class:`callbacks.inside.backend.StepState`, which it may change, before the compiled
                step. No hook may refer to the model strongly.
            at_start: called without arguments, outside of TensorFlow's graph, whenever a ``fit`` begins.
            change_data: called with the batch, or each part of it; returns what to train on, which ``before_step``
                hooks get too.
            around_step: called inside the compiled step with None, or on JAX the ``StepState``, which it may change;
                returns a context manager in which everything else runs. This hook, ``change_data`` and ``instead`` last
                for one ``fit``, and must be added when it begins.
            instead: on TensorFlow, called in place of the model's step, with that step and the batch; returns the logs.

        Raises:
            ValueError: in a loop of the user's own, which may not call the step.
        """
        check_fit_runs(model, name.partition(" ")[0])
        new = (before_step, at_start, change_data, around_step, instead)
        places = (self._before, self._at_start, self._change, self._around, self._instead)
        for hooks, hook in zip(places, new, strict=True):
            hooks.pop(name, None)  # type: ignore[attr-defined]
            if hook is not None:
                hooks[name] = hook  # type: ignore[index]
        model.make_train_function(force=True)

    def remove(self, model: keras.Model, name: str) -> None:
        """Removes a hook. A missing one is no error."""
        self._at_start.pop(name, None)
        removed = [hooks.pop(name, None) for hooks in (self._before, self._change, self._around, self._instead)]
        if any(hook is not None for hook in removed):
            model.make_train_function(force=True)


def has_own_step(model: keras.Model) -> bool:
    """Whether a model's ``train_step`` is not Keras' own, be it a subclass's or an attribute. Hooks do not count.

    Example:
        >>> class Other(keras.Sequential):
        ...     def train_step(self, data):
        ...         return super().train_step(data)
        >>> has_own_step(keras.Sequential()), has_own_step(Other())
        (False, True)
    """
    hooks = _attached.get(model)
    return _is_own(model.train_step) if hooks is None else hooks.own_step


def _is_own(train_step: Callable[..., Any]) -> bool:
    return getattr(train_step, "__func__", None) is not keras.Model.train_step
