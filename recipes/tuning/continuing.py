"""Which arms get more repeats, where their number is not fixed: those that are open and may be decided."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..judging.sequential import nominal_levels
from .plan import Plan, Records
from .protocol import FUTILE, Protocol

if TYPE_CHECKING:
    from ..report.results import Results

__all__ = ["Budget", "looks_of", "with_more_repeats"]


def looks_of(protocol: Protocol) -> tuple[tuple[int, float], ...]:
    """The numbers of repeats after which arms are judged, each with its level; none where the number is fixed."""
    if not protocol.sequential:
        return ()
    levels = nominal_levels([look / protocol.most_repeats for look in protocol.looks], 1.0 - protocol.level)
    return tuple(zip(protocol.looks, levels, strict=True))


def with_more_repeats(plan: Plan, rows: Sequence[Mapping[str, Any]], reference: str) -> Plan | None:
    """The plan until the next look, with more repeats of the reference and of the arms that are open.

    Those get more that have fewer than the most repeats and a fair chance that the most decide them. That an arm is
    given up can only leave it open: it makes no verdict wrong.

    Args:
        plan: the plan so far, of a protocol with a number of repeats that is not fixed.
        rows: the table of arms, from :func:`recipes.tuning.judging.summary.summary`.
        reference: the arm that the others are compared with.

    Returns:
        None if no arm gets more.
    """
    protocol = plan.protocol
    going = [row for row in rows if row["verdict"] == "open" and row["repeats"] < protocol.most_repeats]
    going = [row for row in going if not row["chance"] < FUTILE]
    if not going:
        return None
    look = next(look for look in protocol.looks if look > min(row["repeats"] for row in going))
    return replace(plan, wanted={**plan.wanted, **dict.fromkeys((reference, *(row["arm"] for row in going)), look)})


class Budget:
    """Decides before each further look whether there is time for its repeats.

    Args:
        protocol: of the search.
        workers: how many trainings run at a time.
    """

    def __init__(self, protocol: Protocol, workers: int):
        self._protocol, self._workers, self._start = protocol, workers, time.monotonic()

    def next_plan(self, plan: Plan, results: Results, records: Records) -> Plan | None:
        """The plan of the repeats until the next look; None if all is decided, or there is no budget for them."""
        protocol = self._protocol
        further = with_more_repeats(plan, results.rows(), results.reference) if protocol.sequential else None
        if further is None:
            return None
        planned = further.all(records)
        missing = [training for training in planned if training.key not in records]
        if protocol.budget is not None and len(planned) > protocol.budget:
            return None
        if protocol.minutes is not None:
            seconds = float(np.mean([record.seconds for record in records.values()]))
            end = time.monotonic() - self._start + seconds * math.ceil(len(missing) / self._workers)
            if end > 60.0 * protocol.minutes:
                return None
        return further
