"""fit: one training by a recipe, and Run, what comes out of it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_bool, check_integer
from ..callbacks.inside.optimizer_values import set_learning_rate
from ..callbacks.range_test.lr_finder import LRFinder, run_range_test
from ..callbacks.resume.resume import Resume
from ..callbacks.stop_on_nan import StopOnNaN
from .choice import is_named
from .distribution import replicas, settle_in
from .losses import ends_in
from .recipe import Recipe
from .regularization.live import LiveStrengths
from .run import Run
from .seeding import set_seeds

if TYPE_CHECKING:
    from .data import Data

__all__ = ["Trainer", "fit"]

LARGEST_SEED = 2**32 - 1
"""The largest that NumPy and Keras take."""

EXECUTION_FLOPS = 1e11
"""About a second of one core's arithmetic: how much work one call of the compiled training step may hold."""


def fit(
    data: Data,
    recipe: Recipe | None = None,
    *,
    epochs: int = 10,
    seed: int = 0,
    model: keras.Model | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    steps_per_execution: int | None = None,
    directory: str | os.PathLike[str] | None = None,
    verbose: int | str = "auto",
) -> Run:
    """Trains a model on ``data.train`` by ``recipe`` and validates it on ``data.validation`` after each epoch.

    The peak learning rate is the recipe's; where that is None, a range test of at most 300 batches finds it
    first. A training whose loss becomes NaN is stopped, with a warning that says where and what to try,
    and ``run.diverged`` set.
    Sets the seeds of Python, NumPy and Keras: the same seed gives the same numbers on the same machine.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: default ``Recipe()``.
        epochs: passes over the training split, >= 1. Default 10. 1cycle spans all of them.
        seed: of initialization, data order and dropout, >= 0. Default 0.
        model: a Keras model to train in place of the recipe's own; it is compiled anew.
        callbacks: more Keras callbacks, after the recipe's.
        steps_per_execution: batches that one call of the compiled step takes; None (default) chooses by the size of the
            model. The results do not depend on it.
        directory: None (default), or where to keep a checkpoint after each epoch: the same call made again goes on
            after the last one, and gives the same numbers as an unbroken one. See :class:`callbacks.Resume`.
        verbose: of Keras' ``fit``: 0 silent, 1 a progress bar, 2 a line an epoch. Default "auto".

    Returns:
        A :class:`recipes.Run`, whose recipe holds the learning rate that was used.

    Raises:
        InvalidArgument: for a value outside its range, a model that does not fit the data, or a directory that holds
            another training; before any training.

    Example:
        >>> run = recipes.fit(recipes.load("digits"), recipes.Recipe(), epochs=10)   # doctest: +SKIP
        >>> run.evaluate()
    """
    check_data(data)
    recipe = check_recipe(recipe)
    check_integer("epochs", epochs, low=1)
    check_integer("seed", seed, low=0, high=LARGEST_SEED)
    if model is not None or not is_named(recipe.model):
        absent = [each.name for each in recipe.regularizers() if each.acts_in_model]
        if absent:
            warnings.warn(
                f"{', '.join(absent)} act{'s' if len(absent) == 1 else ''} inside the model, which was not made by a "
                "factory of this package: put it there, or leave it out of the recipe",
                UserWarning,
                stacklevel=2,
            )
    trainer = Trainer(data, recipe, seed=seed, model=model, steps_per_execution=steps_per_execution)
    return trainer.run(epochs=epochs, seed=seed, callbacks=callbacks, directory=directory, verbose=verbose)


