"""All access to the internals of KerasTuner: its files, and its handling of a trial."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from ...callbacks.inside.reachable import GENERATORS
from ...callbacks.inside.state import generator_state, set_generator_state
from ..files import write_text
from ..machine_fault import MachineFault, is_of_machine

__all__ = [
    "FatalMachineFault",
    "OracleWithoutFiles",
    "build_model",
    "copy_callbacks",
    "faults_are_fatal",
    "keep_state",
    "rebuild_model",
    "save_state",
    "set_tensorboard_folders",
    "state_path",
    "weights_path",
]

REST = "keras_recipes"
"""The key of what is added to the state of an oracle."""

SHARE = 0.05
"""The most of its time that a search takes for writing the state of its oracle."""


class FatalMachineFault(keras_tuner.errors.FatalError, MachineFault):
    """A fault of the machine, at which KerasTuner ends the search; any other error it takes for the trial's."""


@contextlib.contextmanager
def faults_are_fatal(trial_id: str) -> Iterator[None]:
    """A context in which faults of the machine end the search, and leave its trial as one that was interrupted.

    Raises:
        FatalMachineFault: for an error that is the machine's.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, FatalMachineFault) or not is_of_machine(error):
            raise
        raise FatalMachineFault(f"trial {trial_id}", error) from error


def build_model(tuner: keras_tuner.Tuner, hp: Any) -> Any:
    """The model that the tuner's HyperModel builds, with the tuner's ``optimizer``, ``loss`` and ``metrics``."""
    return tuner._build_hypermodel(hp)


def rebuild_model(tuner: keras_tuner.Tuner, hp: Any) -> keras.Model:
    """The same model, built after ``clear_session`` and checked against the tuner's ``max_model_size``.

    Raises:
        keras_tuner.errors.FatalTypeError: for a HyperModel that does not return a Keras model.
        keras_tuner.errors.FailedTrialError: for a model that is too large.
    """
    return tuner._try_build(hp)


def copy_callbacks(tuner: keras_tuner.Tuner, callbacks: Sequence[Any]) -> list[Any]:
    """Deep copies of callbacks for one training; raises KerasTuner's error for one that cannot be copied."""
    return tuner._deepcopy_callbacks(list(callbacks))


def set_tensorboard_folders(tuner: keras_tuner.Tuner, callbacks: list[Any], trial: Any, execution: int) -> None:
    """Gives each TensorBoard callback a folder for this training, and adds the callback of the HParams view."""
    tuner._configure_tensorboard_dir(callbacks, trial, execution)


def weights_path(tuner: keras_tuner.Tuner, trial_id: str) -> Path:
    """The file of a trial's weights, which may not exist yet; its folder is created."""
    return Path(tuner._get_checkpoint_fname(trial_id))


def state_path(tuner: keras_tuner.Tuner) -> Path:
    """The file of the tuner's own state, which may not exist yet; its folder is created."""
    return Path(tuner._get_tuner_fname())


def keep_state(oracle: keras_tuner.Oracle) -> None:
    """Makes the files of an oracle atomic and complete: after a kill, a search proposes what it would have without one.

    KerasTuner can leave half a file behind. It leaves out random generators and the order of a grid, writes the end of
    a trial while the trial still counts as running, reads trials in the order of the file system, and counts those of
    which the oracle knows nothing.

    Args:
        oracle: of any kind. An oracle of your own needs a ``get_state`` and ``set_state`` for what it changes in the
            course of a search, other than generators of Python and NumPy among its attributes.
    """
    if not isinstance(oracle, _Complete):
        oracle.__class__ = type(type(oracle).__name__, (_Complete, type(oracle)), {})


def save_state(oracle: keras_tuner.Oracle) -> None:
    """Writes the state of an oracle of :func:`keep_state` if what is on disk is behind."""
    if isinstance(oracle, _Complete):
        oracle.save_rest()


class _QuickToEnd(keras_tuner.Oracle):
    """An oracle whose own part of the end of a trial does not grow with their number."""

    def _check_consecutive_failures(self) -> None:
        """Raises KerasTuner's error if the latest trials have failed. KerasTuner looks at all trials each time."""
        if self.trials[self.end_order[-1]].status == keras_tuner.engine.trial.TrialStatus.FAILED:
            super()._check_consecutive_failures()


