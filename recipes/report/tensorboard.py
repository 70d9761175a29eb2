"""A comparison as TensorBoard event files: the curves of every training, and a session per training for HParams."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files import new_directory
from .results import Results, as_float, records

__all__ = ["write_tensorboard"]

CURVES = ("loss", "score", "val_loss", "val_score", "learning_rate")


def write_tensorboard(results: Results, directory: str | os.PathLike[str]) -> Path:
    """Writes one run per training: its choices and values as hyperparameters, its scores, its curves by epoch.

    Args:
        results: the comparison.
        directory: new or empty; view it with ``tensorboard --logdir DIRECTORY``.

    Returns:
        The directory.

    Raises:
        InvalidArgument: for a directory that is not empty.
    """
    import tensorflow as tf
    from tensorboard.plugins.hparams import api as hparams

    choices = [str(name) for name in dict.fromkeys(results.main_effects["factor"])]
    values = ["learning_rate", *results.strengths]
    with new_directory(directory, marker="hparams", name="tensorboard") as root:
        with _writer(str(root)):
            hparams.hparams_config(
                hparams=[
                    *(hparams.HParam(name, hparams.Discrete(results.levels(name))) for name in choices),
                    *(hparams.HParam(name, hparams.RealInterval(0.0, _largest(results, name))) for name in values),
                    hparams.HParam("stage", hparams.Discrete(["tune", "confirm"])),
                ],
                metrics=[
                    hparams.Metric(name, display_name=name) for name in ("validation_score", "test_score", "seconds")
                ],
            )
        curves = dict(iter(results.epochs.groupby(["stage", "arm", "trial", "seed"])))
        for row in records(results.trials):
            key = (row["stage"], row["arm"], row["trial"], row["seed"])
            name = f"{row['arm']}/{row['stage']}/{row['trial']}"
            with _writer(str(root / name)):
                settings: dict[str, Any] = {factor: str(row[factor]) for factor in choices}
                settings |= {value: float(row[value]) for value in values if math.isfinite(as_float(row[value]))}
                hparams.hparams({**settings, "stage": row["stage"]}, trial_id=name)
                last = 0
                for epoch in records(curves[key]) if key in curves else []:
                    last = int(epoch["epoch"])
                    for curve in CURVES:
                        if math.isfinite(as_float(epoch[curve])):
                            tf.summary.scalar(curve, epoch[curve], step=last)
                for metric in ("validation_score", "test_score", "seconds"):
                    if math.isfinite(as_float(row[metric])):
                        tf.summary.scalar(metric, row[metric], step=last)
    return Path(directory)


@contextlib.contextmanager
def _writer(folder: str) -> Iterator[None]:
    """A context in which summaries go to an event file in the folder; it is complete at the end."""
    import tensorflow as tf

    writer = tf.summary.create_file_writer(folder)
    try:
        with writer.as_default():
            yield
    finally:
        writer.close()


def _largest(results: Results, name: str) -> float:
    largest = as_float(results.trials[name].max())
    return largest if math.isfinite(largest) and largest > 0 else 1.0
