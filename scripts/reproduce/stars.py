"""Table 11-2 of Géron, *Hands-On Machine Learning*, 2nd edition: speed and quality of optimizers, in stars.

The stars here come from a search on 5,000 images of MNIST, an MLP of 100 and 50 units: eight optimizers at constant
rates, each with eight trials of its rate and five repeats, 15 epochs in batches of 50. The rules were fixed before:

- speed: the epochs until the validation accuracy reaches 98 % of the best optimizer's last one, in the mean over the
  repeats: *** up to 1.5 times those of the fastest, ** up to 3 times, * beyond, or where a repeat does not reach it;
- quality: the mean test error at the end: *** up to 1.1 times the lowest, ** up to 1.25 times, * beyond.

    python scripts/reproduce/stars.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS; again after it was killed

The search is in ``searches/reproduce_stars`` and resumes there. Writes ``results/reproduce_stars.csv``, one row per
repeat, and prints the stars beside the source's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reproduce.tables import published
from support.results import ROOT, write_results

import recipes

EXAMPLES, BATCH, EPOCHS, TRIALS, REPEATS = 5000, 50, 15, 8, 5
SHARE = 0.98
"""The target is this share of the best optimizer's last validation accuracy."""
SPEED, QUALITY = (1.5, 3.0), (1.1, 1.25)
"""The largest ratios to the best for three stars and for two: of epochs, of test errors."""
SOURCE = {
    "sgd": ("*", "***"),
    "momentum": ("**", "***"),
    "nesterov": ("**", "***"),
    "adagrad": ("***", "*"),
    "rmsprop": ("***", "** or ***"),
    "adam": ("***", "** or ***"),
    "nadam": ("***", "** or ***"),
    "adamax": ("***", "** or ***"),
}
"""Speed and quality in the source."""


def few(data_dir: str | None, seed: int = 0) -> recipes.Data:
    """So many images to train on, as many others to validate on, and the published test images."""
    x, y, x_test, y_test = published("mnist", data_dir)
    rows = np.random.default_rng(seed).permutation(len(y))
    train, validation = rows[:EXAMPLES], rows[EXAMPLES : 2 * EXAMPLES]
    held_out: dict[str, Any] = {"x_validation": x[validation], "y_validation": y[validation]}
    return recipes.Data.from_arrays(
        x[train],
        y[train],
        **held_out,
        x_test=x_test,
        y_test=y_test,
        batch_size=BATCH,
        duplicates="ignore",
        name="mnist",
    )


def repeats_of(trials: pd.DataFrame, epochs: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per repeat: its rate, the epochs until the target, and its accuracies in percent.

    Args:
        trials, epochs: the tables of a :class:`recipes.Comparison`: one row per training, and per training and epoch.
    """
    finals = trials[trials["stage"] == "confirm"]
    curves = epochs[epochs["stage"] == "confirm"].set_index(["arm", "seed"])
    last = {key: curve["val_score"].iloc[-1] for key, curve in curves.groupby(level=["arm", "seed"])}
    target = SHARE * float(pd.Series(last).groupby(level=0).mean().max())
    rows = []
    for _, final in finals.iterrows():
        curve = curves.loc[(final["arm"], final["seed"])]
        reached = curve.loc[curve["val_score"] >= target, "epoch"]
        rows.append(
            {
                "optimizer": final["optimizer"],
                "seed": final["seed"],
                "learning_rate": float(f"{final['learning_rate']:.4g}"),
                "target": round(100.0 * target, 2),
                "epochs_to_target": int(reached.min()) if len(reached) else "",
                "validation_accuracy": round(100.0 * curve["val_score"].iloc[-1], 2),
                "test_accuracy": round(100.0 * final["test_score"], 2),
                "seconds": round(final["seconds"], 2),
            }
        )
    return rows


def stars(table: pd.DataFrame) -> pd.DataFrame:
    """By optimizer: mean epochs until the target (NaN: not always), mean test error in percent, and the stars of both.

    Args:
        table: one row per repeat, of ``results/reproduce_stars.csv``.
    """
    groups = table.groupby("optimizer", sort=False)
    found = pd.DataFrame(
        {
            "epochs": groups["epochs_to_target"].apply(lambda epochs: epochs.astype(float).mean(skipna=False)),
            "error": 100.0 - groups["test_accuracy"].mean(),
        }
    )
    for name, column, bounds in (("speed", "epochs", SPEED), ("quality", "error", QUALITY)):
        ratio = found[column] / found[column].min()
        found[name] = ["***" if value <= bounds[0] else "**" if value <= bounds[1] else "*" for value in ratio]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=REPEATS, help="repeats of each optimizer")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--directory", type=Path, default=ROOT / "searches" / "reproduce_stars")
    options = parser.parse_args()
    comparison = recipes.search(
        few(options.data_dir),
        optimizers=list(SOURCE),
        regularizers=["none"],
        schedules=["constant"],
        recipe=recipes.Recipe(model={"name": "mlp", "hidden": (100, 50)}),
        epochs=options.epochs,
        trials=TRIALS,
        repeats=options.seeds,
        directory=options.directory,
    )
    path = write_results("reproduce_stars", repeats_of(comparison.results.trials, comparison.results.epochs))
    found = stars(pd.read_csv(path))
    found["source"] = [", ".join(SOURCE[name]) for name in found.index]
    print(found.to_string(float_format="{:.2f}".format))
    print(path)


if __name__ == "__main__":
    main()
