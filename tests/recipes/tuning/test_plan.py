"""The plan: what may start when, and that nothing but the arm's own finished trainings decides it."""

import dataclasses
import random

import pytest

from recipes.metric import Metric
from recipes.tuning.arms import Arm
from recipes.tuning.designs import cross
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.runner import Job
from recipes.tuning.space import Space


def finished(training, values, score=None):
    rate = values.get("learning_rate", 3e-3)  # which a range test would find
    score = score if score is not None else rate
    return Job(training, values).record(learning_rate=rate, validation_score=score, validation_loss=0.0)


def run(plan, order, workers=1, score=None, records=None):
    """What the plan leads to, with ``order`` choosing among the trainings that are under way which one ends next."""
    records, running, done = dict(records or {}), [], []
    while True:
        while len(running) < workers:
            ready = next(plan.ready(records, {each.key for each in running}), None)
            if ready is None:
                break
            running.append(ready)
        if not running:
            return records, done
        training = running.pop(order(len(running)))
        records[training.key] = finished(training, plan.values(training, records), score and score(training))
        done.append(training.key)


def test_the_order():
    plan = Plan(cross(["adam", "sgd"], ["l2"]), Protocol(trials=2, repeats=3, tunings="once", seed=7))
    assert [(t.arm.name, t.stage, t.number, t.seed) for t in plan.all({})] == [
        *(("adam+l2", "tune", 0, 7), ("adam+l2", "tune", 1, 7)),
        *(("adam+l2", "confirm", 0, 8), ("adam+l2", "confirm", 1, 9), ("adam+l2", "confirm", 2, 10)),
        *(("sgd+l2", "tune", 0, 7), ("sgd+l2", "tune", 1, 7)),
        *(("sgd+l2", "confirm", 0, 8), ("sgd+l2", "confirm", 1, 9), ("sgd+l2", "confirm", 2, 10)),
    ]
    keys = [t.key for t in plan.all({})]
    assert keys[0] == "adam+l2/tune/0"
    assert len(set(keys)) == len(keys) == 10
    assert run(plan, lambda count: 0)[1] == keys


def test_an_arm_of_which_nothing_is_tuned_has_one_trial():
    arms, space = cross(["adam", "sgd"], ["none"]), Space(fixed={"adam.learning_rate": 0.01})
    plan = Plan(arms, Protocol(trials=2, repeats=4, resplit=True), space=space)
    records, _ = run(plan, lambda count: 0)
    of_arm = {arm.name: plan.of(arm, records) for arm in arms}
    stages = {name: [(t.stage, t.tuning, t.split) for t in trainings] for name, trainings in of_arm.items()}
    confirmed = [("confirm", 0, split) for split in range(4)]
    assert stages["adam+none"] == [("tune", 0, 0), *confirmed]
    tunings = [tuning for stage, tuning, _ in stages["sgd+none"] if stage == "confirm"]
    assert tunings == [0, 1, 1, 3]


@pytest.mark.parametrize("prune", ["none", "asha"])
@pytest.mark.parametrize("widen", [False, True])
def test_any_order_of_finishing_gives_the_same(prune, widen):
    plan = Plan(
        cross(["adam", "sgd", "momentum"], ["none", "l2"]),
        Protocol(trials=5, repeats=2, tunings="once", widen=widen, prune=prune),
    )
    alone, _ = run(plan, lambda count: 0)
    for seed in range(5):
        chance = random.Random(seed)
        records, done = run(plan, chance.randrange, workers=4)
        assert records == alone
        assert len(done) == len(set(done))


def test_one_by_one_a_trial_waits_for_those_before():
    plan = Plan(cross(["adam", "sgd"], ["none"]), Protocol(trials=3, repeats=2, tunings="once", prune="asha"))
    assert [each.key for each in plan.ready({})] == ["adam+none/tune/0", "sgd+none/tune/0"]
    assert [each.key for each in plan.ready({}, {"adam+none/tune/0"})] == ["sgd+none/tune/0"]
    together = Plan(plan.arms, Protocol(trials=3, repeats=2, tunings="once"))
    assert len(list(together.ready({}))) == 6


