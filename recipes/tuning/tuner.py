"""The search as KerasTuner sees it: an oracle that proposes the arms' settings and a tuner that trains them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras_tuner

from recipes.recipe import Recipe
from recipes.training import Trainer, fit
from recipes.tuning.arms import Arm
from recipes.tuning.ledger import Ledger
from recipes.tuning.space import declare, settings

if TYPE_CHECKING:
    from recipes.data import Data

__all__ = ["ArmHyperModel", "ArmOracle", "ArmTuner", "Plan", "Training"]


@dataclass(frozen=True)
class Training:
    """One training of the plan: of which arm, in which stage ("tune" or "confirm"), with which seed."""

    arm: Arm
    stage: str
    number: int
    seed: int

    @property
    def key(self) -> str:
        """Its name in the ledger."""
        return f"{self.arm.name}/{self.stage}/{self.number}"


@dataclass(frozen=True)
class Plan:
    """All trainings of a search, arm by arm: first ``trials`` settings with one seed, then the best with fresh seeds.

    Args:
        arms: what is compared.
        trials: settings tried for each arm.
        seeds: how often the best setting of each arm is trained again; the same fresh seeds for every arm.
        seed: from which the others follow: settings are tried with this one, confirmed with the next ``seeds``.
    """

    arms: Sequence[Arm]
    trials: int
    seeds: int
    seed: int

    def trainings(self) -> list[Training]:
        """In the order in which they are run."""
        out = []
        for arm in self.arms:
            out += [Training(arm, "tune", number, self.seed) for number in range(self.trials)]
            out += [Training(arm, "confirm", number, self.seed + 1 + number) for number in range(self.seeds)]
        return out


class ArmOracle(keras_tuner.Oracle):
    """Proposes the trainings of a :class:`Plan`, one after the other.

    Args:
        plan: what to run.
        direction: "max" or "min": which validation scores are better.
        best: tells the best setting of an arm whose tuning is done.
    """

    def __init__(self, plan: Plan, direction: str, best: Callable[[Arm], dict[str, float]]):
        self.plan = plan
        self.trainings = plan.trainings()
        self._best = best
        super().__init__(
            objective=keras_tuner.Objective("validation_score", direction),
            max_trials=len(self.trainings),
            hyperparameters=declare(keras_tuner.HyperParameters(), plan.arms),
            tune_new_entries=False,
            seed=plan.seed + 1,  # KerasTuner takes 0 for "none given"; our settings do not depend on it
            max_consecutive_failed_trials=len(self.trainings) + 1,
        )

    def setting(self, training: Training) -> dict[str, float]:
        """The values of a training's hyperparameters."""
        if training.stage == "confirm":
            return self._best(training.arm)
        return settings(training.arm, self.plan.trials, self.plan.seed)[training.number]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The values of the next trial, by KerasTuner's contract."""
        training = self.trainings[int(trial_id)]
        values: dict[str, Any] = {"optimizer": training.arm.optimizer, "regularizer": training.arm.regularizer}
        for name, value in self.setting(training).items():
            values[f"{training.arm.optimizer}.learning_rate" if name == "learning_rate" else name] = value
        return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": values}


class ArmHyperModel(keras_tuner.HyperModel):
    """Builds and compiles the model of an arm at KerasTuner's values.

    Args:
        data: what is trained on.
        base: everything that the arms share.
    """

    def __init__(self, data: Data, base: Recipe):
        super().__init__(name="arm")
        self.data, self.base = data, base

    def recipe(self, hp: Any) -> Recipe:
        """The recipe at the values of a ``keras_tuner.HyperParameters``."""
        arm = Arm(hp.values["optimizer"], hp.values["regularizer"])
        names = [each.name for each in arm.hyperparameters]
        keys = {name: f"{arm.optimizer}.{name}" if name == "learning_rate" else name for name in names}
        return arm.recipe(self.base, {name: hp.values[key] for name, key in keys.items()})

    def build(self, hp: Any) -> Any:
        """A new compiled model."""
        recipe = self.recipe(hp)
        return recipe.compile(recipe.build_model(self.data.spec))


class ArmTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Trains what an :class:`ArmOracle` proposes, and enters every finished training in a :class:`Ledger`.

    The ledger is the truth: KerasTuner's own files are written anew from it at every start, so a kill in the middle of
    writing one of them loses nothing. Trainings that differ only in learning rate and seed share one compiled model.

    Args:
        oracle: what to run.
        hypermodel: what to build.
        ledger: open.
        epochs: of each training.
        on_training: called with each training and its record, finished now or before.
    """

    def __init__(
        self,
        oracle: ArmOracle,
        hypermodel: ArmHyperModel,
        ledger: Ledger,
        epochs: int,
        on_training: Callable[[Training, dict[str, Any]], None],
    ):
        super().__init__(oracle, directory=str(ledger.directory), project_name="keras_tuner", overwrite=True)
        self.hypermodel = hypermodel
        self.ledger, self.epochs, self._on_training = ledger, epochs, on_training
        self._trainers: dict[str, Trainer] = {}
        self._arm: Arm | None = None

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> dict[str, float]:
        """One training, or what the ledger has of it."""
        training = self.oracle.trainings[int(trial.trial_id)]
        record = self.ledger.get(training.key)
        if record is None:
            try:
                record = self.ledger.add(training.key, self._train(training))
            except Exception as error:  # KerasTuner would note it and go on; an error of the program must be seen
                raise keras_tuner.errors.FatalError(str(error)) from error
        self._on_training(training, record)
        worst = math.inf if self.oracle.objective.direction == "min" else -math.inf
        score = record["validation_score"]
        return {"validation_score": score if math.isfinite(score) else worst}

    def _train(self, training: Training) -> dict[str, Any]:
        values = self.oracle.setting(training)
        recipe = training.arm.recipe(self.hypermodel.base, values)
        run = self._trainer(training.arm, recipe).run(
            epochs=self.epochs, seed=training.seed, learning_rate=recipe.learning_rate, warn=False
        )
        metric = self.hypermodel.data.spec.metric
        validation = run.evaluate("validation")
        test = run.evaluate("test") if training.stage == "confirm" else {"loss": math.nan, metric: math.nan}
        return {
            "stage": training.stage,
            "arm": training.arm.name,
            "optimizer": training.arm.optimizer,
            "regularizer": training.arm.regularizer,
            "trial": training.number,
            "seed": training.seed,
            "values": values,
            "validation_loss": validation["loss"],
            "validation_score": math.nan if run.diverged else validation[metric],
            "test_loss": test["loss"],
            "test_score": math.nan if run.diverged else test[metric],
            "epochs_run": len(run.history["loss"]),
            "best_epoch": run.best_epoch,
            "seconds": round(run.seconds, 4),
            "diverged": run.diverged,
            "message": run.message or "",
            "history": {
                "learning_rate": run.history.get("learning_rate", []),
                "loss": run.history["loss"],
                "score": run.history[metric],
                "val_loss": run.history["val_loss"],
                "val_score": run.history[f"val_{metric}"],
            },
        }

    def _trainer(self, arm: Arm, recipe: Recipe) -> Trainer:
        """A compiled model for this recipe, shared by all trainings that differ only in learning rate and seed."""
        if arm != self._arm:
            self._trainers.clear()
            self._arm = arm
        key = dataclasses.replace(recipe, learning_rate=None).to_json()
        if key not in self._trainers:
            self._trainers[key] = Trainer(self.hypermodel.data, recipe)
        return self._trainers[key]

    def load_model(self, trial: Any) -> Any:
        """The trained model of a trial, made by training it again: the same seed gives the same weights."""
        training = self.oracle.trainings[int(trial.trial_id)]
        recipe = self.hypermodel.recipe(trial.hyperparameters)
        return fit(self.hypermodel.data, recipe, epochs=self.epochs, seed=training.seed, verbose=0).model
