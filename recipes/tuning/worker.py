"""Worker: trains what a plan asks for and says what came out; nothing in it knows of other workers or of files."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..metric import metric_of
from ..recipe import Recipe
from ..training import Trainer
from .epoch_writer import EpochWriter
from .ledger import running_file
from .plan import Training
from .pruning import Pruned
from .summary import CURVES

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["ATTEMPTS", "InThisProcess", "Job", "Runner", "Worker", "failure", "settle"]

KEPT = 8
"""So many compiled models of an arm are kept, whose strengths are not live, for the best to be trained again."""

ATTEMPTS = 20
"""So often a training is begun anew whose process was killed, before that counts as its failure."""


@dataclass(frozen=True)
class Job:
    """All that a worker has to know about one training.

    Args:
        training: which one.
        values: of its hyperparameters.
        rivals: validation scores of the trials it is compared with for pruning, one list each.
    """

    training: Training
    values: Mapping[str, float]
    rivals: Sequence[Sequence[float]] = ()


class Runner(Protocol):
    """What trains jobs: this process, several, or a cluster.

    A tuner submits jobs while ``free`` is above 0 and then waits; every job that was submitted is returned by ``wait``
    once, in any order, with its record. A training that fails is a record too: ``wait`` does not raise for it.
    """

    epochs: int
    """Of each training."""

    @property
    def free(self) -> int:
        """How many more jobs could be trained at once; below 0 where there is less room than there was."""

    def submit(self, job: Job) -> None:
        """Takes a job."""

    def wait(self) -> tuple[Job, dict[str, Any]]:
        """The next job that has ended, with its record."""


class InThisProcess:
    """Trains a job when it is waited for.

    Args:
        worker: what trains.
    """

    def __init__(self, worker: Worker):
        self.epochs, self._worker = worker.epochs, worker
        self._jobs: list[Job] = []

    @property
    def free(self) -> int:
        """One, while there is no job."""
        return 1 - len(self._jobs)

    def submit(self, job: Job) -> None:
        """Takes a job."""
        self._jobs.append(job)

    def wait(self) -> tuple[Job, dict[str, Any]]:
        """Trains it."""
        job = self._jobs[0]
        record = self._worker.run(job)
        self._jobs.clear()
        return job, record


class Worker:
    """Trains one job after another on the same data, with one compiled model for all that differ only in numbers.

    Args:
        data: what is trained on.
        base: everything that the arms share.
        epochs: of each training.
        prune: the rule by which tuning trials are stopped; see :mod:`recipes.tuning.pruning`.
        directory: of the search, where the epochs of a training are noted while it runs; None for nowhere.
    """

    def __init__(
        self,
        data: Data,
        base: Recipe,
        epochs: int,
        prune: str = "none",
        directory: str | os.PathLike[str] | None = None,
    ):
        self.data, self.base, self.epochs, self.prune, self.directory = data, base, epochs, prune, directory
        self._trainers: list[Trainer] = []
        self._arm: str | None = None

    def run(self, job: Job) -> dict[str, Any]:
        """One training: its record. A training that raises is a record too, with the error, but for an interrupt."""
        start = time.perf_counter()
        try:
            return self._train(job)
        except Exception as error:
            self._trainers.clear()  # what it left behind is unknown
            return failure(job, error, time.perf_counter() - start)

    def _train(self, job: Job) -> dict[str, Any]:
        training, spec = job.training, self.data.spec
        recipe = training.arm.recipe(self.base, job.values)
        pruned = Pruned(self.prune, job.rivals, metric=metric_of(spec.task), epochs=self.epochs)
        callbacks: list[Any] = [pruned] if training.stage == "tune" and self.prune != "none" else []
        if self.directory is not None:
            callbacks.append(EpochWriter(running_file(self.directory, training.key)))
        run = self._trainer(training.arm.name, recipe).run(
            epochs=self.epochs,
            seed=training.seed,
            learning_rate=recipe.learning_rate,
            regularizer=recipe.regularizer,
            callbacks=callbacks,
            warn=False,
        )
        metric = spec.metric
        validation = run.evaluate("validation")
        test = run.evaluate("test") if training.stage == "confirm" else {"loss": math.nan, metric: math.nan}
        return {
            **_head(job),
            "validation_loss": validation["loss"],
            "validation_score": math.nan if run.diverged else validation[metric],
            "test_loss": test["loss"],
            "test_score": math.nan if run.diverged else test[metric],
            "epochs_run": len(run.history["loss"]),
            "best_epoch": run.best_epoch,
            "seconds": round(run.seconds, 4),
            "diverged": run.diverged,
            "status": "diverged" if run.diverged else "pruned" if pruned.pruned else "finished",
            "message": run.message or "",
            "history": {
                "learning_rate": run.history.get("learning_rate", []),
                "loss": run.history["loss"],
                "score": run.history[metric],
                "val_loss": run.history["val_loss"],
                "val_score": run.history[f"val_{metric}"],
            },
        }

    def _trainer(self, arm: str, recipe: Recipe) -> Trainer:
        """A compiled model for this recipe, shared by all trainings that differ only in numbers that can be set."""
        if arm != self._arm:
            self._trainers.clear()
            self._arm = arm
        trainer = next((each for each in self._trainers if each.takes(recipe)), None)
        if trainer is None:
            trainer = Trainer(self.data, recipe, keep_functions=True)
        else:
            self._trainers.remove(trainer)
        self._trainers.append(trainer)  # the one used last comes last
        del self._trainers[:-KEPT]
        return trainer


def failure(job: Job, error: BaseException | str, seconds: float) -> dict[str, Any]:
    """The record of a training that did not come to an end, with its cause in one line."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    numbers = ("validation_loss", "validation_score", "test_loss", "test_score")
    return {
        **_head(job),
        **dict.fromkeys(numbers, math.nan),
        "epochs_run": 0,
        "best_epoch": 0,
        "seconds": round(seconds, 4),
        "diverged": False,
        "status": "failed",
        "message": " ".join(text.split())[:500],
        "history": {name: [] for name in CURVES},
    }


def _head(job: Job) -> dict[str, Any]:
    training = job.training
    return {
        "stage": training.stage,
        "arm": training.arm.name,
        **training.arm.choices,
        "trial": training.number,
        "seed": training.seed,
        "values": dict(job.values),
    }


def settle(threads: int) -> None:
    """Makes a process that does nothing but train take so many cores, and of a GPU no more memory than it needs."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow has started already
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