class Trainer:
    """A compiled model for one dataset and recipe, which can be trained again and again without new tracing.

    Every :meth:`run` starts from the weights that a new model would get from its seed, so its result is that of
    :func:`fit` to the last bit, whatever ran before.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: what to train by; its learning rate may differ from run to run, the rest is fixed.
        seed: of the initial weights of the first run.
        model, steps_per_execution: as in :func:`fit`.
        steps_per_epoch: batches in an epoch, >= 1; None (default) for one pass. Otherwise the passes follow one another
            without regard to the epochs.
        keep_functions: in further runs leave TensorFlow's own seed alone, which nothing in Keras or in this package
            draws from; they take less time. See :func:`recipes.seeding.set_seeds`. Default False.

    Example:
        >>> trainer = Trainer(data, Recipe(learning_rate=0.1))           # doctest: +SKIP
        >>> runs = [trainer.run(epochs=5, seed=seed) for seed in (0, 1, 2)]
    """

    def __init__(
        self,
        data: Data,
        recipe: Recipe,
        *,
        seed: int = 0,
        model: keras.Model | None = None,
        steps_per_execution: int | None = None,
        steps_per_epoch: int | None = None,
        keep_functions: bool = False,
    ):
        keep_functions = check_bool("keep_functions", keep_functions)
        recipe.check(data.spec)
        recipe = recipe.resolved(data.spec)
        self.data, self.recipe = data, recipe
        self._augment = recipe.augment(data)
        if model is None:
            set_seeds(seed)
            self._given = None
            self.model = recipe.build_model(data.spec)
            check_fits(self.model, data)
        else:
            check_fits(model, data)
            self.model = model
            self._given = [np.array(variable.numpy()) for variable in model.variables]
        self._live = LiveStrengths(self.model, recipe.regularizers() if model is None else [])
        self._variables = list(self.model.variables)
        self._steps = steps_per_epoch
        if replicas() > 1:
            if steps_per_execution not in (None, 1):
                accepted = "1 or None under a tf.distribute strategy of several replicas"
                raise InvalidArgument("steps_per_execution", steps_per_execution, accepted)
            steps_per_execution = 1
        elif steps_per_execution is None:
            steps_per_execution = steps_for(self.model, data.batch_size, steps_per_epoch or data.steps_per_epoch)
        check_integer("steps_per_execution", steps_per_execution, low=1)
        if steps_per_epoch is not None:  # from data without an end every call takes as many: they have to come out even
            steps_per_execution = math.gcd(steps_per_execution, steps_per_epoch)
        recipe.compile(self.model, steps_per_execution=steps_per_execution)
        self.model.optimizer.build(self.model.trainable_variables)
        settle_in(self.model)
        # Keras makes the metrics' variables in the first training step, and TensorFlow traces a step that makes
        # variables twice: make them now.
        y = data.arrays("train")[1][:1]
        self.model.compute_metrics(None, keras.ops.convert_to_tensor(y), keras.ops.zeros((1, data.spec.outputs)))
        self.model.reset_metrics()
        self._optimizer_start = [np.array(variable.numpy()) for variable in self.model.optimizer.variables]
        self._untouched = seed if model is None else None
        self._keep_functions = keep_functions

    def takes(self, recipe: Recipe) -> bool:
        """Whether :meth:`run` can train by this recipe: only its learning rate and what is live may be another."""
        own = self.recipe
        same = dataclasses.replace(recipe, learning_rate=own.learning_rate, regularizer=own.regularizer)
        alike = self._live.alike(recipe.regularizer, own.regularizer)
        return alike and same.resolved(self.data.spec) == own

    def run(
        self,
        *,
        epochs: int,
        seed: int,
        learning_rate: float | None = None,
        regularizer: Any = None,
        data: Data | None = None,
        validate: bool = True,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        directory: str | os.PathLike[str] | None = None,
        verbose: int | str = 0,
        warn: bool = True,
    ) -> Run:
        """One training from the start.

        Arguments as in :func:`fit`, and:

        Args:
            learning_rate: replaces the recipe's.
            regularizer: replaces the recipe's, from which it may differ only in strengths that are live: of L1, L2
                and dropout; see :class:`recipes.regularization.live.LiveStrengths`.
            data: replaces the trainer's: with another training split, and the same Spec and batch size.
            validate: whether there is a validation after each epoch, which early stopping needs.
            warn: False leaves it to the caller to look at ``run.message``.
        """
        start = time.perf_counter()
        validate, warn = check_bool("validate", validate), check_bool("warn", warn)
        data = self.data if data is None else data
        self._reset(seed)
        recipe = self.recipe
        if learning_rate is not None:
            recipe = dataclasses.replace(recipe, learning_rate=learning_rate)
        if regularizer is not None:
            recipe = dataclasses.replace(recipe, regularizer=regularizer)
            if not self._live.alike(recipe.regularizer, self.recipe.regularizer):
                strengths = " and ".join(f"the {option} of {name}" for name, option in self._live.options.items())
                accepted = f"{self.recipe.regularizer_name} as before" + f", but for {strengths}" * bool(strengths)
                raise InvalidArgument("regularizer", regularizer, accepted)
        finder = None
        with self._live.at(recipe.regularizers()):
            rate = recipe.learning_rate
            if rate is None:
                finder = self.range_test(seed, data=data)
                rate = finder.suggest()
                recipe = dataclasses.replace(recipe, learning_rate=rate)
            set_learning_rate(self.model.optimizer, rate)
            steps = self._steps or data.steps_per_epoch
            all_callbacks = recipe.callbacks(steps_per_epoch=steps, epochs=epochs, spec=data.spec)
            first_epoch, resume = 0, []
            if directory is not None:
                settings = {"seed": seed, "data": data.fingerprint, **_fields(recipe)}
                # The data knows the order of every pass: where a pass is an epoch, none has to be read again.
                resume = [Resume(directory, replay=self._steps is not None, settings=settings)]
                if self._steps is None:
                    first_epoch = min(resume[0].position()[0], epochs - 1)
            batches = data.batches("train", seed=seed, first_epoch=first_epoch, augment=self._augment)
            # An endless dataset keeps one iterator for the whole fit; making one costs as much as ten small steps.
            endless = self._steps is not None or self.model.steps_per_execution == steps
            history = self.model.fit(
                batches.repeat() if endless else batches,
                steps_per_epoch=steps if endless else None,
                epochs=epochs,
                validation_data=data.validation if validate else None,
                shuffle=False,  # the data shuffles itself
                callbacks=[*all_callbacks, *callbacks, *resume],
                verbose=verbose,
            )
        ran = len(history.history["loss"])
        kept = [c.best_epoch + 1 for c in all_callbacks if getattr(c, "best_weights", None) is not None]
        message = next(each.message for each in all_callbacks if isinstance(each, StopOnNaN))
        if message is not None and warn:
            warnings.warn(f"training stopped: {message}", RuntimeWarning, stacklevel=3)
        return Run(
            model=self.model,
            recipe=recipe,
            data=data,
            history={name: [float(value) for value in values] for name, values in history.history.items()},
            epochs=epochs,
            best_epoch=kept[0] if kept else ran,
            seed=seed,
            seconds=time.perf_counter() - start,
            message=message,
            range_test=finder,
        )

    def _reset(self, seed: int) -> None:
        """Weights, optimizer and random states as those of a new model made from this seed."""
        untouched, self._untouched = self._untouched, None
        if untouched == seed:
            return
        set_seeds(seed, keep_functions=self._keep_functions)
        if self._given is not None:
            values: list[Any] = self._given
        else:  # building again also draws from Keras' global random state exactly what a new model would draw
            values = self.recipe.build_model(self.data.spec).variables
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        for variable, value in zip(self.model.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)

    def range_test(self, seed: int, finder: LRFinder | None = None, *, data: Data | None = None) -> LRFinder:
        """Runs a range test from the present weights, with everything that a training step of the recipe has.

        Args:
            seed: of the order of the data.
            finder: by default one with its own defaults.
            data: as in :meth:`run`.

        Returns:
            The finder.
        """
        data = self.data if data is None else data
        finder = LRFinder() if finder is None else finder
        batches = data.batches("train", seed=seed, augment=self._augment)
        in_step = [
            callback
            for each in self.recipe.regularizers()
            if each.acts_in_step
            for callback in each.callbacks(epochs=1, schedule=None, spec=data.spec)
        ]
        run_range_test(self.model, batches, finder, callbacks=in_step)
        return finder


