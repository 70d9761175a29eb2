"""summary: the table of a search, one row per arm, with the verdict on its difference from the default."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...metric import ACCURACY, Metric
from ..arms import Arm
from ..factors import FACTORS
from ..space import at_edge
from .dunnett import LEVEL, compare_with
from .spread import interval, mean_sd, word_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summary"]


def summary(
    trials: pd.DataFrame,
    default: str,
    metric: Metric = ACCURACY,
    epochs: pd.DataFrame | None = None,
    confidence: float = 1.0 - LEVEL,
    resolution: float = 0.0,
) -> pd.DataFrame:
    """One row per arm, best validation mean first, compared seed by seed with the default arm on the test split.

    Columns besides the settings and scores of an arm:

    - ``test_low``, ``test_high``: the interval of its test mean by Student's t.
    - ``difference``, ``difference_low``, ``difference_high``, ``p_value``: the difference from the default arm,
      corrected for the number of arms (:func:`recipes.tuning.judging.dunnett.compare_with`).
    - ``epochs_to_default``, ``seconds_to_default``: the mean effort to reach the final validation score of the default
      arm at the same seed; NaN if a seed never reaches it.
    - ``sensitivity``: by how much the median of its tuning trials is worse than the best: the cost of a rate picked at
      random. Trials that diverged count as the worst score of any arm. NaN if trials were pruned.
    - ``seconds``: the median time of its confirming trainings, of which every arm has the same number.

    Args:
        trials: one row per training, from :func:`record_tables`.
        default: the name of the arm to compare with.
        metric: the metric of the scores. Default accuracy.
        epochs: one row per training and epoch; without it the effort to reach the default is NaN.
        confidence: of all intervals, between 0 and 1. Default 0.95.
        resolution: the step of test scores, as for :func:`recipes.tuning.judging.dunnett.compare_with`. Default 0.
    """
    import pandas as pd

    sign, level = metric.sign, 1.0 - confidence
    strengths = [name for name in trials.columns if "." in name]
    confirmed = trials[trials["stage"] == "confirm"]
    scores = {arm: list(group.sort_values("seed")["test_score"]) for arm, group in confirmed.groupby("arm", sort=False)}
    targets = confirmed[confirmed["arm"] == default].set_index("seed")["validation_score"].to_dict()
    worst = float((sign * trials["validation_score"]).min())
    curves = epochs[epochs["stage"] == "confirm"] if epochs is not None and len(epochs) else None
    rows: list[dict[str, Any]] = []
    for arm, group in trials.groupby("arm", sort=False):
        confirm = group[group["stage"] == "confirm"]
        if confirm.empty:
            continue
        tuned = group[group["stage"] == "tune"]
        first = confirm.iloc[0]
        validation_mean, validation_sd = mean_sd(list(confirm["validation_score"]))
        test_mean, test_sd = mean_sd(scores[arm])
        low, high = interval(test_mean, test_sd, len(confirm), level)
        statuses = group["status"]
        reached = (
            _epochs_to(targets, curves[curves["arm"] == arm], list(confirm["seed"]), sign) if curves is not None else []
        )
        seconds = [
            epoch * row["seconds"] / row["epochs_run"] if row["epochs_run"] else math.nan
            for epoch, row in zip(reached, confirm.to_dict("records"), strict=False)
        ]
        pruned = int((statuses == "pruned").sum())
        tried = (sign * tuned["validation_score"]).fillna(worst).to_numpy()
        rows.append(
            {
                "arm": arm,
                **{name: first[name] for name in FACTORS if name in trials},
                "learning_rate": first["learning_rate"],
                **{name: first[name] for name in strengths},
                "trials": len(tuned),
                "pruned": pruned,
                "diverged": int(group["diverged"].sum()),
                "failed": int((statuses == "failed").sum()),
                "seeds": len(confirm),
                "validation_mean": validation_mean,
                "validation_sd": validation_sd,
                "test_mean": test_mean,
                "test_sd": test_sd,
                "test_low": low,
                "test_high": high,
                "at_edge": at_edge(Arm(first["optimizer"], first["regularizer"]), float(first["learning_rate"])),
                "sensitivity": float(np.max(tried) - np.median(tried)) if len(tried) and not pruned else math.nan,
                "epochs_to_default": float(np.mean(reached)) if len(reached) else math.nan,
                "seconds_to_default": float(np.mean(seconds)) if len(seconds) else math.nan,
                "seconds": float(confirm["seconds"].median()),
            }
        )
    others = [arm for arm in scores if arm != default]
    compared = compare_with(scores[default], [scores[arm] for arm in others], level, resolution)
    tests = dict(zip(others, compared, strict=True))
    confirm_failed = set(confirmed.loc[confirmed["status"] == "failed", "arm"])
    control = float(np.mean(scores[default]))
    for row in rows:
        is_default = row["arm"] == default
        difference = 0.0 if is_default else row["test_mean"] - control
        p, low, high = tests.get(row["arm"], (math.nan, 0.0, 0.0))
        word = "default" if is_default else word_of(difference, p, metric, level)
        row |= {"difference": difference, "difference_low": low, "difference_high": high, "p_value": p}
        lost = "failed" if row["arm"] in confirm_failed else "diverged"
        row["verdict"] = word if math.isfinite(row["test_mean"]) or is_default else lost
    table = pd.DataFrame(rows)
    return (
        table.assign(_order=-sign * table["validation_mean"])
        .sort_values("_order", kind="stable", na_position="last")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def _epochs_to(targets: Mapping[Any, float], curves: pd.DataFrame, seeds: Sequence[int], sign: float) -> list[float]:
    """For each seed the first epoch whose validation score is as good as its target; NaN if there is none."""
    first = []
    for seed in seeds:
        curve = curves[curves["seed"] == seed]
        reached = curve.loc[sign * curve["val_score"] >= sign * targets[seed], "epoch"]
        first.append(float(reached.min()) if len(reached) else math.nan)
    return first
