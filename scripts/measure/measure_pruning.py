"""Whether pruning finds the same best arm, and the epochs it saves: the same searches with and without it, ten times.

On MNIST with 1,000 training examples, where regularizers matter, momentum is compared without a regularizer and with
dropout, input noise or adversarial examples: 16 trials per arm of 12 epochs each, then 2 confirming seeds. The best arm
is the first in the table. Each repeat has its own seeds; how often repeats without pruning agree shows what to expect.
Epochs are counted over all trainings, including the confirming ones.

    python scripts/measure/measure_pruning.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS
    python scripts/measure/measure_pruning.py --data-dir DIR --searches FOLDER  # keeps the searches there and resumes

Writes ``results/pruning.csv``, one row per search.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.results import write_results

import recipes

DATASET = "mnist-1000"
SEARCH: dict[str, Any] = {
    "optimizers": ["momentum"],
    "regularizers": ["none", "dropout", "input_noise", "adversarial"],
    "recipe": recipes.Recipe(model="mlp"),
    "epochs": 12,
    "trials": 16,
    "repeats": 2,
}
RULES = ("none", "asha", "median")


def measured(data: recipes.Data, prune: str, repeat: int, folder: Path) -> dict[str, Any]:
    """The row of one search: its best arms and its epochs."""
    comparison = recipes.search(data, **SEARCH, prune=prune, seed=1000 * repeat, directory=folder, verbose=0)
    trials, table = comparison.results.trials, comparison.table()
    tuning = trials[trials["stage"] == "tune"]
    return {
        "dataset": DATASET,
        "prune": prune,
        "repeat": repeat,
        "best": table.iloc[0]["arm"],
        "validation_mean": float(table.iloc[0]["validation_mean"]),
        "test_mean": float(table.iloc[0]["test_mean"]),
        "second": table.iloc[1]["arm"],
        "second_validation_mean": float(table.iloc[1]["validation_mean"]),
        "second_test_mean": float(table.iloc[1]["test_mean"]),
        "learning_rates": " ".join(f"{rate:.4g}" for rate in table.sort_values("arm")["learning_rate"]),
        "epochs": int(trials["epochs_run"].sum()),
        "tuning_epochs": int(tuning["epochs_run"].sum()),
        "pruned": int((trials["status"] == "pruned").sum()),
    }


def report(table: pd.DataFrame) -> None:
    """Prints how often each rule finds the same arm, and with how many epochs."""
    by_rule = {rule: rows.set_index("repeat") for rule, rows in table.groupby("prune", sort=False)}
    full = by_rule["none"]
    winners = full["best"].value_counts()
    print(f"none: {winners.index[0]} is best in {winners.iloc[0]} of {len(full)}")
    for rule, pruned in by_rule.items():
        if rule == "none":
            continue
        same = int((pruned["best"] == full["best"]).sum())
        share, tuning = (pruned[name].sum() / full[name].sum() for name in ("epochs", "tuning_epochs"))
        lost = (full["test_mean"] - pruned["test_mean"]).mean()
        print(
            f"{rule}: the same best arm in {same} of {len(full)}, {100 * share:.0f} % of the epochs "
            f"({100 * tuning:.0f} % of those for tuning), test accuracy of the best {100 * lost:.2f} points lower"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument(
        "--repeats",
        type=int,
        nargs="+",
        default=range(10),
        help="numbers of the repeats, to share the work between machines",
    )
    parser.add_argument("--rules", nargs="+", default=RULES, choices=RULES)
    parser.add_argument("--searches", type=Path, help="a folder for the searches; existing ones are resumed")
    options = parser.parse_args()
    data, rows = few_examples([DATASET], options.data_dir)[DATASET], []
    searches = contextlib.nullcontext(options.searches) if options.searches else tempfile.TemporaryDirectory()
    with searches as folder:
        for repeat in options.repeats:
            for prune in options.rules:
                rows.append(measured(data, prune, repeat, Path(folder) / f"{prune}-{repeat}"))
                print(rows[-1], flush=True)
    write_results("pruning", rows)
    if "none" in options.rules:
        report(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
