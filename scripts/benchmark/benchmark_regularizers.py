"""Every regularizer against none on little data: digits with 200 examples, MNIST with 1,000; MLP and CNN.

All train with momentum and 1cycle. The settings are four strengths, evenly spaced over the regularizer's range, each at
two peak rates; for "none", the rates alone. The setting with the best validation accuracy over two seeds is trained
with three more. "better" and "worse" mean by more than the larger of the two standard deviations over the five seeds.

    python scripts/benchmark/benchmark_regularizers.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS
    python scripts/benchmark/benchmark_regularizers.py --data-dir DIR --go-on  # measures only what is missing

Writes ``results/regularizers.csv``, one row per training, and ``docs/regularizers.png``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.results import ROOT, results_path, write_results

import recipes
from recipes.regularization import REGULARIZERS
from recipes.report.style import MUTED, PALETTE, VERDICTS, new_figure, styled
from recipes.trainer import Trainer

STRENGTHS = 4
RATES = (0.01, 0.03)
TUNING_SEEDS = 2
DATASETS = ("digits-200", "mnist-1000")
EPOCHS = {
    ("digits-200", "mlp"): 50,
    ("digits-200", "cnn"): 50,
    ("mnist-1000", "mlp"): 20,
    ("mnist-1000", "cnn"): 12,
}
MODELS = ("mlp", "cnn")
OPTIONS: dict[str, list[dict[str, Any]]] = {  # for entries with no range in the catalogue, or several
    "early_stopping": [{"patience": patience} for patience in (2, 4, 8, 16)],
    "elastic_net": [{"l1": l1, "l2": 10 * l1} for l1 in (1e-6, 1e-5, 1e-4, 1e-3)],
}
SOURCE = ("commit", "tensorflow", "keras", "python", "processor", "cores", "accelerators", "command")


def settings(name: str) -> list[dict[str, Any]]:
    """The options to try for a regularizer."""
    if name in OPTIONS:
        return OPTIONS[name]
    (strength,) = REGULARIZERS[name].hyperparameters
    return [{strength.name: strength.at(step / (STRENGTHS - 1))} for step in range(STRENGTHS)]


def measure(data: recipes.Data, model: str, name: str, seeds: int) -> list[dict[str, Any]]:
    """The trainings of one regularizer, one row each."""
    rows: list[dict[str, Any]] = []
    trainers: dict[str, Trainer] = {}

    def train(options: dict[str, Any], rate: float, seed: int) -> dict[str, Any]:
        key = str(options)
        if key not in trainers:
            regularizer = "none" if name == "none" else {"name": name, **options}
            trainers[key] = Trainer(data, recipes.Recipe(model=model, regularizer=regularizer))
        run = trainers[key].run(epochs=EPOCHS[data.spec.name, model], seed=seed, learning_rate=rate, warn=False)
        validation, test = run.evaluate("validation"), run.evaluate()
        return {
            "dataset": data.spec.name,
            "model": model,
            "regularizer": name,
            "options": ", ".join(f"{option}={value:g}" for option, value in options.items()),
            "seed": seed,
            "learning_rate": rate,
            "epochs": EPOCHS[data.spec.name, model],
            "epochs_run": len(run.history["loss"]),
            "training_accuracy": run.evaluate("train")["accuracy"],
            "validation_accuracy": validation["accuracy"],
            "test_accuracy": test["accuracy"],
            "test_loss": test["loss"],
            "diverged": run.diverged,
            "chosen": False,
        }

    tried = [(options, rate) for options in ([{}] if name == "none" else settings(name)) for rate in RATES]
    for options, rate in tried:
        rows += [train(options, rate, seed) for seed in range(TUNING_SEEDS)]
    scores = np.reshape([row["validation_accuracy"] for row in rows], (len(tried), TUNING_SEEDS)).mean(axis=1)
    best = int(np.argmax(scores))
    for row in rows[best * TUNING_SEEDS : (best + 1) * TUNING_SEEDS]:
        row["chosen"] = True
    rows += [{**train(*tried[best], seed), "chosen": True} for seed in range(TUNING_SEEDS, seeds)]
    return rows


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row per dataset, model and regularizer: test accuracy in % over the seeds, and the difference from none."""
    out = []
    chosen = table[table["chosen"]]
    for (dataset, model), group in chosen.groupby(["dataset", "model"], sort=False):
        none = 100 * group.query("regularizer == 'none'")["test_accuracy"]
        for name, arm in group.groupby("regularizer", sort=False):
            scores = 100 * arm["test_accuracy"]
            difference = scores.mean() - none.mean()
            spread = max(scores.std(ddof=1), none.std(ddof=1))
            verdict = "better" if difference > spread else "worse" if -difference > spread else "within the spread"
            out.append(
                {
                    "dataset": dataset,
                    "model": model,
                    "regularizer": name,
                    "options": arm["options"].iloc[0],
                    "learning_rate": arm["learning_rate"].iloc[0],
                    "test_accuracy": scores.mean(),
                    "sd": scores.std(ddof=1),
                    "difference": difference,
                    "verdict": "" if name == "none" else verdict,
                }
            )
    return pd.DataFrame(out)


