"""What is inferred from many kinds of TFDS builders, and whether each can be trained and exported.

The builders are the published ones. To need no network, they are prepared from random records that pass through the
builder's own features: this tests the way from a dataset's description to a trained, exported model, not its score.

    python scripts/measure/measure_builders.py

Writes ``results/builders.csv``, one row per builder: what was inferred, the test score after two epochs and the largest
difference between the trained model and the exported ones, in standard deviations; or, for kinds that no model here
takes, the error.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, results_path, write_results

sys.path.insert(0, str(ROOT))

import recipes
from recipes.description import inferred_features
from tests.recipes.data.builders import CASES, REFUSED, prepare

EPOCHS = 2


def measure(name: str, options: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    """Prepares, loads, trains and exports one builder."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prepare(name, folder, sizes)
        start = time.perf_counter()
        data = recipes.load(name, data_dir=folder, **options)
        run = recipes.fit(data, recipes.Recipe(learning_rate=0.01), epochs=EPOCHS, verbose=0)
        exported = Path(recipes.export(run, Path(folder, "exported")))
        checked = json.loads((exported / "export.json").read_text())["checked"]
        seconds = time.perf_counter() - start
    spec = data.spec
    inputs = [
        f"{feature.name}: {feature.kind}{list(feature.shape) if feature.shape else ''}"
        for feature in inferred_features(spec)
    ]
    messages = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    return {
        "builder": name,
        "refused": "",
        "options": json.dumps(options),
        "kind": spec.kind,
        "task": spec.task,
        "outputs": spec.outputs,
        "inputs": "; ".join(inputs),
        "model": run.recipe.model,
        "parameters": run.model.count_params(),
        spec.metric: run.evaluate()[spec.metric],
        "largest difference after export": max(checked["largest_difference"].values()),
        "seconds": round(seconds, 1),
        "warnings": "; ".join(messages),
    }


def refusal(name: str) -> dict[str, Any]:
    """The error for a builder of which no model here makes anything."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            recipes.load(name, data_dir=folder)
        except recipes.InvalidArgument as error:
            return {"builder": name, "refused": str(error)}
    raise AssertionError(f"{name} is not refused")


def earlier_rows(measured: set[str]) -> list[dict[str, Any]]:
    """The rows of other builders from the last time."""
    path = results_path("builders")
    rows: list[dict[str, Any]] = pd.read_csv(path).to_dict("records") if path.exists() else []
    return [row for row in rows if row["builder"] not in measured]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="names of builders; the rows of others stay as they are")
    options = parser.parse_args()
    logging.getLogger("absl").setLevel(logging.ERROR)
    rows = []
    for name, choices, sizes in CASES:
        if not options.only or name in options.only:
            rows.append(measure(name, choices, sizes))
            row = rows[-1]
            print(
                *(row[key] for key in ("builder", "kind", "task", "outputs", "inputs", "model")), sep=" | ", flush=True
            )
    rows += [refusal(name) for name in REFUSED if not options.only or name in options.only]
    kept = earlier_rows({row["builder"] for row in rows}) if options.only else []
    print(write_results("builders", rows, kept))


if __name__ == "__main__":
    main()
