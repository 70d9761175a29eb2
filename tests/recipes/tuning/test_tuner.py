import math

import numpy as np
import pytest

from recipes.tuning.arms import Arm, cross
from recipes.tuning.statistics import best_setting
from recipes.tuning.tuner import ArmHyperModel, ArmOracle, ArmTuner, Plan, Training


def test_the_order_of_the_plan():
    plan = Plan(cross(["adam", "sgd"], ["l2"]), trials=2, seeds=3, seed=7)
    assert [(t.arm.name, t.stage, t.number, t.seed) for t in plan.trainings()] == [
        *(("adam+l2", "tune", 0, 7), ("adam+l2", "tune", 1, 7)),
        *(("adam+l2", "confirm", 0, 8), ("adam+l2", "confirm", 1, 9), ("adam+l2", "confirm", 2, 10)),
        *(("sgd+l2", "tune", 0, 7), ("sgd+l2", "tune", 1, 7)),
        *(("sgd+l2", "confirm", 0, 8), ("sgd+l2", "confirm", 1, 9), ("sgd+l2", "confirm", 2, 10)),
    ]
    keys = [t.key for t in plan.trainings()]
    assert keys[0] == "adam+l2/tune/0"
    assert len(set(keys)) == len(keys) == 10


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


def test_the_best_hyperparameters_build_a_compiled_model(found, classes):
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
def test_a_loaded_model_has_the_score_that_was_recorded(found, classes, number):
    trial = found.tuner.oracle.trials[sorted(found.tuner.oracle.trials)[number]]
    x, y = classes.arrays("validation")
    model = found.tuner.load_model(trial)
    assert np.mean(model.predict(x, verbose=0).argmax(axis=1) == y) == pytest.approx(trial.score, abs=1e-7)
    row = found.results.trials.iloc[number]
    loss = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(row["validation_loss"], rel=1e-5)


def test_the_oracle_asks_for_the_best_setting_only_to_confirm():
    plan = Plan([Arm("adam", "l2")], trials=2, seeds=1, seed=0)
    oracle = ArmOracle(plan, "max", lambda arm: {"learning_rate": 0.25, "l2.strength": 0.5})
    tune, _, confirm = (oracle.populate_space(f"{number}")["values"] for number in range(3))
    assert confirm == {"optimizer": "adam", "regularizer": "l2", "adam.learning_rate": 0.25, "l2.strength": 0.5}
    assert tune["adam.learning_rate"] != 0.25


class Finished:
    """A ledger in which everything has been finished before."""

    def __init__(self, directory, scores):
        self.directory, self.scores = directory, scores

    def get(self, key):
        return {"validation_score": self.scores[key], "values": {"learning_rate": 0.01}, "validation_loss": 1.0}

    def add(self, key, record):
        raise AssertionError(key)


@pytest.mark.parametrize(("direction", "best", "worst"), [("max", 1, -math.inf), ("min", 0, math.inf)])
def test_a_diverged_training_is_the_worst_for_kerastuner(tmp_path, classes, tiny, direction, best, worst):
    plan = Plan([Arm("adam", "none")], trials=3, seeds=1, seed=0)
    scores = [0.5, 0.75, math.nan, 0.6]
    ledger = Finished(tmp_path, {t.key: score for t, score in zip(plan.trainings(), scores, strict=True)})
    seen = []
    oracle = ArmOracle(plan, direction, lambda arm: best_setting([ledger.get("adam+none/tune/0")], direction))
    tuner = ArmTuner(oracle, ArmHyperModel(classes, tiny()), ledger, 1, lambda training, record: seen.append(training))
    tuner.search(verbose=0)
    assert [trial.score for trial in oracle.trials.values()] == [0.5, 0.75, worst, 0.6]
    assert oracle.get_best_trials(1)[0].trial_id == sorted(oracle.trials)[best]
    assert seen == plan.trainings()
    assert isinstance(seen[0], Training)
