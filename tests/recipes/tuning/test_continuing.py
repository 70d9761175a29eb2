"""Repeats that go on until arms are decided: which arms get more, the levels, and the budget."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.judging.sequential import nominal_levels
from recipes.tuning.continuing import Budget, looks_of, with_more_repeats
from recipes.tuning.designs import cross
from recipes.tuning.judging.next_steps import next_steps
from recipes.tuning.judging.record_tables import record_tables
from recipes.tuning.judging.samples import Rule, Sample, compare_samples
from recipes.tuning.judging.summary import summary
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.resuming import Resumption
from recipes.tuning.running.runner import Job

ARMS = cross(["momentum", "adam", "nadam", "sgd"], ["none"])
AUTO = Protocol(trials=1, repeats="auto", tunings="once")


class Found:
    """What a budget asks of results."""

    reference = ARMS[0].name

    def __init__(self, table):
        self._rows = table.to_dict("records")

    def rows(self):
        return self._rows


def train(plan, records, effects, noise=0.01, seed=0):
    """Trains what is missing with scores that depend on the key alone; returns the table."""
    for training in plan.all(records):
        if training.key in records:
            continue
        effect = effects[ARMS.index(training.arm)]
        score = 0.9 + effect + noise * np.random.default_rng([seed, *training.key.encode()]).normal()
        scores = {"validation_score": score, "test_score": score, "test_loss": score, "seconds": 60.0}
        records[training.key] = Job(training, {"learning_rate": 0.1}).record(**scores)
    trials, _ = record_tables([records[training.key] for training in plan.all(records)])
    return summary(trials, ARMS[0].name, rule=Rule(looks=looks_of(plan.protocol)), margin=0.5)


def search(effects, protocol=AUTO, rounds=20, **options):
    plan, records = Plan(ARMS, protocol), {}
    for _ in range(rounds):
        table = train(plan, records, effects, **options)
        further = with_more_repeats(plan, table.to_dict("records"), ARMS[0].name)
        if further is None:
            break
        plan = further
    return table.set_index("arm"), records


def test_arms_that_are_decided_get_no_more_repeats():
    table, records = search([0.0, 0.2, 0.018, -0.3])
    repeats = table["repeats"]
    assert (table.loc["adam+none", "verdict"], repeats["adam+none"]) == ("better", 3)
    assert (table.loc["sgd+none", "verdict"], repeats["sgd+none"]) == ("worse", 3)
    assert 3 < repeats["nadam+none"] <= repeats["momentum+none"] <= 27
    assert len(records) == 4 + repeats.sum()


def test_an_arm_without_a_chance_is_given_up():
    table, _ = search([0.0] * 4)
    assert set(table["verdict"]) <= {"reference", "open", "better", "worse", "as good"}
    assert table["repeats"].sum() < 4 * 27 / 2


def test_each_look_has_its_level():
    looks = looks_of(AUTO)
    assert [look for look, _ in looks] == [3, 5, 8, 12, 18, 27]
    assert [level for _, level in looks] == pytest.approx(nominal_levels([n / 27 for n in (3, 5, 8, 12, 18, 27)]))
    assert looks_of(Protocol(repeats=5)) == ()


def test_a_sample_is_judged_at_its_last_look():
    random = np.random.default_rng(0)
    control, long, short = random.normal(size=(3, 5))
    losses = [list(random.random(5)) for _ in range(3)]
    seeds = range(5)
    control, long = Sample(seeds, control, losses[0]), Sample(seeds, long, losses[1])
    short = Sample(seeds, short, losses[2]).first(3)
    rule = Rule(looks=((3, 0.01), (5, 0.02)))
    found = compare_samples(control, {"long": long, "short": short}, rule)
    first = compare_samples(control.first(3), {"long": long.first(3), "short": short}, Rule(0.01))
    assert found["short"][1:3] == pytest.approx(first["short"][1:3])
    assert found["short"].p == pytest.approx(min(1.0, 5 * first["short"].p))  # 0.05 / 0.01
    assert found["long"] != first["long"]


def test_a_killed_search_goes_on_and_ends_the_same():
    effects = [0.0, 0.2, 0.02, -0.012]
    table, records = search(effects)
    for lost in range(5, len(records), 7):
        kept = dict(list(records.items())[:lost])
        plan = Plan(ARMS, AUTO)
        for _ in range(20):
            again = train(plan, kept, effects)
            further = with_more_repeats(plan, again.to_dict("records"), ARMS[0].name)
            if further is None:
                break
            plan = further
        assert kept == records
        assert again.set_index("arm")["verdict"].to_dict() == table["verdict"].to_dict()


@pytest.mark.parametrize(
    ("options", "goes_on"),
    [({}, True), ({"budget": 19}, False), ({"budget": 20}, True), ({"minutes": 1.9}, False), ({"minutes": 8.5}, True)],
)
def test_the_budget_is_kept(options, goes_on):
    """One arm is open after 3 repeats: it and the reference take 2 more each, a minute a training."""
    protocol = Protocol(trials=1, repeats="auto", tunings="once", **options)
    plan, records = Plan(ARMS, protocol), {}
    table = train(plan, records, [0.0, 0.2, 0.02, -0.3])
    table.loc[table["arm"] == "nadam+none", ["verdict", "chance"]] = ["open", 0.9]
    table.loc[table["arm"] == "momentum+none", "verdict"] = "reference"
    table.loc[table["arm"].isin(["adam+none", "sgd+none"]), "verdict"] = "better"
    further = Budget(protocol, workers=1).next_plan(plan, Found(table), records)
    assert (further is not None) is goes_on
    if goes_on:
        assert {arm.name: further.repeats_of(arm, records) for arm in ARMS} == {
            "momentum+none": 5,
            "nadam+none": 5,
            "adam+none": 3,
            "sgd+none": 3,
        }


def test_what_is_open_can_go_on_or_takes_more_examples():
    needed = {"repeats_needed": math.inf, "examples_needed": 2.0, "both_needed": 1.5}
    rows = [{"verdict": "open", "repeats": count, "chance": chance, **needed} for count, chance in ((8, 0.4), (3, 0.1))]
    settings = {"repeats": "auto", "overlap": 0.25, "data": {"counts": {"train": 64, "validation": 16, "test": 20}}}
    assert next_steps(SimpleNamespace(rows=lambda: rows, settings=settings, test_examples=20), Resumption()) == [
        "1 of the 2 that are open can go on: the same search with more time.",
        "About 200 examples (now 100) would decide 1 of the 2 that are open.",
    ]


@pytest.mark.thorough
def test_false_words_however_often_it_looks():
    words = [search([0.0] * 4, seed=seed)[0]["verdict"] for seed in range(150)]
    assert np.mean([verdicts.isin(["better", "worse"]).any() for verdicts in words]) <= 0.08


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": "many"}, 'repeats must be an integer >= 1, or "auto"'),
        ({"repeats": "0"}, "repeats must be an integer >= 1"),
        ({"minutes": 5.0}, 'minutes must be left out, or given with repeats="auto"'),
        ({"repeats": "auto", "minutes": 0}, "minutes must be a number > 0"),
        ({"tunings": "often"}, "tunings must be one of"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Protocol(**options)


def test_the_command_line_gives_numbers_as_text():
    assert Protocol(repeats="5") == Protocol(repeats=5)
    assert math.isfinite(Protocol(repeats="auto").trainings(2))
