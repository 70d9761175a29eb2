"""From finished trainings to a table: means, spreads, and whether a difference is more than noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.tuning.arms import Arm
from recipes.tuning.space import at_edge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["best_setting", "compare_with", "main_effects", "summary", "tables", "verdict"]

LEVEL = 0.05
"""A difference counts as more than noise when its p-value, corrected for the number of arms, is below this."""


def _better(direction: str) -> float:
    return 1.0 if direction == "max" else -1.0


def best_setting(records: Sequence[Mapping[str, Any]], direction: str) -> dict[str, float]:
    """The values of the tuning record with the best validation score; on equal scores the lowest validation loss.

    Diverged trainings count only if all have diverged; then the lowest learning rate is taken.
    """
    sound = [each for each in records if math.isfinite(each["validation_score"])]
    if not sound:
        return dict(min(records, key=lambda each: each["values"]["learning_rate"])["values"])
    sign = _better(direction)
    return dict(min(sound, key=lambda each: (-sign * each["validation_score"], each["validation_loss"]))["values"])


def compare_with(control: Sequence[float], samples: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """Dunnett's test of several samples against one control: (p-value, low, high) for each.

    low and high bound the difference of means, with 95 % confidence for all differences together. The noise is
    estimated from the spread of all samples pooled, so two or three seeds an arm can be enough where arms are many.
    Samples that hold NaN, or fewer than two values, give NaN and take no part.

    Source: Dunnett 1955; ``scipy.stats.dunnett``.

    Example:
        >>> compare_with([0.0, 0.1], [[0.0, 0.1]])[0][0] > 0.9
        True
    """
    import warnings

    from scipy.stats import dunnett

    nothing = (math.nan, math.nan, math.nan)
    usable = [k for k, each in enumerate(samples) if len(each) > 1 and np.isfinite(each).all()]
    if not usable or len(control) < 2 or not np.isfinite(control).all():
        return [nothing] * len(samples)
    groups = [np.asarray(samples[k], float) for k in usable]
    out = [nothing] * len(samples)
    if all(
        np.ptp(each) == 0.0 for each in (*groups, np.asarray(control, float))
    ):  # no spread at all, as with a single repeated value: every difference is certain
        for k, each in zip(usable, groups, strict=True):
            difference = float(np.mean(each) - np.mean(control))
            out[k] = (1.0 if difference == 0.0 else 0.0, difference, difference)
        return out
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)  # of arms whose seeds all agree
        result = dunnett(*groups, control=np.asarray(control, float), rng=np.random.default_rng(0))
        interval = result.confidence_interval(confidence_level=1.0 - LEVEL)
    for k, p, low, high in zip(usable, np.atleast_1d(result.pvalue), interval.low, interval.high, strict=True):
        out[k] = (float(p), float(low), float(high))
    return out


def _word(difference: float, p: float, direction: str) -> str:
    if not math.isfinite(p):
        return "not tested"
    if p >= LEVEL:
        return "within noise"
    return "better" if difference * _better(direction) > 0 else "worse"


def _mean_sd(values: Sequence[float]) -> tuple[float, float]:
    array = np.asarray(values, float)
    if not len(array) or not np.isfinite(array).all():
        return math.nan, math.nan
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else math.nan


def tables(records: Sequence[Mapping[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished trainings as two tables: a row a training, and a row a training and epoch."""
    import pandas as pd

    strengths = sorted({name for each in records for name in each["values"] if name != "learning_rate"})
    trials, epochs = [], []
    for each in records:
        row = {key: value for key, value in each.items() if key not in ("key", "values", "history")}
        head = {key: row.pop(key) for key in ("stage", "arm", "optimizer", "regularizer", "trial", "seed")}
        values = {name: each["values"].get(name, math.nan) for name in ("learning_rate", *strengths)}
        trials.append({**head, **values, **row})
        length = len(each["history"]["loss"])
        for epoch in range(length):
            curves = {
                name: values[epoch] if epoch < len(values) else math.nan for name, values in each["history"].items()
            }
            if not each["history"]["learning_rate"]:
                curves["learning_rate"] = each["values"]["learning_rate"]
            keys = {key: head[key] for key in ("stage", "arm", "trial", "seed")}
            epochs.append({**keys, "epoch": epoch + 1, **curves})
    return pd.DataFrame(trials), pd.DataFrame(epochs)


