"""Trainer: repeated trainings by one recipe, each with the results of a new fit."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import time
from collections.abc import Collection, Hashable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.averaged_weights import AveragedWeights
from ..callbacks.checks import InvalidArgument, check_bool, check_integer
from ..callbacks.inside.fit_end import fit_unnoticed
from ..callbacks.inside.layers import normalizes_over_examples
from ..callbacks.inside.logs import number_columns
from ..callbacks.inside.optimizer_values import set_learning_rate
from ..callbacks.inside.random_state import random_state, set_random_state
from ..callbacks.inside.training import keras_uses_xla
from ..callbacks.micro_batches import MicroBatches
from ..callbacks.range_test.lr_finder import LRFinder, run_range_test
from ..callbacks.resume.resume import Resume
from ..callbacks.warning import warn
from .choice import OWN
from .data.named_arrays import apply
from .device_memory import PARTS, begin_in_parts, is_out_of_memory, parts_of
from .distribution import replicas, settle_in
from .evaluation import evaluated_by
from .fitting import Fitting, epoch_arrays
from .last_healthy import LastHealthy, ending, stops_early
from .learning_rate import found_rate, is_doubtful, usual_peak
from .linear_blend import blend_with_linear
from .machine_fault import is_of_machine
from .metric import metric_of
from .new_models import NewModel, new_model_key
from .recipe import Recipe
from .recipe_compile import compile_by, weight_of_loss
from .registration.own_model import is_own_model
from .restarts import warn_of_failures, with_restarts
from .run import Run
from .scoring import EpochScores
from .seeding import set_seeds
from .shared_steps import SharedStep, SharedSteps
from .step_keys import step_key, structure_of
from .training_checks import check_batches, check_choices_act, check_fits
from .whole_epochs.calls import steps_for
from .whole_epochs.epochs import WholeEpochs
from .whole_epochs.sweep import Sweep

if TYPE_CHECKING:
    from .data import Data

__all__ = ["LARGEST_SEED", "Trainer"]

SAMPLE = 2048
"""Training examples from which batch normalization takes its statistics for averaged weights."""

LARGEST_SEED = 2**32 - 1
"""The largest seed that NumPy and Keras accept."""


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
        parts_on_host: whether to compute batches in parts, too, if it is the machine's memory that does not suffice and
            not an accelerator's. Default True; False raises TensorFlow's error.

    Attributes:
        model: the new model; after a run, the model of that run.
        key: the key of its compiled step among the shared ones.
        parts: the number of parts in which batches are computed. See :class:`callbacks.MicroBatches`.

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
        parts_on_host: bool = True,
    ):
        start = time.perf_counter()
        self._keep_functions = check_bool("keep_functions", keep_functions)
        self.parts, self._parts_on_host = 1, check_bool("parts_on_host", parts_on_host)
        recipe.check(data.spec)
        chosen, recipe = recipe, recipe.resolved(data.spec)
        if model is not None:
            recipe = dataclasses.replace(recipe, model=OWN)
        self.data, self.recipe, self._steps_per_epoch = data, recipe, steps_per_epoch
        self._augment = recipe.augment(data)
        self._fitting = Fitting(self._augment, steps_per_epoch)
        self._builds, self._shares = model is None, steps is not None
        self._steps = SharedSteps(1, numbers=False) if steps is None else steps
        self._new: NewModel | None = None
        if model is None:
            self._new = self._built(seed, keep_functions and self._shares)
            model = self._new.model
        self._ready = self._new
        check_fits(model, data)
        check_batches(model, data)
        if self._builds and not is_own_model(recipe.model):
            check_choices_act(chosen, model)
        self.model, self._shared = model, SharedStep(model)
        self._steps_per_execution = self._choose_steps_per_execution(steps_per_execution)
        self._prepared: keras.Model | None = None
        self._loss_weight = weight_of_loss(self.recipe, model, data.spec) if self._shares else None
        self.key: Hashable = "its own"
        if self._shares:
            structure = structure_of(model) if self._new is None else self._new.structure
            weighs = self._loss_weight is not None
            self.key = step_key(self.recipe, structure, data.spec, self._steps_per_execution, weighs_loss=weighs)
        else:
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

    def _prepare(self, model: keras.Model) -> None:
        """Compiles the model and creates all its variables, once."""
        if model is self._prepared:
            return
        self._prepared = model
        options = {"weighted_metrics": self.data.weighted, "steps_per_execution": self._steps_per_execution}
        compile_by(self.recipe, model, self.data.spec, **options)
        model.jit_compile = False  # see _by_xla
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
        found_by: LRFinder | None = None,
        directory: str | os.PathLike[str] | None = None,
        warn: bool = True,
        **options: Any,
    ) -> Run:
        """Trains from the start, with the arguments of :meth:`running`; a found rate that is too high is lowered.

        See :func:`recipes.restarts.with_restarts` and ``run.attempts``. A given rate is never changed. After a
        divergence the model has the weights of the last epoch without NaN.

        Args:
            found_by: the range test of another training that found ``learning_rate``, which may then be lowered too.
            warn: whether to warn of what ``run.message``, ``run.attempts`` and ``run.remark`` describe.
        """
        warn = check_bool("warn", warn)

        def train(learning_rate: float | None, failures: int) -> Run:
            place = directory if directory is None or not failures else Path(directory) / f"attempt_{failures + 1}"
            with self.running(learning_rate=learning_rate, directory=place, restore=True, **options) as run:
                return run

        runs, attempts = with_restarts(train, learning_rate, found_by)
        first = runs[0]
        run = dataclasses.replace(
            runs[-1],
            range_test=first.range_test,
            remark=first.remark,
            attempts=attempts,
            seconds=sum(run.seconds for run in runs),
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
        start = time.perf_counter() - self.take_seconds()
        validate, restore = check_bool("validate", validate), check_bool("restore", restore)
        data = self.data if data is None else data
        recipe = self.recipe
        if learning_rate is not None:
            recipe = dataclasses.replace(recipe, learning_rate=learning_rate)
        options: dict[str, Any] = {"epochs": epochs, "seed": seed, "validate": validate, "callbacks": callbacks}
        options |= {"directory": directory, "verbose": verbose, "restore": restore}
        with self.as_new(self.new_model(seed)) as shared:
            self.parts = max(self.parts, parts_of(directory))
            while True:
                self.model, self._shared = shared.model, shared
                set_random_state(self._random)
                try:
                    run = self._train(recipe, data, **options)
                    break
                except InvalidArgument as error:
                    if self.parts == 1:
                        raise
                    accepted = f"smaller: a step runs out of memory, and cannot be computed in parts ({error})"
                    raise InvalidArgument("batch_size", self.data.batch_size, accepted) from None
                except Exception as error:
                    if not is_out_of_memory(error) or self.key is None:
                        raise
                    if is_of_machine(error) and not self._parts_on_host:
                        raise
                    begin_in_parts(directory, error)
                # The step that failed may have changed part of the state: start anew.
                shared.become(self.new_model(seed), self._loss_weight)
                self._divide_batches()
            run = dataclasses.replace(run, seconds=time.perf_counter() - start)
            with self.evaluations():
                yield run

    @contextlib.contextmanager
    def as_new(self, model: keras.Model, *, but: Collection[int] = ()) -> Iterator[SharedStep]:
        """A context in which :attr:`model` is a compiled model with the state of a new one.

        Args:
            model: of :meth:`new_model`; do not use it after :meth:`running`.
            but: as in :meth:`recipes.shared_steps.SharedSteps.like`.
        """
        options: dict[str, Any] = {"prepare": self._prepare, "loss_weight": self._loss_weight, "but": but}
        with self._steps.like(model, self.key, **options) as shared:
            self.model, self._shared = shared.model, shared
            if self._new is not None and model is self._new.model and model is not shared.model:
                self._steps.new_models.keep(self._new)
            yield shared

    def take_seconds(self) -> float:
        """What making this trainer took, which counts for its first training alone: 0 from then on."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def evaluations(self) -> contextlib.AbstractContextManager[None]:
        """The context for evaluations of the trained model, which has compiled functions if it used whole epochs."""
        if not self._fitting.over_whole_epochs(self.model, self.data):
            return contextlib.nullcontext()
        return evaluated_by(self.model, self._shared.made(WholeEpochs))

    def _divide_batches(self) -> None:
        """Computes batches in twice as many parts from now on.

        Raises:
            InvalidArgument: if the parts are single examples.
        """
        size = self.data.batch_size
        if self.parts >= size:
            accepted = "one that trains in the device's memory: even a single example needs more"
            raise InvalidArgument("model", self.model.name, accepted)
        self.parts = min(2 * self.parts, size)

    def fits(self, seed: int) -> bool:
        """Whether a training step fits into the device's memory. The step's changes are undone.

        Args:
            seed: as in :meth:`running`.
        """
        with self.as_new(self.new_model(seed)) as shared:
            set_random_state(self._random)
            batch = self.data.batches("train", seed=seed, augment=self._augment).take(1)
            try:
                fit_unnoticed(self.model, batch, epochs=1, verbose=0, shuffle=False, callbacks=self._in_step())
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                return False
            finally:
                shared.become(self.new_model(seed), self._loss_weight)
        return True

    def _in_step(self) -> list[keras.callbacks.Callback]:
        """The regularizers' callbacks that are part of the training step."""
        return [
            callback
            for regularizer in self.recipe.regularizers()
            if regularizer.acts_in_step
            for callback in regularizer.callbacks(epochs=1, schedule=None, spec=self.data.spec)
        ]

    def _measured(self, data: Data) -> list[keras.callbacks.Callback]:
        """Measurements of the metrics that regularizers monitor and Keras does not log."""
        monitored = [regularizer.monitored() for regularizer in self.recipe.regularizers()]
        logged = metric_of(data.spec.task)
        return [EpochScores(data, metric) for metric in monitored if metric is not None and metric != logged]

    def _in_parts(self) -> list[keras.callbacks.Callback]:
        return [MicroBatches(self.parts)] if self.parts > 1 else []

    def _train(
        self,
        recipe: Recipe,
        data: Data,
        *,
        epochs: int,
        seed: int,
        validate: bool,
        callbacks: Sequence[keras.callbacks.Callback],
        directory: str | os.PathLike[str] | None,
        verbose: int | str,
        restore: bool,
    ) -> Run:
        """Trains the new model; its ``seconds`` are 0."""
        recipe, finder, remark = self.with_rate(recipe, data, seed, directory)
        rate: Any = recipe.learning_rate
        set_learning_rate(self.model.optimizer, rate)
        all_callbacks = self.callbacks_of(recipe, data, epochs)
        healthy = LastHealthy()
        first_epoch, resume = 0, []
        if directory is not None:
            settings = {"seed": seed, "data": data.fingerprint, "batch_size": data.batch_size, **_fields(recipe)}
            settings |= {PARTS: self.parts} if self.parts > 1 else {}
            # The order of a pass follows from its number: if a pass is an epoch, no earlier batches are replayed.
            resume = [Resume(directory, replay=self._steps_per_epoch is not None, settings=settings)]
            if self._steps_per_epoch is None:
                first_epoch = min(resume[0].position()[0], epochs - 1)
        measured = self._measured(data) if validate else []
        all_listening = [
            *self._in_parts(),
            *measured,
            *all_callbacks,
            *([healthy] if restore else []),
            *callbacks,
            *resume,
        ]
        options: dict[str, Any] = {
            "seed": seed,
            "epochs": epochs,
            "validate": validate,
            "verbose": verbose,
            "first_epoch": first_epoch,
        }
        own, others = [*self._in_parts(), *all_callbacks], [*measured, *callbacks, *resume]
        whole = self._fitting.over_whole_epochs(self.model, data, own, others)
        stride = self._steps_per_execution
        with _by_xla(self.model, not whole):  # whole epochs see to it themselves
            history = self._fitting.fit(self._shared, data, all_listening, whole_epochs=whole, stride=stride, **options)
        return self.finished(
            recipe,
            data,
            all_callbacks,
            history,
            epochs=epochs,
            seed=seed,
            validate=validate,
            healthy=healthy if restore else None,
            found=(finder, remark),
        )

    def with_rate(
        self, recipe: Recipe, data: Data, seed: int, directory: str | os.PathLike[str] | None = None
    ) -> tuple[Recipe, LRFinder | None, str | None]:
        """The recipe with a learning rate: its own, or that of a range test of the model as it is now.

        Args:
            recipe: of a training.
            data: to train on.
            seed: of the data order.
            directory: of a training that may resume. Default None.

        Returns:
            The recipe, the range test and what to say of the rate; None without a range test.
        """
        if recipe.learning_rate is not None:
            return recipe, None, None
        finder = self.range_test(seed, data=data)
        rate, remark = found_rate(recipe, finder, data.settings["counts"]["train"])
        # The weights of a model of one's own need not be the same again, nor what a range test finds.
        saved = {} if directory is None or self._builds else Resume(directory).saved_settings()
        if "learning_rate" in saved:
            rate, remark = saved["learning_rate"], None
        return dataclasses.replace(recipe, learning_rate=rate), finder, remark

    def callbacks_of(self, recipe: Recipe, data: Data, epochs: int) -> list[keras.callbacks.Callback]:
        """The callbacks of a training by a recipe with a learning rate."""
        own = recipe.callbacks(
            steps_per_epoch=self._steps_per_epoch or data.steps_per_epoch,
            epochs=epochs,
            spec=data.spec,
            validation_examples=data.settings["counts"]["validation"],
        )
        for callback in own:
            if isinstance(callback, AveragedWeights):
                callback.use(apply(lambda array: array[:SAMPLE], data.arrays("train")[0]))
        return own

    def finished(
        self,
        recipe: Recipe,
        data: Data,
        callbacks: Sequence[keras.callbacks.Callback],
        history: dict[str, list[Any]],
        *,
        epochs: int,
        seed: int,
        validate: bool = True,
        healthy: LastHealthy | None = None,
        found: tuple[LRFinder | None, str | None] = (None, None),
    ) -> Run:
        """The Run of a training that has ended, whose model this trainer has; its ``seconds`` are 0.

        Args:
            recipe, data, callbacks, epochs, seed, validate: of the training.
            history: of its epochs.
            healthy: gives the model other weights after a divergence. Default None.
            found: what :meth:`with_rate` returned.
        """
        best, message = ending(callbacks, len(history["loss"]), healthy)
        share = 0.0
        if validate and self._builds and message is None and stops_early(callbacks):
            with self.evaluations():
                share = blend_with_linear(self.model, data, class_weight=recipe.class_weight)
        return Run(
            model=self.model,
            recipe=recipe,
            data=data,
            history=number_columns(history),
            epochs=epochs,
            best_epoch=0 if share == 1.0 else best,
            linear_share=share,
            parts=self.parts,
            seed=seed,
            seconds=0.0,
            message=message,
            range_test=found[0],
            remark=found[1],
        )

    def reason_against_packing(self, callbacks: Sequence[keras.callbacks.Callback]) -> str | None:
        """Why a training cannot be packed with others; None if nothing here is against it.

        Args:
            callbacks: of the recipe.
        """
        if not self._fitting.over_whole_epochs(self.model, self.data, callbacks):
            return "data or a model that need Keras' fit"
        return "a metric that Keras does not measure" if self._measured(self.data) else None

    def new_model(self, seed: int) -> keras.Model:
        """A new model from this seed, or the caller's model; remembers the random states after it was built."""
        ready, self._ready = self._ready, None
        if not self._builds:
            set_seeds(seed, keep_functions=self._keep_functions)
            self._random = random_state()
            return self.model
        self._new = ready if ready is not None and ready.seed == seed else self._built(seed, self._keep_functions)
        self._random = self._new.states
        return self._new.model

    def _built(self, seed: int, keep_functions: bool) -> NewModel:
        """The model that the recipe builds from this seed: one that others have only read, or a new one."""
        set_seeds(seed, keep_functions=keep_functions)
        key = new_model_key(self.recipe, self.data.spec, seed) if self._shares else None
        new = self._steps.new_models.take(key)
        if new is None:
            return NewModel(self.recipe.build_model(self.data.spec), seed, key)
        set_random_state(new.states)
        return new

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
        changes = [*self._in_parts(), *self._in_step()]
        if self._fitting.over_whole_epochs(self.model, data, changes):
            self._shared.made(Sweep).run(epoch_arrays(data, seed=seed), finder)
        else:
            batches = data.batches("train", seed=seed, augment=self._augment)
            run_range_test(self.model, batches, finder, callbacks=changes)
        return finder


@contextlib.contextmanager
def _by_xla(model: keras.Model, wanted: bool) -> Iterator[None]:
    """A context in which Keras' ``fit`` compiles the step by XLA, if wanted and where it would do so by itself."""
    model.jit_compile = wanted and keras_uses_xla(model)
    try:
        yield
    finally:
        model.jit_compile = False


def _warn(run: Run) -> None:
    """Says at the caller of fit what went wrong."""
    if run.range_test is not None and is_doubtful(run.range_test):
        warn(f"learning rate: {run.remark}")
    if run.parts > 1:
        normalization = ", and batch normalization normalizes each part by itself"
        warn(
            f"out of memory: each batch of {run.data.batch_size} examples was computed in {run.parts} parts, with the"
            f" mean of their gradients{normalization if normalizes_over_examples(run.model) else ''}"
        )
    warn_of_failures(run.attempts, run.message)


def _fields(recipe: Recipe) -> dict[str, Any]:
    """The fields of the recipe's JSON, for a message about one that differs; empty if it has none."""
    try:
        return json.loads(recipe.to_json())
    except InvalidArgument:  # a function as model
        return {}
