"""Searches by other metrics than accuracy where one class is rare: their scores beside scikit-learn's.

A table of which 5 % are positive is searched once by each metric; the decision is exported. The AUC and F1 that the
search has on record for it are compared with those that scikit-learn computes from the answers of the exported model.

    python scripts/measure/measure_metrics.py

Writes ``results/metrics.csv``, one row per search and metric.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import sklearn.datasets
import sklearn.metrics as sk

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.scoring import base_rate

EXAMPLES, POSITIVE = 4_000, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    x, y = sklearn.datasets.make_classification(
        EXAMPLES, 12, n_informative=6, weights=[1 - POSITIVE], flip_y=0.02, class_sep=0.8, random_state=0
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is rare")
        data = recipes.Data.from_arrays(x.astype("float32"), y, name="rare")
    print(f"{EXAMPLES} examples, {100 * y.mean():.2f} % positive")
    metrics: dict[str, Any] = {
        "auc": ["auc", "f1"],
        "f1": ["f1", "auc"],
        "keras F1Score": [keras.metrics.F1Score(threshold=0.5), "auc"],
    }
    rows = []
    for decides, metric in metrics.items():
        with tempfile.TemporaryDirectory() as folder:
            comparison = recipes.search(
                data,
                optimizers=["momentum", "adam"],
                regularizers=["none", "dropout"],
                metric=metric,
                epochs=options.epochs,
                trials=2,
                repeats=3,
                directory=Path(folder) / "search",
            )
            rows += _rows(comparison, data, decides)
        print(*comparison.verdict, sep="\n")
    print(pd.DataFrame(rows).to_string(index=False))
    print(write_results("metrics", rows))


def _rows(comparison: recipes.Comparison, data: recipes.Data, decides: str) -> list[dict[str, Any]]:
    """The scores on record of the decision and those of the answers of its exported model."""
    trials, winner = comparison.results.stage("confirm"), comparison.results.winner
    row = trials[(trials["arm"] == winner) & (trials["seed"] == comparison.best_seed)].iloc[0]
    x, y = data.arrays("test")
    probability = recipes.Predictor(comparison.directory / "best").outputs(x)[:, 0].astype(np.float64)
    expected = {
        "auc": sk.roc_auc_score(y, probability),
        "f1": sk.f1_score(y, probability > 0.5),
        "f1_score": sk.f1_score(y, probability > 0.5),
    }
    first, second = [one["name"] for one in comparison.settings["metrics"]]
    return [
        {
            "decides": decides,
            "decision": winner,
            "metric": name,
            "search": float(row[column]),
            "scikit_learn": expected[name],
            "difference": abs(float(row[column]) - expected[name]),
            "base_rate": base_rate(data, "test"),
        }
        for name, column in ((first, "test_score"), (second, f"test_{second}"))
    ]


if __name__ == "__main__":
    main()
