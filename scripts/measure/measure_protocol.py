"""The error rates of a comparison: simulated searches with known better arms.

    python scripts/measure/measure_protocol.py

Each repeat is a whole search by the plan of ``recipes.search``: it tries rates for every arm, confirms the best with
new seeds and makes the table. Only the trainings are replaced by random outcomes: a parabola in the logarithm of the
rate, flat in some cases, plus noise and an effect of the seed that all arms share. All arms are equal, or one is better
by a known amount; in some cases one arm's noise is three times as large.

In the cases with test examples the scores are accuracies: the examples of each search are drawn anew, each as hard as
it is for all arms, harder for some arms than for others, and a matter of luck in each training. An arm's true score is
the one on all examples that could be drawn; equal arms are equal there, not on the test split.

Counted are the searches with a false "better" or "worse"; those that call an arm "as good" that differs by more than
the margin; those that find the better arm, beside the power of Dunnett's test with the same degrees of freedom; and the
arms equal to the reference that are called "as good". If rates matter, equal arms end with unequal rates by chance: a
verdict may then be right about the settings but wrong about the arms, and counts as false.

Writes ``results/protocol.csv``, one row per case.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scipy.stats import nct, norm
from support.results import write_results

from recipes.judging.dunnett import critical_value
from recipes.tuning.arms import Arm, cross
from recipes.tuning.judging.record_tables import record_tables
from recipes.tuning.judging.summary import summary
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.record import Record
from recipes.tuning.running.runner import Job

NOISE = 0.01
"""The standard deviation between seeds of one arm."""

ARMS = cross(["momentum", "nesterov", "sgd", "adam", "nadam", "rmsprop"], ["none", "l2", "dropout", "early_stopping"])

CASES = [
    {
        "arms": arms,
        "seeds": seeds,
        "better by": better,
        "one arm spreads": spread,
        "a bad rate costs": cost,
        "test examples": 0,
        "margin": 0.005,
    }
    for arms, seeds in ((6, 3), (6, 5), (24, 3))
    for better in (0.0, 0.03)
    for spread, cost in ((1.0, 0.0), (3.0, 0.0), (1.0, 0.025))
] + [
    {
        "arms": arms,
        "seeds": seeds,
        "better by": better,
        "one arm spreads": 1.0,
        "a bad rate costs": 0.0,
        "test examples": examples,
        "margin": margin,
    }
    for arms, seeds, examples, better, margin in (
        (2, 3, 360, 0.0, 0.005),
        (6, 3, 360, 0.0, 0.005),
        (6, 10, 360, 0.0, 0.005),
        (6, 3, 360, 0.03, 0.005),
        (6, 5, 5000, 0.0, 0.02),
        (6, 5, 5000, 0.02, 0.02),
    )
]

EASE, HARDNESS, OWN_HARDNESS, LUCK = 2.2, 1.0, 0.6, 0.5
"""An answer is right where ease + hardness of the example + its hardness for the arm + luck > 0, all normal: 95 %."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    options = parser.parse_args()
    rows = []
    for number, case in enumerate(CASES):
        rows.append(measured(case, options.repeats, number))
        print({name: round(value, 4) for name, value in rows[-1].items()}, flush=True)
        path = write_results("protocol", rows)
    print(path)


def measured(case: dict[str, Any], repeats: int, number: int) -> dict[str, Any]:
    """The row of one case."""
    alarms = detections = wrongly_good = good = 0
    for repeat in range(repeats):
        table = search(case, np.random.default_rng([number, repeat]), repeat).set_index("arm")
        arms = list(table.index)
        planted = ARMS[1].name
        equal = [arm for arm in arms if arm != planted or not case["better by"]]
        alarms += any(table.loc[arm, "verdict"] in ("better", "worse") for arm in equal)
        detections += table.loc[planted, "verdict"] == "better"
        wrongly_good += case["better by"] >= case["margin"] and table.loc[planted, "verdict"] == "as good"
        good += sum(table.loc[arm, "verdict"] == "as good" for arm in equal) / max(1, len(equal) - 1)
    freedom = (case["arms"] - 1) * (case["seeds"] - 1)
    critical = critical_value(case["arms"] - 1, freedom)
    shift = case["better by"] / (NOISE * math.sqrt(2.0 / case["seeds"]))
    return {
        **case,
        "repeats": repeats,
        "searches with a false alarm": alarms / repeats,
        "called as good wrongly": wrongly_good / repeats if case["better by"] else math.nan,
        "equal arms called as good": good / repeats,
        "better arm found": detections / repeats if case["better by"] else math.nan,
        "found at best": math.nan
        if not case["better by"] or case["test examples"]
        else float(nct.sf(critical, freedom, shift)),
    }


