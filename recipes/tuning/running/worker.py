"""Worker: trains one job after another and returns their records, independently of other workers."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

from ...as_compiled.trainer import CompiledTrainer
from ...machine_fault import MachineFault, is_of_machine
from ...metric import ACCURACY, Metric, metric_of
from ...metrics import metric_named, score
from ...scoring import BASE_RATE, EpochScores, base_rate, predictions, score_of
from ...shared_steps import SharedSteps
from ...trainer import Trainer
from ..candidate import Candidate
from ..idle_pruning import updates_in_epoch
from ..ledger import running_file
from ..outcomes import Outcomes, outcomes_of
from ..pruning import BelowMedian, asha, first_epoch, ranked, rungs
from ..record import IN_PARTS, Record
from .assignment import Assignment
from .epoch_writer import EpochWriter
from .runner import Job

if TYPE_CHECKING:
    from ...data import Data

__all__ = ["InThisProcess", "Worker", "settle"]

KEPT = 16
"""How many compiled models to cache. Arms that differ in what acts outside the step share one; where strengths are
constants of the step, each trial has one, and the best is trained again."""

KEPT_SPLITS = 5
"""How many divisions of the data to keep besides that at hand: as many as there usually are folds."""


class InThisProcess:
    """Runner that trains a job in this process, when it is waited for.

    Args:
        worker: trains the jobs.
    """

    def __init__(self, worker: Worker):
        self._worker = worker
        self._jobs: list[Job] = []

    @property
    def free(self) -> int:
        """1 if there is no job, else 0."""
        return 1 - len(self._jobs)

    def submit(self, job: Job) -> None:
        """Takes a job."""
        self._jobs.append(job)

    def wait(self) -> tuple[Job, Record]:
        """Trains the job; returns it with its record."""
        job = self._jobs[0]
        record = self._worker.run(job)
        self._jobs.clear()
        return job, record


class Worker:
    """Trains one job after another on the same data; jobs that differ only in numbers share a compiled model.

    Args:
        assignment: what all trainings share.
    """

    def __init__(self, assignment: Assignment):
        self._whole, self.base = assignment.load_data(), assignment.base()
        self._splits: dict[int, Data] = {0: self._whole}
        self.protocol, self.directory = assignment.protocol, assignment.directory
        self._own_callbacks = assignment.callbacks
        self.steps = SharedSteps(KEPT)

    def run(self, job: Job) -> Record:
        """Trains a job and returns its record, which holds the error if the training raises one.

        Raises:
            MachineFault: for an error that is the machine's, not the training's.
        """
        start = time.perf_counter()
        try:
            return self._train(job)
        except Exception as error:
            self.steps = SharedSteps(KEPT)  # in what state the compiled models are is unknown
            if is_of_machine(error):
                raise MachineFault(job.training.key, error) from error
            return job.failed(error, time.perf_counter() - start)

    def _train(self, job: Job) -> Record:
        training, protocol = job.training, self.protocol
        self.data = self._split(training.split)
        if training.arm.batch_size is not None:
            self.data = self.data.with_batch_size(training.arm.batch_size)
        metric = protocol.metric_for(self.data.spec)
        recipe = training.arm.recipe(self.base, job.values)
        trainer: Trainer | CompiledTrainer
        if isinstance(training.arm, Candidate) and training.arm.compiled:
            trainer = CompiledTrainer(self.data, recipe, steps=self.steps)
        else:
            options: dict[str, Any] = {"keep_functions": True, "steps": self.steps, "parts_on_host": False}
            trainer = Trainer(self.data, recipe, seed=training.seed, **options)
        rule = protocol.prune if training.stage == "tune" else "none"
        if rule != "asha":
            return self._run(trainer, job, metric, protocol.epochs, rule)
        rivals = [[ranked(score, metric) for score in rival] for rival in job.rivals]
        scores, records = [], []
        ladder = rungs(protocol.epochs, updates_in_epoch(self.data, recipe.optimizer))
        for rung in [*ladder, None]:
            record = self._run(trainer, job, metric, protocol.epochs if rung is None else rung.epochs)
            records.append(record)
            if rung is not None and not record.diverged:
                scores.append(record.validation_score)
                if asha([ranked(score, metric) for score in scores], rivals, rung.part):
                    continue
                record = dataclasses.replace(record, status="pruned")
            break
        return dataclasses.replace(
            record,
            epochs_run=sum(record.epochs_run for record in records),
            seconds=round(sum(record.seconds for record in records), 4),
            rungs=scores,
        )

    def _run(
        self, trainer: Trainer | CompiledTrainer, job: Job, metric: Metric, epochs: int, rule: str = "none"
    ) -> Record:
        """Trains from the start for so many epochs; the median rule may stop it."""
        training = job.training
        recipes = isinstance(trainer, Trainer)
        logged = recipes and metric == metric_of(self.data.spec.task)  # by Keras, which measures it in the step
        if metric.function is None and not logged:
            metric = metric_named(metric.name)  # exact, over all examples
        callbacks: list[Any] = [] if logged else [EpochScores(self.data, metric)]
        callbacks += self._own_callbacks.new()
        first = first_epoch(updates_in_epoch(self.data, trainer.recipe.optimizer))
        pruned = BelowMedian(job.rivals, metric=metric, epochs=epochs, first=first)
        callbacks += [pruned] if rule == "median" else []
        if self.directory is not None:
            callbacks.append(EpochWriter(running_file(self.directory, training.key)))
        scores: dict[str, float] = {}
        with trainer.running(epochs=epochs, seed=training.seed, callbacks=callbacks) as run:
            results = {"validation": run.evaluate("validation"), "test": {}}
            outcomes = None
            if training.stage == "confirm":
                results["test"] = run.evaluate("test")
                if not run.diverged:
                    outcomes, scores = self._outcomes(run.model, metric)
            if not logged and not run.diverged:
                for split in [split for split, values in results.items() if values]:
                    results[split][metric.name] = score_of(run.model, self.data, split, metric)
        validation, test = results["validation"], results["test"]
        return job.record(
            learning_rate=run.recipe.learning_rate or math.nan,
            validation_loss=validation["loss"],
            validation_score=math.nan if run.diverged else validation[metric.name],
            test_loss=test.get("loss", math.nan),
            test_score=math.nan if run.diverged else test.get(metric.name, math.nan),
            epochs_run=len(run.history["loss"]),
            best_epoch=run.best_epoch,
            seconds=round(run.seconds, 4),
            diverged=run.diverged,
            status="diverged" if run.diverged else "pruned" if pruned.pruned else "finished",
            message="; ".join(filter(None, [in_parts(trainer), run.message])),
            history={
                "learning_rate": run.history.get("learning_rate", []),
                "loss": run.history["loss"],
                "score": run.history.get(metric.name, []),
                "val_loss": run.history["val_loss"],
                "val_score": run.history[f"val_{metric.name}"],
            },
            scores=scores,
            outcomes=outcomes,
        )

    def _split(self, number: int) -> Data:
        """The data divided as for a repeat; some divisions are kept, since the arms share them."""
        if number not in self._splits:
            if len(self._splits) > KEPT_SPLITS:
                del self._splits[max(self._splits)]
            self._splits[number] = self._whole.resplit(number)
        return self._splits[number]

    def _outcomes(self, model: Any, metric: Metric) -> tuple[Outcomes, dict[str, float]]:
        """What a model answers to each test example, and its further scores."""
        data, weight = self.data, self.data.sample_weight("test")
        y, predicted, further = (
            data.arrays("test")[1],
            predictions(model, data, "test"),
            self.protocol.metrics_for(data.spec)[1:],
        )
        scores = {other.name: score(other, y, predicted, weight) for other in further}
        chance = base_rate(data, "test") if ACCURACY in (metric, *further) else None
        scores |= {} if chance is None else {BASE_RATE: chance}
        return outcomes_of(metric, data.spec.task, y, predicted, weight), scores


def in_parts(trainer: Trainer | CompiledTrainer) -> str:
    """What a record says of batches that were computed in parts, since an accelerator ran out of memory; else ""."""
    parts = trainer.parts if isinstance(trainer, Trainer) else 1
    return f"{IN_PARTS} {parts} parts: the accelerator ran out of memory" if parts > 1 else ""


def settle(threads: int | None) -> None:
    """Sets up a process that only trains: its threads (None: one per core) and GPU memory that grows on demand."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow has started already
        tf.config.threading.set_intra_op_parallelism_threads(threads or 0)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
