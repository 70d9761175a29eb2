"""SharedSteps: one compiled model for all trainings that differ only in numbers which can be changed."""

from __future__ import annotations

import contextlib
import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import keras

from ..callbacks.inside.optimizer_values import rate_source
from ..callbacks.inside.reachable import Reachable
from .step_numbers import StepNumbers

__all__ = ["SharedStep", "SharedSteps"]


class SharedSteps:
    """Compiled models by a key: a second model with the same key is trained as the first one, with its own numbers.

    Tracing a training step takes longer than many a training. Models with one key must be alike but for their weights,
    the learning rate, the strengths of L1 and L2 penalties and the rates of dropout: those are variables of the step
    here. See :mod:`recipes.step_keys`.

    Args:
        count: the most models to keep, >= 1; the one that was not used for the longest time is dropped. Default 16.
        numbers: whether strengths and rates are variables. Without them the models of a key must agree in these, and
            are Keras' own through and through. Default True.

    Example:
        >>> steps = SharedSteps()                                                         # doctest: +SKIP
        >>> for rate in (0.1, 0.01):
        ...     model = build(rate)
        ...     with steps.like(model, form_of(model)) as shared:
        ...         shared.model.fit(...)    # the second time the first model, as if newly built; nothing is traced
    """

    def __init__(self, count: int = 16, *, numbers: bool = True):
        self._count, self._numbers = count, numbers
        self._kept: OrderedDict[Hashable, SharedStep] = OrderedDict()

    @contextlib.contextmanager
    def like(
        self,
        model: keras.Model,
        key: Hashable | None,
        *,
        prepare: Callable[[keras.Model], Any] | None = None,
        unchanged: Callable[[keras.Model], bool] | None = None,
    ) -> Iterator[SharedStep]:
        """Within it a compiled model that trains as ``model`` would. ``model`` itself may not be used afterwards.

        Args:
            model: newly built.
            key: of all models that may share the step; None for one that must not.
            prepare: compiles the model, where that has not been done. It is called for the first model of a key.
            unchanged: asked afterwards whether the model is still what its key says, where a callback may have changed
                it, as by freezing a layer. One that is not is not used again, nor is one whose training raised.
        """
        shared = self._kept.pop(key, None) if key is not None else None
        if shared is None:
            if prepare is not None:
                prepare(model)
            shared = SharedStep(model) if key is None else _KeptStep(model, self._numbers)
        else:
            shared.become(model)
        with shared.live():
            yield shared
        if key is not None and (unchanged is None or unchanged(shared.model)):
            self._kept[key] = shared
        if len(self._kept) > self._count:
            self._kept.popitem(last=False)
            gc.collect()  # a model and its functions refer to each other

    def __len__(self) -> int:
        return len(self._kept)


class SharedStep:
    """A compiled model to train.

    Attributes:
        model: the model.
        epochs: where the caller may keep what takes long to make for this model; None at first.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.epochs: Any = None

    def become(self, other: keras.Model) -> None:
        """Takes over what a newly built model has."""
        raise NotImplementedError("a model without a key is used once")

    def live(self) -> contextlib.AbstractContextManager[None]:
        """Within it the model is trained."""
        return contextlib.nullcontext()


class _KeptStep(SharedStep):
    """A compiled model that can start anew."""

    def __init__(self, model: keras.Model, numbers: bool):
        super().__init__(model)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._start = [(variable, variable.numpy()) for variable in Reachable(model).variables.values()]
        self._numbers = StepNumbers(model) if numbers else None
        self._functions: tuple[Any, Any] = (model.train_function, model.test_function)

    def become(self, other: keras.Model) -> None:
        """Takes over what ``other``, newly built, has: weights, random states, learning rate, strengths.

        All other variables are as they were at first. ``other`` may be this model itself.
        """
        model = self.model
        for variable, start in self._start:
            variable.assign(start)
        if other is model:
            return
        for variable, value in zip(model.variables, other.variables, strict=True):
            variable.assign(value)
        optimizer = getattr(other, "optimizer", None)
        if optimizer is not None and isinstance(rate_source(optimizer), keras.Variable):
            model.optimizer.learning_rate = float(optimizer.learning_rate)
        if self._numbers is not None:
            self._numbers.copy(other)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Within it the numbers are variables, and so the model has compiled functions of its own; if any are to be."""
        if self._numbers is None:
            yield
            return
        model = self.model
        model.train_function, model.test_function = self._functions
        try:
            with self._numbers.live():
                yield
        finally:
            # What is traced outside has numbers in it, and would go on to have these.
            self._functions = (model.train_function, model.test_function)
            model.train_function = model.test_function = None
