"""QuickTuner against stock KerasTuner, side by side: the same random trials on digits, 5 epochs each, batch 32.

"widths": a 64-32-10 network with ELU and Adam; searches the learning rate and the width of the first layer (16 to 128
by 16). "numbers": 64-32-10; searches the learning rate and the strength of L2, so that all trials share one traced
step. The two tuners take turns in one process, both with the oracle's seed of the round; importing TensorFlow is not
part of the time.

"own cost": the overhead of a trial in time and memory, for 10 to 10,000 trials (10 and 100 for stock KerasTuner, which
collects garbage before each). The trials cost nothing: the ``fit`` of the HyperModel returns a number at once, and so
does the worker of the search over arms.

    python scripts/benchmark/benchmark_search.py

Writes ``results/benchmark_search.csv``, one row per search, and prints the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.tuning.arms import Arm
from recipes.tuning.designs import cross
from recipes.tuning.hypermodel import ArmHyperModel
from recipes.tuning.ledger import Ledger
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.record import CURVES, Record
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import InThisProcess
from recipes.tuning.tuner import ArmOracle, ArmTuner

EPOCHS = 5
OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")
OPTIMIZERS = ("momentum", "nesterov", "rmsprop", "adam", "nadam")


def network(hp: Any, width: int, penalty: Any = None) -> keras.Model:
    """A compiled network of ``width``-32-10 with ELU; Adam's rate is searched."""
    hidden = {"activation": "elu", "kernel_initializer": "he_normal", "kernel_regularizer": penalty}
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(width, **hidden),
            keras.layers.Dense(32, **hidden),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def widths(hp: Any) -> keras.Model:
    """Searches the rate and the width."""
    return network(hp, hp.Int("width", 16, 128, step=16))


def numbers(hp: Any) -> keras.Model:
    """Searches the rate and the strength of L2."""
    return network(hp, 64, keras.regularizers.L2(hp.Float("l2", 1e-5, 1e-2, sampling="log")))


class Free(keras_tuner.HyperModel):
    """Trials that cost nothing."""

    def build(self, hp: Any) -> keras.Model:
        """Returns the same model for all trials."""
        hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
        return MODEL

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        """Returns a score without training."""
        return hp.get("learning_rate")


MODEL = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


class FreeWorker:
    """Runs jobs of a search over arms without training."""

    def run(self, job: Job) -> Record:
        """Returns a record like that of a training."""
        score = 0.5
        return job.record(
            learning_rate=job.values.get("learning_rate", 0.01),
            validation_score=score,
            validation_loss=1.0,
            history=dict.fromkeys(CURVES, [score] * EPOCHS),
        )


def tuner_of(name: str, hypermodel: Any, trials: int, seed: int, folder: str) -> Any:
    """A tuner with KerasTuner's random search as its oracle."""
    oracle = keras_tuner.oracles.RandomSearchOracle(OBJECTIVE, max_trials=trials, seed=seed)
    if name == "stock":
        return keras_tuner.Tuner(oracle, hypermodel, directory=folder, project_name=name)
    return recipes.QuickTuner(oracle, hypermodel, directory=folder, project_name=name)


def measured(case: str, hypermodel: Any, trials: int, rounds: int, data: recipes.Data) -> list[dict[str, Any]]:
    """One row per search and round."""
    (x, y), validation = data.arrays("train"), data.arrays("validation")
    rows = []
    for seed in range(1, rounds + 1):
        values = {}
        for name in ("stock", "quick") if seed % 2 else ("quick", "stock"):
            with tempfile.TemporaryDirectory() as folder:
                start, processor = time.perf_counter(), time.process_time()
                tuner = tuner_of(name, hypermodel, trials, seed, folder)
                tuner.search(
                    x.reshape(len(x), -1),
                    y,
                    validation_data=(validation[0].reshape(len(validation[0]), -1), validation[1]),
                    epochs=EPOCHS,
                    batch_size=32,
                    verbose=0,
                )
                seconds, processor = time.perf_counter() - start, time.process_time() - processor
            values[name] = [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]
            rows.append(
                {
                    "case": case,
                    "tuner": name,
                    "seed": seed,
                    "trials": trials,
                    "seconds": round(seconds, 2),
                    "seconds_a_trial": round(seconds / trials, 4),
                    "processor_seconds_a_trial": round(processor / trials, 4),
                    "best": tuner.oracle.get_best_trials(1)[0].score,
                }
            )
            print(rows[-1], flush=True)
        assert values["stock"] == values["quick"], "not the same trials"
    return rows


def plan_of(trainings: int) -> Plan:
    """The plan of a search over arms of so many trainings: 10 or a multiple of 100."""
    arms = cross(OPTIMIZERS, ["none", "l2"]) if trainings > 10 else [Arm("adam", "none"), Arm("sgd", "none")]
    return Plan(arms, Protocol(trials=trainings // len(arms) - 3, repeats=3, tunings="once"))


def own_cost(name: str, trials: int, data: recipes.Data) -> dict[str, Any]:
    """The row of one search whose trials cost nothing."""
    gc.collect()
    memory, start = resident(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        if name == "arms":
            plan = plan_of(trials)
            ledger = stack.enter_context(Ledger(os.path.join(folder, "arms"), {}))
            tuner = ArmTuner(
                ArmOracle(plan, ledger),
                ArmHyperModel(data, recipes.Recipe(), plan.arms),
                InThisProcess(FreeWorker()),
                lambda *_: None,
            )
            tuner.search()
        else:
            tuner = tuner_of(name, Free(), trials, 1, folder)
            tuner.search(verbose=0)
        seconds = time.perf_counter() - start
        count = len(tuner.oracle.trials)
        assert count == trials, count
    return {
        "case": "own cost",
        "tuner": name,
        "trials": trials,
        "seconds": round(seconds, 3),
        "seconds_a_trial": round(seconds / trials, 5),
        "memory_kib_a_trial": round((resident() - memory) / 1024 / trials, 1),
    }


def resident() -> int:
    """The resident memory of this process in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="searches by each tuner, with a seed each")
    options = parser.parse_args()
    data = recipes.load("digits")
    own_cost("arms", 10, data), own_cost("quick", 10, data), own_cost("stock", 10, data)  # triggers late imports
    lengths = {"arms": (10, 100, 1000, 10_000), "quick": (10, 100, 1000, 10_000), "stock": (10, 100)}
    rows = [own_cost(name, trials, data) for name, counts in lengths.items() for trials in counts]
    for row in rows:
        print(row, flush=True)
    rows += measured("widths", widths, 20, options.rounds, data)
    rows += measured("numbers", numbers, 100, options.rounds, data)
    print(write_results("benchmark_search", rows))
    table = pd.DataFrame([row for row in rows if row["case"] != "own cost"])
    for case, group in table.groupby("case"):
        seconds = group.pivot(index="seed", columns="tuner", values="seconds")
        best = group.pivot(index="seed", columns="tuner", values="best")
        ratios = (seconds["stock"] / seconds["quick"]).to_numpy()
        print(
            f"{case}: {np.median(ratios):.1f} times as many trials a minute ({ratios.min():.1f} to {ratios.max():.1f});"
        )
        print(f"  best validation accuracy {best['quick'].mean():.4f}, of stock KerasTuner {best['stock'].mean():.4f}")


if __name__ == "__main__":
    main()