@styled
def plot(table: pd.DataFrame) -> None:
    """One panel per dataset and model: the mean over the seeds with its standard deviation, and each seed."""
    means = summary(table)
    groups = [
        (key, group.sort_values("test_accuracy", ignore_index=True))
        for key, group in means.groupby(["dataset", "model"], sort=False)
    ]
    figure = new_figure(12, 4.4 * ((len(groups) + 1) // 2))
    panels = figure.subplots((len(groups) + 1) // 2, 2, squeeze=False).ravel()
    for axes, ((dataset, model), group) in zip(panels, groups, strict=False):
        seeds = table[table["chosen"] & (table["dataset"] == dataset) & (table["model"] == model)]
        for row, arm in group.iterrows():
            color = VERDICTS.get(arm["verdict"], PALETTE[2] if arm["regularizer"] == "none" else MUTED)
            scores = 100 * seeds.query(f"regularizer == {arm['regularizer']!r}")["test_accuracy"]
            axes.plot(scores, [row] * len(scores), ".", color=color, alpha=0.35)
            axes.errorbar(arm["test_accuracy"], row, xerr=arm["sd"], fmt="o", color=color, capsize=3)
        none = group.query("regularizer == 'none'")["test_accuracy"].iloc[0]
        axes.axvline(none, color=MUTED, linestyle=":", linewidth=1)
        axes.set_yticks(range(len(group)), group["regularizer"])
        axes.set_title(f"{dataset}, {model}")
        axes.set_xlabel("test accuracy (%), mean ± standard deviation over 5 seeds")
    for axes in panels[len(groups) :]:
        axes.remove()
    figure.savefig(ROOT / "docs" / "regularizers.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--regularizers", nargs="*", default=list(REGULARIZERS), choices=list(REGULARIZERS))
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    parser.add_argument("--datasets", nargs="*", default=list(DATASETS), choices=DATASETS)
    parser.add_argument("--go-on", action="store_true", help="measure only what is not in the results yet")
    options = parser.parse_args()
    path = results_path("regularizers")
    kept = pd.read_csv(path, keep_default_na=False) if options.go_on and path.exists() else pd.DataFrame()
    known = {tuple(key) for key in kept[["dataset", "model", "regularizer"]].to_numpy()} if len(kept) else set()
    old, rows = kept.to_dict("records"), []
    loaded = few_examples(options.datasets, options.data_dir)
    for dataset in options.datasets:
        for model in options.models:
            for name in ("none", *options.regularizers):
                if (dataset, model, name) in known:
                    continue
                rows += measure(loaded[dataset], model, name, options.seeds)
                write_results("regularizers", rows, old)
                print(summary(pd.DataFrame([*old, *rows])).tail(1).to_string(header=False, index=False), flush=True)
    table = pd.DataFrame([*old, *rows])
    means = summary(table)
    with pd.option_context("display.max_rows", None, "display.width", 140, "display.float_format", "{:.2f}".format):
        print(means.to_string(index=False))
    for (dataset, model), group in means.groupby(["dataset", "model"], sort=False):
        for verdict in ("better", "within the spread", "worse"):
            names = ", ".join(group.query(f"verdict == {verdict!r}")["regularizer"]) or "nothing"
            print(f"{dataset} {model} {verdict}: {names}")
    plot(table)
    print(path)


if __name__ == "__main__":
    main()