def test_confirming_waits_for_the_tuning_and_takes_its_best():
    plan = Plan([Arm("adam", "none")], Protocol(trials=3, repeats=2, tunings="once"))
    records = {}
    for training in plan.all({})[:3]:
        assert all(each.stage == "tune" for each in plan.ready(records))
        records[training.key] = finished(training, plan.values(training, records))
    confirming = list(plan.ready(records))
    assert [each.seed for each in confirming] == [1, 2]
    best = max(record.values["learning_rate"] for record in records.values())
    assert {plan.values(each, records)["learning_rate"] for each in confirming} == {best}


def test_the_rivals_of_a_trial_are_those_before_it():
    plan = Plan([Arm("adam", "none")], Protocol(trials=3, repeats=1, tunings="once", prune="asha"))
    records, _ = run(plan, lambda count: 0)
    *tuning, confirming = plan.all(records)
    assert [len(plan.rivals(each, records)) for each in tuning] == [0, 1, 2]
    assert plan.rivals(confirming, records) == []


@pytest.mark.parametrize(("better", "beyond"), [("high", 10.0), ("low", 0.1)])
def test_a_range_whose_end_is_best_is_widened(better, beyond):
    """The score rises with the rate, or falls: the best lies at an end, and beyond it."""
    arm = Arm("adam", "l2")
    plan = Plan(
        [arm],
        Protocol(trials=16, repeats=2, tunings="once", widen=True),
        Metric("score", "max" if better == "high" else "min"),
    )
    records, _ = run(plan, lambda count: 0)
    assert len(records) == 16 + 8 + 2
    rate = arm.hyperparameters[0]
    more = [records[f"adam+l2/tune/{k}"].values for k in range(16, 24)]
    end = rate.high if better == "high" else rate.low
    assert all(min(end, end * beyond) <= values["learning_rate"] <= max(end, end * beyond) for values in more)
    assert len({values["l2.strength"] for values in more}) == 8
    chosen = records["adam+l2/confirm/0"].values
    assert chosen in more
    assert Space().at_edge(arm, end * beyond)
    assert not Space().at_edge(arm, end * beyond**0.5)


def test_a_range_whose_middle_is_best_is_not_widened():
    plan = Plan([Arm("adam", "none")], Protocol(trials=8, repeats=2, tunings="once", widen=True))
    middle = 3e-3
    scores = {t.key: -abs(plan.values(t, {}).get("learning_rate", 3e-4) - middle) for t in plan.all({})[:8]}
    records, _ = run(plan, lambda count: 0, score=lambda t: scores.get(t.key, 0.0))
    assert len(records) == 10


CONFIRM = ["confirm/0", "confirm/1"]


@pytest.mark.parametrize(
    ("lost", "options", "again"),
    [
        ("tune/14", {}, ["tune/14", *CONFIRM]),
        ("tune/14", {"prune": "asha"}, ["tune/14", "tune/15", *CONFIRM]),
        ("tune/14", {"widen": True}, ["tune/14", *(f"tune/{number}" for number in range(16, 24)), *CONFIRM]),
        ("confirm/1", {"prune": "asha", "widen": True}, ["confirm/1"]),
    ],
)
def test_what_runs_again_after_a_failure(lost, options, again):
    """What trained the best of the trials, was compared with them, or went beyond them, would have been another."""
    plan = Plan(cross(["adam", "sgd"], ["none"]), Protocol(trials=16, repeats=2, tunings="once", **options))
    records, _ = run(plan, lambda count: 0)
    assert len(records) == 2 * (16 + (8 if "widen" in options else 0) + 2)
    assert plan.failed(records) == []
    records[f"adam+none/{lost}"] = dataclasses.replace(records[f"adam+none/{lost}"], status="failed")
    assert plan.failed(records) == [f"adam+none/{each}" for each in again]


