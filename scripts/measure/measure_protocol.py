"""The error rates of a comparison: simulated searches in which it is known which arms differ.

    python scripts/measure/measure_protocol.py
    python scripts/measure/measure_protocol.py --only better  # the other rows stay

Each repeat is a whole search by the plan of ``recipes.search``: it tries rates for every arm, repeats the best and
makes the table, in sequential mode until all is decided. Only the trainings are replaced by simulated ones:

- random outcomes, a parabola in the logarithm of the rate plus noise and an effect of the seed that all arms share;
- "finite test": the scores are accuracies on examples that are drawn anew for each search, each as hard as it is for
  all arms, harder for some arms than for others, and a matter of luck in each training. Equal arms are equal on all
  examples that could be drawn, not on the test split;
- "split noise": least squares on inputs of which each arm sees others that are equally good. Every search has data of
  its own, divided anew for each repeat; the training set matters as it does to any learner.

Counted are the searches with a false word: "better" or "worse" of an arm that is as good as the reference, in the mean
over all tunings, splits and examples; the searches that call an arm "as good" that differs by more than the margin;
those that find the better arm, beside what ``recipes.judging.power`` predicts and a test that knows all variances; and
the final trainings, in sequential mode beside those of the fixed design with the same power.

Writes ``results/protocol.csv``, one row per case.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scipy.stats import beta, norm
from support.results import results_path, write_results

from recipes.judging.dunnett import critical_value
from recipes.judging.power import differences_told, power
from recipes.tuning.continuing import looks_of, with_more_repeats
from recipes.tuning.designs import cross
from recipes.tuning.judging.record_tables import record_tables
from recipes.tuning.judging.samples import Rule
from recipes.tuning.judging.summary import summary
from recipes.tuning.plan import Plan, Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.record import Record
from recipes.tuning.repeats import tuning_of
from recipes.tuning.running.runner import Job

NOISE = 0.01
"""The standard deviation between repeats of one arm."""

ARMS = cross(["momentum", "nesterov", "sgd", "adam", "nadam", "rmsprop"], ["none", "l2", "dropout", "early_stopping"])

EASE, HARDNESS, OWN_HARDNESS, LUCK = 2.2, 1.0, 0.6, 0.5
"""An answer is right where ease + hardness of the example + its hardness for the arm + luck > 0, all normal: 95 %."""

INPUTS, LABEL_NOISE, FOLDS = 10, 0.3, 5
"""The inputs that an arm sees in the cases of split noise, the noise of the labels, and the folds."""


@dataclass(frozen=True)
class Case:
    """A planted problem.

    Args:
        name: what it is about.
        arms: how many, the first of which is the reference.
        repeats, tunings, margin: of the protocol; the margin as a fraction.
        effects: by how much further arms differ from the reference, by their number; 0 for the others.
        spread: the noise of the last arm, in units of the others'.
        cost: what a rate at the end of its range costs.
        examples: of the test split; 0 for scores that are exact. With ``resplit``, of all splits.
        resplit: whether each repeat has its own split.
        times: how many times as many searches, where a rate is near its bound or is compared with a predicted one.
    """

    name: str
    arms: int
    repeats: Any = 3
    tunings: str = "some"
    margin: float = 0.005
    effects: tuple[float, ...] = ()
    spread: float = 1.0
    cost: float = 0.0
    examples: int = 0
    resplit: bool = False
    times: int = 1

    def effect(self, number: int) -> float:
        """By how much an arm is better than the reference."""
        return self.effects[number - 1] if 0 < number <= len(self.effects) else 0.0


BETTER = (0.03,)
MIXED = (0.02, -0.04, -0.04, -0.04, -0.08, -0.08)

CASES = [
    *(Case("equal arms", arms, repeats) for arms, repeats in ((2, 3), (6, 3), (6, 10))),
    Case("equal arms", 6, 3, "once"),
    Case("unequal spreads", 6, 3, spread=3.0),
    Case("unequal spreads", 6, 10, spread=3.0),
    *(Case("tuning luck", arms, repeats, cost=0.05) for arms, repeats in ((2, 3), (6, 3), (6, 10))),
    Case("tuning luck", 6, 5, "each", cost=0.05),
    *(Case("split noise", arms, repeats, examples=300, resplit=True) for arms, repeats in ((2, 5), (6, 3), (6, 10))),
    *(Case("finite test", arms, repeats, examples=360) for arms, repeats in ((2, 3), (6, 3), (6, 10))),
    Case("finite test", 6, 5, margin=0.02, examples=5000),
    Case("finite test", 6, 5, margin=0.02, effects=(0.02,), examples=5000),
    *(Case("ten arms", 10, repeats) for repeats in (3, 10)),
    *(Case("one is better", arms, repeats, effects=BETTER, times=5) for arms, repeats in ((6, 3), (6, 5), (10, 3))),
    Case("one is better", 6, 5, "once", effects=BETTER, times=5),
    Case("sequential, equal arms", 6, "auto"),
    Case("sequential, equal arms, wide margin", 6, "auto", margin=0.015),
    Case("sequential, unequal spreads", 6, "auto", spread=3.0),
    Case("sequential, tuning luck", 6, "auto", cost=0.05, times=3),
    Case("sequential, split noise", 6, "auto", examples=300, resplit=True),
    Case("sequential, finite test", 6, "auto", examples=360),
    Case("sequential, at the margin", 6, "auto", margin=0.02, effects=(0.02,)),
    Case("sequential, one is better", 6, "auto", effects=(0.02,)),
    Case("sequential, most are worse", 10, "auto", margin=0.01, effects=MIXED),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--only", default="", help="cases whose name has this in it; the rows of the others stay")
    options = parser.parse_args()
    path = results_path("protocol")
    rows, kept = [], pd.read_csv(path) if options.only and path.is_file() else pd.DataFrame({"name": []})
    kept = kept[[options.only not in name for name in kept["name"]]].to_dict("records")
    for number, case in enumerate(CASES):
        if options.only not in case.name:
            continue
        rows.append(measured(case, case.times * options.repeats, number))
        print(
            {name: round(value, 4) if isinstance(value, float) else value for name, value in rows[-1].items()},
            flush=True,
        )
        write_results("protocol", rows, kept)


def measured(case: Case, repeats: int, number: int) -> dict[str, Any]:
    """The row of one case."""
    names = [arm.name for arm in ARMS[: case.arms]]
    false = found = wrongly_good = good = trainings = 0
    for repeat in range(repeats):
        table = search(case, np.random.default_rng([number, repeat]), repeat).set_index("arm")
        words = {name: table.loc[name, "verdict"] for name in names}
        effects = {name: case.effect(place) for place, name in enumerate(names)}
        trainings += int(table["repeats"].sum())
        false += any(
            words[name] == ("worse" if effect > 0 else "better") or (not effect and words[name] in ("better", "worse"))
            for name, effect in effects.items()
        )
        found += words[names[1]] == "better"
        wrongly_good += any(abs(effect) >= case.margin and words[name] == "as good" for name, effect in effects.items())
        equal = [name for name in names[1:] if not effects[name]]
        good += sum(words[name] == "as good" for name in equal) / max(1, len(equal))
    sequential, planted = case.repeats == "auto", case.effect(1) > 0
    known = planted and not case.examples
    row = {field: value for field, value in dataclasses.asdict(case).items() if field not in ("effects", "times")}
    low, high = interval(false, repeats)
    fixed = equal_power(case, found / repeats) if sequential and known else math.nan
    return {
        **row,
        "better by": case.effect(1),
        "others differ by": " ".join(f"{effect:g}" for effect in case.effects[1:]),
        "searches": repeats,
        "false words": false / repeats,
        "from": low,
        "to": high,
        "wrongly as good": wrongly_good / repeats,
        "equal arms as good": good / repeats,
        "better arm found": found / repeats if planted else math.nan,
        "predicted": predicted(case, case.repeats) if known and not sequential else math.nan,
        "found by a test that knows all": oracle(case, case.repeats) if known and not sequential else math.nan,
        "final trainings": trainings / repeats,
        "of the fixed design": fixed,
    }


def interval(count: int, total: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a rate."""
    low = float(beta.ppf(0.025, count, total - count + 1)) if count else 0.0
    return low, float(beta.ppf(0.975, count + 1, total - count)) if count < total else 1.0


