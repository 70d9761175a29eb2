"""Memory, descriptors, threads and processor time over thousands of tiny trainings in one process.

    python scripts/measure/measure_long_runs.py --trainings 10000 --fits 3000

Three processes, one after another: ``recipes.fit`` in a loop, which traces each step anew (``--fits`` of them), one
``recipes.QuickTuner`` and one ``recipes.search`` with so many trials. Writes ``results/long_runs.csv``: for each kind,
after 10, 100, 1,000, ... trainings, the resident memory in MiB, the objects that Python tracks, open descriptors,
threads, and the processor milliseconds of a training, the mean of the latest ones (a tenth of all, at least 5). Each
training is one or two steps on 64 examples.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))

import keras
import numpy as np

import recipes
from recipes.tuning.running.processes import resident

KINDS = ("fit", "quick_tuner", "search")
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")


class Counter:
    """Counts trainings, and measures the process after some of them.

    Args:
        places: the numbers of trainings after which to measure, ascending.
    """

    def __init__(self, places: list[int]):
        self.places, self.done = places, 0
        self.rows: list[dict[str, Any]] = []
        self._start = 0.0

    def ended(self) -> None:
        """Notes the end of a training."""
        self.done += 1
        ahead = [place for place in self.places if place >= self.done]
        if not ahead:
            return
        latest = max(5, ahead[0] // 10)
        if self.done == ahead[0] - latest:
            self._start = time.process_time()
        if self.done == ahead[0]:
            milliseconds = 1000 * (time.process_time() - self._start) / latest
            gc.collect()
            row = {
                "trainings": self.done,
                "memory_mib": round(resident() / 2**20, 1),
                "objects": len(gc.get_objects()),
                "descriptors": len(os.listdir("/proc/self/fd")),
                "threads": len(os.listdir("/proc/self/task")),
                "milliseconds": round(milliseconds, 1),
            }
            self.rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)


def fit(counter: Counter) -> None:
    """So many calls of ``recipes.fit``."""
    data = recipes.Data.from_arrays(X, (X[:, 0] > 0).astype(int), batch_size=32)
    recipe = recipes.Recipe(learning_rate=0.01, model={"name": "mlp", "hidden": (4,)})
    for _ in range(counter.places[-1]):
        recipes.fit(data, recipe, epochs=1, verbose=0)
        counter.ended()


def build(hp: Any) -> keras.Model:
    """A linear model."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-4, 1e-1, sampling="log")), "mse")
    return model


def quick_tuner(counter: Counter) -> None:
    """A random search by ``QuickTuner`` with so many trials."""
    import keras_tuner

    class Counted(recipes.QuickTuner):
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            counter.ended()

    oracle = keras_tuner.oracles.RandomSearchOracle(
        keras_tuner.Objective("val_loss", "min"), max_trials=counter.places[-1], seed=1
    )
    with tempfile.TemporaryDirectory() as folder:
        tuner = Counted(oracle, build, directory=folder, project_name="long")
        tuner.search(X, X[:, :1], validation_data=(X, X[:, :1]), epochs=1, verbose=0)


def search(counter: Counter) -> None:
    """One arm of ``recipes.search`` with so many trials."""

    class Counted(keras.callbacks.Callback):
        def on_train_end(self, logs: Any = None) -> None:
            counter.ended()

    data = recipes.Data.from_arrays(X, (X[:, 0] > 0).astype(int), batch_size=32)
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)})
    options: dict[str, Any] = {"optimizers": ["momentum"], "regularizers": ["none"], "callbacks": Counted}
    options |= {"epochs": 1, "trials": counter.places[-1], "repeats": 1, "tunings": "once", "resplit": False}
    with tempfile.TemporaryDirectory() as folder:
        recipes.search(data, recipe=recipe, directory=Path(folder) / "search", verbose=0, **options)


def main() -> None:
    """Measures every kind in a process of its own, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=10_000, help="of each search; default 10,000")
    parser.add_argument("--fits", type=int, default=3_000, help="calls of fit, a third of a second each; default 3,000")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()

    def places(kind: str) -> list[int]:
        most = options.fits if kind == "fit" else options.trainings
        return [*(place for place in (10, 100, 1_000, 10_000) if place < most), most]

    if options.one:
        counter = Counter(places(options.one))
        {"fit": fit, "quick_tuner": quick_tuner, "search": search}[options.one](counter)
        print(json.dumps(counter.rows))
        return
    rows = []
    for kind in options.kinds:
        counts = ["--trainings", str(options.trainings), "--fits", str(options.fits)]
        call = [sys.executable, __file__, "--one", kind, *counts]
        answer = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows += [{"kind": kind, **row} for row in json.loads(answer.splitlines()[-1])]
    print(write_results("long_runs", rows))


if __name__ == "__main__":
    main()
