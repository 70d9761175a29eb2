"""The agenda gives out what the plan says, each training once, in whatever order trainings end."""

import dataclasses
import random

import pytest

from recipes.tuning.agenda import Agenda
from recipes.tuning.designs import cross
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.runner import Job

ARMS = cross(["adam", "sgd", "momentum"], ["none", "l2"])


def finished(training, values):
    rate = values.get("learning_rate", 3e-3)  # which a range test would find
    return Job(training, values).record(learning_rate=rate, validation_score=rate, validation_loss=0.0)


def run(plan, choose, workers, records=None):
    """The records of the whole plan and the order of the starts; every start is checked against the plan itself."""
    records = {} if records is None else records
    agenda, running, started = Agenda(plan, records), [], []
    while True:
        while len(running) < workers:
            expected = next(plan.ready(records, {each.key for each in running}), None)
            training = agenda.next()
            if training is not None and training.key in records:
                started.append(training.key)
                agenda.ended(training)
                continue
            assert training == expected
            if training is None:
                break
            running.append(training)
        if not running:
            assert agenda.done
            return records, started
        assert not agenda.done
        training = running.pop(choose(len(running)))
        records[training.key] = finished(training, plan.values(training, records))
        started.append(training.key)
        agenda.ended(training)


@pytest.mark.parametrize("prune", ["none", "asha"])
@pytest.mark.parametrize("widen", [False, True])
def test_it_is_the_plan_in_any_order(prune, widen):
    plan = Plan(ARMS, Protocol(trials=5, repeats=2, tunings="once", widen=widen, prune=prune))
    alone, in_order = run(plan, lambda count: 0, workers=1)
    assert in_order == [each.key for each in plan.all(alone)]
    for seed in range(5):
        chance = random.Random(seed)
        records, started = run(plan, chance.randrange, workers=4)
        assert records == alone
        assert sorted(started) == sorted(in_order)


@pytest.mark.parametrize("prune", ["none", "asha"])
@pytest.mark.parametrize("finished", [0, 1, 7, 23, 41])
def test_a_search_that_goes_on_is_told_of_everything_once(prune, finished):
    plan = Plan(ARMS, Protocol(trials=5, repeats=2, tunings="once", prune=prune))
    alone, _ = run(plan, lambda count: 0, workers=1)
    chance = random.Random(finished)
    some = dict(run(plan, chance.randrange, workers=3)[0])
    known = dict(list(some.items())[:finished])
    records, started = run(plan, lambda count: 0, workers=1, records=known)
    assert records == alone
    assert sorted(started) == sorted(alone)


def test_an_extended_search_is_told_of_what_counts():
    """The default setting is best at first and surpassed later: what confirmed it is not handed out."""

    few, many = (Plan(ARMS, Protocol(trials=trials, repeats=2)) for trials in (1, 4))
    before = run(few, lambda count: 0, workers=1)[0]
    known = {key: dataclasses.replace(record, validation_score=0.0) for key, record in before.items()}
    records, started = run(many, lambda count: 0, workers=1, records=dict(known))
    assert {key: records[key] for key in known} == known
    assert sorted(started) == sorted(training.key for training in many.all(records))
    assert len(records) == len(started) + 2 * len(ARMS)