@pytest.mark.parametrize(("best", "again"), [(1, []), (4, ["confirm/0/4", "confirm/1/4"])])
def test_more_trials_extend_a_search(best, again):
    """Earlier trials stay; what confirmed a setting that a new trial surpasses stays on record and is not counted."""

    def score(training):
        return float(training.stage == "tune" and training.number == best)

    few, many = (Plan([Arm("adam", "l2")], Protocol(trials=trials, repeats=2, tunings="once")) for trials in (3, 6))
    before, _ = run(few, lambda count: 0, score=score)
    records, done = run(many, lambda count: 0, score=score, records=before)
    assert done == [f"adam+l2/{key}" for key in ("tune/3", "tune/4", "tune/5", *again)]
    assert {key: records[key] for key in before} == before
    whole, _ = run(many, lambda count: 0, score=score)
    last = [[plan_records[t.key] for t in many.all(plan_records)] for plan_records in (records, whole)]
    assert [record.values for record in last[0]] == [record.values for record in last[1]]
    assert [record.seed for record in last[0]] == [record.seed for record in last[1]]


def test_a_setting_that_is_surpassed_twice():
    plans = [
        Plan([Arm("adam", "none")], Protocol(trials=trials, repeats=repeats, tunings="once"))
        for trials, repeats in ((2, 1), (3, 2), (4, 2))
    ]
    records, done = {}, []
    for plan in plans:
        records, more = run(plan, lambda count: 0, score=lambda training: float(training.number), records=records)
        done += more
    assert done == [
        f"adam+none/{key}"
        for key in (
            *("tune/0", "tune/1", "confirm/0"),
            *("tune/2", "confirm/0/2", "confirm/1"),
            *("tune/3", "confirm/0/3", "confirm/1/3"),
        )
    ]
    assert [t.key for t in plans[-1].ended(plans[-1].arms[0], records)][-2:] == done[-2:]


def test_repeats_have_splits_and_some_of_them_tunings_of_their_own():
    plan = Plan([Arm("adam", "l2"), Arm("sgd", "none")], Protocol(trials=2, repeats=5, resplit=True))
    records, done = run(plan, lambda count: 0, score=lambda training: float(training.number == training.tuning % 2))
    assert len(done) == plan.protocol.trainings(arms=2) == 2 * (3 * 2 + 5)
    tuned = [record for record in records.values() if record.stage == "tune"]
    confirmed = [record for record in records.values() if record.stage == "confirm"]
    assert [(r.trial, r.split, r.tuning) for r in confirmed[:5]] == [
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 1),
        (3, 3, 3),
        (4, 4, 3),
    ]
    assert {(r.tuning, r.split) for r in tuned} == {(0, 0), (1, 1), (3, 3)}
    for arm in ("adam+l2", "sgd+none"):
        seeds = {r.seed for r in tuned if r.arm == arm} | {r.seed for r in confirmed if r.arm == arm}
        assert len(seeds) == 3 + 5
        for record in [r for r in confirmed if r.arm == arm]:
            of_tuning = [r for r in tuned if r.arm == arm and r.tuning == record.tuning]
            assert len({r.values["learning_rate"] for r in of_tuning}) == 2
            (best,) = [r for r in of_tuning if r.trial == record.tuning % 2]
            assert record.values == best.values
    points = {r.values["l2.strength"] for r in tuned if r.arm == "adam+l2" and r.trial == 1}
    assert len(points) == 3  # each tuning has a scramble of its own
    assert len({r.seed for r in tuned if r.tuning == 3}) == 1  # paired between arms


def test_further_repeats_leave_those_before_as_they_are():
    few, many = (Plan([Arm("adam", "l2")], Protocol(trials=2, repeats=repeats, resplit=True)) for repeats in (3, 7))
    before, _ = run(few, lambda count: 0)
    assert {training.key for training in many.ended(many.arms[0], before)} == set(before)
    records, done = run(many, lambda count: 0, records=before)
    assert {key: records[key] for key in before} == before
    assert done == [
        f"adam+l2/{key}" for key in ("tune3/0", "tune3/1", "tune6/0", "tune6/1", *(f"confirm/{k}" for k in range(3, 7)))
    ]


def test_a_failed_trial_concerns_the_repeats_of_its_tuning_only():
    plan = Plan([Arm("adam", "none")], Protocol(trials=3, repeats=4))
    records, _ = run(plan, lambda count: 0)
    records["adam+none/tune1/2"] = dataclasses.replace(records["adam+none/tune1/2"], status="failed")
    assert plan.failed(records) == [f"adam+none/{key}" for key in ("tune1/2", "confirm/1", "confirm/2")]