def summary(trials: pd.DataFrame, default: str, direction: str) -> pd.DataFrame:
    """One row an arm, best validation mean first, compared with the default arm on the test split.

    Args:
        trials: a row a training, from :func:`tables`.
        default: the name of the arm to compare with.
        direction: "max" or "min".
    """
    import pandas as pd

    strengths = [name for name in trials.columns if "." in name]
    rows: list[dict[str, Any]] = []
    scores: dict[Any, list[float]] = {}
    for arm, group in trials.groupby("arm", sort=False):
        confirm = group[group["stage"] == "confirm"]
        if confirm.empty:
            continue
        first = confirm.iloc[0]
        scores[arm] = list(confirm["test_score"])
        validation_mean, validation_sd = _mean_sd(list(confirm["validation_score"]))
        test_mean, test_sd = _mean_sd(list(confirm["test_score"]))
        rows.append(
            {
                "arm": arm,
                "optimizer": first["optimizer"],
                "regularizer": first["regularizer"],
                "learning_rate": first["learning_rate"],
                **{name: first[name] for name in strengths},
                "trials": int((group["stage"] == "tune").sum()),
                "diverged": int(group["diverged"].sum()),
                "seeds": len(confirm),
                "validation_mean": validation_mean,
                "validation_sd": validation_sd,
                "test_mean": test_mean,
                "test_sd": test_sd,
                "at_edge": at_edge(Arm(first["optimizer"], first["regularizer"]), float(first["learning_rate"])),
                "seconds": float(group["seconds"].mean()),
            }
        )
    others = [arm for arm in scores if arm != default]
    tests = dict(zip(others, compare_with(scores[default], [scores[arm] for arm in others]), strict=True))
    control = float(np.mean(scores[default]))
    for row in rows:
        is_default = row["arm"] == default
        difference = 0.0 if is_default else row["test_mean"] - control
        p, low, high = tests.get(row["arm"], (math.nan, 0.0, 0.0))
        word = "default" if is_default else _word(difference, p, direction)
        row |= {"difference": difference, "difference_low": low, "difference_high": high, "p_value": p}
        row["verdict"] = word if math.isfinite(row["test_mean"]) or is_default else "diverged"
    table = pd.DataFrame(rows)
    order = table["validation_mean"] * -_better(direction)
    return (
        table.assign(_order=order)
        .sort_values("_order", kind="stable", na_position="last")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def main_effects(trials: pd.DataFrame, default: Arm, direction: str) -> pd.DataFrame:
    """Each optimizer averaged over the regularizers, and each regularizer over the optimizers.

    The averages are taken seed by seed, so their spread is that between seeds; each level is compared with the default
    arm's level by Dunnett's test. Arms that diverged leave their level without a number.
    """
    import pandas as pd

    confirm = trials[trials["stage"] == "confirm"]
    rows = []
    for factor, control in (("optimizer", default.optimizer), ("regularizer", default.regularizer)):
        levels = list(dict.fromkeys(confirm[factor]))
        by_level = {
            level: [
                float(np.mean(seed_group["test_score"].to_numpy()))
                for _, seed_group in confirm[confirm[factor] == level].groupby("seed")
            ]
            for level in levels
        }
        others = [level for level in levels if level != control]
        tests = dict(zip(others, compare_with(by_level[control], [by_level[level] for level in others]), strict=True))
        for level in levels:
            mean, sd = _mean_sd(by_level[level])
            difference = 0.0 if level == control else mean - _mean_sd(by_level[control])[0]
            p = tests.get(level, (math.nan,))[0]
            rows.append(
                {
                    "factor": factor,
                    "level": level,
                    "test_mean": mean,
                    "test_sd": sd,
                    "difference": difference,
                    "p_value": p,
                    "verdict": "default" if level == control else _word(difference, p, direction),
                }
            )
    return pd.DataFrame(rows)


def verdict(table: pd.DataFrame, effects: pd.DataFrame, metric: str, direction: str) -> list[str]:
    """The outcome in one to three sentences: which arm does best, by how much, and how sure that is.

    Args:
        table: the arms, the best first, as :func:`summary` returns them.
        effects: the levels of each factor, as :func:`main_effects` returns them.
        metric: the test metric's name, "accuracy" for one.
        direction: "max" if more is better, "min" if less is.
    """
    best = table.iloc[0]
    if not math.isfinite(best["test_mean"]):
        return ["Every arm diverged: lower the learning rates."]
    default = table[table["verdict"] == "default"].iloc[0]
    sentences = [
        f"{best['optimizer']} with {_regularizer(best['regularizer'])} does best on the validation data; its test "
        f"{metric.replace('_', ' ')} is {_score(best['test_mean'], best['test_sd'], metric)} over "
        f"{_count(best['seeds'], 'seed')}."
    ]
    if best["arm"] == default["arm"]:
        better = list(table.loc[table["verdict"] == "better", "arm"])
        but = f", although on the test data {', '.join(better)} did better by more than noise" if better else ""
        sentences.append(f"That is the default arm{but}.")
    elif math.isfinite(best["p_value"]):
        size = abs(best["difference"])
        amount = f"{100 * size:.2f} points" if metric == "accuracy" else f"{size:.4g}"
        way = "better" if best["difference"] * _better(direction) > 0 else "worse"
        tested = _count(table["p_value"].notna().sum(), "comparison")
        noise = "more than noise" if best["p_value"] < LEVEL else "within the noise between seeds"
        sentences.append(
            f"That is {amount} {way} than the default arm ({default['optimizer']} with "
            f"{_regularizer(default['regularizer'])}: {_score(default['test_mean'], default['test_sd'], metric)}), "
            f"which is {noise} (p = {best['p_value']:.2g}, corrected for {tested})."
        )
    elif not math.isfinite(default["test_mean"]):
        name = f"{default['optimizer']} with {_regularizer(default['regularizer'])}"
        sentences.append(f"The default arm ({name}) diverged, so nothing can be compared with it.")
    else:
        sentences.append("Whether that is more than noise cannot be said: it takes at least 2 seeds.")
    parts = []
    for factor in ("optimizer", "regularizer"):
        levels = effects[(effects["factor"] == factor) & effects["test_mean"].notna()]
        if len(levels) < 2:
            continue
        top = levels.iloc[int((levels["test_mean"] * _better(direction)).to_numpy().argmax())]
        surely = {
            "default": "the default",
            "better": "more than noise against the default",
            "not tested": "not tested against the default",
        }.get(top["verdict"], "within noise of the default")
        name = _regularizer(top["level"]) if factor == "regularizer" else top["level"]
        parts.append(f"the best {factor} is {name} ({surely})")
    if parts:
        sentences.append(f"Averaged over the other choice, {' and '.join(parts)}.")
    return sentences


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _regularizer(name: str) -> str:
    return "no regularizer" if name == "none" else name.replace("_", " ").replace("+", " and ")


def _score(mean: float, sd: float, metric: str) -> str:
    scale, unit = (100.0, " %") if metric == "accuracy" else (1.0, "")
    digits = ".2f" if metric == "accuracy" else ".4g"
    spread = f" ± {format(scale * sd, digits)}" if math.isfinite(sd) else ""
    return f"{format(scale * mean, digits)}{spread}{unit}"
