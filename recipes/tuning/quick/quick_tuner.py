"""QuickTuner: KerasTuner's searches over any HyperModel, without repeated work between trials."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from ....callbacks.checks import InvalidArgument, check_bool, check_integer
from ....callbacks.inside.training import restart_layer_names
from ...files import write_text
from ...model_files import set_weights
from ...seeding import set_seeds
from ...shared_steps import SharedSteps
from ...step_keys import form_of
from ...trainer import LARGEST_SEED
from ..keras_tuner_inside import (
    build_model,
    copy_callbacks,
    keep_state,
    rebuild_model,
    set_tensorboard_folders,
    state_path,
    weights_path,
)
from ..running.epoch_writer import EpochWriter
from .fit_arrays import FitArguments
from .whole_epochs import WholeEpochs

__all__ = ["QuickTuner"]


class QuickTuner(keras_tuner.Tuner):
    """KerasTuner's ``Tuner`` with the same trials in a fraction of the time, and reproducible.

    - Models that differ only in the learning rate, the strengths of L1 and L2 penalties and the rates of dropout share
      one traced step; see :class:`recipes.shared_steps.SharedSteps`.
    - Arrays go to the device once. An epoch takes only a few calls of a compiled function, unless a callback listens to
      batches; see :class:`recipes.tuning.quick.whole_epochs.WholeEpochs`. A permutation that depends on ``seed`` alone
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
        self._best: _BestEpoch | None = None
        self._with_weights: set[str] = set()
        super().__init__(oracle, hypermodel, **options)

    def search(self, *args: Any, **kwargs: Any) -> None:
        """Runs the remaining trials.

        Args:
            args, kwargs: the arguments of Keras' ``fit``, or of the HyperModel's own.

        Raises:
            InvalidArgument: for inputs and targets of different length or none, data that cannot be read in every
                trial, such as a generator, or a batch size below 1.
        """
        self._arguments = FitArguments()  # arrays of an earlier search may have changed since
        if not self._has_own_fit:
            self._arguments.check(args, kwargs)
        super().search(*args, **kwargs)

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Trains the model at a trial's values ``executions_per_trial`` times; returns the results."""
        originals = kwargs.pop("callbacks", None) or []
        best = _BestEpoch(self.oracle.objective)
        results = []
        for execution in range(self.executions_per_trial):
            callbacks = copy_callbacks(self, originals)
            set_tensorboard_folders(self, callbacks, trial, execution)
            folder = Path(self.get_trial_dir(trial.trial_id))
            callbacks += [EpochWriter(folder / f"epochs_{execution}.csv"), best]
            results.append(self._execute(trial.hyperparameters, self.seed + execution, callbacks, args, kwargs))
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
            return self.hypermodel.fit(hp, model, *args, callbacks=callbacks, **kwargs)
        watched = not all(isinstance(callback, PASSIVE) for callback in callbacks)
        unchanged = (lambda model: form_of(model) == form) if watched else None
        with self.steps.like(model, form, unchanged=unchanged) as shared:
            ready = shared.model
            if arrays is None:  # generators, weights, ...: left to Keras
                return ready.fit(*args, callbacks=callbacks, **kwargs)
            if not WholeEpochs.suit(ready, callbacks):
                return ready.fit(**arrays.pipelines(), callbacks=callbacks)
            if shared.epochs is None:
                shared.epochs = WholeEpochs(ready)
            return shared.epochs.fit(arrays, callbacks)

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
        leading = {leader.trial_id for leader in self.oracle.get_best_trials(self.keep)}
        if best is not None and trial.trial_id in leading - self._with_weights:
            self._keep_weights(trial.trial_id, best)
        for trial_id in self._with_weights - leading:
            weights_path(self, trial_id).unlink()
        self._with_weights &= leading

    def _may_lead(self, best: _BestEpoch) -> bool:
        """Whether a trial that is about to end may be among the best."""
        scores = [self.oracle.trials[trial_id].score for trial_id in self._with_weights]
        return len(scores) < self.keep or any(best.better_than(score) for score in scores)

    def _keep_weights(self, trial_id: str, best: _BestEpoch) -> None:
        if best.weights is None:
            return
        path = weights_path(self, trial_id)
        path.with_name("build_config.json").write_text(json.dumps(best.model.get_build_config()), encoding="utf-8")
        set_weights(best.model, best.weights)
        best.model.save_weights(path)
        self._with_weights.add(trial_id)

    def load_model(self, trial: Any) -> Any:
        """The model of a trial with the weights of its best epoch, for trials whose weights are kept."""
        path = weights_path(self, trial.trial_id)
        if not path.is_file():
            raise InvalidArgument("trial", trial.trial_id, f"one of the best {self.keep}, whose weights are kept")
        model = rebuild_model(self, trial.hyperparameters)
        if not model.built:
            model.build_from_config(json.loads(path.with_name("build_config.json").read_text(encoding="utf-8")))
        if model.compiled:
            model.optimizer.build(model.trainable_variables)  # the file holds its state too
        model.load_weights(path)
        return model

    def save(self) -> None:
        """Writes the tuner's own state, once; the oracle writes its state after every trial."""
        if not state_path(self).is_file():
            self.oracle.save()
            write_text(state_path(self), json.dumps(self.get_state()))

    def reload(self) -> None:
        """Resumes a search from its files."""
        super().reload()
        self._with_weights = {trial_id for trial_id in self.oracle.trials if weights_path(self, trial_id).is_file()}


def _begin(seed: int, *, keep_functions: bool = False) -> None:
    """Seeds all random numbers and restarts the numbering of layer names."""
    if keep_functions:
        restart_layer_names()
    else:
        keras.backend.clear_session(free_memory=False)
    set_seeds(seed, keep_functions=keep_functions)


class _BestEpoch(keras.callbacks.Callback):
    """Remembers the weights of the best epoch of all trainings that it observes."""

    def __init__(self, objective: Any):
        super().__init__()
        self.weights: list[np.ndarray] | None = None
        self._objective, self._value = objective, None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Takes the weights if no epoch was better, or after every epoch if the objective is not in the logs."""
        if self._objective.has_value(logs):
            value = self._objective.get_value(logs)
            if math.isnan(value) or (self._value is not None and not self._objective.better_than(value, self._value)):
                return
            self._value = value
        self.weights = self.model.get_weights()

    def better_than(self, score: float) -> bool:
        """Whether the best epoch was better than ``score``; False if its value is unknown."""
        return self._value is not None and self._objective.better_than(self._value, score)


PASSIVE = (EpochWriter, _BestEpoch)
"""Callbacks that never change a model."""