def _fields(recipe: Recipe) -> dict[str, Any]:
    """What the recipe's JSON holds, field by field, for a message about one that differs."""
    try:
        return json.loads(recipe.to_json())
    except InvalidArgument:  # a function as model
        return {}


def check_data(data: Any) -> None:
    """Raises unless ``data`` is what :func:`recipes.load` returns; a name alone is the usual mistake."""
    from .data import Data

    if not isinstance(data, Data):
        raise InvalidArgument("data", data, "what recipes.load(name) or recipes.Data.from_arrays(x, y) returns")


def check_recipe(recipe: Any) -> Recipe:
    """The recipe, or the default one for None; raises for anything else."""
    if recipe is None:
        return Recipe()
    if not isinstance(recipe, Recipe):
        raise InvalidArgument("recipe", recipe, "a recipes.Recipe")
    return recipe


def check_fits(model: keras.Model, data: Data) -> None:
    """Raises if the model's input or output does not fit the data: one line with what it has and what is needed."""
    spec = data.spec
    if not isinstance(model, keras.Model):
        raise InvalidArgument("model", model, "a keras.Model")
    if not model.built or not model.layers:
        raise InvalidArgument("model", model.name, "built: give it a keras.Input, or call it once")
    given = model.input_shape
    if spec.record:
        expected: Any = {feature.key: (None, *feature.shape) for feature in spec.features}
        taken = {name: tensor.shape for name, tensor in model.input.items()} if isinstance(model.input, dict) else given
        fits = isinstance(taken, dict) and set(taken) == set(expected)
        if not fits or not all(_takes(taken[name], expected[name]) for name in expected):
            raise InvalidArgument("model", taken, f"a model with a dictionary of inputs {expected} for {spec.name!r}")
    elif isinstance(given, (list, dict)) or not _takes(given, (None, *spec.input_shape)):
        shape = (None, *spec.input_shape)
        raise InvalidArgument("model", given, f"a model with one input of shape {shape} for {spec.name!r}")
    output = model.output_shape
    if isinstance(output, (list, dict)) or output != (None, spec.outputs):
        raise InvalidArgument(
            "model", output, f"a model with one output of shape {(None, spec.outputs)} for {spec.name!r}"
        )
    last = {"multiclass": "softmax", "binary": "sigmoid", "multilabel": "sigmoid"}.get(spec.task)
    if last is not None and ends_in(model) != last:
        raise InvalidArgument("model", ends_in(model), f"a model that ends in {last} for {spec.name!r} ({spec.task})")
    if last is None and ends_in(model) in ("softmax", "sigmoid"):
        raise InvalidArgument("model", ends_in(model), f"a model that ends in numbers for {spec.name!r} ({spec.task})")


def _takes(given: Sequence[int | None], needed: Sequence[int | None]) -> bool:
    """Whether an input of the shape ``given`` takes arrays of the shape ``needed``; None is any size."""
    return len(given) == len(needed) and all(n is None or n == m for n, m in zip(given, needed, strict=True))


def steps_for(model: keras.Model, batch_size: int, steps_per_epoch: int) -> int:
    """How many batches one call of the compiled step should take: as many as are about a second of work.

    Fewer calls mean less Python between steps; more mean a progress bar that moves and a Ctrl-C that is heard. Calls of
    equal length: the epoch is divided evenly.

    Args:
        model: a built model.
        batch_size: examples in a batch.
        steps_per_epoch: batches in an epoch.
    """
    flops = 0.0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            positions = math.prod(n or 1 for n in layer.output.shape[1:-1])
            flops += 6.0 * math.prod(kernel.shape) * positions * batch_size  # forward, and backward twice
    calls = max(1, math.ceil(steps_per_epoch * flops / EXECUTION_FLOPS))
    return max(1, math.ceil(steps_per_epoch / calls))
