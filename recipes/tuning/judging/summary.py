"""summary: the table of a search, one row per arm, with the verdict on its difference from the default."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...judging.dunnett import NOTHING, SAME
from ...judging.words import chance_with, needed, word_of
from ...metric import ACCURACY, Metric
from ..arms import Arm
from ..space import Space
from .decision import decide
from .exported import exported_repeat
from .record_tables import factor_columns, score_columns, strength_columns
from .samples import DEFAULT_RULE, Contributions, Rule, compare_samples, samples_of
from .spread import mean_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summary"]


def summary(
    trials: pd.DataFrame,
    default: str,
    metric: Metric = ACCURACY,
    epochs: pd.DataFrame | None = None,
    rule: Rule = DEFAULT_RULE,
    contributions: Contributions | None = None,
    margin: float | None = None,
    space: Space | None = None,
    arms: Mapping[str, Arm] | None = None,
) -> pd.DataFrame:
    """One row per arm, best validation mean first, compared seed by seed with the reference on the test split.

    The reference is the default arm, or if that has no score, the arm with the best validation mean. Columns besides
    the settings and scores of an arm:

    - ``test_low``, ``test_high``: the interval of its test mean by Student's t.
    - ``difference``, ``difference_low``, ``difference_high``, ``p_value``: the difference from the reference, corrected
      for the number of arms (:func:`recipes.judging.dunnett.compare_with`). Where contributions are known,
      intervals hold the noise of a finite test split as well as that between repeats.
    - ``of_repeats``, ``of_examples``: the parts of the squared standard error of the difference.
    - ``verdict``: "better", "worse", "as good" or "open"; "reference", "failed" or "diverged".
    - ``repeats_needed``, ``examples_needed``, ``both_needed``: what would probably decide an open arm: see
      :func:`recipes.judging.words.needed`.
    - ``chance``: with looks, that the most repeats decide an open arm.
    - ``against_best``: "best", "as good" or "unknown", and ``chosen``: why an arm is the decision, "best", "cheaper" or
      "less touchy", or "no": see :func:`recipes.tuning.judging.decision.decide`.
    - ``epochs_to_default``, ``seconds_to_default``: the mean effort to reach the final validation score of the
      reference at the same seed; NaN if a seed never reaches it.
    - ``sensitivity``: by how much the median of its tuning trials is worse than the best: the cost of a rate picked at
      random. Trials that diverged count as the worst score of any arm. NaN if trials were pruned.
    - ``test_f1``, ``test_f1_sd``: the mean and standard deviation of a further metric on the test split, and
      ``test_base_rate`` of the accuracy of always answering the most frequent class.
    - ``seconds``: the shortest time of its confirming trainings: what else the machine does only adds to it.

    Args:
        trials: one row per training, from :func:`record_tables`.
        default: the name of the arm to compare with.
        metric: the metric of the scores. Default accuracy.
        epochs: one row per training and epoch; without it the effort to reach the default is NaN.
        rule: how arms are compared, at which level. Default: with a confidence of 0.95, on the same test split.
        contributions: what each test example contributes, by arm and seed. Default: unknown.
        margin: as for :func:`recipes.search`. Default None.
        space: what was tuned for each arm. Default: the ranges of the catalogues.
        arms: the arms by name. Default: those of the levels in the table.
    """
    import pandas as pd

    sign, space = metric.sign, Space() if space is None else space
    factors, strengths = factor_columns(trials), strength_columns(trials)
    confirmed = trials[trials["stage"] == "confirm"]
    samples = samples_of(trials, contributions or {})
    reference = _reference(confirmed, default, sign)
    targets = confirmed[confirmed["arm"] == reference].set_index("seed")["validation_score"].to_dict()
    worst = float((sign * trials["validation_score"]).min())
    curves = epochs[epochs["stage"] == "confirm"] if epochs is not None and len(epochs) else None
    rows: list[dict[str, Any]] = []
    for arm, group in trials.groupby("arm", sort=False):
        confirm = group[group["stage"] == "confirm"]
        if confirm.empty:
            continue
        tuned = group[group["stage"] == "tune"]
        first = exported_repeat(confirm, sign)
        validation_mean, validation_sd = mean_sd(list(confirm["validation_score"]))
        test_mean, test_sd = mean_sd(samples[str(arm)].scores)
        low, high = samples[str(arm)].interval(rule)
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
                **{name: first[name] for name in factors},
                "learning_rate": first["learning_rate"],
                **{name: first[name] for name in strengths},
                "trials": len(tuned),
                "pruned": pruned,
                "diverged": int(group["diverged"].sum()),
                "failed": int((statuses == "failed").sum()),
                "repeats": len(confirm),
                "validation_mean": validation_mean,
                "validation_sd": validation_sd,
                "test_mean": test_mean,
                "test_sd": test_sd,
                "test_low": low,
                "test_high": high,
                "at_edge": space.at_edge(
                    arms[str(arm)] if arms else Arm.of({n: first[n] for n in factors}), float(first["learning_rate"])
                ),
                "sensitivity": float(np.max(tried) - np.median(tried)) if len(tried) and not pruned else math.nan,
                "epochs_to_default": float(np.mean(reached)) if len(reached) else math.nan,
                "seconds_to_default": float(np.mean(seconds)) if len(seconds) else math.nan,
                "seconds": float(confirm["seconds"].min()),
                **_further(confirm),
            }
        )
    rows.sort(key=lambda row: -sign * row["validation_mean"] if math.isfinite(row["validation_mean"]) else math.inf)
    others = {arm: sample for arm, sample in samples.items() if arm != reference}
    compared = compare_samples(samples[reference], others, rule)
    control = float(np.mean(samples[reference].scores))
    size = metric.margin(margin, control)
    confirm_failed = set(confirmed.loc[confirmed["status"] == "failed", "arm"])
    for row in rows:
        is_reference, known = row["arm"] == reference, math.isfinite(row["test_mean"])
        found = SAME._replace(p=math.nan) if is_reference else compared.get(row["arm"], NOTHING)
        difference = 0.0 if is_reference else row["test_mean"] - control
        if rule.looks and math.isfinite(found.low):
            difference = (found.low + found.high) / 2.0  # of the repeats that both have
        row |= {"difference": difference, "difference_low": found.low, "difference_high": found.high}
        row |= {"of_repeats": found.of_repeats, "of_examples": found.of_examples}
        lost = "failed" if row["arm"] in confirm_failed else "diverged"
        word = "reference" if is_reference else word_of(difference, found, metric, rule.level, size)
        row |= {"p_value": found.p, "verdict": word if known else lost}
        more = (
            needed(difference, found, row["repeats"], rule.level, size) if row["verdict"] == "open" else (math.nan,) * 3
        )
        row |= dict(zip(("repeats_needed", "examples_needed", "both_needed"), more, strict=True))
        if rule.looks and row["verdict"] == "open":
            (most, final), repeats = rule.looks[-1], row["repeats"]
            row["chance"] = chance_with(most / repeats, 1.0, difference, found, repeats, final, size)
    decision = decide(rows, samples, metric, rule, size)
    for row in rows:
        is_best = row["arm"] == decision.best
        row["against_best"] = "best" if is_best else "as good" if row["arm"] in decision.as_good else "unknown"
        row["chosen"] = decision.reason if row["arm"] == decision.arm else "no"
    return pd.DataFrame(rows)


def _further(confirm: pd.DataFrame) -> dict[str, float]:
    """The mean and the standard deviation of each further score on the test split."""
    scores: dict[str, float] = {}
    for name in score_columns(confirm):
        scores[name], scores[f"{name}_sd"] = mean_sd(list(confirm[name]))
    return scores


def _reference(confirmed: pd.DataFrame, default: str, sign: float) -> str:
    """The default arm; if one of its repeats has no score, the best of the arms whose repeats all have one."""
    sound = {}
    for arm, group in confirmed.groupby("arm", sort=False):
        if group["test_score"].notna().all():
            sound[str(arm)] = sign * float(group["validation_score"].mean())
    return default if default in sound or not sound else max(sound, key=lambda arm: sound[arm])


def _epochs_to(targets: Mapping[Any, float], curves: pd.DataFrame, seeds: Sequence[int], sign: float) -> list[float]:
    """For each seed the first epoch whose validation score is as good as its target; NaN if there is none."""
    first = []
    for seed in seeds:
        curve = curves[curves["seed"] == seed]
        reached = curve.loc[sign * curve["val_score"] >= sign * targets[seed], "epoch"]
        first.append(float(reached.min()) if len(reached) else math.nan)
    return first
