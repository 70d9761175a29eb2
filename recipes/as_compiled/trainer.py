"""CompiledTrainer: repeated trainings of a model as it was compiled, with its own optimizer, loss and step."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.optimizer_values import rate_source, set_learning_rate
from ...callbacks.inside.training import restart_layer_names
from ...callbacks.stop_on_nan import StopOnNaN
from ..evaluation import Evaluator, evaluated_by
from ..fitting import Fitting, epoch_arrays
from ..model_inputs import inputs_for, shapes_of
from ..recipe import Recipe
from ..registration.own_model import own_model
from ..seeding import set_seeds
from ..shared_steps import SharedStep, SharedSteps
from ..step_keys import form_of
from ..whole_epochs.epochs import WholeEpochs
from .targets import batches_for, split_for, takes_one_hot

if TYPE_CHECKING:
    from ..data import Data
    from ..data.spec import Spec
    from ..whole_epochs.arrays import EpochArrays, Split

__all__ = ["CompiledRun", "CompiledTrainer", "checked_model", "compiled_model", "own_rate"]

LOSSES = ("loss", "val_loss")

LARGEST_TARGETS = 2**26
"""The most numbers of one-hot targets that are made for all examples at once: 256 MiB."""

AS_IT_IS = Fitting(augment=None, steps_per_epoch=None)
"""How the epochs run: nothing changes the examples, and an epoch is one pass."""


@dataclass(frozen=True, eq=False)
class CompiledRun:
    """A training of a model as it was compiled.

    Attributes:
        model: the trained model.
        recipe: of the training: the model by name, and the learning rate if it is a number.
        data: the data.
        history: name -> one value per epoch; NaN for losses that the model does not log.
        seconds: how long it took.
        message: why it diverged, or None.
        best_epoch: the number of epochs: the last one's weights are kept.
        evaluator: compiled functions of the model; None where Keras' own evaluate.
    """

    model: keras.Model
    recipe: Recipe
    data: Data
    history: dict[str, list[float]]
    seconds: float
    message: str | None
    evaluator: Evaluator | None = None

    @property
    def diverged(self) -> bool:
        """Whether the loss became NaN or infinite."""
        return self.message is not None

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights the model has: the last one."""
        return len(self.history["loss"])

    def evaluate(self, split: str) -> dict[str, float]:
        """What the model's own evaluation logs for a split; the loss is NaN if it logs none."""
        if self.evaluator is not None:
            logs = self.evaluator.evaluate(self.data.tensors(split), self.data.evaluation_batch_size)
        else:
            batches = batches_for(self.model, self.data.batches(split), self.data.spec)
            logs = self.model.evaluate(batches, verbose=0, return_dict=True)
        return {"loss": math.nan, **{name: float(value) for name, value in logs.items() if _is_number(value)}}


class _WholeEpochs:
    """Compiled functions of a model, for splits as the data have them."""

    def __init__(self, whole: WholeEpochs, model: keras.Model, spec: Spec):
        self._whole, self._model, self._spec = whole, model, spec

    def _as_taken(self, split: Split) -> Split:
        return split_for(self._model, split, self._spec)

    def fit(self, arrays: EpochArrays, callbacks: Sequence[keras.callbacks.Callback]) -> keras.callbacks.History:
        """As :meth:`WholeEpochs.fit`."""
        _, y, _ = self._as_taken((arrays.x, arrays.y, arrays.weights))
        validation = None if arrays.validation is None else self._as_taken(arrays.validation)
        return self._whole.fit(dataclasses.replace(arrays, y=y, validation=validation), callbacks)

    def evaluate(self, split: Split, size: int) -> dict[str, Any]:
        """As :meth:`WholeEpochs.evaluate`."""
        return self._whole.evaluate(self._as_taken(split), size)

    def predict(self, split: Split, size: int) -> list[Any]:
        """As :meth:`WholeEpochs.predict`."""
        return self._whole.predict(split, size)