def search(case: dict[str, Any], random: np.random.Generator, seed: int) -> Any:
    """The table of one search."""
    arms = ARMS[: case["arms"]]
    plan = Plan(arms, Protocol(trials=4, seeds=case["seeds"], seed=10_000 * seed))
    seed_effects: dict[int, float] = {}
    records: dict[str, Record] = {}
    while (training := next(plan.ready(records), None)) is not None:
        job = Job(training, plan.values(training, records))
        seed_effect = seed_effects.setdefault(training.seed, random.normal(0.0, 2.0 * NOISE))
        records[training.key] = outcome(job, case, seed_effect, arms, random)
    finished = [records[training.key] for training in plan.all(records)]
    examples, contributions = case["test examples"], {}
    if examples:
        contributions = answers(case, [arm.name for arm in arms], sorted(seed_effects)[1:], random)
        finished = [
            record
            if record.stage == "tune"
            else dataclasses.replace(record, test_score=float(contributions[record.arm][record.seed].mean()))
            for record in finished
        ]
    trials, _ = record_tables(finished)
    resolution = 1 / examples if examples else 0.0
    options = {"resolution": resolution, "contributions": contributions, "margin": 100 * case["margin"]}
    return summary(trials, arms[0].name, **options)


def answers(
    case: dict[str, Any], arms: list[str], seeds: list[int], random: np.random.Generator
) -> dict[str, dict[int, np.ndarray]]:
    """Right (1) or wrong (0) by arm, seed and example of a new test split."""
    examples = case["test examples"]
    hardness = HARDNESS * random.normal(size=examples)
    spread = math.sqrt(HARDNESS**2 + OWN_HARDNESS**2 + LUCK**2)
    plain = norm.cdf(EASE / spread)
    found = {}
    for number, arm in enumerate(arms):
        ease = norm.ppf(plain + case["better by"] * (number == 1)) * spread  # the true score is better by that
        own = hardness + OWN_HARDNESS * random.normal(size=examples)
        found[arm] = {seed: (ease + own + LUCK * random.normal(size=examples) > 0).astype(np.float32) for seed in seeds}
    return found


def outcome(job: Job, case: dict[str, Any], seed_effect: float, arms: list[Arm], random: np.random.Generator) -> Record:
    """The record of a simulated training."""
    arm = job.training.arm
    rate = arm.hyperparameters[0]
    middle = math.sqrt(rate.low * rate.high)  # where range tests find rates, within a factor of two or so
    found = job.values.get("learning_rate", middle * float(np.exp(0.5 * random.normal())))
    off = math.log(found / middle) / math.log(rate.high / rate.low)
    advantage = case["better by"] if arm == arms[1] else 0.0
    quality = 0.9 - 4.0 * case["a bad rate costs"] * off**2 + seed_effect + advantage
    spread = NOISE * (case["one arm spreads"] if arm == arms[-1] else 1.0)
    scores = quality + spread * random.normal(size=2)
    confirms = job.training.stage == "confirm"
    return job.record(
        learning_rate=found,
        validation_score=float(scores[0]),
        test_score=float(scores[1]) if confirms else math.nan,
        test_loss=float(random.random()) if confirms else math.nan,  # no two trainings are the same
        validation_loss=1.0,
    )


if __name__ == "__main__":
    main()
