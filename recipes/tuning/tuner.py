"""The search as KerasTuner sees it: an oracle that proposes the trainings of a plan and a tuner that runs them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras_tuner

from ..training import fit
from .agenda import Agenda
from .hypermodel import ArmHyperModel
from .keras_tuner_inside import OracleWithoutFiles
from .ledger import Ledger
from .own_callbacks import NO_CALLBACKS, OwnCallbacks
from .plan import Plan, Training
from .record import Record
from .running.runner import Job, Runner
from .search_files import KERAS_TUNER

__all__ = ["ArmOracle", "ArmTuner"]


class ArmOracle(OracleWithoutFiles):
    """Proposes the trainings of a :class:`Plan` as soon as they can start. The ledger holds its state.

    Args:
        plan: the trainings to run.
        ledger: the finished trainings.
    """

    def __init__(self, plan: Plan, ledger: Ledger):
        self.plan, self.ledger = plan, ledger
        self.agenda = Agenda(plan, ledger)
        self._training: dict[str, Training] = {}  # by KerasTuner's trial id
        super().__init__(
            objective=keras_tuner.Objective("validation_score", plan.metric.direction),
            max_trials=None,  # the plan knows when it is done
            hyperparameters=plan.space.declare(keras_tuner.HyperParameters(), plan.arms),
            tune_new_entries=False,
            seed=plan.protocol.seed,  # our settings do not depend on it
        )

    def training(self, trial_id: str) -> Training:
        """The training of KerasTuner's trial."""
        return self._training[trial_id]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The status and values of the next trial, as KerasTuner expects them; IDLE while others have to end first."""
        status = keras_tuner.engine.trial.TrialStatus
        training = self.agenda.next()
        if training is None:
            return {"status": status.STOPPED if self.agenda.done else status.IDLE}
        self._training[trial_id] = training
        values = self.plan.space.for_tuner(training.arm, self.plan.values(training, self.ledger))
        return {"status": status.RUNNING, "values": values}


class ArmTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Runs what an :class:`ArmOracle` proposes, and enters every finished training in its :class:`Ledger`.

    The ledger is authoritative: KerasTuner's own files are written from it at the end.

    Args:
        oracle: proposes the trainings.
        hypermodel: builds the models.
        runner: trains them, as many at a time as its ``free`` allows.
        on_training: called with each training and its record, also for trainings that were finished before.
        callbacks: of one's own, which the runner's trainings have.
    """

    def __init__(
        self,
        oracle: ArmOracle,
        hypermodel: ArmHyperModel,
        runner: Runner,
        on_training: Callable[[Training, Record], None],
        callbacks: OwnCallbacks = NO_CALLBACKS,
    ):
        super().__init__(oracle, directory=str(oracle.ledger.directory), project_name=KERAS_TUNER, overwrite=True)
        self.hypermodel, self.runner, self._on_training = hypermodel, runner, on_training
        self._callbacks = callbacks

    def search(self, *fit_args: Any, verbose: int = 0, **fit_kwargs: Any) -> None:
        """Runs the whole plan."""
        self.oracle.verbose = verbose
        self.on_search_begin()
        ledger, running, count = self.oracle.ledger, {}, 0
        status = keras_tuner.engine.trial.TrialStatus
        while True:
            trial = None
            while self.runner.free > 0:
                count += 1
                trial = self.oracle.create_trial(f"worker{count}")  # KerasTuner gives a worker one trial
                if trial.status != status.RUNNING:
                    break
                training = self.oracle.training(trial.trial_id)
                if training.key in ledger:
                    self._finish(trial, ledger[training.key])
                else:
                    running[training.key] = trial
                    self.runner.submit(Job.of(training, self.oracle.plan, ledger))
            if not running:
                if trial is not None and trial.status == status.STOPPED:
                    break
                continue
            job, record = self.runner.wait()
            self._finish(running.pop(job.training.key), ledger.add(record))
        ledger.check_there()
        self.oracle.write()
        self.on_search_end()

    def _finish(self, trial: Any, record: Record) -> None:
        """Reports the outcome of a training to KerasTuner and to ``on_training``."""
        arm = self.oracle.training(trial.trial_id).arm
        trial.hyperparameters.values = self.oracle.plan.space.for_tuner(arm, record.values)  # with the rate found
        worst = math.inf if self.oracle.objective.direction == "min" else -math.inf
        score = record.validation_score
        self.oracle.update_trial(trial.trial_id, {"validation_score": score if math.isfinite(score) else worst})
        trial.status = keras_tuner.engine.trial.TrialStatus.COMPLETED
        self.oracle.end_trial(trial)
        self.oracle.agenda.ended(self.oracle.training(trial.trial_id))
        self._on_training(self.oracle.training(trial.trial_id), record)

    def load_model(self, trial: Any) -> Any:
        """The trained model of a trial, obtained by training it again: the same seed gives the same weights."""
        training = self.oracle.training(trial.trial_id)
        recipe = self.hypermodel.recipe(trial.hyperparameters)
        return fit(
            self.hypermodel.data.resplit(training.split),
            recipe,
            epochs=self.oracle.plan.protocol.epochs,
            seed=training.seed,
            callbacks=self._callbacks.new(),
            verbose=0,
        ).model