class _Complete(_QuickToEnd):
    """See :func:`keep_state`."""

    _ending = _by_itself = _behind = False
    _saved, _saving = -math.inf, 0.0  # when the state was written last, and how long that took, in seconds

    def get_state(self) -> dict[str, Any]:
        """KerasTuner's state and the rest."""
        rest: dict[str, Any] = {
            "generators": {name: generator_state(generator) for name, generator in self._generators().items()}
        }
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            rest |= {"grid": _in_order(self._ordered_ids), "next": list(self._populate_next)}
        return {**super().get_state(), REST: rest}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restores what :meth:`get_state` returned, or KerasTuner's part alone."""
        super().set_state(state)
        rest = state.get(REST, {})
        for name, value in rest.get("generators", {}).items():
            set_generator_state(self._generators()[name], _as_tuples(value))
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            by_values = functools.cmp_to_key(
                lambda *ids: self._compare(*(self.trials[each].hyperparameters.values for each in ids))
            )
            self._ordered_ids = type(self._ordered_ids)()
            for trial_id in rest.get("grid", sorted(self.trials, key=by_values)):
                self._ordered_ids.insert(trial_id)
            self._populate_next = rest.get("next", list(self.end_order))

    def _generators(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, GENERATORS)}

    def save(self) -> None:
        """Writes the state, but not in the middle of a trial's end.

        It holds all trials. So after each trial it is written only if that takes a small part of the time: the trials
        since then are the next ones again after a kill.
        """
        start = time.perf_counter()
        if self._ending:
            return
        if self._by_itself and start - self._saved < self._saving / SHARE:
            self._behind = True
            return
        write_text(self._get_oracle_fname(), json.dumps(self.get_state(), default=np.ndarray.tolist))
        self._saved, self._behind = time.perf_counter(), False
        self._saving = self._saved - start

    def save_rest(self) -> None:
        """Writes the state if what is on disk is behind."""
        if self._behind:
            self.save()

    @contextlib.contextmanager
    def _while_searching(self) -> Iterator[None]:
        self._by_itself = True
        try:
            yield
        finally:
            self._by_itself = False

    def _save_trial(self, trial: Any) -> None:
        write_text(Path(self._get_trial_dir(trial.trial_id)) / "trial.json", json.dumps(trial.get_state()))

    @keras_tuner.synchronized
    def create_trial(self, tuner_id: str) -> Any:
        """The next trial, without results of an earlier run of it."""
        with self._while_searching():
            trial = super().create_trial(tuner_id)
        trial.metrics, trial.score = type(trial.metrics)(), None
        return trial

    @keras_tuner.synchronized
    def update_trial(self, trial_id: str, metrics: Mapping[str, Any], step: int = 0) -> Any:
        """Takes the results of a trial, also metrics whose better direction KerasTuner fails to look up by name."""
        for name in metrics:
            try:
                keras_tuner.engine.metrics_tracking.infer_metric_direction(name)
            except TypeError:  # of MeanIoU and others that need arguments
                known = self.get_trial(trial_id).metrics
                if not known.exists(name):
                    known.register(name, getattr(self.objective, "direction", "max"))
        with faults_are_fatal(trial_id):
            return super().update_trial(trial_id, metrics, step)

    @keras_tuner.synchronized
    def end_trial(self, trial: Any) -> None:
        """Ends a trial, and writes the state once it is complete."""
        self._ending = True
        try:
            super().end_trial(trial)
        finally:
            self._ending = False
        with self._while_searching():
            self.save()

    def reload(self) -> None:
        """Reads the state, with the trials in the order in which they started."""
        super().reload()
        self.trials = {trial_id: self.get_trial(trial_id) for trial_id in self.start_order}


def _in_order(linked: Any) -> list[str]:
    """The items of the linked list of a grid search."""
    place, items = linked._next_index[None], []
    while place is not None:
        items.append(linked._memory[place])
        place = linked._next_index[place]
    return items


def _as_tuples(state: Any) -> Any:
    """A generator's state from JSON, where tuples have become lists."""
    return tuple(map(_as_tuples, state)) if isinstance(state, list) else state


class OracleWithoutFiles(_QuickToEnd):
    """An oracle that writes its files only when :meth:`write` is called; KerasTuner's writes after every trial."""

    def save(self, *args: Any) -> None:
        """Does nothing; see :meth:`write`."""

    _save_trial = save

    def write(self) -> None:
        """Writes KerasTuner's own files, for its other tools."""
        for trial in self.trials.values():
            super()._save_trial(trial)
        super().save()
