"""From finished trainings to a table: means, spreads, and whether a difference is more than noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metric import ACCURACY, Metric
from .arms import Arm
from .dunnett import LEVEL, NOTHING, compare_with
from .factors import FACTORS
from .record import CURVES, Record
from .space import at_edge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["best_setting", "main_effects", "summary", "tables"]


def best_setting(records: Sequence[Record], metric: Metric) -> dict[str, float]:
    """The values of the tuning record with the best validation score; on equal scores the lowest validation loss.

    Trials that were pruned count only where none came to its end, and those that diverged or failed only where nothing
    else is left; then the lowest learning rate is taken.
    """
    sound = [record for record in records if math.isfinite(record.validation_score)]
    if not sound:
        return dict(min(records, key=lambda record: record.values["learning_rate"]).values)
    candidates = [record for record in sound if record.status != "pruned"] or sound
    best = min(candidates, key=lambda record: (-metric.sign * record.validation_score, record.validation_loss))
    return dict(best.values)


def _word(difference: float, p: float, metric: Metric, level: float) -> str:
    if not math.isfinite(p):
        return "not tested"
    if p >= level:
        return "within noise"
    return "better" if difference * metric.sign > 0 else "worse"


def _mean_sd(values: Sequence[float]) -> tuple[float, float]:
    array = np.asarray(values, float)
    if not len(array) or not np.isfinite(array).all():
        return math.nan, math.nan
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else math.nan


def tables(records: Sequence[Record]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished trainings as two tables: a row a training, and a row a training and epoch."""
    import pandas as pd

    strengths = sorted({name for record in records for name in record.values if name != "learning_rate"})
    trials, epochs = [], []
    for record in records:
        place = {name: getattr(record, name) for name in ("stage", "arm", "trial", "seed")}
        head = {"stage": record.stage, "arm": record.arm, **record.choices, "trial": record.trial, "seed": record.seed}
        values = {name: record.values.get(name, math.nan) for name in ("learning_rate", *strengths)}
        trials.append({**head, **values, **record.outcome})
        for epoch in range(len(record.history["loss"])):
            curves = {name: curve[epoch] if epoch < len(curve) else math.nan for name, curve in record.history.items()}
            if not record.history["learning_rate"]:
                curves["learning_rate"] = record.values["learning_rate"]
            epochs.append({**place, "epoch": epoch + 1, **curves})
    columns = ("stage", "arm", "trial", "seed", "epoch", *CURVES)
    return pd.DataFrame(trials), pd.DataFrame(epochs, columns=columns)


