"""The scores of the defaults: every embedded dataset, MNIST and CIFAR-10, one training per seed.

    python scripts/measure/measure_embedded.py --data-dir DIR  # DIR: where MNIST and CIFAR-10 are prepared for TFDS

A case's name says what differs from the defaults. The range test finds the learning rate, unless the name ends in a
rate. Writes ``results/embedded.csv``, one row per training: test score, seconds, the model. ``--only`` measures some of
the cases again and keeps the rows of the others.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import results_path, write_results

import recipes
from recipes.data.tfds.datasets import EMBEDDED_NAMES


class Case(NamedTuple):
    """A dataset and its recipe, with the numbers of epochs (None for the usual length) and seeds."""

    dataset: str
    epochs: int | None
    seeds: int
    recipe: recipes.Recipe


PHOTOGRAPHS = recipes.Recipe(model="resnet", regularizer=("early_stopping", "augmentation"))

CASES = {
    **{name: Case(name, None, 3, recipes.Recipe()) for name in EMBEDDED_NAMES},
    "mnist-cnn": Case("mnist", 3, 3, recipes.Recipe(model="cnn")),
    "mnist-rnn": Case("mnist", 3, 3, recipes.Recipe(model="rnn")),
    "cifar10-resnet": Case("cifar10", 10, 1, PHOTOGRAPHS),
    "cifar10-resnet-0.2": Case("cifar10", 10, 1, dataclasses.replace(PHOTOGRAPHS, learning_rate=0.2)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--only", help=f"some of {', '.join(CASES)}, separated by commas")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else list(CASES)
    path = results_path("embedded")
    kept: list[dict[str, Any]] = []
    if options.only and path.exists():
        table = pd.read_csv(path)
        kept = table[~table["case"].isin(chosen)].to_dict("records")
    rows: list[dict[str, Any]] = []
    for name in chosen:
        case = CASES[name]
        data = recipes.load(case.dataset, data_dir=options.data_dir)
        for seed in range(case.seeds):
            rows.append({"case": name, **trained(data, case, seed)})
            write_results("embedded", rows, kept)
            print(rows[-1], flush=True)


def trained(data: recipes.Data, case: Case, seed: int) -> dict[str, Any]:
    """The row of one training."""
    start = time.perf_counter()
    run = recipes.fit(data, case.recipe, epochs=case.epochs, seed=seed, verbose=0)
    seconds = time.perf_counter() - start
    return {
        "model": run.recipe.model,
        "parameters": run.model.count_params(),
        "epochs": run.epochs,
        "seed": seed,
        "metric": data.spec.metric,
        "test": run.evaluate("test")[data.spec.metric],
        "validation": run.evaluate("validation")[data.spec.metric],
        "learning_rate": run.recipe.learning_rate,
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    main()
