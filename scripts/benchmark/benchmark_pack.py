"""Packed trainings against the same ones one by one: seconds, weights and scores.

Networks for digits (two layers; five narrow ones with batch normalization; an LSTM over the rows; convolutions) and for
a table; packs of 1, 4, 16 and 64 members of different seeds. "alone" and "packed" are the seconds of a training of five
epochs with validation, without tracing, and with the building of each model; they take turns. "weights" is the largest
difference of a weight after the first epoch, "score" that of the validation accuracy at the end. "chosen" is what the
measurement of a search picks for 40 repeats: 16, or 1 for one by one.

    python scripts/benchmark/benchmark_pack.py

Writes ``results/benchmark_pack.csv``, one row per network and size.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.packed.members import Member
from recipes.packed.trainings import CannotPack, trained_together
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer
from recipes.tuning.packing import GAIN, SIZE, measured_times

EPOCHS, REPEATS = 5, 40
DEEP = {"name": "mlp", "hidden": (50, 50, 50, 50, 50)}
CASES = {
    "two layers": ("digits", {}),
    "dropout, Adam": ("digits", {"regularizer": "dropout", "optimizer": "adam", "learning_rate": 0.001}),
    "five layers, batch norm": ("digits", {"model": DEEP, "normalization": "batch"}),
    "table": ("breast_cancer", {}),
    "LSTM": ("digits", {"model": "rnn"}),
    "convolutions": ("digits", {"model": "cnn"}),
}
SIZES = (1, 4, 16, 64)


class Case:
    """A recipe on data, whose trainings share compiled steps."""

    def __init__(self, data: recipes.Data, recipe: recipes.Recipe):
        self.data, self.recipe, self.steps = data, recipe.resolved(data.spec), SharedSteps()

    def trainer(self, seed: int) -> Trainer:
        """A new trainer."""
        return Trainer(self.data, self.recipe, seed=seed, keep_functions=True, steps=self.steps)

    def alone(self, seeds: range, epochs: int) -> list[tuple[list[np.ndarray], float]]:
        """Weights and validation accuracy of each training."""
        ends = []
        for seed in seeds:
            with self.trainer(seed).running(epochs=epochs, seed=seed) as run:
                ends.append((run.model.get_weights(), run.history["val_accuracy"][-1]))
        return ends

    def packed(self, seeds: range, epochs: int) -> list[tuple[list[np.ndarray], float]]:
        """The same, of trainings in one pack."""
        members = [Member(self.trainer(seed), seed, place) for place, seed in enumerate(seeds)]
        ends = []
        for _, run in trained_together(members, epochs=epochs, size=len(members)):
            assert run is not None, "a training diverged"
            ends.append((run.model.get_weights(), run.history["val_accuracy"][-1]))
        return ends


def row_of(case: Case, size: int, turns: int) -> dict[str, Any]:
    """Seconds a training, alone and packed, and how the results differ."""
    seeds = range(size)
    first = [np.concatenate([np.ravel(w) for w in weights]) for weights, _ in case.alone(seeds, 1)]
    try:
        packed = [np.concatenate([np.ravel(w) for w in weights]) for weights, _ in case.packed(seeds, 1)]
    except CannotPack as reason:
        return {"size": size, "refused": str(reason)}
    seconds: dict[str, list[float]] = {"alone": [], "packed": []}
    scores = {}
    for _ in range(turns):
        for way, train in (("alone", case.alone), ("packed", case.packed)):
            start = time.perf_counter()
            scores[way] = [score for _, score in train(seeds, EPOCHS)]
            seconds[way].append((time.perf_counter() - start) / size)
    medians = {way: float(np.median(values)) for way, values in seconds.items()}
    return {
        "size": size,
        **medians,
        "ratio": medians["packed"] / medians["alone"],
        "weights": max(float(np.abs(one - other).max()) for one, other in zip(first, packed, strict=True)),
        "score": max(abs(one - other) for one, other in zip(scores["alone"], scores["packed"], strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    rows = []
    for name in options.cases:
        dataset, choices = CASES[name]
        recipe = recipes.Recipe(**{"learning_rate": 0.03, "regularizer": "none", **choices})
        case = Case(recipes.load(dataset), recipe)
        times = measured_times(case.data, case.recipe, SIZE)
        chosen = 1
        if times is not None:
            packed, alone = times.together(REPEATS, EPOCHS), REPEATS * times.one(EPOCHS)
            chosen = SIZE if packed <= GAIN * alone else 1
        for size in SIZES:
            row = {"case": name, **row_of(case, size, options.turns), "chosen": chosen}
            rows.append(row)
            print(row, flush=True)
            if "refused" in row:
                break
    print(write_results("benchmark_pack", rows))


if __name__ == "__main__":
    main()
