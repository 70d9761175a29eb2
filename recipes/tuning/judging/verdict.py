"""verdict: the outcome of a comparison in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...choice import split_names
from ...metric import ACCURACY, Metric
from ...report import formatting
from ..factors import FACTORS
from .dunnett import LEVEL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["verdict"]


def verdict(
    table: pd.DataFrame,
    effects: pd.DataFrame,
    metric: Metric = ACCURACY,
    failures: Sequence[str] = (),
    confidence: float = 1.0 - LEVEL,
) -> list[str]:
    """The outcome in one to three sentences: which arm does best, by how much, and how sure that is.

    Args:
        table: the arms, best first, from :func:`summary`.
        effects: the levels of each factor, from :func:`main_effects`.
        metric: the metric of the scores. Default accuracy.
        failures: the messages of the trainings that failed. Default: none.
        confidence: at which a difference is called more than noise. Default 0.95.
    """
    best = table.iloc[0]
    if not math.isfinite(best["test_mean"]):
        if failures:
            return [f"Every arm failed, the first training with {failures[0]}."]
        return ["Every arm diverged: lower the learning rates."]
    default = table[table["verdict"] == "default"].iloc[0]
    sentences = [
        f"{_arm(best)} does best on the validation data; its test "
        f"{metric.words} is {_score(best['test_mean'], best['test_sd'], metric)} over "
        f"{_count(best['seeds'], 'seed')}."
    ]
    if best["arm"] == default["arm"]:
        better = list(table.loc[table["verdict"] == "better", "arm"])
        but = f", although on the test data {', '.join(better)} did better by more than noise" if better else ""
        sentences.append(f"That is the default arm{but}.")
    elif math.isfinite(best["p_value"]):
        amount = formatting.score(abs(best["difference"]), metric) + " points" * metric.percentage
        way = "better" if best["difference"] * metric.sign > 0 else "worse"
        tested = _count(table["p_value"].notna().sum(), "comparison")
        noise = "more than noise" if best["p_value"] < 1.0 - confidence else "within the noise between seeds"
        sentences.append(
            f"That is {amount} {way} than the default arm ({_arm(default)}: "
            f"{_score(default['test_mean'], default['test_sd'], metric)}), "
            f"which is {noise} ({formatting.p_is(best['p_value'])}, corrected for {tested})."
        )
    elif not math.isfinite(default["test_mean"]):
        lost = "failed" if default.get("failed", 0) else "diverged"
        sentences.append(f"The default arm ({_arm(default)}) {lost}, so nothing can be compared with it.")
    else:
        sentences.append("Whether that is more than noise cannot be said: it takes at least 2 seeds.")
    best_levels = []
    for factor in dict.fromkeys(effects["factor"]):
        levels = effects[(effects["factor"] == factor) & effects["test_mean"].notna()]
        if len(levels) < 2:
            continue
        top = levels.iloc[int((levels["test_mean"] * metric.sign).to_numpy().argmax())]
        certainty = {
            "default": "the default",
            "better": "more than noise against the default",
            "not tested": "not tested against the default",
        }.get(top["verdict"], "within noise of the default")
        name = _regularizer(top["level"]) if factor == "regularizer" else top["level"]
        best_levels.append(f"the best {factor} is {name} ({certainty})")
    if len(best_levels) > 1:
        sentences.append(f"Averaged over the other choices, {', '.join(best_levels[:-1])} and {best_levels[-1]}.")
    if failures:
        sentences.append(f"{_count(len(failures), 'training')} failed, the first with {failures[0]}.")
    return sentences


def _arm(row: pd.Series) -> str:
    others = [f"{name} {row[name]}" for name in FACTORS if name in row and name not in ("optimizer", "regularizer")]
    return ", ".join([f"{row['optimizer']} with {_regularizer(row['regularizer'])}", *others])


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _regularizer(name: str) -> str:
    return " and ".join(split_names(name)).replace("_", " ") or "no regularizer"


def _score(mean: float, sd: float, metric: Metric) -> str:
    return formatting.spread(mean, sd, metric) + " %" * metric.percentage
