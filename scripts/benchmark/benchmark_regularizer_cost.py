"""The cost of each regularizer: the time of an epoch relative to none in the same turn; and the cost of an ensemble.

10,000 MNIST examples, batches of 128, momentum at a constant rate; the median over the turns of the second epoch's
time. There is no validation, except for early stopping, which needs it. Wall and processor time are reported; on a
shared machine processor time varies less.

    python scripts/benchmark/benchmark_regularizer_cost.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/benchmark_regularizer_cost.csv``, one row per model and regularizer.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.clock import Clock
from support.results import write_results

import recipes
from recipes.regularization import REGULARIZERS
from recipes.trainer import Trainer

EXAMPLES = 10_000
MODELS = ("mlp", "cnn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir)
    x, y = data.arrays("train")
    data = data.with_train(x[:EXAMPLES], y[:EXAMPLES], how=f"the first {EXAMPLES}")
    rows = []
    for model in options.models:
        names = ["none", *REGULARIZERS]
        trainers = {
            name: Trainer(
                data,
                recipes.Recipe(model=model, regularizer=name, schedule="constant", learning_rate=0.01),
                steps_per_execution=data.steps_per_epoch,
            )
            for name in names
        }
        wall: dict[str, list[float]] = {name: [] for name in names}
        processor: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(options.rounds + 1):
            for name, trainer in trainers.items():
                clock = Clock()
                trainer.run(epochs=2, seed=0, callbacks=[clock], validate=name == "early_stopping")
                if turn:  # the first turn compiles
                    wall[name].append(clock.seconds)
                    processor[name].append(clock.processor)
        for name in names:
            ratios = np.array(wall[name]) / np.array(wall["none"])
            rows.append(
                {
                    "model": model,
                    "regularizer": name,
                    "rounds": options.rounds,
                    "seconds": np.median(wall[name]),
                    "ratio": np.median(ratios),
                    "lowest": ratios.min(),
                    "highest": ratios.max(),
                    "processor_ratio": np.median(np.array(processor[name]) / np.array(processor["none"])),
                }
            )
            row = rows[-1]
            print(
                f"{model} {name:16} {row['seconds']:.2f} s  {row['ratio']:.2f} of none "
                f"({row['lowest']:.2f} to {row['highest']:.2f}), processor {row['processor_ratio']:.2f}",
                flush=True,
            )
    rows.append(ensemble(data, options.rounds))
    print(write_results("benchmark_regularizer_cost", rows))


def ensemble(data: recipes.Data, rounds: int) -> dict:
    """The time of an ensemble of five to evaluate the test split, relative to the sum of its members' times."""
    run = recipes.bagging(data, recipes.Recipe(regularizer="none", learning_rate=0.05), epochs=1)
    models: list[keras.Model] = [run.model, *(member.model for member in run.members)]
    ratios, seconds = [], []
    for turn in range(rounds + 1):
        times = []
        for model in models:
            start = time.perf_counter()
            model.evaluate(data.test, verbose=0)
            times.append(time.perf_counter() - start)
        if turn:
            seconds.append(times[0])
            ratios.append(times[0] / sum(times[1:]))
    print(f"mlp bagging: evaluates in {np.median(ratios):.2f} of the time of its members one after the other")
    return {
        "model": "mlp",
        "regularizer": "bagging (evaluation, relative to the sum of its members)",
        "rounds": rounds,
        "seconds": np.median(seconds),
        "ratio": np.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }


if __name__ == "__main__":
    main()
