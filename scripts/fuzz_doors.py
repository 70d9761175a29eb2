"""Random datasets through every way in: each must give the same data and the same numbers, or one line.

    python scripts/fuzz_doors.py                      # 5,000 datasets; 251 took 1.5 minutes of processor time
    python scripts/fuzz_doors.py --only 1234          # one of them: its columns, and what came of each way in

A dataset is made from its number: 36 to 70 rows with one to six inputs of any kind, odd names, missing values and a
target of any kind (``scripts/support/random_tables.py``). Its ways in are in two groups. The types of a DataFrame are
kept by DataFrames, dictionaries of arrays, Series and lists, arrays and lists of rows (numbers alone), a tf.data
pipeline (where it has such types) and Parquet files, in memory and from disk. CSV and TSV files tell their types
themselves: they are compared with the DataFrame that pandas reads. Some ways have their columns in another order.

- Inputs, targets, weights, splits and all statistics must be equal in all ways of a group, and in both groups where a
  CSV file holds the types; or the way refuses, with an InvalidArgument of one line. Other errors, messages of several
  lines and warnings of other libraries are faults.
- Files read from disk, and Series, must warn in the same words as those in memory, and arrays.
- A model is trained for one epoch (steps not compiled) on two ways of every dataset whose form is new, and of every
  ``--train-every``-th one: both must predict the same for the test examples. The first model also gets the test
  examples of all other ways of the same form, matched by name.
- Of every ``--export-every``-th dataset, if it has a test set, a SavedModel is written. "serving_default", the
  Predictor (with a DataFrame, a dictionary and a list of dictionaries) and the files of `recipes predict` (CSV and JSON
  lines) must answer as the model in memory.

Writes ``results/fuzz_doors.csv``: a row for each way in, kind of column, kind of target and check.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))

import numpy as np

from scripts.support.doors import (
    READ,
    REFERENCES,
    TYPED,
    Outcome,
    difference,
    outcomes,
    predictions,
    reordered,
    trained,
    warnings_differ,
)
from scripts.support.exported_doors import exported_answers
from scripts.support.random_tables import RandomTable, random_table

LISTS = ("lists", "rows")
"""Ways whose numbers have only Python's types."""
READ_AGAIN = 1e-9
"""How far numbers may be off that were written to a CSV file and read again."""


