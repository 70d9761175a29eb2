"""How many updates a short training needs before it tells which learning rates are worth a whole one.

On the digits with 200 training examples, for each activation and seed, 16 learning rates are trained for short times
and for all epochs, each time with the whole 1cycle, as pruning by "asha" does. Of the best third after a short
training, the best after all epochs is what such a rung leaves: it says by how much its validation and test accuracy
are below those of the best of all.

    python scripts/measure/measure_rungs.py

Writes ``results/rungs.csv``, one row per activation, seed and length, and prints the means by length.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.results import write_results

import recipes
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer
from recipes.tuning.designs import arms_of
from recipes.tuning.space import Space

RECIPE = recipes.Recipe(model="mlp(hidden=(64,))", regularizer="none")
LEVELS = {"optimizers": ["momentum"], "activations": ["elu", "tanh", "softplus"]}
SETTINGS, SEEDS = 16, (0, 1000)
DATASET, LENGTHS = "digits-200", (1, 2, 4, 8, 16, 64)
"""The epochs of the short trainings, and of a whole one."""


def scores(data: recipes.Data, seed: int) -> Mapping[str, np.ndarray]:
    """Validation and test accuracy by arm, shape (settings, lengths, 2)."""
    base = RECIPE.resolved(data.spec)
    space, found = Space.of(RECIPE, base), {}
    for arm in arms_of(base, LEVELS):
        steps, rows = SharedSteps(1), []
        for values in space.settings(arm, SETTINGS, seed):
            trainer = Trainer(data, arm.recipe(base, values), seed=seed, keep_functions=True, steps=steps)
            row = []
            for epochs in LENGTHS:
                with trainer.running(epochs=epochs, seed=seed) as run:
                    row.append([run.evaluate(split)["accuracy"] for split in ("validation", "test")])
            rows.append(row)
        found[arm.activation] = np.nan_to_num(np.array(rows))  # one that diverged is the worst
    return found


def main() -> None:
    data, rows = few_examples([DATASET], None)[DATASET], []
    for seed in SEEDS:
        for activation, found in scores(data, seed).items():
            whole = found[:, -1]
            best = whole[whole[:, 0].argmax()]
            for place, epochs in enumerate(LENGTHS[:-1]):
                short = found[:, place, 0]
                kept = whole[np.argsort(-short, kind="stable")[: SETTINGS // 3]]
                left = kept[kept[:, 0].argmax()]
                rows.append(
                    {
                        "dataset": DATASET,
                        "activation": activation,
                        "seed": seed,
                        "epochs": epochs,
                        "of": LENGTHS[-1],
                        "updates": epochs * data.steps_per_epoch,
                        "rank_correlation": float(spearmanr(short, whole[:, 0]).statistic),
                        "validation_points_lost": float(100 * (best - left)[0]),
                        "test_points_lost": float(100 * (best - left)[1]),
                    }
                )
                print(rows[-1], flush=True)
    write_results("rungs", rows)
    columns = ["rank_correlation", "validation_points_lost", "test_points_lost"]
    print(pd.DataFrame(rows).groupby("updates")[columns].mean().round(2).to_string())


if __name__ == "__main__":
    main()
