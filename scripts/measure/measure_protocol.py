"""Whether a comparison tells the truth: searches on a planted problem, where it is known which arms are better.

    python scripts/measure/measure_protocol.py

Each repeat is a whole search by the plan of ``recipes.search``: every arm's rates tried, the best confirmed with new
seeds, the table made of that; only the trainings are replaced by their outcome, drawn at random around a parabola in
the logarithm of the rate, which is flat or not, with an effect of the seed that all arms share. All arms are equal,
or one is better by a known amount; in some cases one arm's seeds spread thrice as much. Counts how often anything is
called better or worse where nothing is, and how often the better arm is found, beside how often Dunnett's test with
as many degrees of freedom can find it. Where rates matter, equal arms end with rates that are not equally good, by
luck: what is said of the settings found is right, and as a word on the arms wrong more often. In the last cases
scores are accuracies on 360 examples, so that differences often come out equal where they are not. Writes
``results/protocol.csv``, a row a case.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scipy.stats import nct
from support.results import write_results

from recipes.tuning.arms import Arm, cross
from recipes.tuning.dunnett import critical_value
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.record import Record
from recipes.tuning.record_tables import record_tables
from recipes.tuning.runner import Job
from recipes.tuning.summary import summary

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
        "test examples": 360,
    }
    for arms, seeds in ((2, 2), (6, 3))
    for better in (0.0, 0.03)
]


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
    """What comes of one case."""
    alarms = found = 0
    for repeat in range(repeats):
        table = search(case, np.random.default_rng([number, repeat]), repeat).set_index("arm")
        arms = list(table.index)
        planted = ARMS[1].name
        wrong = [arm for arm in arms if arm != planted or not case["better by"]]
        alarms += any(table.loc[arm, "verdict"] in ("better", "worse") for arm in wrong)
        found += table.loc[planted, "verdict"] == "better"
    freedom = (case["arms"] - 1) * (case["seeds"] - 1)
    critical = critical_value(case["arms"] - 1, freedom)
    shift = case["better by"] / (NOISE * math.sqrt(2.0 / case["seeds"]))
    return {
        **case,
        "repeats": repeats,
        "searches with a false alarm": alarms / repeats,
        "better arm found": found / repeats if case["better by"] else math.nan,
        "found at best": float(nct.sf(critical, freedom, shift)) if case["better by"] else math.nan,
    }


def search(case: dict[str, Any], random: np.random.Generator, seed: int) -> Any:
    """The table of one search."""
    arms = ARMS[: case["arms"]]
    plan = Plan(arms, Protocol(trials=4, seeds=case["seeds"], seed=10_000 * seed))
    of_seed: dict[int, float] = {}
    records: dict[str, Record] = {}
    while (training := next(plan.ready(records), None)) is not None:
        job = Job(training, plan.values(training, records))
        shared = of_seed.setdefault(training.seed, random.normal(0.0, 2.0 * NOISE))
        records[training.key] = outcome(job, case, shared, arms, random)
    trials, _ = record_tables([records[each.key] for each in plan.all(records)])
    resolution = 1 / case["test examples"] if case["test examples"] else 0.0
    return summary(trials, arms[0].name, resolution=resolution)


def outcome(job: Job, case: dict[str, Any], shared: float, arms: list[Arm], random: np.random.Generator) -> Record:
    """The record of a training that did not take place."""
    arm = job.training.arm
    rate = arm.hyperparameters[0]
    off = math.log(job.values["learning_rate"] / math.sqrt(rate.low * rate.high)) / math.log(rate.high / rate.low)
    quality = 0.9 - 4.0 * case["a bad rate costs"] * off**2 + shared + (case["better by"] if arm == arms[1] else 0.0)
    spread = NOISE * (case["one arm spreads"] if arm == arms[-1] else 1.0)
    scores = quality + spread * random.normal(size=2)
    if case["test examples"]:
        scores = np.round(scores * case["test examples"]) / case["test examples"]
    return job.record(
        validation_score=float(scores[0]),
        test_score=float(scores[1]) if job.training.stage == "confirm" else math.nan,
        validation_loss=1.0,
    )


if __name__ == "__main__":
    main()
