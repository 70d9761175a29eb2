"""QuickTuner: KerasTuner's own searches over anybody's HyperModel, without the work that no trial needs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf

from callbacks.checks import InvalidArgument, check_integer
from recipes.data.batching import in_order, shuffled
from recipes.data.structure import apply
from recipes.files import write_text
from recipes.training import LARGEST_SEED, steps_for
from recipes.tuning.epoch_writer import EpochWriter
from recipes.tuning.shared_steps import SharedSteps

__all__ = ["QuickTuner"]

FIT = ("x", "y", "batch_size", "epochs", "verbose")
"""The first arguments of Keras' ``fit``."""

BATCH = 32
"""Of Keras' ``fit`` where none is given."""

EVALUATION_BATCH = 256
"""Examples at a time where nothing is learned, at least."""


class QuickTuner(keras_tuner.Tuner):
    """KerasTuner's ``Tuner``: the same trials, with the same meaning, in a fraction of the time; and reproducible.

    - Models that differ only in the learning rate or in the strength of L1 and L2 penalties share one traced step; see
      :class:`recipes.tuning.shared_steps.SharedSteps`.
    - Arrays go to the device once. An epoch is as few calls of the step as are sensible, unless a callback listens to
      batches. Keras' shuffling is replaced by a permutation that depends on ``seed`` alone.
    - Every trial starts from ``seed``: weights, dropout and order of the data; a second execution from the next one.
    - Every epoch's values are in ``trial_NUMBER/epochs_EXECUTION.csv`` at once. Only the best keep their weights.

    All else is KerasTuner's: an oracle proposes, ``search`` takes the arguments of Keras' ``fit``, and there are
    ``get_best_models``, ``get_best_hyperparameters``, ``results_summary`` and TensorBoard's HParams view. A HyperModel
    with a ``fit`` of its own is given a new model in every trial, and the arguments of ``search`` as they are.

    Args:
        oracle: a ``keras_tuner.Oracle``: ``keras_tuner.oracles.RandomSearchOracle``, ``BayesianOptimizationOracle``,
            ``GridSearchOracle``; not ``HyperbandOracle``, whose trials go on from the weights of others.
        hypermodel: a ``keras_tuner.HyperModel``, or a function that takes ``hp`` and returns a compiled model.
        seed: of the trainings, >= 0. Default 0.
        keep: of how many of the best trials to keep the weights, >= 1. Default 3.
        directory, project_name: where everything is written, as for KerasTuner; a search that was interrupted goes on.
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
        executions = check_integer("executions_per_trial", options.get("executions_per_trial", 1), low=1)
        self.seed = check_integer("seed", seed, low=0, high=LARGEST_SEED - executions)
        self.keep = check_integer("keep", keep, low=1)
        self._steps = SharedSteps()
        _write_atomically(oracle)
        self._arrays = _Arrays()
        self._best: _BestEpoch | None = None
        self._with_weights: set[str] = set()
        super().__init__(oracle, hypermodel, **options)

    def on_search_begin(self) -> None:
        """Forgets the arrays of an earlier search, which may have been written to since."""
        self._arrays = _Arrays()

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Trains the model at a trial's values, as often as ``executions_per_trial`` says; returns what came out."""
        given = kwargs.pop("callbacks", None) or []
        best = _BestEpoch(self.oracle.objective)
        results = []
        for execution in range(self.executions_per_trial):
            callbacks = self._deepcopy_callbacks(list(given))
            self._configure_tensorboard_dir(callbacks, trial, execution)
            folder = Path(self.get_trial_dir(trial.trial_id))
            callbacks += [EpochWriter(folder / f"epochs_{execution}.csv"), best]
            results.append(self._execute(trial.hyperparameters, self.seed + execution, callbacks, args, kwargs))
        self._best = best
        return results

    def _execute(self, hp: Any, seed: int, callbacks: list[Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """One training."""
        keras.backend.clear_session(free_memory=False)  # names of layers count from 1 again
        keras.utils.set_random_seed(seed)
        model = self._build_hypermodel(hp)
        if not isinstance(model, keras.Model):
            raise keras_tuner.errors.FatalTypeError(f"HyperModel.build must return a keras.Model, not {model!r}.")
        self._check_size(model)
        if type(self.hypermodel).fit is not keras_tuner.HyperModel.fit:
            return self.hypermodel.fit(hp, model, *args, callbacks=callbacks, **kwargs)
        arguments = self._arrays.arguments(args, kwargs, seed)
        if arguments is None:  # generators, weights, ...: Keras knows what to do with them
            with self._steps.like(model) as ready:
                return ready.fit(*args, callbacks=callbacks, **kwargs)
        batch_size, y = arguments.pop("batch_size"), arguments.pop("y")
        known = model.built and bool(getattr(model, "outputs", None))
        if known and model.steps_per_execution == 1 and not any(map(_hears_batches, callbacks)):
            model.steps_per_execution = steps_for(model, batch_size, arguments["steps_per_epoch"])
        with self._steps.like(model) as ready:
            if ready is model and known:
                _prepare(model, y)
            return ready.fit(**arguments, callbacks=callbacks)

    def _check_size(self, model: keras.Model) -> None:
        size = sum(int(np.prod(each.shape)) for each in model.trainable_weights) if model.built else 0
        if self.max_model_size and size > self.max_model_size:
            raise keras_tuner.errors.FailedTrialError(f"Oversized model: {size} parameters, skipped.")

    def on_trial_end(self, trial: Any) -> None:
        """Writes what came out, and the weights if the trial is among the best."""
        super().on_trial_end(trial)
        best, self._best = self._best, None
        leading = {each.trial_id for each in self.oracle.get_best_trials(self.keep)}
        if best is not None and best.weights is not None and trial.trial_id in leading:
            folder = Path(self.get_trial_dir(trial.trial_id))
            (folder / "build_config.json").write_text(json.dumps(best.model.get_build_config()), encoding="utf-8")
            best.model.set_weights(best.weights)
            best.model.save_weights(self._get_checkpoint_fname(trial.trial_id))
            self._with_weights.add(trial.trial_id)
        for other in self._with_weights - leading:
            os.remove(self._get_checkpoint_fname(other))
        self._with_weights &= leading

    def load_model(self, trial: Any) -> Any:
        """The model of a trial with the weights of its best epoch; of the trials whose weights are kept."""
        path = self._get_checkpoint_fname(trial.trial_id)
        if not os.path.isfile(path):
            raise InvalidArgument("trial", trial.trial_id, f"one of the best {self.keep}, whose weights are kept")
        model = self._try_build(trial.hyperparameters)
        if not model.built:
            model.build_from_config(json.loads((Path(path).parent / "build_config.json").read_text(encoding="utf-8")))
        if model.compiled:
            model.optimizer.build(model.trainable_variables)  # the file has its state too
        model.load_weights(path)
        return model

    def save(self) -> None:
        """Writes the little that is this object's own, once; the oracle writes itself after every trial."""
        if not os.path.isfile(self._get_tuner_fname()):
            self.oracle.save()
            write_text(self._get_tuner_fname(), json.dumps(self.get_state()))

    def reload(self) -> None:
        """Takes up a search from its files."""
        super().reload()
        self._with_weights = {each for each in self.oracle.trials if os.path.isfile(self._get_checkpoint_fname(each))}


def _write_atomically(oracle: Any) -> None:
    """Makes an oracle write its files as a whole or not at all; KerasTuner's own way can leave half of one."""

    def save() -> None:
        write_text(oracle._get_oracle_fname(), json.dumps(oracle.get_state()))

    def save_trial(trial: Any) -> None:
        write_text(os.path.join(oracle._get_trial_dir(trial.trial_id), "trial.json"), json.dumps(trial.get_state()))

    oracle.save, oracle._save_trial = save, save_trial


class _BestEpoch(keras.callbacks.Callback):
    """Remembers the weights of the best epoch of all trainings that it takes part in."""

    def __init__(self, objective: Any):
        super().__init__()
        self.weights: list[np.ndarray] | None = None
        self._objective, self._value = objective, None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Takes the weights if no epoch was better; or every time, where the objective comes after the training."""
        if self._objective.has_value(logs):
            value = self._objective.get_value(logs)
            if math.isnan(value) or (self._value is not None and not self._objective.better_than(value, self._value)):
                return
            self._value = value
        self.weights = self.model.get_weights()


class _Arrays:
    """Arguments of ``fit`` with pipelines that move whole batches in place of arrays; made once for all trials."""

    def __init__(self) -> None:
        self._given: list[Any] = []
        self._tensors: dict[int, Any] = {}
        self._ready: dict[tuple[Any, ...], dict[str, Any]] = {}

    def arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> dict[str, Any] | None:
        """What to call ``fit`` with, the batch size and ``y``; None where something is not an array, or is special."""
        given = {**dict(zip(FIT, args, strict=False)), **kwargs}
        validation = given.get("validation_data")
        splits = [(given.get("x"), given.get("y"))]
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                return None
            splits.append(tuple(validation))
        if len(args) > len(FIT) or not set(given) <= {*FIT, "validation_data", "shuffle", "initial_epoch"}:
            return None
        if not all(_is_plain(x, y) for x, y in splits):
            return None
        batch_size = check_integer("batch_size", given.get("batch_size") or BATCH, low=1)
        first, epochs = given.get("initial_epoch", 0), given.get("epochs", 1)
        options = (batch_size, seed if given.get("shuffle", True) else None, first, epochs)
        key = (*(id(each) for split in splits for each in split), *options)
        if key not in self._ready:
            self._given.append(splits)  # so that their ids stay their own
            self._ready[key] = self._made(splits, *options)
        plain: dict[str, Any] = {name: given[name] for name in ("epochs", "verbose", "initial_epoch") if name in given}
        return {**plain, **self._ready[key]}

    def _made(
        self, splits: list[Any], batch_size: int, seed: int | None, first_epoch: int, epochs: int
    ) -> dict[str, Any]:
        """The arguments that hold data. One iterator lasts for all epochs: making one costs as much as ten steps."""
        (x, y), *others = [(self._tensor(x), self._tensor(y)) for x, y in splits]
        if seed is None:
            batches = in_order(x, y, batch_size).repeat()
        else:
            batches = shuffled(
                x, y, batch_size, seed, first_epoch=first_epoch, epochs=epochs - first_epoch, drop_remainder=False
            )
        steps = -(-int(y.shape[0]) // batch_size)
        arguments = {"x": batches, "y": y, "steps_per_epoch": steps, "batch_size": batch_size, "shuffle": False}
        for x_validation, y_validation in others:
            large = max(EVALUATION_BATCH, batch_size)
            arguments["validation_data"] = in_order(x_validation, y_validation, large)
        return arguments

    def _tensor(self, array: Any) -> Any:
        """An array on the device, floats as Keras has them; an array or several by name."""
        if id(array) not in self._tensors:
            with tf.device("CPU:0"):
                self._tensors[id(array)] = apply(_to_tensor, array)
        return self._tensors[id(array)]


def _to_tensor(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def _is_plain(x: Any, y: Any) -> bool:
    """Whether these are arrays of numbers: an array, or several by name, and an array."""
    arrays = [*(x.values() if isinstance(x, dict) else [x]), y]
    return all(isinstance(each, (np.ndarray, tf.Tensor)) and each.dtype != object for each in arrays)


def _hears_batches(callback: Any) -> bool:
    names = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    return any(getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name) for name in names)


def _prepare(model: keras.Model, y: Any) -> None:
    """Makes the variables of optimizer and metrics now: a step in which Keras has to make them is traced twice."""
    if len(model.outputs) > 1 or None in model.outputs[0].shape[1:]:
        return
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, y[:1], keras.ops.zeros((1, *model.outputs[0].shape[1:]), model.outputs[0].dtype))
    model.reset_metrics()
