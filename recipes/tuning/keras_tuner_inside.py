"""All access to the internals of KerasTuner: its files, and its handling of a trial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from ..files import write_text

__all__ = [
    "OracleWithoutFiles",
    "build_model",
    "copy_callbacks",
    "rebuild_model",
    "set_tensorboard_folders",
    "state_path",
    "weights_path",
    "write_atomically",
]


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


def write_atomically(oracle: keras_tuner.Oracle) -> None:
    """Makes an oracle write its files atomically; KerasTuner can leave half a file behind."""

    def save() -> None:
        write_text(oracle._get_oracle_fname(), json.dumps(oracle.get_state()))

    def save_trial(trial: Any) -> None:
        write_text(Path(oracle._get_trial_dir(trial.trial_id)) / "trial.json", json.dumps(trial.get_state()))

    oracle.save, oracle._save_trial = save, save_trial


class OracleWithoutFiles(keras_tuner.Oracle):
    """An oracle that writes its files only when :meth:`write` is called; KerasTuner's writes after every trial."""

    def save(self, *args: Any) -> None:
        """Does nothing; see :meth:`write`."""

    _save_trial = save

    def write(self) -> None:
        """Writes KerasTuner's own files, for its other tools."""
        for trial in self.trials.values():
            super()._save_trial(trial)
        super().save()
