"""recipes.compare beside ictonyx and Optuna: seconds a training, and what each says. Digits, 10 epochs, batch 32.

"runs": two builders, ten trainings each, by ictonyx' ``compare_models`` and by ``recipes.compare``, once on one split,
as ictonyx, and once by its usual protocol, where each repeat has a split of its own. "trials": 40 settings of builder
and learning rate, by Optuna's sampler, which trains each once, and by ``recipes.compare(tune=True, trials=20)``, which
trains the best of each builder again. They take turns in one process. Processor seconds depend less on what else the
machine is doing.

    pip install ictonyx optuna
    python scripts/benchmark/benchmark_compare.py

Writes ``results/benchmark_compare.csv``, one row per tool and round.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ictonyx
import keras
import numpy as np
import optuna

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes

EPOCHS, RUNS, TRIALS, RATES = 10, 10, 40, (3.3e-5, 3e-2)


def make_model(*layers: keras.layers.Layer, rate: float = 1e-3) -> keras.Model:
    """A compiled network of 64 pixels, 32 units and 10 classes."""
    hidden = [keras.Input((64,)), keras.layers.Rescaling(1 / 16), keras.layers.Dense(32, activation="relu"), *layers]
    model = keras.Sequential([*hidden, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def plain(rate: float = 1e-3) -> keras.Model:
    """One hidden layer."""
    return make_model(rate=rate)


def dropout(rate: float = 1e-3) -> keras.Model:
    """With half of its units dropped."""
    return make_model(keras.layers.Dropout(0.5), rate=rate)


def one_plain() -> keras.Model:
    """At its own rate."""
    return plain()


def one_dropout() -> keras.Model:
    """At its own rate."""
    return dropout()


CANDIDATES = {"plain": one_plain, "dropout": one_dropout}


def ictonyx_plain(_: Any) -> Any:
    """The same for ictonyx."""
    return ictonyx.KerasModelWrapper(plain())


def ictonyx_dropout(_: Any) -> Any:
    """The same for ictonyx."""
    return ictonyx.KerasModelWrapper(dropout())


def by_ictonyx(data: recipes.Data, seed: int) -> tuple[int, str]:
    """Ten runs of both builders on one split."""
    arrays = [data.arrays(split) for split in ("train", "validation", "test")]
    x, y = (np.concatenate(parts) for parts in zip(*arrays, strict=True))
    options = {"runs": RUNS, "epochs": EPOCHS, "batch_size": 32, "seed": seed, "verbose": False}
    compared = ictonyx.compare_models([ictonyx_plain, ictonyx_dropout], (x, y), metric="test_accuracy", **options)
    return 2 * RUNS, " ".join(compared.get_summary().split())


def by_compare(data: recipes.Data, seed: int, **options: Any) -> tuple[int, str]:
    """The comparison in a directory of its own."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "search"
        found = recipes.compare(CANDIDATES, data, epochs=EPOCHS, seed=seed, directory=directory, verbose=0, **options)
        return len(found.results.trials), " ".join(found.verdict)


def one_split(data: recipes.Data, seed: int) -> tuple[int, str]:
    """Ten repeats on one split."""
    return by_compare(data, seed, repeats=RUNS, resplit=False)


def splits(data: recipes.Data, seed: int) -> tuple[int, str]:
    """Ten repeats, each with a split of its own."""
    return by_compare(data, seed, repeats=RUNS)


def by_optuna(data: recipes.Data, seed: int) -> tuple[int, str]:
    """Forty trials of builder and rate."""
    (x, y), validation, test = (data.arrays(split) for split in ("train", "validation", "test"))
    builders = {"plain": plain, "dropout": dropout}

    def objective(trial: optuna.Trial) -> float:
        keras.backend.clear_session()
        keras.utils.set_random_seed(trial.number)
        build = builders[trial.suggest_categorical("builder", list(builders))]
        model = build(trial.suggest_float("rate", *RATES, log=True))
        history = model.fit(x, y, batch_size=32, epochs=EPOCHS, validation_data=validation, verbose=0).history
        trial.set_user_attr("test", model.evaluate(*test, verbose=0)[1])
        return history["val_accuracy"][-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=TRIALS)
    best = study.best_trial
    said = f"best value {best.value:.4f}, params {best.params}; its test accuracy, which Optuna does not ask for, "
    return TRIALS, f"{said}{best.user_attrs['test']:.4f}"


def tuned(data: recipes.Data, seed: int) -> tuple[int, str]:
    """Twenty trials of each builder's rate, and repeats of the best."""
    return by_compare(data, seed, tune=True, trials=TRIALS // 2, repeats=5, tunings="once", resplit=False)


CASES: dict[str, dict[str, Callable[[recipes.Data, int], tuple[int, str]]]] = {
    "runs": {"ictonyx": by_ictonyx, "recipes.compare, one split": one_split, "recipes.compare": splits},
    "trials": {"optuna": by_optuna, "recipes.compare(tune=True)": tuned},
}


def measured(case: str, tool: str, data: recipes.Data, seed: int) -> dict[str, Any]:
    """One row."""
    start, processor = time.perf_counter(), time.process_time()
    count, verdict = CASES[case][tool](data, seed)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    row = {
        "case": case,
        "tool": tool,
        "seed": seed,
        "trainings": count,
        "seconds": round(seconds, 2),
        "seconds_a_training": round(seconds / count, 3),
        "processor_seconds_a_training": round(processor / count, 3),
        "verdict": verdict,
    }
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="turns of each tool, with a seed each")
    options = parser.parse_args()
    digits = recipes.load("digits", data_dir=tempfile.mkdtemp())
    arrays = [digits.arrays(split) for split in ("train", "validation", "test")]
    x, y = (np.concatenate(parts) for parts in zip(*arrays, strict=True))
    data = recipes.Data.from_arrays(
        x.reshape(len(x), 64).astype("float32"), y, test=0.2, validation=0.125, name="digits", duplicates="ignore"
    )
    print(data.settings["counts"], flush=True)
    rows = []
    for seed in range(1, options.rounds + 1):
        for case, tools in CASES.items():
            rows += [measured(case, tool, data, seed) for tool in (list(tools) if seed % 2 else reversed(tools))]
            print(write_results("benchmark_compare", rows), flush=True)


if __name__ == "__main__":
    main()
