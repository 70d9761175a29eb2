"""Synthetic comparisons for the tests of the report: every shape that a real one can have, from a seeded generator."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imsave

from recipes.metric import ACCURACY
from recipes.report.mistakes import Example, Mistakes
from recipes.report.results import Results

OPTIMIZERS = ("momentum", "adam", "nadam", "rmsprop", "adamw")
REGULARIZERS = ("none", "l2", "dropout", "label_smoothing", "mixup")
STRENGTHS = {"l2": "l2.strength", "dropout": "dropout.rate", "label_smoothing": "label_smoothing.amount"}


def make_results(
    optimizers=OPTIMIZERS,
    regularizers=REGULARIZERS,
    seeds: int = 3,
    trials: int = 8,
    epochs: int = 10,
    regression: bool = False,
    all_diverged: tuple[str, ...] = (),
    seed: int = 0,
) -> Results:
    """A comparison as a search would hand it over; ``all_diverged`` names the arms of which nothing came out."""
    random = np.random.default_rng(seed)
    sign = -1.0 if regression else 1.0
    strengths = [STRENGTHS[name] for name in regularizers if name in STRENGTHS]
    training_rows, epoch_rows, summary_rows = [], [], []

    def train(stage, arm, optimizer, regularizer, trial, number, rate, strength, quality, diverged):
        validation = math.nan if diverged else quality + random.normal(0, 0.002)
        test = math.nan if diverged or stage == "tune" else validation - 0.003 + random.normal(0, 0.002)
        row = {
            "stage": stage,
            "arm": arm,
            "optimizer": optimizer,
            "regularizer": regularizer,
            "trial": trial,
            "seed": number,
        }
        row |= dict.fromkeys(strengths, math.nan) | dict.fromkeys(strength_of(regularizer), strength)
        row |= {
            "learning_rate": rate,
            "validation_loss": abs(1.02 - validation) * 3,
            "validation_score": score(validation),
            "test_loss": abs(1.02 - test) * 3,
            "test_score": score(test),
            "epochs_run": 2 if diverged else epochs,
            "best_epoch": math.nan if diverged else epochs - 1,
            "seconds": random.uniform(20, 40),
            "diverged": diverged,
            "status": "diverged" if diverged else "finished",
            "message": "the loss became nan in epoch 2" if diverged else "",
        }
        training_rows.append(row)
        for epoch in range(1, row["epochs_run"] + 1):
            lost = diverged and epoch == 2
            at = (quality if diverged else validation) - 0.2 * math.exp(-epoch / 2) + random.normal(0, 0.001)
            loss = 1.2 * math.exp(-epoch / 3) + 0.05 + random.normal(0, 0.004)
            value = math.nan if lost else score(at)
            epoch_rows.append(
                {"stage": stage, "arm": arm, "trial": trial, "seed": number, "epoch": epoch, "learning_rate": rate}
                | {"loss": math.nan if lost else loss, "score": value, "val_loss": loss * 1.1, "val_score": value}
            )
        return row

    def strength_of(regularizer):
        return [STRENGTHS[regularizer]] if regularizer in STRENGTHS else []

    def score(value):
        return 1.5 - value if regression else value

    for i, optimizer in enumerate(optimizers):
        for j, regularizer in enumerate(regularizers):
            arm = f"{optimizer}+{regularizer}"
            level = (
                0.978 - 0.004 * (i % 7) + 0.003 * (j % 4) + random.normal(0, 0.002) - (0.12 if i == 3 and j == 4 else 0)
            )
            centre = -1.0 if optimizer == "momentum" else -2.5
            tuned = []
            for trial in range(trials):
                exponent = centre + random.uniform(-1.5, 1.5)
                away = exponent - centre
                diverged = arm in all_diverged or away > 1.15
                quality = level - 0.03 * max(0.0, away) ** 2 - 0.012 * min(0.0, away) ** 2
                strength = float(f"{10 ** random.uniform(-4, -1):.3g}")
                rate = float(f"{10**exponent:.6g}")
                number = 1000 * trial + seed
                tuned.append(
                    train("tune", arm, optimizer, regularizer, trial, number, rate, strength, quality, diverged)
                )
            usable = [row for row in tuned if not row["diverged"]]
            best = max(usable, key=lambda row: sign * row["validation_score"]) if usable else None
            confirmed = []
            if best is not None:
                strength = best.get(STRENGTHS.get(regularizer, ""), math.nan)
                for n in range(seeds):
                    rate, trial = best["learning_rate"], best["trial"]
                    confirmed.append(
                        train("confirm", arm, optimizer, regularizer, trial, 7 + n, rate, strength, level, False)
                    )
            scores = pd.DataFrame(confirmed, columns=list(training_rows[0]))
            summary_rows.append(
                {"arm": arm, "optimizer": optimizer, "regularizer": regularizer}
                | {"learning_rate": best["learning_rate"] if best else math.nan}
                | {name: (best[name] if best else math.nan) for name in strengths}
                | {"trials": trials, "pruned": 0, "diverged": sum(row["diverged"] for row in tuned), "failed": 0}
                | {"repeats": seeds, "sensitivity": 0.01 + 0.001 * i, "epochs_to_default": 1.5 + i}
                | {"seconds_to_default": 3.0 * (1.5 + i), "test_low": math.nan, "test_high": math.nan}
                | {
                    "validation_mean": scores["validation_score"].mean(),
                    "validation_sd": scores["validation_score"].std(),
                }
                | {"test_mean": scores["test_score"].mean(), "test_sd": scores["test_score"].std()}
                | {"at_edge": bool(best and best["trial"] == 0), "seconds": 30.0 + i}
            )

    default_arm = f"{optimizers[0]}+{regularizers[0]}"
    summary = pd.DataFrame(summary_rows).sort_values("test_mean", ascending=regression, na_position="last")
    summary = compared(summary.reset_index(drop=True), default_arm, seeds, sign)
    settings = {
        "dataset": "digits",
        "model": "cnn",
        "epochs": epochs,
        "trials": trials,
        "repeats": seeds,
        "seed": seed,
        "batch_size": 32,
        "metric": "root_mean_squared_error" if regression else "accuracy",
        "direction": "min" if regression else "max",
        "default_arm": default_arm,
        "optimizers": list(optimizers),
        "regularizers": list(regularizers),
        "examples": {"train": 12_570, "validation": 180, "test": 360},
        "data": {"counts": {"test": 360}},
        "versions": {"python": "3.11.7", "keras": "3.12.0", "tensorflow": "2.20.0"},
        "hardware": {"processor": "a processor", "cores": 2, "accelerator": None},
        "command": f"recipes search digits --trials {trials} --repeats {seeds}",
    }
    best = summary.iloc[0]["arm"]
    verdict = [
        f"{best} came first of {len(summary)} arms.",
        "Most arms cannot be told from the default with these seeds.",
    ]
    return Results(
        settings,
        pd.DataFrame(training_rows),
        pd.DataFrame(epoch_rows),
        summary,
        effects(summary, default_arm, sign),
        verdict,
    )


def compared(summary: pd.DataFrame, default_arm: str, seeds: int, sign: float) -> pd.DataFrame:
    """``summary`` with its comparison with the default, made up but consistent."""
    base = float(summary.loc[summary["arm"] == default_arm, "test_mean"].iloc[0])
    summary["difference"] = summary["test_mean"] - base
    half = 0.006 if seeds > 1 else math.nan
    summary["difference_low"], summary["difference_high"] = summary["difference"] - half, summary["difference"] + half
    summary["p_value"] = np.exp(-((summary["difference"] / 0.0035) ** 2)) if seeds > 1 else math.nan
    gain = sign * summary["difference"]
    summary["verdict"] = np.select([gain > 0.006, gain < -0.006], ["better", "worse"], "open")
    summary.loc[summary["test_mean"].isna(), "verdict"] = None
    of_default = summary["arm"] == default_arm
    summary.loc[of_default & summary["test_mean"].notna(), "verdict"] = "reference"
    best = (np.arange(len(summary)) == 0) & summary["test_mean"].notna()
    summary["chosen"] = np.where(best, "best", "no")
    summary["against_best"] = np.where(best, "best", "unknown")
    summary[["repeats_needed", "examples_needed", "both_needed"]] = math.nan
    summary.loc[of_default, ["difference_low", "difference_high", "p_value"]] = math.nan
    return summary


def effects(summary: pd.DataFrame, default_arm: str, sign: float) -> pd.DataFrame:
    """The main effects of ``summary``; the default level of each factor is that of the default arm."""
    rows = []
    default = summary[summary["arm"] == default_arm].iloc[0]
    for factor in ("optimizer", "regularizer"):
        means = summary.groupby(factor, sort=False)["test_mean"]
        base = means.mean()[default[factor]]
        for level, mean in means.mean().items():
            gain = sign * (mean - base)
            verdict = (
                "reference"
                if level == default[factor]
                else "better"
                if gain > 0.004
                else "worse"
                if gain < -0.008
                else "open"
            )
            rows.append(
                {
                    "factor": factor,
                    "level": level,
                    "test_mean": mean,
                    "test_sd": means.std()[level],
                    "difference": mean - base,
                    "difference_low": mean - base - 0.005,
                    "difference_high": mean - base + 0.005,
                }
                | {"p_value": math.nan if verdict == "reference" else math.exp(-abs(gain) * 800), "verdict": verdict}
            )
    return pd.DataFrame(rows)


CASES: dict[str, Callable[[], Results]] = {
    "25 arms": make_results,
    "1 arm": lambda: make_results(("momentum",), ("none",)),
    "1 seed": lambda: make_results(seeds=1),
    "10 seeds": lambda: make_results(("momentum", "adam"), ("none", "l2"), seeds=10),
    "1 optimizer": lambda: make_results(("momentum",)),
    "1 regularizer": lambda: make_results(regularizers=("none",)),
    "an arm diverged": lambda: make_results(all_diverged=("adam+l2",)),
    "the default diverged": lambda: make_results(all_diverged=("momentum+none",)),
    "all diverged": lambda: make_results(("momentum", "adam"), ("none", "l2"), all_diverged=EVERYTHING),
    "regression": lambda: make_results(regression=True, all_diverged=("adam+l2",)),
    "50 arms": lambda: make_results(tuple(f"optimizer_{i}" for i in range(10)), REGULARIZERS, trials=3),
    "strange names": lambda: make_results(("a|b", "<script>alert(1)</script>"), ("$x$_1", '"[bold]&')),
}
FEW = ("25 arms", "all diverged", "strange names")
"""What the ordinary tests draw; the others are thorough."""

EVERYTHING = tuple(f"{optimizer}+{regularizer}" for optimizer in ("momentum", "adam") for regularizer in ("none", "l2"))


@pytest.fixture(scope="session")
def results() -> Results:
    """25 arms, 3 seeds."""
    return make_results()


@pytest.fixture(
    scope="session", params=[each if each in FEW else pytest.param(each, marks=pytest.mark.thorough) for each in CASES]
)
def any_results(request) -> Results:
    """Each kind of comparison in turn."""
    return CASES[request.param]()


@pytest.fixture(scope="session")
def mistakes(make) -> Mistakes:
    """Where ``make(("momentum", "adam"))`` errs: a slice, confused classes, a picture and a text."""
    picture = io.BytesIO()
    imsave(picture, np.eye(8), format="png")
    row = {"examples": 360, "score": 0.97, "low": 0.95, "high": 0.99, "reference": 0.96, "difference": 0.01}
    row |= {"difference_low": -0.01, "difference_high": 0.03, "verdict": "open"}
    slices = [{"slice": "all", **row}, {"slice": "town '<b>Ulm</b>'", **row, "examples": 40, "score": 0.9}]
    confused = [{"truth": "a long name of a class", "answer": "another", "examples": 30, "wrong": 2.5, "share": 0.08}]
    worst = [
        Example(7, "4", "9 (3 times)", 5.25, picture=picture.getvalue()),
        Example(8, "good", "bad", 4.0, text="a <i>long</i> text " * 20),
    ]
    arms = make(("momentum", "adam")).winner, "momentum+none"
    return Mistakes(*arms, ACCURACY, 3, pd.DataFrame(slices), pd.DataFrame(confused), worst)


@pytest.fixture(scope="session")
def make() -> Callable[..., Results]:
    """``make_results``."""
    return make_results
