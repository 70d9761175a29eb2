"""Worker: trains one job after another and returns their records, independently of other workers."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...as_compiled.trainer import CompiledRun, CompiledTrainer
from ...data.assembly import SPLITS
from ...data.named_arrays import items
from ...machine_fault import MachineFault, is_of_machine
from ...metric import ACCURACY, Metric, metric_of
from ...metrics import metric_named, score
from ...packed.members import Member
from ...packed.trainings import UNLIKE, CannotPack, trained_together
from ...run import Run
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

KEPT_SPLITS, LARGEST_SPLITS = 5, 2**28
"""How many divisions of the data to keep besides that at hand: as many as there usually are folds, and more while all
together take fewer bytes."""


class InThisProcess:
    """Runner that trains jobs in this process, when they are waited for.

    Args:
        worker: trains the jobs.
        places: of a pack of trainings. Default 1: one by one.
    """

    def __init__(self, worker: Worker, places: int = 1):
        self._worker, self._places = worker, places
        self._jobs: list[Job] = []
        self._ended: list[tuple[Job, Record]] = []

    @property
    def free(self) -> int:
        """1 if it can take a job: one at a time or, where trainings are packed, any number before it trains."""
        return int(not self._ended and (not self._jobs or self._places > 1))

    def submit(self, job: Job) -> None:
        """Takes a job."""
        self._jobs.append(job)

    def wait(self) -> tuple[Job, Record]:
        """A job that has ended, with its record. If there is none, the first job is trained, with others of its arm."""
        if not self._ended:
            together = self._packed_with_first() if self._places > 1 else self._jobs
            train = self._worker.run_together if self._places > 1 else self._run_all
            self._ended = list(zip(together, train(together), strict=True))
            self._jobs = [job for job in self._jobs if job not in together]
        return self._ended.pop(0)

    def _run_all(self, jobs: Sequence[Job]) -> list[Record]:
        return [self._worker.run(job) for job in jobs]

    def _packed_with_first(self) -> list[Job]:
        """The first job and others of its arm and stage, each in another place of a pack."""
        first = self._jobs[0].training
        places: dict[int, Job] = {}
        for job in self._jobs:
            if (job.training.arm.name, job.training.stage) == (first.arm.name, first.stage):
                places.setdefault(job.training.place % self._places, job)
        return [*places.values()]


class Worker:
    """Trains one job after another on the same data; jobs that differ only in numbers share a compiled model.

    Args:
        assignment: what all trainings share.
    """

    def __init__(self, assignment: Assignment):
        self._whole, self.base = assignment.load_data(), assignment.base()
        self._splits: dict[int, Data] = {0: self._whole}
        self._kept_splits = max(KEPT_SPLITS, LARGEST_SPLITS // _bytes(self._whole))
        self.protocol, self.directory = assignment.protocol, assignment.directory
        self._own_callbacks = assignment.callbacks
        self.steps = SharedSteps(KEPT)
        self._alone: set[str] = set()  # names of arms whose trainings cannot be packed

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

    def run_together(self, jobs: Sequence[Job]) -> list[Record]:
        """Trains several jobs of one arm and returns their records, in the same order.

        They are packed if the search's ``pack`` is above 1 and the arm's trainings can be, each in its own place of the
        pack, so that its numbers do not depend on the others.
        """
        arm = jobs[0].training.arm
        if self.protocol.places == 1 or arm.name in self._alone:
            return [self.run(job) for job in jobs]
        try:
            return self._train_together(jobs)
        except CannotPack:
            self._alone.add(arm.name)
        except Exception as error:
            self.steps = SharedSteps(KEPT)
            if is_of_machine(error):
                raise MachineFault(jobs[0].training.key, error) from error
            if len(jobs) == 1:
                return [self.run(jobs[0])]
        return [record for job in jobs for record in self.run_together([job])]

    def _train_together(self, jobs: Sequence[Job]) -> list[Record]:
        groups: dict[Any, list[Member]] = {}
        job_of: dict[int, Job] = {}
        for job in jobs:
            trainer = self._trainer(job)
            metric, logged = self._metric(trainer)
            if not isinstance(trainer, Trainer) or not logged or self._own_callbacks.makers:
                raise CannotPack("a step of its own, or a metric or callbacks that need the model after each epoch")
            member = Member(trainer, job.training.seed, job.training.place % self.protocol.places, self._writers(job))
            job_of[id(member)] = job
            lengths = [data.settings["counts"]["validation"] for data in (self._whole, trainer.data)]
            unlike = trainer.data.spec if abs(lengths[1] - lengths[0]) > UNLIKE else None  # then in a pack by itself
            groups.setdefault((trainer.key, trainer.data.steps_per_epoch, id(unlike)), []).append(member)
        records: dict[str, Record] = {}
        for members in groups.values():
            for member, run in trained_together(members, epochs=self.protocol.epochs, size=self.protocol.places):
                job = job_of[id(member)]
                self.data = member.trainer.data
                # What diverged is trained again by itself, which tells where.
                records[job.training.key] = (
                    self.run(job) if run is None else self._record(job, member.trainer, run, metric, logged)
                )
        return [records[job.training.key] for job in jobs]

    def _trainer(self, job: Job) -> Trainer | CompiledTrainer:
        """The trainer of a job, for the data of its split, which are :attr:`data` from now on."""
        training = job.training
        self.data = self._split(training.split)
        if training.arm.batch_size is not None:
            self.data = self.data.with_batch_size(training.arm.batch_size)
        recipe = training.arm.recipe(self.base, job.values)
        if isinstance(training.arm, Candidate) and training.arm.compiled:
            return CompiledTrainer(self.data, recipe, steps=self.steps)
        options: dict[str, Any] = {"keep_functions": True, "steps": self.steps, "parts_on_host": False}
        return Trainer(self.data, recipe, seed=training.seed, **options)

    def _metric(self, trainer: Trainer | CompiledTrainer) -> tuple[Metric, bool]:
        """The metric that decides, and whether Keras measures it in the step."""
        metric = self.protocol.metric_for(self.data.spec)
        logged = isinstance(trainer, Trainer) and metric == metric_of(self.data.spec.task)
        if metric.function is None and not logged:
            metric = metric_named(metric.name)  # exact, over all examples
        return metric, logged

    def _writers(self, job: Job) -> list[EpochWriter]:
        """What notes the epochs of a running training."""
        return [] if self.directory is None else [EpochWriter(running_file(self.directory, job.training.key))]

    def _train(self, job: Job) -> Record:
        training, protocol = job.training, self.protocol
        trainer = self._trainer(job)
        recipe, metric = trainer.recipe, protocol.metric_for(self.data.spec)
        rule = protocol.prune if training.stage == "tune" else "none"
        if rule != "asha":
            return self._run(trainer, job, protocol.epochs, rule)
        rivals = [[ranked(score, metric) for score in rival] for rival in job.rivals]
        scores, records = [], []
        ladder = rungs(protocol.epochs, updates_in_epoch(self.data, recipe.optimizer))
        for rung in [*ladder, None]:
            record = self._run(trainer, job, protocol.epochs if rung is None else rung.epochs)
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

    def _run(self, trainer: Trainer | CompiledTrainer, job: Job, epochs: int, rule: str = "none") -> Record:
        """Trains from the start for so many epochs; the median rule may stop it."""
        metric, logged = self._metric(trainer)
        callbacks: list[Any] = [] if logged else [EpochScores(self.data, metric)]
        callbacks += self._own_callbacks.new()
        first = first_epoch(updates_in_epoch(self.data, trainer.recipe.optimizer))
        pruned = BelowMedian(job.rivals, metric=metric, epochs=epochs, first=first)
        callbacks += [pruned] if rule == "median" else []
        callbacks += self._writers(job)
        with trainer.running(epochs=epochs, seed=job.training.seed, callbacks=callbacks) as run:
            return self._record(job, trainer, run, metric, logged, pruned=pruned.pruned)

    def _record(
        self,
        job: Job,
        trainer: Trainer | CompiledTrainer,
        run: Run | CompiledRun,
        metric: Metric,
        logged: bool,
        *,
        pruned: bool = False,
    ) -> Record:
        """The record of a training whose model is at hand."""
        scores: dict[str, float] = {}
        outcomes = weights = None
        results = {"validation": run.evaluate("validation"), "test": {}}
        if job.training.stage == "confirm":
            results["test"] = run.evaluate("test")
            if not run.diverged:
                outcomes, scores = self._outcomes(run.model, metric)
                weights = run.model.get_weights() if self.protocol.keep_weights else None
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
            status="diverged" if run.diverged else "pruned" if pruned else "finished",
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
            weights=weights,
        )

    def _split(self, number: int) -> Data:
        """The data divided as for a repeat; some divisions are kept, since the arms share them."""
        if number not in self._splits:
            if len(self._splits) > self._kept_splits:
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


def _bytes(data: Data) -> int:
    """The bytes of a division of the data: of the arrays, and of their copies as tensors; many if they are on disk."""
    if data.on_disk:
        return LARGEST_SPLITS
    arrays = [array for split in SPLITS for part in data.arrays(split) for _, array in items(part)]
    return 1 + sum(2 * array.nbytes + (sum(map(len, array.flat)) if array.dtype == object else 0) for array in arrays)


def settle(threads: int | None) -> None:
    """Sets up a process that only trains: its threads (None: one per core) and GPU memory that grows on demand."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow has started already
        tf.config.threading.set_intra_op_parallelism_threads(threads or 0)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
