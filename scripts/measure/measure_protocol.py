"""The error rates of a comparison: simulated searches with known better arms.

    python scripts/measure/measure_protocol.py

Each repeat is a whole search by the plan of ``recipes.search``: it tries rates for every arm, confirms the best with
new seeds and makes the table. Only the trainings are replaced by random outcomes: a parabola in the logarithm of the
rate, flat in some cases, plus noise and an effect of the seed that all arms share. All arms are equal, or one is better
by a known amount; in some cases one arm's noise is three times as large.

Counted are the searches with a false "better" or "worse", and those that find the better arm, beside the power of
Dunnett's test with the same degrees of freedom. If rates matter, equal arms end with unequal rates by chance: a verdict
may then be right about the settings but wrong about the arms, and counts as false. In the last cases scores are
accuracies on 360 examples, so that ties are frequent.

Writes ``results/protocol.csv``, one row per case.
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
from recipes.tuning.judging.dunnett import critical_value
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
    """The row of one case."""
    alarms = detections = 0
    for repeat in range(repeats):
        table = search(case, np.random.default_rng([number, repeat]), repeat).set_index("arm")
        arms = list(table.index)
        planted = ARMS[1].name
        equal = [arm for arm in arms if arm != planted or not case["better by"]]
        alarms += any(table.loc[arm, "verdict"] in ("better", "worse") for arm in equal)
        detections += table.loc[planted, "verdict"] == "better"
    freedom = (case["arms"] - 1) * (case["seeds"] - 1)
    critical = critical_value(case["arms"] - 1, freedom)
    shift = case["better by"] / (NOISE * math.sqrt(2.0 / case["seeds"]))
    return {
        **case,
        "repeats": repeats,
        "searches with a false alarm": alarms / repeats,
        "better arm found": detections / repeats if case["better by"] else math.nan,
        "found at best": float(nct.sf(critical, freedom, shift)) if case["better by"] else math.nan,
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
    trials, _ = record_tables([records[training.key] for training in plan.all(records)])
    resolution = 1 / case["test examples"] if case["test examples"] else 0.0
    return summary(trials, arms[0].name, resolution=resolution)


def outcome(job: Job, case: dict[str, Any], seed_effect: float, arms: list[Arm], random: np.random.Generator) -> Record:
    """The record of a simulated training."""
    arm = job.training.arm
    rate = arm.hyperparameters[0]
    off = math.log(job.values["learning_rate"] / math.sqrt(rate.low * rate.high)) / math.log(rate.high / rate.low)
    advantage = case["better by"] if arm == arms[1] else 0.0
    quality = 0.9 - 4.0 * case["a bad rate costs"] * off**2 + seed_effect + advantage
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
