"""The rules that stop a trial, by hand; and searches that are pruned."""

import dataclasses
import math

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import Metric
from recipes.tuning.arms import Arm
from recipes.tuning.idle_pruning import updates_in_epoch, without_idle_pruning
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.pruning import BelowMedian, Rung, asha, check_horizon, median, ranked, rungs, stops_nothing
from recipes.tuning.record import Record
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker

pytestmark = pytest.mark.whole_epochs


@pytest.mark.parametrize(
    ("epochs", "updates", "expected"),
    [
        *((epochs, 1000, expected) for epochs, expected in ((1, []), (2, [1]), (4, [1]), (5, [1, 2]), (12, [1, 3]))),
        *((epochs, 50, expected) for epochs, expected in ((16, [1, 4]), (33, [3, 9]))),
        (32, 20, [3, 8]),  # a sixteenth has 40 updates
        (32, 7, [8]),  # lengthened, it is the other one
        (32, 6, []),  # a quarter has 48
        (16, 7, []),
    ],
)
def test_rungs(epochs, updates, expected):
    assert [rung.epochs for rung in rungs(epochs, updates)] == expected
    assert stops_nothing("asha", epochs, updates) == (not expected)


def test_each_rung_has_its_part():
    assert rungs(16, 100) == [Rung(1, 3), Rung(4, 4)]
    assert rungs(16, 20) == [Rung(3, 3), Rung(4, 4)]
    assert rungs(16, 13) == [Rung(4, 4)]


def test_the_median_rule_waits_for_enough_updates():
    assert stops_nothing("median", epochs=7, updates=7)
    assert stops_nothing("median", epochs=8, updates=7)
    assert not stops_nothing("median", epochs=9, updates=7)
    assert not stops_nothing("none", epochs=1, updates=1)


def test_accumulated_gradients_make_fewer_updates(classes):
    steps = classes.steps_per_epoch
    assert updates_in_epoch(classes, "adam") == steps
    assert updates_in_epoch(classes, {"name": "adam", "gradient_accumulation_steps": 2}) == steps // 2
    assert updates_in_epoch(classes, "adam(gradient_accumulation_steps=1000)") == 1


