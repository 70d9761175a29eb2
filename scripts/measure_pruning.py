"""Whether pruning finds the same best arm, and what it saves: the same search of the digits with and without it.

Four arms (momentum and Adam, without a regularizer and with dropout), 16 trials each of 12 epochs, 2 confirming seeds;
ten repeats with seeds of their own. The best arm is the first of the table. Epochs are counted over all trainings,
those that confirm among them, and over the tuning trials alone.

    python scripts/measure_pruning.py

Writes ``results/pruning.csv``, a row a search.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from _results import write_results

import recipes

SEARCH: dict[str, Any] = {
    "optimizers": ["momentum", "adam"],
    "regularizers": ["none", "dropout"],
    "epochs": 12,
    "trials": 16,
    "seeds": 2,
}


def measured(data: recipes.Data, prune: str, seed: int, workers: int, folder: Path) -> dict[str, Any]:
    """A row: what a search found and how many epochs it took."""
    found = recipes.search(data, **SEARCH, prune=prune, seed=1000 * seed, workers=workers, directory=folder, verbose=0)
    trials, table = found.results.trials, found.table()
    tuning = trials[trials["stage"] == "tune"]
    return {
        "prune": prune,
        "seed": seed,
        "best": table.iloc[0]["arm"],
        "validation_mean": table.iloc[0]["validation_mean"],
        "second": table.iloc[1]["validation_mean"],
        "test_mean": table.iloc[0]["test_mean"],
        "settings": " ".join(f"{rate:.4g}" for rate in table.sort_values("arm")["learning_rate"]),
        "epochs": int(trials["epochs_run"].sum()),
        "tuning_epochs": int(tuning["epochs_run"].sum()),
        "pruned": int((trials["status"] == "pruned").sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    data, rows = recipes.load("digits"), []
    for seed in range(options.repeats):
        for prune in ("none", "asha", "median"):
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measured(data, prune, seed, options.workers, Path(folder) / "search"))
            print(rows[-1], flush=True)
    print(write_results("pruning", rows))
    table = pd.DataFrame(rows).set_index("seed")
    full = table[table["prune"] == "none"]
    for prune in ("asha", "median"):
        each = table[table["prune"] == prune]
        same = int((each["best"] == full["best"]).sum())
        share = each["epochs"].sum() / full["epochs"].sum()
        tuning = each["tuning_epochs"].sum() / full["tuning_epochs"].sum()
        lost = (full["test_mean"] - each["test_mean"]).mean()
        print(
            f"{prune}: the same best arm in {same} of {len(full)}, {100 * share:.0f} % of the epochs "
            f"({100 * tuning:.0f} % of those for tuning), test accuracy of the best {100 * lost:+.2f} points less"
        )


if __name__ == "__main__":
    main()
