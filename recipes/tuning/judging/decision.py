"""The decision of a comparison: of the best arm and those as good as it, the cheapest and least touchy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...metric import Metric
from .samples import Rule, Sample, compare_samples

__all__ = ["CHEAPER", "Decision", "decide"]

CHEAPER = 3.0
"""Trainings cost alike unless one takes this many times as long as another: a busy machine doubles it."""


@dataclass(frozen=True)
class Decision:
    """An arm to use, and why.

    Args:
        arm: its name; None if no arm has a score.
        best: the arm with the best validation score of those that count.
        as_good: the arms whose test scores are not worse than the best arm's by more than the margin, whatever the
            noise, without it.
        reason: "best", or why it is preferred to the best: "cheaper" or "less touchy".
    """

    arm: str | None
    best: str | None
    as_good: tuple[str, ...] = ()
    reason: str = "best"


def decide(
    rows: Sequence[Mapping[str, Any]],
    samples: Mapping[str, Sample],
    metric: Metric,
    rule: Rule,
    margin: float,
) -> Decision:
    """Chooses an arm.

    Those that are better than the reference count, or, if none is, those that are not worse. Of these the best has the
    highest validation score. It is compared with the others on the test data: an arm is as good as the best if its
    interval lies above ``-margin``. Of the best and all as good, those that train in at most thrice the shortest
    time are cheap, and the cheap one with the lowest sensitivity is chosen.

    Args:
        rows: the arms, best validation score first, with their verdicts.
        samples: their repeats.
        metric: the metric of the scores.
        rule: how samples are compared.
        margin: the size of a difference that does not matter, in units of the score.
    """
    scored = [row for row in rows if math.isfinite(row["test_mean"])]
    counted = [row for row in scored if row["verdict"] == "better"]
    counted = counted or [row for row in scored if row["verdict"] != "worse"]
    if not counted:
        return Decision(None, None)
    best = counted[0]
    others = {row["arm"]: samples[row["arm"]] for row in counted[1:]}
    compared = compare_samples(samples[best["arm"]], others, rule)
    least = {
        arm: difference.low if metric.higher_is_better else -difference.high for arm, difference in compared.items()
    }
    as_good = [row for row in counted[1:] if least[row["arm"]] >= -margin]
    candidates = [best, *as_good]
    limit = CHEAPER * min(row["seconds"] for row in candidates)
    cheap = [row for row in candidates if row["seconds"] <= limit]
    chosen = min(cheap, key=lambda row: row["sensitivity"] if math.isfinite(row["sensitivity"]) else math.inf)
    if chosen is best:
        reason = "best"
    elif best["seconds"] > limit:
        reason = "cheaper"
    else:
        reason = "less touchy"
    return Decision(chosen["arm"], best["arm"], tuple(row["arm"] for row in as_good), reason)
