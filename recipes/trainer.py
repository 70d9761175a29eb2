"""Trainer: repeated trainings by one recipe, each with the results of a new fit."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import time
import warnings
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_bool, check_integer
from ..callbacks.inside.optimizer_values import set_learning_rate
from ..callbacks.inside.random_state import random_state, set_random_state
from ..callbacks.range_test.lr_finder import LRFinder, run_range_test
from ..callbacks.range_test.suggestions import WINDOW
from ..callbacks.resume.resume import Resume
from ..callbacks.stop_on_nan import StopOnNaN
from .distribution import replicas, settle_in
from .last_healthy import LastHealthy
from .learning_rate import found_rate, is_doubtful, usual_peak
from .recipe import Recipe
from .run import Attempt, Run
from .seeding import set_seeds
from .shared_steps import SharedSteps
from .step_keys import structure_of
from .training_checks import check_batches, check_fits

if TYPE_CHECKING:
    from .data import Data

__all__ = ["LARGEST_SEED", "Trainer", "steps_for"]

LARGEST_SEED = 2**32 - 1
"""The largest seed that NumPy and Keras accept."""

LOWERED_BY, LOWERINGS = 4.0, 3
"""The divisor of a found rate that diverges, and how often it is applied at most."""

WORSE = 0.1
"""The relative increase of the loss over a whole training from which on it counts as failed."""

EXECUTION_FLOPS = 1e11
"""The largest amount of work per call of the compiled training step: about a second on one core."""


class Trainer:
    """A model for one dataset and recipe that can be trained repeatedly without being traced again.

    Every :meth:`run` starts from the initial weights of its seed, so its result equals that of :func:`recipes.fit` bit
    for bit, whatever ran before.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: the recipe to train by.
        seed: of the initial weights of the first run.
        model: as in :func:`recipes.fit`; every run starts from the weights that it has at the first.
        steps_per_execution: as in :func:`recipes.fit`.
        steps_per_epoch: batches per epoch, >= 1; None (default) for one pass. Otherwise the passes follow one another
            independently of the epochs.
        keep_functions: leave TensorFlow's seed alone in further runs, and in all runs with shared ``steps``. They take
            less time, and neither Keras nor this package draws from that seed. See
            :func:`recipes.seeding.set_seeds`. Default False.
        steps: compiled steps shared with other trainers on the same data, whose recipes differ only in strengths and
            rates; None (default) for a step of this trainer alone, with these as constants.

    Attributes:
        model: the new model; after a run, the model of that run.
        key: the key of its compiled step among the shared ones.

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
        steps: SharedSteps | None = None,
    ):
        start = time.perf_counter()
        self._keep_functions = check_bool("keep_functions", keep_functions)
        recipe.check(data.spec)
        recipe = recipe.resolved(data.spec)
        self.data, self.recipe, self._steps_per_epoch = data, recipe, steps_per_epoch
        self._augment = recipe.augment(data)
        self._new: tuple[int, dict[str, Any]] | None = None
        self._builds = model is None
        if model is None:
            set_seeds(seed, keep_functions=keep_functions and steps is not None)
            model = recipe.build_model(data.spec)
            self._new = (seed, random_state())
        check_fits(model, data)
        check_batches(model, data)
        self.model = model
        self._steps_per_execution = self._choose_steps_per_execution(steps_per_execution)
        self._prepared: keras.Model | None = None
        self._steps = SharedSteps(1, numbers=False) if steps is None else steps
        self.key = self._key_of(model) if steps is not None else "its own"
        if steps is None:
            self._prepare(model)
        self._seconds = time.perf_counter() - start

    def _choose_steps_per_execution(self, steps: int | None) -> int:
        if replicas() > 1:
            if steps not in (None, 1):
                accepted = "1 or None under a tf.distribute strategy of several replicas"
                raise InvalidArgument("steps_per_execution", steps, accepted)
            steps = 1
        elif steps is None:
            steps = steps_for(self.model, self.data.batch_size, self._steps_per_epoch or self.data.steps_per_epoch)
        check_integer("steps_per_execution", steps, low=1)
        # On endless data every call takes the same number of batches, which must divide the epoch.
        return steps if self._steps_per_epoch is None else math.gcd(steps, self._steps_per_epoch)

    def _key_of(self, model: keras.Model) -> Hashable:
        """What a compiled step depends on: the recipe without its learning rate, the model without its numbers."""
        structure = structure_of(model)
        recipe = dataclasses.replace(self.recipe, learning_rate=1.0)
        if structure is not None:  # it includes the regularizers that act in the model alone
            outside = [
                choice
                for choice, regularizer in zip(recipe.regularizer, recipe.regularizers(), strict=True)
                if not regularizer.acts_in_model_alone
            ]
            recipe = dataclasses.replace(recipe, regularizer=tuple(outside))
        return recipe, structure, self._steps_per_execution

    def _prepare(self, model: keras.Model) -> None:
        """Compiles the model and creates all its variables, once."""
        if model is self._prepared:
            return
        self._prepared = model
        options: dict[str, Any] = {"steps_per_execution": self._steps_per_execution}
        self.recipe.compile(model, spec=self.data.spec, weighted_metrics=self.data.weighted, **options)
        model.optimizer.build(model.trainable_variables)
        settle_in(model)
        # Keras would create the metrics' variables in the first training step, and TensorFlow traces a step that
        # creates variables twice: create them now.
        y = self.data.arrays("train")[1][:1]
        weight = keras.ops.ones((1,)) if self.data.weighted else None
        outputs = keras.ops.zeros((1, self.data.spec.outputs))
        model.compute_metrics(None, keras.ops.convert_to_tensor(y), outputs, weight)
        model.reset_metrics()

    def run(
        self,
        *,
        learning_rate: float | None = None,
        directory: str | os.PathLike[str] | None = None,
        warn: bool = True,
        **options: Any,
    ) -> Run:
        """Trains from the start, with the arguments of :meth:`running`; a found rate that is too high is lowered.

        If the training diverges at a rate found by a range test, or ends with a higher loss than it began with, the
        rate is divided by 4 and the training started again, at most 3 times: see ``run.attempts``. A given rate is
        never changed. After a divergence the model has the weights of the last epoch without NaN.

        Args:
            warn: whether to warn of what ``run.message``, ``run.attempts`` and ``run.remark`` describe.
        """
        warn = check_bool("warn", warn)
        attempts: list[Attempt] = []
        first, seconds = None, 0.0
        while True:
            number = len(attempts) + 1
            place = directory if directory is None or number == 1 else Path(directory) / f"attempt_{number}"
            with self.running(learning_rate=learning_rate, directory=place, restore=True, **options) as run:
                pass
            first, seconds = first or run, seconds + run.seconds
            trouble = None if first.range_test is None else _trouble(run, first.range_test)
            if trouble is None or number > LOWERINGS:
                break
            rate = float(run.recipe.learning_rate or math.nan)
            attempts.append(Attempt(rate, trouble))
            learning_rate = rate / LOWERED_BY
        run = dataclasses.replace(
            run, range_test=first.range_test, remark=first.remark, attempts=tuple(attempts), seconds=seconds
        )
        if warn:
            _warn(run)
        return run

    @contextlib.contextmanager
    def running(
        self,
        *,
        epochs: int,
        seed: int,
        learning_rate: float | None = None,
        data: Data | None = None,
        validate: bool = True,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        directory: str | os.PathLike[str] | None = None,
        verbose: int | str = 0,
        restore: bool = False,
    ) -> Iterator[Run]:
        """Trains from the start; within the context, evaluations of the model use its compiled functions.

        Arguments are those of :func:`recipes.fit`, and:

        Args:
            learning_rate: replaces the recipe's.
            data: replaces the trainer's; it may differ in the training split, not in the Spec and batch size.
            validate: whether to validate after each epoch, which early stopping needs.
            restore: whether the model gets the weights of the last epoch without NaN after a divergence, or the initial
                ones if there is none. Default False.
        """
        start = time.perf_counter() - self._seconds
        self._seconds = 0.0
        validate, restore = check_bool("validate", validate), check_bool("restore", restore)
        data = self.data if data is None else data
        recipe = self.recipe
        if learning_rate is not None:
            recipe = dataclasses.replace(recipe, learning_rate=learning_rate)
        with self._steps.like(self._new_model(seed), self.key, prepare=self._prepare) as shared:
            self.model = shared.model
            set_random_state(self._random)
            finder = remark = None
            rate = recipe.learning_rate
            if rate is None:
                finder = self.range_test(seed, data=data)
                rate, remark = found_rate(recipe, finder)
                recipe = dataclasses.replace(recipe, learning_rate=rate)
            set_learning_rate(self.model.optimizer, rate)
            steps = self._steps_per_epoch or data.steps_per_epoch
            all_callbacks = recipe.callbacks(
                steps_per_epoch=steps,
                epochs=epochs,
                spec=data.spec,
                validation_examples=data.settings["counts"]["validation"],
            )
            healthy = LastHealthy()
            first_epoch, resume = 0, []
            if directory is not None:
                settings = {"seed": seed, "data": data.fingerprint, **_fields(recipe)}
                # The order of a pass follows from its number: if a pass is an epoch, no earlier batches are replayed.
                resume = [Resume(directory, replay=self._steps_per_epoch is not None, settings=settings)]
                if self._steps_per_epoch is None:
                    first_epoch = min(resume[0].position()[0], epochs - 1)
            batches = data.batches("train", seed=seed, first_epoch=first_epoch, augment=self._augment)
            # An endless dataset needs one iterator for the whole fit; creating one costs as much as ten small steps.
            endless = self._steps_per_epoch is not None or self.model.steps_per_execution == steps
            history = self.model.fit(
                batches.repeat() if endless else batches,
                steps_per_epoch=steps if endless else None,
                epochs=epochs,
                validation_data=data.validation if validate else None,
                shuffle=False,  # the data are shuffled already
                callbacks=[*all_callbacks, *([healthy] if restore else []), *callbacks, *resume],
                verbose=verbose,
            )
            ran = len(history.history["loss"])
            restored = [
                callback.best_epoch + 1
                for callback in all_callbacks
                if getattr(callback, "best_weights", None) is not None
            ]
            message = next(callback.message for callback in all_callbacks if isinstance(callback, StopOnNaN))
            best = restored[0] if restored else ran
            if message is not None and restore:
                best = healthy.put_back(best if restored else None)
                message += f"; the weights are those of epoch {best}" if best else "; the weights are the initial ones"
            yield Run(
                model=self.model,
                recipe=recipe,
                data=data,
                history={name: [float(value) for value in values] for name, values in history.history.items()},
                epochs=epochs,
                best_epoch=best,
                seed=seed,
                seconds=time.perf_counter() - start,
                message=message,
                range_test=finder,
                remark=remark,
            )

    def _new_model(self, seed: int) -> keras.Model:
        """Builds a model from this seed, or returns the caller's model; remembers the random states after that."""
        new, self._new = self._new, None
        if new is not None and new[0] == seed:
            self._random = new[1]
            return self.model
        set_seeds(seed, keep_functions=self._keep_functions)
        model = self.recipe.build_model(self.data.spec) if self._builds else self.model
        self._random = random_state()
        return model

    def range_test(self, seed: int, finder: LRFinder | None = None, *, data: Data | None = None) -> LRFinder:
        """Runs a range test from the current weights, with all parts of the recipe's training step.

        Args:
            seed: of the data order.
            finder: by default one whose fallback is the optimizer's usual rate.
            data: as in :meth:`running`.

        Returns:
            The finder.
        """
        data = self.data if data is None else data
        finder = LRFinder(usual=usual_peak(self.recipe)) if finder is None else finder
        batches = data.batches("train", seed=seed, augment=self._augment)
        in_step = [
            callback
            for regularizer in self.recipe.regularizers()
            if regularizer.acts_in_step
            for callback in regularizer.callbacks(epochs=1, schedule=None, spec=data.spec)
        ]
        run_range_test(self.model, batches, finder, callbacks=in_step)
        return finder