def predicted(case: Case, repeats: int) -> float:
    """The power by ``recipes.judging.power``, with the noise between repeats known."""
    tunings = [tuning_of(repeat, case.tunings) for repeat in range(repeats)]
    return power(case.effect(1), differences_told(NOISE, repeats, case.arms - 1, tunings=tunings))


def oracle(case: Case, repeats: float) -> float:
    """The power of a test that knows the variance."""
    bound = critical_value(case.arms - 1, 1000)
    return float(norm.sf(bound - case.effect(1) / (NOISE * math.sqrt(2.0 / repeats))))


def equal_power(case: Case, found: float) -> float:
    """The final trainings of all arms in the fixed design that finds the better arm as often, by the prediction."""
    low, high = 2, 64
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if predicted(case, middle) >= min(found, 0.995) else (middle + 1, high)
    return case.arms * low


def search(case: Case, random: np.random.Generator, seed: int) -> Any:
    """The table of one search."""
    arms = ARMS[: case.arms]
    protocol = Protocol(trials=4, repeats=case.repeats, tunings=case.tunings, resplit=case.resplit, seed=10_000 * seed)
    plan, world = Plan(arms, protocol), World(case, random)
    records: dict[str, Record] = {}
    contributions: dict[str, dict[int, np.ndarray]] = {arm.name: {} for arm in arms}
    tests = case.examples // FOLDS if case.resplit else case.examples
    overlap = 1 / (FOLDS - 1) if case.resplit else None
    rule = Rule(0.05, 1 / tests if tests else 0.0, overlap, looks_of(protocol))
    while True:
        for training, record, answers in world.trained(plan, records):
            records[training.key] = record
            if answers is not None:
                contributions[training.arm.name][training.seed] = answers
        trials, _ = record_tables([records[training.key] for training in plan.all(records)])
        table = summary(trials, arms[0].name, rule=rule, contributions=contributions, margin=100 * case.margin)
        further = with_more_repeats(plan, table.to_dict("records"), arms[0].name) if rule.looks else None
        if further is None:
            return table
        plan = further