def summary(
    trials: pd.DataFrame,
    default: str,
    metric: Metric = ACCURACY,
    epochs: pd.DataFrame | None = None,
    confidence: float = 1.0 - LEVEL,
    resolution: float = 0.0,
) -> pd.DataFrame:
    """One row an arm, best validation mean first, compared seed by seed with the default arm on the test split.

    Besides the settings and scores of an arm it has: ``test_low`` and ``test_high``, the interval of its mean by
    Student's t; ``difference`` from the default arm with ``difference_low``, ``difference_high`` and ``p_value``, all
    corrected for the number of arms (:func:`recipes.tuning.dunnett.compare_with`); ``epochs_to_default`` and
    ``seconds_to_default``, what it takes on average until the validation score is that which the default arm ends
    with at the same seed, NaN where a seed never gets there; ``sensitivity``, by how much the median of its tuning
    trials is worse than the best, so what a rate picked at random would cost (those that diverged count as the worst
    of all that did not; NaN where trials were pruned, whose end nobody knows); ``seconds``, the median time of its
    confirming trainings, which are those of all arms alike.

    Args:
        trials: a row a training, from :func:`tables`.
        default: the name of the arm to compare with.
        metric: what the scores are. Default accuracy.
        epochs: a row a training and epoch; without it nothing is said of the way there.
        confidence: of all intervals, between 0 and 1. Default 0.95.
        resolution: the step in which test scores are known, as for :func:`recipes.tuning.dunnett.compare_with`.
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
        validation_mean, validation_sd = _mean_sd(list(confirm["validation_score"]))
        test_mean, test_sd = _mean_sd(scores[arm])
        low, high = _interval(test_mean, test_sd, len(confirm), level)
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
        word = "default" if is_default else _word(difference, p, metric, level)
        row |= {"difference": difference, "difference_low": low, "difference_high": high, "p_value": p}
        nothing = "failed" if row["arm"] in confirm_failed else "diverged"
        row["verdict"] = word if math.isfinite(row["test_mean"]) or is_default else nothing
    table = pd.DataFrame(rows)
    return (
        table.assign(_order=-sign * table["validation_mean"])
        .sort_values("_order", kind="stable", na_position="last")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def main_effects(
    trials: pd.DataFrame,
    default: Arm,
    metric: Metric = ACCURACY,
    design: str = "crossed",
    confidence: float = 1.0 - LEVEL,
    resolution: float = 0.0,
) -> pd.DataFrame:
    """Each level of each factor averaged over all arms that have it: optimizers over the regularizers, and so on.

    With "one_at_a_time" only arms count that differ from the default one in that factor alone. The averages are taken
    seed by seed and compared with those of the default arm's level, as arms are. Arms that diverged or failed leave
    their level without a number. Optimizers and regularizers are always there, other factors where they are compared.
    """
    import pandas as pd

    confirm = trials[trials["stage"] == "confirm"]
    rows = []
    for factor, control in default.choices.items():
        alike = confirm
        if design == "one_at_a_time":
            for other, level in default.choices.items():
                alike = alike if other == factor else alike[alike[other] == level]
        levels = list(dict.fromkeys(alike[factor]))
        by_level = {
            level: [
                float(np.mean(seed_group["test_score"].to_numpy()))
                for _, seed_group in alike[alike[factor] == level].groupby("seed")
            ]
            for level in levels
        }
        others = [level for level in levels if level != control]
        averaged = int(alike[factor].value_counts().min()) / max(1, alike["seed"].nunique())
        step = resolution / math.sqrt(max(1.0, averaged))  # of a mean over so many arms
        compared = compare_with(by_level[control], [by_level[level] for level in others], resolution=step)
        tests = dict(zip(others, compared, strict=True))
        for level in levels:
            mean, sd = _mean_sd(by_level[level])
            difference = 0.0 if level == control else mean - _mean_sd(by_level[control])[0]
            p = tests.get(level, NOTHING)[0]
            of_level = alike[alike[factor] == level]
            failed = bool((of_level["status"] == "failed").any())
            if level == control:
                word = "default"
            elif math.isfinite(mean):
                word = _word(difference, p, metric, 1.0 - confidence)
            else:
                word = "failed" if failed else "diverged"
            rows.append(
                {
                    "factor": factor,
                    "level": level,
                    "test_mean": mean,
                    "test_sd": sd,
                    "difference": difference,
                    "p_value": p,
                    "verdict": word,
                }
            )
    return pd.DataFrame(rows)


def _interval(mean: float, sd: float, count: int, level: float) -> tuple[float, float]:
    """The interval of a mean by Student's t, which misses with probability ``level``; NaN for one value."""
    if count < 2 or not math.isfinite(sd):
        return math.nan, math.nan
    from scipy.stats import t

    half = float(t.ppf(1.0 - level / 2.0, count - 1)) * sd / math.sqrt(count)
    return mean - half, mean + half


def _epochs_to(targets: Mapping[Any, float], curves: pd.DataFrame, seeds: Sequence[int], sign: float) -> list[float]:
    """For each seed the first epoch whose validation score is as good as its target; NaN where none is."""
    out = []
    for seed in seeds:
        mine = curves[curves["seed"] == seed]
        there = mine.loc[sign * mine["val_score"] >= sign * targets[seed], "epoch"]
        out.append(float(there.min()) if len(there) else math.nan)
    return out
