"""QuickTuner: KerasTuner's searches over any HyperModel, without repeated work between trials."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from ....callbacks.checks import InvalidArgument, check_bool, check_integer
from ...files import write_text
from ...seeding import set_seeds
from ...shared_steps import SharedSteps
from ...step_keys import form_of
from ...trainer import LARGEST_SEED
from ...whole_epochs.epochs import WholeEpochs
from ..keras_tuner_inside import (
    build_model,
    copy_callbacks,
    faults_are_fatal,
    keep_state,
    rebuild_model,
    save_state,
    set_tensorboard_folders,
    state_path,
    weights_path,
)
from ..running.epoch_writer import EpochWriter
from .best_epoch import BestEpoch
from .fit_arrays import FitArguments, arguments_by_name
from .objective import (
    check_direction,
    check_logged,
    check_validation,
    directions_of,
    logged_names,
    only_keras,
    two_examples,
)
from .results import in_numbers
from .trial_weights import described, read_weights, write_weights

__all__ = ["QuickTuner"]


class QuickTuner(keras_tuner.Tuner):
    """KerasTuner's ``Tuner`` with the same trials in a fraction of the time, and reproducible.

    - Models that differ only in the learning rate, the strengths of L1 and L2 penalties and the rates of dropout share
      one traced step; see :class:`recipes.shared_steps.SharedSteps`.
    - Arrays go to the device once. An epoch takes only a few calls of a compiled function, unless a callback listens to
      batches; see :class:`recipes.whole_epochs.epochs.WholeEpochs`. A permutation that depends on ``seed`` alone
      replaces Keras' shuffling.
    - Every trial starts from ``seed``: weights, dropout and order of the data; a second execution from the next seed.
      A function that builds a model of Keras' own layers, and a callback, must draw from Python, NumPy or Keras alone:
      TensorFlow's seed is not set again for those.
    - The values of each epoch are in ``trial_NUMBER/epochs_EXECUTION.csv`` as soon as it ends. Only the best trials
      keep their weights.

    All else is KerasTuner's: an oracle proposes, ``search`` takes the arguments of Keras' ``fit``, and there are
    ``get_best_models``, ``get_best_hyperparameters``, ``results_summary`` and TensorBoard's HParams view. A HyperModel
    with its own ``fit`` gets a new model in every trial, and the arguments of ``search`` unchanged.

    Args:
        oracle: a ``keras_tuner.Oracle``: ``keras_tuner.oracles.RandomSearchOracle``, ``BayesianOptimizationOracle``,
            ``GridSearchOracle``; not ``HyperbandOracle``, whose trials continue from the weights of others.
        hypermodel: a ``keras_tuner.HyperModel``, or a function that takes ``hp`` and returns a compiled model.
        seed: of the trainings, >= 0. Default 0.
        keep: the number of best trials whose weights are kept, >= 1. Default 3.
        directory, project_name: where everything is written, as for KerasTuner. A search that was killed goes on with
            the trials that it would have had.
        **options: ``executions_per_trial``, ``overwrite``, ``max_model_size``, ``optimizer``, ``loss`` and ``metrics``
            of ``keras_tuner.Tuner``.

    Raises:
        InvalidArgument: for numbers out of range, or a Hyperband oracle.

    Example:
        >>> oracle = keras_tuner.oracles.RandomSearchOracle("val_accuracy", max_trials=20)         # doctest: +SKIP
        >>> tuner = recipes.QuickTuner(oracle, build, directory="searches", project_name="mine")
        >>> tuner.search(x, y, validation_data=(x_val, y_val), epochs=5)
        >>> model = tuner.get_best_models()[0]
    """

    def __init__(self, oracle: Any, hypermodel: Any, *, seed: int = 0, keep: int = 3, **options: Any):
        if isinstance(oracle, keras_tuner.oracles.HyperbandOracle):
            accepted = "an oracle whose trials start anew; for this one use keras_tuner.Hyperband"
            raise InvalidArgument("oracle", "HyperbandOracle", accepted)
        check_direction(oracle.objective)
        if options.get("distribution_strategy") is not None:
            accepted = "left out; keras_tuner.Tuner takes one"
            raise InvalidArgument("distribution_strategy", options["distribution_strategy"], accepted)
        check_bool("overwrite", options.get("overwrite", False))
        executions = check_integer("executions_per_trial", options.get("executions_per_trial", 1), low=1)
        self.seed = check_integer("seed", seed, low=0, high=LARGEST_SEED - executions)
        self.keep = check_integer("keep", keep, low=1)
        self.steps = SharedSteps()
        self._sharing = False
        keep_state(oracle)
        self._arguments = FitArguments()
        self._best: BestEpoch | None = None
        self._inputs: Any = None
        self._with_weights: set[str] = set()
        self._leaders: set[str] | None = None  # the best trials, once known
        super().__init__(oracle, hypermodel, **options)

    def search(self, *args: Any, **kwargs: Any) -> None:
        """Runs the remaining trials.

        Args:
            args, kwargs: the arguments of Keras' ``fit``, or of the HyperModel's own.

        Raises:
            InvalidArgument: before the first trial, for inputs and targets of different length or none, data that
                cannot be read in every trial, such as a generator, a batch size below 1, an objective that is not
                logged or has no validation data, and a HyperModel whose ``fit`` does not take these arguments and
                ``callbacks``.
        """
        self._arguments = FitArguments()  # arrays of an earlier search may have changed since
        if self._has_own_fit:
            self._check_own_fit(args, kwargs)
        else:
            self._arguments.check(args, kwargs)
            self._check_objective(arguments_by_name(args, kwargs))
        super().search(*args, **kwargs)
        save_state(self.oracle)

    def _check_own_fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        try:
            inspect.signature(self.hypermodel.fit).bind(None, None, *args, **{**kwargs, "callbacks": []})
        except TypeError as error:
            accepted = f"one whose fit takes hp, model, the arguments of search and callbacks; {error}"
            raise InvalidArgument("hypermodel", type(self.hypermodel).__name__, accepted) from None

    def _check_objective(self, arguments: Mapping[str, Any]) -> None:
        """Raises for an objective that a ``fit`` with these arguments would not log, as far as one can tell."""
        objective = self.oracle.objective
        try:
            batch = two_examples(arguments.get("x"), arguments.get("y"))
        except Exception:  # data of any kind: the trials will say what is wrong
            batch = None
        self._inputs = None if batch is None else described(keras.utils.unpack_x_y_sample_weight(batch)[0])
        if not only_keras(arguments.get("callbacks") or []):  # others may log anything
            return
        check_validation(objective, arguments)
        if {*directions_of(objective)} <= {"loss", "val_loss"} or batch is None:
            return
        _begin(self.seed)
        model = build_model(self, self.oracle.get_space())
        validated = arguments.get("validation_data") is not None or bool(arguments.get("validation_split"))
        names = logged_names(model, objective, batch, validated=validated)
        if names is not None:
            check_logged(objective, names)

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Trains the model at a trial's values ``executions_per_trial`` times; returns the results.

        Raises:
            MachineFault: for a fault of the machine. KerasTuner ends the search, and the trial is run again when the
                search goes on.
        """
        with faults_are_fatal(trial.trial_id):
            return self._run_trial(trial, args, kwargs)

    def _run_trial(self, trial: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        originals = kwargs.pop("callbacks", None) or []
        best = BestEpoch(self.oracle.objective)
        results = []
        for execution in range(self.executions_per_trial):
            callbacks = copy_callbacks(self, originals)
            set_tensorboard_folders(self, callbacks, trial, execution)
            folder = Path(self.get_trial_dir(trial.trial_id))
            callbacks += [EpochWriter(folder / f"epochs_{execution}.csv"), best]
            best.epochs = []
            result = self._execute(trial.hyperparameters, self.seed + execution, callbacks, args, kwargs)
            results.append(in_numbers(result, best.epochs, self.oracle.objective))
        self._best = best
        return results

    @property
    def _has_own_fit(self) -> bool:
        return type(self.hypermodel).fit is not keras_tuner.HyperModel.fit

    def _execute(self, hp: Any, seed: int, callbacks: list[Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """One training."""
        arrays = None if self._has_own_fit else self._arguments.arrays(args, kwargs, seed)
        keep = self._sharing and arrays is not None  # Keras' or the user's fit may draw from TensorFlow's seed
        _begin(seed, keep_functions=keep)
        model = build_model(self, hp)
        if not isinstance(model, keras.Model):
            raise keras_tuner.errors.FatalTypeError(f"HyperModel.build must return a keras.Model, not {model!r}.")
        form = form_of(model)
        if keep and form is None:  # so may layers that are not Keras' own
            _begin(seed)
            model = build_model(self, hp)
        self._sharing = form is not None
        self._check_size(model)
        if self._has_own_fit:
            return self._fit_as_told(hp, model, callbacks, args, kwargs)
        watched = not all(isinstance(callback, PASSIVE) for callback in callbacks)
        unchanged = (lambda model: form_of(model) == form) if watched else None
        with self.steps.like(model, form, unchanged=unchanged) as shared:
            ready = shared.model
            if arrays is None:  # generators, weights, ...: left to Keras
                return ready.fit(*args, callbacks=callbacks, **kwargs)
            if ready.steps_per_execution != 1 or not WholeEpochs.suit(ready, callbacks):
                return ready.fit(**arrays.pipelines(), callbacks=callbacks)
            return shared.made(WholeEpochs).fit(arrays, callbacks)

    def _fit_as_told(
        self, hp: Any, model: keras.Model, callbacks: list[Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """One training by the HyperModel's own ``fit``."""
        best, before = callbacks[-1], model.get_weights()
        result = self.hypermodel.fit(hp, model, *args, callbacks=callbacks, **kwargs)
        if not best.epochs and any(
            not np.array_equal(*pair) for pair in itertools.zip_longest(before, model.get_weights(), fillvalue=np.nan)
        ):
            best.ended(model, in_numbers(result, (), self.oracle.objective))
        return result

    def _check_size(self, model: keras.Model) -> None:
        size = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) if model.built else 0
        if self.max_model_size and size > self.max_model_size:
            raise keras_tuner.errors.FailedTrialError(f"Oversized model: {size} parameters, skipped.")

    def on_search_begin(self) -> None:
        """Writes the state, so that a search that is killed in its first trial is resumed too."""
        self.save()

    def on_trial_begin(self, trial: Any) -> None:
        """Removes weights that an interrupted run of the trial has left."""
        self._with_weights.discard(trial.trial_id)
        weights_path(self, trial.trial_id).unlink(missing_ok=True)

    def on_trial_end(self, trial: Any) -> None:
        """Writes the results, and the weights if the trial is among the best."""
        best, self._best = self._best, None
        if best is not None and self._may_lead(best):  # before the trial ends: a kill in between would lose them
            self._keep_weights(trial.trial_id, best)
        super().on_trial_end(trial)
        leading = self._leaders = self._leading_after(trial.trial_id)
        if best is not None and trial.trial_id in leading - self._with_weights:
            self._keep_weights(trial.trial_id, best)
        for trial_id in self._with_weights - leading:
            weights_path(self, trial_id).unlink()
        self._with_weights &= leading

    def _may_lead(self, best: BestEpoch) -> bool:
        """Whether a trial that is about to end may be among the best."""
        scores = [self.oracle.trials[trial_id].score for trial_id in self._with_weights]
        return len(scores) < self.keep or any(best.better_than(score) for score in scores)

    def _leading(self) -> set[str]:
        """The best trials."""
        status = keras_tuner.engine.trial.TrialStatus
        best = self.oracle.get_best_trials(self.keep)
        return {trial.trial_id for trial in best if trial.status == status.COMPLETED}

    def _leading_after(self, trial_id: str) -> set[str]:
        """The best trials when one more has ended, in a time that does not grow with their number."""
        if self._leaders is None:
            return self._leading()
        status = keras_tuner.engine.trial.TrialStatus
        among = [self.oracle.trials[name] for name in sorted({*self._leaders, trial_id})]  # ids tell the order
        ended = [trial for trial in among if trial.status == status.COMPLETED]
        ended.sort(key=lambda trial: trial.score, reverse=self.oracle.objective.direction == "max")
        return {trial.trial_id for trial in ended[: self.keep]}

    def _keep_weights(self, trial_id: str, best: BestEpoch) -> None:
        if best.weights is not None:
            write_weights(weights_path(self, trial_id), best, self._inputs)
            self._with_weights.add(trial_id)

    def load_model(self, trial: Any) -> Any:
        """The model of a trial with the weights of its best epoch, for trials whose weights are kept.

        If HyperModel.fit does not pass its callbacks on, these are the weights at its end.

        Raises:
            InvalidArgument: for other trials, for a model that a HyperModel.fit trained in place of the one it was
                given, without callbacks, and for one that cannot be built without HyperModel.fit.
        """
        path = weights_path(self, trial.trial_id)
        if not path.is_file():
            accepted = f"one of the best {self.keep}, whose weights are kept"
            if trial.trial_id in self._leading():
                accepted = "of a HyperModel.fit that trains the model that it is given, or passes its callbacks to fit"
            raise InvalidArgument("trial", trial.trial_id, accepted)
        model = rebuild_model(self, trial.hyperparameters)
        read_weights(path, model)
        return model

    def save(self) -> None:
        """Writes the tuner's own state, once; the oracle writes its state in the course of the search."""
        if not state_path(self).is_file():
            self.oracle.save()
            write_text(state_path(self), json.dumps(self.get_state()))

    def reload(self) -> None:
        """Resumes a search from its files."""
        super().reload()
        self._leaders = None
        self._with_weights = {trial_id for trial_id in self.oracle.trials if weights_path(self, trial_id).is_file()}


def _begin(seed: int, *, keep_functions: bool = False) -> None:
    """Seeds all random numbers and restarts the numbering of layer names."""
    if not keep_functions:
        keras.backend.clear_session(free_memory=False)
    set_seeds(seed, keep_functions=keep_functions)


PASSIVE = (EpochWriter, BestEpoch)
"""Callbacks that never change a model."""
