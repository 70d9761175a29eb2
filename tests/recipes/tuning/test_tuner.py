import math

import numpy as np
import pytest

from recipes.metric import Metric
from recipes.tuning.arms import Arm
from recipes.tuning.designs import cross
from recipes.tuning.hypermodel import ArmHyperModel
from recipes.tuning.ledger import Ledger
from recipes.tuning.plan import Plan, Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import KEPT, InThisProcess, Worker
from recipes.tuning.tuner import ArmOracle, ArmTuner

pytestmark = pytest.mark.whole_epochs


def test_kerastuner_has_every_training_with_its_values_and_score(found):
    oracle = found.tuner.oracle
    trials = [oracle.trials[key] for key in sorted(oracle.trials)]
    rows = found.results.trials.to_dict("records")
    assert len(trials) == len(rows) == 16
    for trial, row in zip(trials, rows, strict=True):
        assert trial.status == "COMPLETED"
        assert trial.score == row["validation_score"]
        values = trial.hyperparameters.values
        assert (values["optimizer"], values["regularizer"]) == (row["optimizer"], row["regularizer"])
        assert values[f"{row['optimizer']}.learning_rate"] == row["learning_rate"]
        names = {"optimizer", "regularizer", f"{row['optimizer']}.learning_rate"}
        if row["regularizer"] == "dropout":
            names |= {"dropout.rate"}
            assert values["dropout.rate"] == row["dropout.rate"]
        assert set(values) == names


def test_the_best_hyperparameters_build_a_compiled_model(found):
    (best,) = found.tuner.get_best_hyperparameters()
    score = max(found.results.trials["validation_score"])
    rows = found.results.trials[found.results.trials["validation_score"] == score]
    assert best.values["optimizer"] in set(rows["optimizer"])
    model = found.tuner.hypermodel.build(best)
    assert model.compiled
    assert model.output_shape == (None, 3)
    rate = best.values[f"{best.values['optimizer']}.learning_rate"]
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    assert rate in set(rows["learning_rate"])


@pytest.mark.parametrize("number", [0, 3, 7])
@pytest.mark.ordinarily("0")
def test_a_loaded_model_has_the_score_that_was_recorded(found, classes, number):
    trial = found.tuner.oracle.trials[sorted(found.tuner.oracle.trials)[number]]
    x, y = classes.arrays("validation")
    model = found.tuner.load_model(trial)
    assert np.mean(model.predict(x, verbose=0).argmax(axis=1) == y) == pytest.approx(trial.score, abs=1e-7)
    row = found.results.trials.iloc[number]
    loss = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(row["validation_loss"], rel=1e-5)


@pytest.mark.parametrize(("direction", "best", "worst"), [("max", 1, -math.inf), ("min", 0, math.inf)])
def test_what_was_finished_before_is_told_to_kerastuner(tmp_path, classes, tiny, direction, best, worst):
    plan = Plan(
        [Arm("adam", "none")], Protocol(epochs=1, trials=3, repeats=1, tunings="once"), Metric("score", direction)
    )
    seen = []
    with Ledger(tmp_path / "search", {}) as ledger:
        for training, score in zip(plan.all({}), [0.5, 0.75, math.nan, 0.6], strict=True):
            values = {"learning_rate": 0.01, **plan.values(training, ledger)}
            ledger.add(Job(training, values).record(validation_score=score, validation_loss=1.0))
        oracle = ArmOracle(plan, ledger)
        hypermodel = ArmHyperModel(classes, tiny(), plan.arms)
        runner = InThisProcess(Worker(Assignment.of(classes, tiny(), plan.protocol)))
        tuner = ArmTuner(oracle, hypermodel, runner, lambda training, record: seen.append(training))
        tuner.search(verbose=0)
    assert [trial.score for trial in oracle.trials.values()] == [0.5, 0.75, worst, 0.6]
    assert oracle.get_best_trials(1)[0].trial_id == sorted(oracle.trials)[best]
    assert seen == plan.all(ledger)


def test_no_more_is_submitted_than_there_is_room_for(tmp_path, classes, tiny):
    class Shrinking:
        """A cluster with room for three that loses two nodes once it is busy."""

        def __init__(self):
            self.jobs, self.room, self.most = [], 3, 0

        @property
        def free(self):
            return self.room - len(self.jobs)

        def submit(self, job):
            self.jobs.append(job)
            self.most = max(self.most, len(self.jobs))
            self.room = 3 if len(self.jobs) < 3 else 1

        def wait(self):
            job = self.jobs.pop(0)
            return job, job.record(validation_score=0.5)

    plan, runner = Plan(cross(["adam", "sgd"], ["none"]), Protocol(trials=4, repeats=2, tunings="once")), Shrinking()
    with Ledger(tmp_path, {}) as ledger:
        hypermodel = ArmHyperModel(classes, tiny(), plan.arms)
        ArmTuner(ArmOracle(plan, ledger), hypermodel, runner, lambda training, record: None).search()
        assert len(ledger) == 12
    assert runner.most == 3


@pytest.mark.thorough
def test_few_compiled_models_are_kept_at_a_time(classes, tiny):
    worker = Worker(Assignment.of(classes, tiny(), Protocol(epochs=1)))
    (arm,) = cross(["adam"], ["label_smoothing"])
    for number in range(KEPT + 3):
        values = {"learning_rate": 0.01, "label_smoothing.epsilon": 0.05 + 0.01 * number}
        worker.run(Job(Training(arm, "tune", number, 0), values))
    assert len(worker.steps) == KEPT