def ready(plan: Plan, records: Mapping[str, Record]) -> Iterator[Training]:
    """The trainings of a plan in an order in which each can start."""
    for arm in plan.arms:
        while trainings := plan.next_of(arm, records):
            yield from trainings


class World:
    """What is the same for all trainings of a search: the effects of seeds, the examples, the data."""

    def __init__(self, case: Case, random: np.random.Generator):
        self.case, self.random = case, random
        self._seeds: dict[int, float] = {}
        self._folds: dict[int, list[np.ndarray]] = {}
        count = case.arms * INPUTS
        if case.resplit:
            self._x = random.normal(size=(case.examples, count))
            noise = LABEL_NOISE * random.normal(size=case.examples)
            self._y = np.sign(self._x.sum(axis=1) / math.sqrt(count) + noise)
        elif case.examples:
            self._hardness = HARDNESS * random.normal(size=case.examples)
            self._own = OWN_HARDNESS * random.normal(size=(case.arms, case.examples))

    def trained(self, plan: Plan, records: Mapping[str, Record]) -> Iterator[tuple[Any, Record, np.ndarray | None]]:
        """Trains what can start, until the plan is done; the caller adds the records."""
        for training in ready(plan, records):
            job = Job(training, plan.values(training, records))
            number = ARMS.index(training.arm)
            rate = training.arm.hyperparameters[0]
            middle = math.sqrt(rate.low * rate.high)  # where range tests find rates, within a factor of two or so
            found = job.values.get("learning_rate", middle * float(np.exp(0.5 * self.random.normal())))
            off = math.log(found / middle) / math.log(rate.high / rate.low)
            answers = self._answers(number, training.split) if training.stage == "confirm" else None
            scores = self._scores(number, training.seed, off)
            if answers is not None:
                scores[1] = answers.mean()
            yield training, self._record(job, found, scores), answers

    def _scores(self, number: int, seed: int, off: float) -> np.ndarray:
        """A validation and a test score."""
        case = self.case
        of_seed = self._seeds.setdefault(seed, self.random.normal(0.0, 2.0 * NOISE))
        quality = 0.9 - 4.0 * case.cost * off**2 + of_seed + case.effect(number)
        spread = NOISE * (case.spread if number == case.arms - 1 else 1.0)
        return quality + spread * self.random.normal(size=2)

    def _answers(self, number: int, split: int) -> np.ndarray | None:
        """Right (1) or wrong (0) by test example; None where scores are exact."""
        case, random = self.case, self.random
        if case.resplit:
            return self._learned(number, split)
        if not case.examples:
            return None
        spread = math.sqrt(HARDNESS**2 + OWN_HARDNESS**2 + LUCK**2)
        ease = norm.ppf(norm.cdf(EASE / spread) + case.effect(number)) * spread  # the true score is better by that
        return (ease + self._hardness + self._own[number] + LUCK * random.normal(size=case.examples) > 0).astype(
            np.float32
        )

    def _learned(self, number: int, split: int) -> np.ndarray:
        """The same of least squares on the inputs of an arm, on the training part of a split."""
        division, fold = divmod(split, FOLDS)
        count = self.case.examples
        if division not in self._folds:
            self._folds[division] = np.array_split(self.random.permutation(count), FOLDS)
        tested = self._folds[division][fold]
        others = np.setdiff1d(np.arange(count), tested)
        train = np.random.default_rng(split).permutation(others)[: round(0.8 * len(others))]
        x = self._x[:, number * INPUTS : (number + 1) * INPUTS]
        weights = np.linalg.lstsq(x[train], self._y[train], rcond=None)[0]
        weights += 0.02 * self.random.normal(size=INPUTS)  # what the seed does
        return (np.sign(x[tested] @ weights) == self._y[tested]).astype(np.float32)

    def _record(self, job: Job, rate: float, scores: np.ndarray) -> Record:
        confirms = job.training.stage == "confirm"
        return job.record(
            learning_rate=rate,
            validation_score=float(scores[0]),
            test_score=float(scores[1]) if confirms else math.nan,
            test_loss=float(self.random.random()) if confirms else math.nan,  # no two trainings are the same
            validation_loss=1.0,
        )


if __name__ == "__main__":
    main()
