"""Whether pruning finds the same decision, and the epochs that it saves: twenty searches with and without it.

On the digits with 200 training examples, in batches of 8, two networks of softplus units, which are slow to start, are
compared, one of 64 units and one of 4, which are too few: 16 trials per arm of 32 epochs each under 1cycle, then 2
repeats. A sixteenth of the epochs has 50 updates, the least that a short training needs (``measure_rungs.py``). Each
search has seeds of its own; how often searches without pruning agree shows what to expect.
Epochs are counted over all trainings, including the repeats. Trainings are those of ``recipes.search``; there is no
export and no picture.

    python scripts/measure/measure_pruning.py
    python scripts/measure/measure_pruning.py --searches FOLDER  # keeps the searches there and resumes

Writes ``results/pruning.csv``, one row per search.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.results import write_results
from support.searches import searched

import recipes
from recipes.tuning.protocol import Protocol

DATASET = "digits-200"
RECIPE = recipes.Recipe(activation="softplus", regularizer="none", model="mlp(hidden=(64,))")
LEVELS = {"optimizers": ["momentum"], "models": ["mlp(hidden=(64,))", "mlp(hidden=(4,))"]}
EPOCHS, TRIALS, REPEATS, BATCH_SIZE, VALIDATION = 32, 16, 2, 8, 200
RULES = ("none", "asha")


def measured(data: recipes.Data, prune: str, repeat: int, folder: Path) -> dict[str, Any]:
    """The row of one search: its decision and its epochs."""
    protocol = Protocol(
        epochs=EPOCHS, trials=TRIALS, repeats=REPEATS, seed=1000 * repeat, prune=prune, tunings="once", resplit=False
    )
    results = searched(data, RECIPE, LEVELS, protocol, folder).results
    trials, table = results.trials, results.summary
    chosen, second = results.row(results.winner), table[table["arm"] != results.winner].iloc[0]
    return {
        "dataset": DATASET,
        "prune": prune,
        "repeat": repeat,
        "decision": results.winner,
        "validation_mean": chosen["validation_mean"],
        "test_mean": chosen["test_mean"],
        "second": second["arm"],
        "second_validation_mean": second["validation_mean"],
        "second_test_mean": second["test_mean"],
        "learning_rates": " ".join(f"{rate:.4g}" for rate in table.sort_values("arm")["learning_rate"]),
        "epochs": int(trials["epochs_run"].sum()),
        "tuning_epochs": int(trials.loc[trials["stage"] == "tune", "epochs_run"].sum()),
        "seconds": round(float(trials["seconds"].sum()), 1),
        "pruned": int((trials["status"] == "pruned").sum()),
    }


def report(table: pd.DataFrame) -> None:
    """Prints how often pruning ends in the same decision, and with how many epochs."""
    by_rule = {rule: rows.set_index("repeat") for rule, rows in table.groupby("prune", sort=False)}
    full = by_rule["none"]
    counts = full["decision"].value_counts()
    print(f"none: {', '.join(f'{arm} in {count}' for arm, count in counts.items())} of {len(full)}")
    for rule, pruned in by_rule.items():
        if rule == "none":
            continue
        same = int((pruned["decision"] == full["decision"]).sum())
        share, tuning = (pruned[name].sum() / full[name].sum() for name in ("epochs", "tuning_epochs"))
        lost = 100 * (full["test_mean"] - pruned["test_mean"])
        print(
            f"{rule}: the same decision in {same} of {len(full)}, {100 * share:.0f} % of the epochs "
            f"({100 * tuning:.0f} % of those for tuning), test accuracy of the decision {lost.mean():.2f} "
            f"± {lost.std(ddof=1) / math.sqrt(len(lost)):.2f} points lower (mean, standard error)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, nargs="+", default=range(20), help="numbers of the searches")
    parser.add_argument("--searches", type=Path, help="a folder for the searches; existing ones are resumed")
    options = parser.parse_args()
    data, rows = few_examples([DATASET], None, VALIDATION)[DATASET].with_batch_size(BATCH_SIZE), []
    searches = contextlib.nullcontext(options.searches) if options.searches else tempfile.TemporaryDirectory()
    with searches as folder:
        for repeat in options.repeats:
            for prune in RULES:
                rows.append(measured(data, prune, repeat, Path(folder) / f"{prune}-{repeat}"))
                print(rows[-1], flush=True)
                write_results("pruning", rows)
    report(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