class CompiledTrainer:
    """A model that a function makes and compiles, which can be trained repeatedly.

    Trainings of models of Keras' own layers share a compiled step: see :class:`recipes.shared_steps.SharedSteps`.
    Where nothing else listens or changes the step, an epoch is one call, with the numbers of ``fit``: see
    :class:`recipes.whole_epochs.epochs.WholeEpochs`.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: whose model is that function; its learning rate replaces the model's, if it has one.
        steps: compiled steps to share.
    """

    def __init__(self, data: Data, recipe: Recipe, *, steps: SharedSteps | None = None):
        self.data, self.recipe = data, recipe
        self._steps = SharedSteps() if steps is None else steps

    @contextlib.contextmanager
    def running(
        self, *, epochs: int, seed: int, callbacks: Sequence[keras.callbacks.Callback] = (), verbose: int | str = 0
    ) -> Iterator[CompiledRun]:
        """Trains from the start for so many epochs; within the context, the model can be evaluated."""
        start = time.perf_counter()
        model, form = self._new_model(seed)
        rate = own_rate(model)
        with self._steps.like(model, form) as shared, contextlib.ExitStack() as stack:
            trained, stop = shared.model, StopOnNaN()
            own = [stop] if getattr(trained, "loss", None) is not None else []
            whole = self._whole_epochs(shared, own, callbacks)
            if whole is None:
                history = self._fit(trained, [*own, *callbacks], epochs=epochs, seed=seed, verbose=verbose)
            else:
                arrays = epoch_arrays(self.data, seed=seed, epochs=epochs, validate=True, verbose=verbose)
                history = whole.fit(arrays, [*own, *callbacks])
                stack.enter_context(evaluated_by(trained, whole))
            numbers = {
                name: [float(value) for value in values]
                for name, values in history.history.items()
                if all(map(_is_number, values))
            }
            missing = {name: [math.nan] * len(history.epoch) for name in LOSSES if name not in numbers}
            yield CompiledRun(
                model=trained,
                recipe=dataclasses.replace(self.recipe, learning_rate=rate),
                data=self.data,
                history={**numbers, **missing},
                seconds=time.perf_counter() - start,
                message=stop.message or _not_finite(numbers),
                evaluator=whole,
            )

    def _whole_epochs(
        self,
        shared: SharedStep,
        own: Sequence[keras.callbacks.Callback],
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> _WholeEpochs | None:
        """What trains and evaluates the model as its ``fit`` does, in fewer calls; None if only ``fit`` does so."""
        model, data = shared.model, self.data
        if not AS_IT_IS.over_whole_epochs(model, data, own, callbacks):
            return None
        if takes_one_hot(model, data.spec) and data.settings["counts"]["train"] * data.spec.outputs > LARGEST_TARGETS:
            return None
        x, _ = data.on_device("validation")
        if inputs_for(model, x) is not x:  # the columns in another form
            return None
        return _WholeEpochs(shared.made(WholeEpochs), model, data.spec)

    def _fit(
        self,
        model: keras.Model,
        callbacks: Sequence[keras.callbacks.Callback],
        *,
        epochs: int,
        seed: int,
        verbose: int | str,
    ) -> keras.callbacks.History:
        spec = self.data.spec
        return model.fit(
            batches_for(model, self.data.batches("train", seed=seed), spec),
            epochs=epochs,
            validation_data=batches_for(model, self.data.validation, spec),
            shuffle=False,  # the data are shuffled already
            callbacks=callbacks,
            verbose=verbose,
        )

    def _new_model(self, seed: int) -> tuple[keras.Model, str | None]:
        """A new model from this seed, and its form: what its step depends on, None if that is not known."""
        restart_layer_names()
        set_seeds(seed, keep_functions=len(self._steps) > 0)
        model = compiled_model(self.recipe, self.data)
        form = form_of(model) if _is_new(model) else None
        if form is None:  # its layers, or trainings of its function, may draw from TensorFlow's seed
            restart_layer_names()
            set_seeds(seed)
            model = compiled_model(self.recipe, self.data)
        if self.recipe.learning_rate is not None:
            set_learning_rate(model.optimizer, self.recipe.learning_rate)
        return model, form


def compiled_model(recipe: Recipe, data: Data) -> keras.Model:
    """A new model from the function of a recipe, compiled by it and built for the data.

    The function gets nothing of the recipe's other choices.

    Raises:
        InvalidArgument: for a model that is not compiled, does not take the data's inputs, or has several outputs.
    """
    return checked_model(own_model(recipe.model, data.spec), recipe, data)


def checked_model(model: keras.Model, recipe: Recipe, data: Data) -> keras.Model:
    """The model that the function of a recipe has made, built for the data.

    Raises:
        InvalidArgument: as :func:`compiled_model`.
    """
    name = recipe.model if isinstance(recipe.model, str) else model.name
    if not model.compiled:
        raise InvalidArgument("model", name, "compiled: call its compile(...), or compare it with a recipe's optimizer")
    x, _ = next(iter(data.batches("validation").unbatch().batch(2).take(1).map(lambda x, *y: (x, y))))
    try:
        outputs = model(inputs_for(model, x), training=False)
    except Exception as error:  # Keras raises a dozen kinds
        shapes = (
            {key: tuple(value.shape[1:]) for key, value in x.items()} if isinstance(x, dict) else tuple(x.shape[1:])
        )
        own = shapes_of(model)
        why = f", not {own}" if own not in ("", str(shapes)) else f" ({' '.join(str(error).split())[:200]})"
        accepted = f"a model that takes inputs of shape {shapes} of {data.spec.name!r}{why}"
        raise InvalidArgument("model", name, accepted) from None
    if isinstance(outputs, (list, tuple, dict)):
        accepted = f"a model with one output for {data.spec.name!r}, not {len(outputs)}: compare them one at a time"
        raise InvalidArgument("model", name, accepted)
    _check_width(name, tuple(outputs.shape), data)
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return model


def _check_width(name: str, shape: tuple[int, ...], data: Data) -> None:
    spec = data.spec
    width = math.prod(shape[1:])
    fits = (1, 2) if spec.task == "binary" else (spec.outputs,)
    if width not in fits:
        accepted = f"a model with {' or '.join(map(str, fits))} outputs for {spec.name!r} ({spec.task}), not {width}"
        raise InvalidArgument("model", name, accepted)


def _is_new(model: keras.Model) -> bool:
    """Whether the optimizer has made no step yet."""
    return model.optimizer is None or int(model.optimizer.iterations) == 0


def own_rate(model: keras.Model) -> float | None:
    """The learning rate of a compiled model's optimizer; None if it is a schedule, or if there is none."""
    if model.optimizer is None or not isinstance(rate_source(model.optimizer), keras.Variable):
        return None
    return float(f"{float(model.optimizer.learning_rate):.7g}")


def _not_finite(history: dict[str, list[float]]) -> str | None:
    """What became NaN or infinite among the losses of a step of one's own."""
    for name, values in history.items():
        if name.endswith("loss") and values and not math.isfinite(values[-1]):
            return f"{name} is {values[-1]} at the end of epoch {len(values)}"
    return None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
