"""SharedSteps: one compiled model for all trainings that differ only in numbers that are variables of the step."""

from __future__ import annotations

import contextlib
import functools
import gc
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Any, TypeVar

import keras

from ..callbacks.inside.custom_gradients import release_custom_gradients
from ..callbacks.inside.optimizer_values import rate_source
from ..callbacks.inside.reachable import Reachable
from ..callbacks.inside.weights import bytes_of
from .new_models import NewModels
from .step_numbers import StepNumbers

__all__ = ["SharedStep", "SharedSteps"]

Made = TypeVar("Made")


LARGEST = 2**28
"""How many bytes the variables of the cached models may take, where there are several."""


class SharedSteps:
    """A cache of compiled models by key: a model whose key is cached trains with the cached model's compiled step.

    Tracing a training step often takes longer than a training. Models with equal keys may differ only in weights,
    learning rate, strengths of L1 and L2 penalties, rates of dropout, and means and variances of Normalization layers,
    which are variables of the step. See :mod:`recipes.step_keys`.

    Args:
        count: the number of models to cache, >= 1; the least recently used is dropped, also when the models' variables
            take more than 256 MiB in all. Default 16.
        numbers: whether strengths and rates are variables. If not, they must be equal for equal keys, and the models
            are unmodified Keras models. Default True.

    Attributes:
        new_models: those that trainings with these steps only read, for others.

    Example:
        >>> steps = SharedSteps()                                                         # doctest: +SKIP
        >>> for rate in (0.1, 0.01):
        ...     model = build(rate)
        ...     with steps.like(model, form_of(model)) as shared:
        ...         shared.model.fit(...)    # the second time the first model, as if new, without tracing
    """

    def __init__(self, count: int = 16, *, numbers: bool = True):
        self._count, self._numbers = count, numbers
        self.new_models = NewModels()
        self._kept: OrderedDict[Hashable, SharedStep] = OrderedDict()

    @contextlib.contextmanager
    def like(
        self,
        model: keras.Model,
        key: Hashable | None,
        *,
        prepare: Callable[[keras.Model], Any] | None = None,
        loss_weight: float | None = None,
        unchanged: Callable[[keras.Model], bool] | None = None,
        but: Collection[int] = (),
    ) -> Iterator[SharedStep]:
        """A context with a compiled model that trains as ``model`` would. Do not use ``model`` afterwards.

        Args:
            model: a new model.
            key: equal for models that may share the step; None for a model that must not.
            prepare: compiles the model if needed. It is called for the first model of a key.
            loss_weight: that of the model's only loss, once compiled. Default None: that of the first model.
            unchanged: whether the model still fits its key after the training; a callback may have changed it, for
                example by freezing a layer. If not, or if the training raises, the model is not cached.
            but: ids of variables that a cached model keeps as they are, since the caller assigns them. Default none.
        """
        shared = self._kept.pop(key, None) if key is not None else None
        if shared is None:
            if prepare is not None:
                prepare(model)
            shared = SharedStep(model) if key is None else _KeptStep(model, self._numbers)
        else:
            shared.become(model, loss_weight, but=but)
        try:
            with shared.live():
                yield shared
        finally:
            release_custom_gradients()
        if key is not None and (unchanged is None or unchanged(shared.model)):
            self._kept[key] = shared
        if len(self._kept) > 1 and (
            len(self._kept) > self._count or sum(step.size for step in self._kept.values()) > LARGEST
        ):
            self._kept.popitem(last=False)
            gc.collect()  # a model and its functions refer to each other

    def __len__(self) -> int:
        return len(self._kept)


class SharedStep:
    """A compiled model to train.

    Attributes:
        model: the model.
        numbers: the further variables of the step: strengths, rates, means and variances.
    """

    numbers: Sequence[keras.Variable] = ()

    def __init__(self, model: keras.Model):
        self.model = model
        self._made: dict[Any, Any] = {}

    @functools.cached_property
    def size(self) -> int:
        """The bytes of the variables of the model and its optimizer."""
        return bytes_of([*self.model.variables, *self.model.optimizer.variables])

    def made(self, make: Callable[[keras.Model], Made]) -> Made:
        """``make(model)``, for what is expensive to make for this model; made once."""
        if make not in self._made:
            self._made[make] = make(self.model)
        return self._made[make]

    def become(self, other: keras.Model, loss_weight: float | None = None, *, but: Collection[int] = ()) -> None:
        """Takes the state of a new model."""
        raise NotImplementedError("a model without a key is used once")

    def live(self) -> contextlib.AbstractContextManager[None]:
        """The context for training the model."""
        return contextlib.nullcontext()


class _KeptStep(SharedStep):
    """A compiled model that can be reset to the state of a new one."""

    def __init__(self, model: keras.Model, numbers: bool):
        super().__init__(model)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._start = [(variable, variable.numpy()) for variable in Reachable(model).variables.values()]
        self._numbers = StepNumbers(model) if numbers else None
        self.numbers = [] if self._numbers is None else self._numbers.variables
        self._functions: tuple[Any, Any] = (model.train_function, model.test_function)

    def become(self, other: keras.Model, loss_weight: float | None = None, *, but: Collection[int] = ()) -> None:
        """Takes the state of ``other``, a new model: weights, random states, learning rate, strengths and rates.

        All other variables are reset to their initial values. ``other`` may be this model itself.

        Args:
            other: the model.
            loss_weight, but: as in :meth:`SharedSteps.like`.
        """
        model = self.model
        state = {id(variable): (variable, start) for variable, start in self._start}
        if other is not model:
            pairs = zip(model.variables, other.variables, strict=True)
            state |= {id(variable): (variable, value) for variable, value in pairs}
        for identity, (variable, value) in state.items():
            if identity not in but:
                variable.assign(value)
        optimizer = None if other is model else getattr(other, "optimizer", None)
        if optimizer is not None and isinstance(rate_source(optimizer), keras.Variable):
            model.optimizer.learning_rate = float(optimizer.learning_rate)
        if self._numbers is not None:
            self._numbers.copy(other, loss_weight)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """A context in which the numbers are variables, with compiled functions of their own."""
        if self._numbers is None:
            yield
            return
        model = self.model
        model.train_function, model.test_function = self._functions
        try:
            with self._numbers.live():
                yield
        finally:
            # Functions traced outside have the numbers as constants: the two kinds must not mix.
            self._functions = (model.train_function, model.test_function)
            model.train_function = model.test_function = None
