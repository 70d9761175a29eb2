"""How fast the default MLP memorizes 2,000 MNIST labels: true and random ones, without and with regularizers.

    python scripts/measure/measure_random_labels.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

All train at the same constant rate. Writes ``results/random_labels.csv``, one row per epoch, and
``docs/random_labels.png``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, write_results

import recipes
from recipes.report.style import PALETTE, new_figure, styled

EXAMPLES, EPOCHS, RATE = 2000, 60, 0.01
REGULARIZERS = {
    "none": "none",
    "dropout 0.2": "dropout",
    "dropout 0.5": {"name": "dropout", "rate": 0.5},
    "l2 0.01": {"name": "l2", "strength": 0.01},
    "input noise 0.3": {"name": "input_noise", "stddev": 0.3},
}


@styled
def plot(table: pd.DataFrame) -> None:
    """Plots training accuracy against epochs: mean and range over the seeds."""
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for (labels, color), curves in zip(
        [(name, PALETTE[k % len(PALETTE)]) for k, name in enumerate(table["labels"].unique())],
        [group for _, group in table.groupby("labels", sort=False)],
        strict=True,
    ):
        wide = 100 * curves.pivot(index="epoch", columns="seed", values="accuracy").ffill()
        axes.plot(wide.index, wide.mean(axis=1), color=color, label=labels, linewidth=2)
        axes.fill_between(wide.index, wide.min(axis=1), wide.max(axis=1), color=color, alpha=0.15, linewidth=0)
    axes.set(xlabel="epoch", ylabel="training accuracy (%)", ylim=(0, 101))
    axes.set_title(f"{EXAMPLES:,} MNIST examples, MLP 300-100")
    axes.legend(frameon=False)
    figure.savefig(ROOT / "docs" / "random_labels.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir)
    x, y = data.arrays("train")
    few = data.with_train(x[:EXAMPLES], y[:EXAMPLES], how=f"the first {EXAMPLES}")
    rows = []
    for name in ("true labels", *REGULARIZERS):
        for seed in range(options.seeds):
            recipe = recipes.Recipe(regularizer=REGULARIZERS.get(name, "none"), schedule="constant", learning_rate=RATE)
            if name == "true labels":
                run = recipes.fit(few, recipe, epochs=EPOCHS // 3, seed=seed, verbose=0)
            else:
                run = recipes.random_label_test(
                    data, recipe, examples=EXAMPLES, epochs=EPOCHS, until=1.0, seed=seed, verbose=0
                )
            reached = run.evaluate("train")["accuracy"]
            labels = name if name == "true labels" else f"random labels, {name}"
            for epoch, accuracy in enumerate(run.history["accuracy"], start=1):
                rows.append(
                    {
                        "labels": labels,
                        "seed": seed,
                        "epoch": epoch,
                        "accuracy": accuracy,
                        "evaluated": reached if epoch == len(run.history["accuracy"]) else np.nan,
                    }
                )
            accuracies = enumerate(run.history["accuracy"], start=1)
            memorized = next((epoch for epoch, accuracy in accuracies if accuracy >= 0.99), None)
            print(
                f"{labels}, seed {seed}: {100 * run.history['accuracy'][-1]:.2f} % in epoch {rows[-1]['epoch']}, "
                f"{100 * reached:.2f} % evaluated afterwards, 99 % in epoch {memorized}, "
                f"test {100 * run.evaluate()['accuracy']:.2f} %",
                flush=True,
            )
    path = write_results("random_labels", rows)
    plot(pd.DataFrame(rows))
    print(path)


if __name__ == "__main__":
    main()