def _trouble(run: Run, finder: LRFinder) -> str | None:
    """Why a training has to start again at a lower rate, or None: it diverged, or ended worse than it began."""
    if run.message is not None:
        return run.message.partition("; the weights")[0]
    losses = finder.losses[np.isfinite(finder.losses)][:WINDOW]
    if not len(losses):
        return None
    before, after = float(np.mean(losses)), run.history["loss"][run.best_epoch - 1]
    if after <= before + WORSE * abs(before):
        return None
    return f"the training loss ended at {after:.3g}, having begun at {before:.3g}"


def _warn(run: Run) -> None:
    """Says at the caller of fit what went wrong."""
    if run.range_test is not None and is_doubtful(run.range_test):
        warnings.warn(f"learning rate: {run.remark}", UserWarning, stacklevel=4)
    for attempt in run.attempts:
        text = (
            f"learning rate {attempt.learning_rate:.3g} was lowered and the training started again: {attempt.message}"
        )
        warnings.warn(text, RuntimeWarning, stacklevel=4)
    if run.message is not None:
        warnings.warn(f"training stopped: {run.message}", RuntimeWarning, stacklevel=4)


def _fields(recipe: Recipe) -> dict[str, Any]:
    """The fields of the recipe's JSON, for a message about one that differs; empty if it has none."""
    try:
        return json.loads(recipe.to_json())
    except InvalidArgument:  # a function as model
        return {}


def steps_for(model: keras.Model, batch_size: int, steps_per_epoch: int) -> int:
    """The number of batches per call of the compiled step: about a second of work.

    Fewer calls mean less Python between steps; more calls update the progress bar and react to Ctrl-C more often. The
    calls divide the epoch evenly.

    Args:
        model: a built model.
        batch_size: examples per batch.
        steps_per_epoch: batches per epoch.
    """
    flops = 0.0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            positions = math.prod(n or 1 for n in layer.output.shape[1:-1])
            flops += 6.0 * math.prod(kernel.shape) * positions * batch_size  # forward, and backward twice
    calls = max(1, math.ceil(steps_per_epoch * flops / EXECUTION_FLOPS))
    return max(1, math.ceil(steps_per_epoch / calls))