class Tally:
    """What came of every way in, kind of column and check."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.failures: list[tuple[int, str, str]] = []
        self.seconds: Counter[str] = Counter()

    def add(self, what: str, name: str, result: str) -> None:
        self.counts[what, name]["datasets"] += 1
        self.counts[what, name][result] += 1

    def rows(self) -> list[dict[str, Any]]:
        results = ("same", "refused", "refused alone", "differs", "fault")
        return [
            {"what": what, "name": name, "datasets": count["datasets"], **{result: count[result] for result in results}}
            for (what, name), count in sorted(self.counts.items())
        ]


def compared(outcome: Outcome, reference: Outcome, way: str) -> tuple[str, str]:
    """(result, message) of a way: "same", "refused", "refused alone", "differs" or "fault"."""
    if outcome.fault:
        return "fault", outcome.fault
    if outcome.data is None:
        return ("refused", "") if reference.data is None else ("refused alone", outcome.refusal)
    if reference.data is None:
        return "differs", f"accepts what the reference refuses: {reference.refusal or reference.fault}"
    message = difference(reference.data, outcome.data, types=way not in LISTS)
    return ("differs", message) if message else ("same", "")


def examine(table: RandomTable, folder: Path, tally: Tally, *, train: Any, export: bool) -> None:
    """All checks of one dataset.

    Args:
        table: the dataset.
        folder: an empty folder for files.
        tally: counts the results.
        train: whether to train a model: a function of the reference Data.
        export: whether to export one.
    """
    start = time.perf_counter()
    made = outcomes(table, folder)
    worst = "same"
    for group, ways in made.items():
        reference = ways[REFERENCES[group]]
        for way, outcome in ways.items():
            result, message = compared(outcome, reference, way)
            tally.add("way in", f"{group}: {way}", result)
            if result in ("differs", "fault"):
                tally.failures.append((table.number, f"{group}: {way}", message))
                worst = result
            elif result == "refused" and worst == "same":
                worst = result
        for first, second, message in warnings_differ(ways):
            tally.failures.append((table.number, f"warnings of {first} and {second}", message))
            worst = "differs"
    typed, read = made[TYPED][REFERENCES[TYPED]], made[READ][REFERENCES[READ]]
    if set(table.frame.columns) <= table.written and typed.data is not None and read.data is not None:
        message = difference(typed.data, read.data, rtol=READ_AGAIN, types=False)
        tally.add("check", "DataFrame and CSV file", "differs" if message else "same")
        if message:
            tally.failures.append((table.number, "DataFrame and CSV file", message))
    tally.add("target", table.kinds[table.targets[0]], worst)
    for kind in {table.kinds[name] for name in table.inputs}:
        tally.add("input", kind, worst)
    tally.seconds["data"] += time.perf_counter() - start
    start = time.perf_counter()
    group = TYPED if table.number % 2 else READ
    ways = made[group]
    reference = ways[REFERENCES[group]]
    if reference.data is not None and train(reference.data):
        check_training(table, group, ways, tally)
        tally.seconds["training"] += time.perf_counter() - start
    start = time.perf_counter()
    if export and table.test and typed.data is not None and typed.data.settings["counts"]["test"] == table.test:
        for door, message in exported_answers(table, typed.data, folder).items():
            tally.add("export", door, "differs" if message else "same")
            if message:
                tally.failures.append((table.number, f"export: {door}", message))
        tally.seconds["export"] += time.perf_counter() - start


def check_training(table: RandomTable, group: str, ways: dict[str, Outcome], tally: Tally) -> None:
    """Trains on two ways, and predicts for the test examples of all."""
    reference = ways[REFERENCES[group]].data
    assert reference is not None
    model = trained(reference)
    expected = predictions(model, reference)
    others = {
        way: outcome.data
        for way, outcome in ways.items()
        if outcome.data is not None and way != REFERENCES[group] and outcome.data.spec.record == reference.spec.record
    }
    wrong = "" if np.isfinite(expected).all() else f"predictions are not finite: {expected[~np.isfinite(expected)][:3]}"
    tally.add("check", "predictions are finite", "fault" if wrong else "same")
    if wrong:
        tally.failures.append((table.number, "predictions", wrong))
    for way, data in others.items():
        answers = np.asarray(model(reordered(data, reference), training=False))
        same = np.array_equal(answers, expected, equal_nan=True)
        tally.add("check", "one model, examples of another way", "same" if same else "differs")
        if not same:
            tally.failures.append((table.number, f"predictions for {group}: {way}", far(answers, expected)))
    alike = [way for way, data in others.items() if data.spec == reference.spec]
    if alike:
        way = alike[table.number % len(alike)]
        answers = predictions(trained(others[way]), others[way])
        same = np.array_equal(answers, expected, equal_nan=True)
        tally.add("check", "trained on two ways", "same" if same else "differs")
        if not same:
            tally.failures.append((table.number, f"trained on {group}: {way}", far(answers, expected)))


def far(answers: np.ndarray, expected: np.ndarray) -> str:
    """How far answers are off."""
    if answers.shape != expected.shape:
        return f"shapes {answers.shape} and {expected.shape}"
    return f"off by up to {np.abs(answers - expected).max():.3g}"


def smaller(table: RandomTable) -> RandomTable:
    """The table without the inputs and options that do not matter for its failure."""

    def fails(candidate: RandomTable) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            tally = Tally()
            examine(candidate, Path(folder), tally, train=lambda data: False, export=False)
        return bool(tally.failures)

    if not fails(table):
        return table
    roles = {value for value in table.options.values() if isinstance(value, str)}
    for name in [name for name in table.inputs if name not in roles and [name] != table.options.get("exclude")]:
        candidate = table.without(name)
        if len(candidate.inputs) and fails(candidate):
            table = candidate
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000, help="datasets")
    parser.add_argument("--first", type=int, default=0, help="number of the first dataset")
    parser.add_argument("--seed", type=int, default=0, help="other datasets of the same numbers")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of datasets to show; nothing is written")
    parser.add_argument("--train-every", type=int, default=20, help="how often to train where the form is known")
    parser.add_argument("--export-every", type=int, default=40, help="how often to export")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many")
    options = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
    tally, start, forms = Tally(), time.perf_counter(), set()
    numbers = options.only or range(options.first, options.first + options.count)
    done = 0
    for number in numbers:
        table = random_table(number, options.seed)

        def train(data: Any, number: int = number) -> bool:
            spec = data.spec
            kinds = frozenset((feature.kind, bool(feature.format)) for feature in spec.features)
            form = (spec.kind, spec.record, spec.task, kinds if len(kinds) < 3 else None, data.weighted)
            new = form not in forms
            forms.add(form)
            return bool(options.only) or new or number % options.train_every == 0

        known = len(tally.failures)
        with tempfile.TemporaryDirectory() as folder:
            export = bool(options.only) or number % options.export_every == 0
            examine(table, Path(folder), tally, train=train, export=export)
        for _, where, message in tally.failures[known:]:
            print(f"{number}  {where}: {message[:400]}", flush=True)
        if options.only:
            print(smaller(table) if len(tally.failures) > known else table)
        done += 1
        if done % 250 == 0:
            spent = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in tally.seconds.items())
            print(f"{done} datasets, {len(tally.failures)} failures, {spent}", flush=True)
        if time.perf_counter() - start > 60 * options.minutes:
            break
    rows = tally.rows()
    for row in rows:
        print("  ".join(str(value) for value in row.values()))
    if not options.only:
        print(write_results("fuzz_doors", [{**row, "seed": options.seed, "of_datasets": done} for row in rows]))
    sys.exit(bool(tally.failures))


if __name__ == "__main__":
    main()
