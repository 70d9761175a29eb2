"""Training on the validation data after early stopping: test accuracy of the three ways, over several seeds.

Each seed trains once with early stopping, then three times with the validation data added (see ``recipes.refit``); all
under 1cycle, of which early stopping can cut only the last 30 %, and again at a constant rate.

    python scripts/measure/measure_refit.py

Writes ``results/refit.csv``, one row per training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.refitting import WAYS

EPOCHS = {"digits": 20, "breast_cancer": 30}
SCHEDULES = {"one_cycle": {"digits": 0.1, "breast_cancer": 0.03}, "constant": {"digits": 0.03, "breast_cancer": 0.01}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    rows = []
    for dataset, epochs in EPOCHS.items():
        data = recipes.load(dataset)
        for schedule, rates in SCHEDULES.items():
            recipe = recipes.Recipe(schedule=schedule, learning_rate=rates[dataset])
            for seed in range(options.seeds):
                stopped = recipes.fit(data, recipe, epochs=epochs, seed=seed, verbose=0)
                refitted = {how: recipes.refit(stopped, how, verbose=0) for how in WAYS}
                for how, run in {"stopped": stopped, **refitted}.items():
                    scores = run.evaluate()
                    rows.append(
                        {
                            "dataset": dataset,
                            "schedule": schedule,
                            "how": how,
                            "seed": seed,
                            "learning_rate": run.recipe.learning_rate,
                            "epochs": len(run.history["loss"]),
                            "best_epoch": stopped.best_epoch,
                            "examples": run.data.settings["counts"]["train"],
                            "test_accuracy": scores["accuracy"],
                            "test_loss": scores["loss"],
                        }
                    )
            path = write_results("refit", rows)
            print(summary(pd.DataFrame(rows)).tail(1 + len(WAYS)).to_string(index=False), flush=True)
    print(path)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, also of the difference from the stopped run of the same seed."""
    summaries = []
    for (dataset, schedule), group in table.groupby(["dataset", "schedule"], sort=False):
        stopped = group.query("how == 'stopped'").set_index("seed")
        for how, trainings in group.groupby("how", sort=False):
            difference = 100 * (trainings.set_index("seed")["test_accuracy"] - stopped["test_accuracy"])
            summaries.append(
                {
                    "dataset": dataset,
                    "schedule": schedule,
                    "how": how,
                    "epochs": trainings["epochs"].mean(),
                    "accuracy": round(100 * trainings["test_accuracy"].mean(), 2),
                    "sd": round(100 * trainings["test_accuracy"].std(), 2),
                    "difference": round(difference.mean(), 2),
                    "sd_difference": round(difference.std(), 2),
                    "loss": round(trainings["test_loss"].mean(), 4),
                }
            )
    return pd.DataFrame(summaries)


if __name__ == "__main__":
    main()
