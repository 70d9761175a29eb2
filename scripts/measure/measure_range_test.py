"""The rate that the range test suggests as the peak of 1cycle, against the best of a grid of eight, on MNIST.

For an MLP and a CNN, momentum and Adam, three seeds each: the default recipe without early stopping, at the rate that
the range test of the same training suggests and at each rate of the grid. The grid's best has the highest mean test
accuracy over the seeds, which favours the grid: it is selected by the score that is reported.

    python scripts/measure/measure_range_test.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/range_test.csv``, one row per training. ``--keep-grid momentum`` keeps the grid's existing rows of this
optimizer and measures only the range test again, on which the grid does not depend. ``--models`` and ``--optimizers``
keep the rows of all others.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import results_path, write_results

import recipes
from recipes.trainer import Trainer

GRIDS = {"momentum": np.geomspace(0.005, 1.0, 8), "adam": np.geomspace(2e-4, 0.05, 8)}
EPOCHS = {"mlp": 5, "cnn": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--keep-grid", nargs="*", default=[], choices=GRIDS, help="optimizers whose grid is not measured again"
    )
    parser.add_argument("--models", nargs="*", default=list(EPOCHS), choices=EPOCHS)
    parser.add_argument("--optimizers", nargs="*", default=list(GRIDS), choices=GRIDS)
    options = parser.parse_args()
    path = results_path("range_test")
    existing = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["model", "optimizer", "how"])
    again = existing["model"].isin(options.models) & existing["optimizer"].isin(options.optimizers)
    grid_rows = existing[again].query("how == 'grid'")
    data = recipes.load("mnist", data_dir=options.data_dir)
    kept, rows, lines = existing[~again].to_dict("records"), [], []
    for model in options.models:
        for optimizer in options.optimizers:
            epochs, grid = EPOCHS[model], GRIDS[optimizer]
            recipe = recipes.Recipe(model=model, optimizer=optimizer, regularizer="none")
            trainer = Trainer(data, recipe)
            scores: dict[float | None, list[float]] = {}
            suggested = []
            rates = [None, *(float(f"{rate:.3g}") for rate in grid)]
            if optimizer in options.keep_grid:
                rates = [None]
                selected = grid_rows[(grid_rows["model"] == model) & (grid_rows["optimizer"] == optimizer)]
                kept += selected.to_dict("records")
                scores = {rate: list(group["accuracy"]) for rate, group in selected.groupby("learning_rate")}
            for rate in rates:
                for seed in range(options.seeds):
                    run = trainer.run(epochs=epochs, seed=seed, learning_rate=rate, warn=False)
                    accuracy = run.evaluate()["accuracy"]
                    scores.setdefault(rate, []).append(accuracy)
                    if rate is None:
                        suggested.append(run.recipe.learning_rate)
                    how = "range test" if rate is None else "grid"
                    rows.append(
                        {
                            "model": model,
                            "optimizer": optimizer,
                            "epochs": epochs,
                            "how": how,
                            "learning_rate": run.recipe.learning_rate,
                            "seed": seed,
                            "accuracy": accuracy,
                            "diverged": run.diverged,
                        }
                    )
                    used = run.recipe.learning_rate
                    print(f"{model} {optimizer} {how} {used:.3g} seed {seed}: {accuracy:.4f}", flush=True)
            means = {rate: float(np.mean(values)) for rate, values in scores.items()}
            best = max((rate for rate in means if rate is not None), key=lambda rate: means[rate])
            spread = {rate: float(np.std(scores[rate], ddof=1)) for rate in (None, best)}
            lines.append(
                f"{model:4} {optimizer:9} suggested {', '.join(f'{rate:.3g}' for rate in suggested)}: "
                f"{100 * means[None]:.2f} +- {100 * spread[None]:.2f} %; best of the grid, {best:.3g}: "
                f"{100 * means[best]:.2f} +- {100 * spread[best]:.2f} %; "
                f"difference {100 * (means[None] - means[best]):+.2f} points"
            )
            print(lines[-1], flush=True)
            write_results("range_test", rows, kept)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