def test_a_search_too_short_for_its_pruning_does_without_and_says_so(classes, search_options):
    arms = [Arm("adam", "none"), Arm("adam", "none", settings=(("batch_size", "2"),))]
    recipe_of = {arm.name: search_options["recipe"] for arm in arms}
    steps = classes.steps_per_epoch
    epochs = 4 * (50 // steps)  # a quarter has fewer than 50
    protocol = Protocol(epochs=epochs, trials=6, prune="asha")
    found, line = without_idle_pruning(protocol, classes, arms[:1], recipe_of)
    assert found.prune == "none"
    assert line.startswith("prune='asha' stops nothing here, all trials are trained to the end")
    assert line.endswith(f"a quarter of the epochs has {epochs // 4 * steps}.")
    for kept in (protocol, Protocol(epochs=epochs, trials=6)):
        assert without_idle_pruning(kept, classes, arms, recipe_of) == (kept, None)


def test_asha_keeps_the_best_third_and_then_the_best_quarter():
    rivals = [[0.1 * k] for k in range(1, 9)]  # eight before: the ninth must be among the best three, then two
    assert asha([0.65], rivals, 3)
    assert not asha([0.55], rivals, 3)
    assert asha([rivals[5][0]], rivals, 3)  # as good as the third
    later = [[1.0, 0.1 * k] for k in range(1, 9)]  # each rung has its own scores
    assert asha([0.0, 0.75], later, 4)
    assert not asha([0.0, 0.65], later, 4)
    assert asha([0.0, 0.45], rivals, 4)  # nobody came so far
    assert asha([0.0], [], 3)  # the first one always goes on


def test_of_so_many_trials_asha_lets_about_a_third_pass_each_rung():
    random, spent, best = np.random.default_rng(0), 0, 0
    for _ in range(50):
        reached = []
        for quality in random.normal(size=32):
            scores = []
            for rung in [*rungs(32, 100), None]:
                spent += 32 if rung is None else rung.epochs
                scores.append(quality)
                if rung is not None and not asha(scores, reached, rung.part):
                    break
            reached.append(scores)
        done = [scores[-1] for scores in reached if len(scores) == 3]
        best += max(done) == max(scores[0] for scores in reached)
    assert spent / (50 * 32 * 32) < 1 / 3
    assert best == 50  # without noise the best is never stopped


def test_the_median_rule():
    rivals = [[0.7, 0.8], [0.6, 0.9], [0.8, 0.9]]  # means 0.75, 0.75, 0.85
    assert not median([0.5, 0.74], rivals, epochs=9)
    assert median([0.76, 0.1], rivals, epochs=9)  # its best counts
    assert median([0.1, 0.1], rivals[:2], epochs=9)  # too few to tell
    assert median([0.1, 0.1, 0.1], rivals, epochs=9)  # nobody came so far
    assert median([0.1, 0.1], rivals, epochs=2)  # at its end


@pytest.mark.parametrize(
    ("direction", "value", "stopped"), [("max", 0.5, True), ("min", 0.5, False), ("min", 2.0, True)]
)
def test_less_can_be_better_and_nan_is_worst(direction, value, stopped):
    class Model:
        stop_training = False

    for score in (value, math.nan):
        callback = BelowMedian([[1.0], [1.0], [math.nan]], metric=Metric("error", direction), epochs=9)
        callback.set_model(Model())
        callback.on_train_begin()
        callback.on_epoch_end(0, {"val_error": score})
        assert callback.pruned == callback.model.stop_training == (stopped or math.isnan(score))
    assert ranked(math.nan, Metric("error", direction)) == -math.inf


def test_the_median_rule_is_for_schedules_without_a_horizon(classes, search_options, tmp_path):
    options = {**search_options, "trials": 4, "epochs": 2, "directory": tmp_path / "search"}
    for arms in ({}, {"schedules": ["constant", "cosine"]}):
        with pytest.raises(InvalidArgument, match=r"with the schedule '(one_cycle|cosine)', whose early scores do not"):
            recipes.search(classes, prune="median", **options, **arms)
    assert not list(tmp_path.iterdir())
    check_horizon("median", ["constant", "performance"])
    check_horizon("asha", ["one_cycle"])


@pytest.fixture(scope="module")
def worker(classes, search_options):
    return Worker(Assignment.of(classes, search_options["recipe"], Protocol(epochs=5, trials=6, prune="asha")))


@pytest.fixture
def few_updates(monkeypatch):
    """Short trainings may have few updates, since these data have few batches."""
    monkeypatch.setattr("recipes.tuning.pruning.LEAST_UPDATES", 6)


TRIAL = Training(Arm("adam", "none"), "tune", 1, seed=3)


@pytest.mark.usefixtures("few_updates")
def test_a_rung_is_a_training_with_its_own_end_of_the_cycle(worker, classes, search_options):
    """A trial that goes on is trained as without pruning; short trainings are those of `recipes.fit`."""
    values = {"learning_rate": 0.01}
    record = worker.run(Job(TRIAL, values, [[0.0, 0.0]]))
    assert (record.status, record.epochs_run, len(record.rungs)) == ("finished", 1 + 2 + 5, 2)
    recipe = TRIAL.arm.recipe(search_options["recipe"], values)
    for epochs, score in ((2, record.rungs[1]), (5, record.validation_score)):
        run = recipes.fit(classes, recipe, epochs=epochs, seed=3, verbose=0)
        assert run.evaluate("validation")["accuracy"] == score
    assert record.history["val_loss"] == run.history["val_loss"]
    assert record.history["learning_rate"][-1] < 0.1 * record.history["learning_rate"][1]
    assert Record.from_json(record.to_json()).rungs == record.rungs


@pytest.mark.usefixtures("few_updates")
def test_a_trial_that_is_stopped_at_a_rung(worker):
    record = worker.run(Job(TRIAL, {"learning_rate": 1e-6}, [[1.0, 1.0]]))
    assert (record.status, record.epochs_run, len(record.rungs)) == ("pruned", 1, 1)
    assert record.rungs == [record.validation_score]
    confirming = dataclasses.replace(TRIAL, stage="confirm")
    assert worker.run(Job(confirming, {"learning_rate": 1e-6}, [])).epochs_run == 5


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures", "few_updates")
def test_a_pruned_search_spends_less_and_records_what_it_stopped(classes, search_options, tmp_path):
    options = {**search_options, "optimizers": ["adam"], "regularizers": ["none"], "epochs": 4, "trials": 6}
    found = recipes.search(classes, directory=tmp_path / "pruned", prune="asha", **options)
    rows = found.results.trials
    tuned = rows[rows["stage"] == "tune"]
    pruned = tuned[tuned["status"] == "pruned"]
    assert 0 < len(pruned) < len(tuned) == 6
    assert set(pruned["epochs_run"]) == {1}
    assert set(tuned.loc[tuned["status"] == "finished", "epochs_run"]) == {1 + 4}
    confirmed = rows[rows["stage"] == "confirm"]
    assert set(confirmed["status"]) == {"finished"}
    assert set(confirmed["epochs_run"]) == {4}
    (arm,) = found.table().to_dict("records")
    assert arm["pruned"] == len(pruned)
    finished = tuned[tuned["status"] == "finished"]
    assert arm["learning_rate"] in set(finished["learning_rate"])
