"""What extends a search, and what makes it another one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from .protocol import JUDGING
from .settings import arms_in

__all__ = ["COUNTS", "Difference", "first_difference", "rank"]

COUNTS = ("repeats", "trials")
"""Settings that may grow: the trainings of the smaller number are the first of the larger one."""

DEPENDS = "on which its trainings depend"


class Difference(NamedTuple):
    """A setting that makes a search another one.

    Args:
        name: of the setting; parts of a nested one are joined by dots, "data.fingerprint".
        before, now: its values.
        why: why the trainings of the search could not stay as they are, to follow "which".
    """

    name: str
    before: Any
    now: Any
    why: str

    def __str__(self) -> str:
        return f"{self.name}={_short(self.before)}, not {_short(self.now)}, {self.why}"


def first_difference(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> Difference | None:
    """The first setting that makes ``wanted`` another search than ``stored``; None if it is the same or extends it.

    A search is extended by more repeats, more trials and more levels of its factors: every training that it has remains
    one of the plan. Confidence and margin only judge.
    """
    if "factors" not in stored:
        return _first_unlike(stored, wanted)
    extended = {*JUDGING, *COUNTS, "factors", *stored["factors"], "default_arm", "own", "built"}
    built, candidates = (_of_both(stored, wanted, name) for name in ("built", "candidates"))
    for label in set(built[0]) & set(
        candidates[0]
    ):  # where it is known what a function makes, its module does not matter
        for candidate in (of[label] for of in candidates):
            candidate["recipe"] = _without({"own"}, candidate["recipe"])
    for name, (before, now) in (("built", built), ("candidates", candidates)):
        unlike = _first_unlike(before, now, f"{name}.")
        if unlike is not None:
            return unlike
    unlike = _first_unlike(_without(extended, stored), _without(extended, wanted))
    if unlike is not None:
        return unlike
    for name in COUNTS:
        if rank(wanted[name]) < rank(stored[name]):
            return Difference(name, stored[name], wanted[name], "and a search leaves out nothing that it has")
    if stored.get("widen") and wanted["trials"] != stored["trials"]:
        why = "and where ranges are widened, the further trials follow the others"
        return Difference("trials", stored["trials"], wanted["trials"], why)
    return _first_lost(stored, wanted)


def rank(count: int | str) -> float:
    """A count as a number; "auto", a number of repeats that is found as the search goes, extends any other.

    Example:
        >>> max([10, "auto", 3], key=rank)
        'auto'
    """
    return math.inf if isinstance(count, str) else count


def _first_lost(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> Difference | None:
    """The factor, or the default arm, by which ``wanted`` lacks an arm of ``stored``."""
    before, now = stored["factors"], wanted["factors"]
    if list(before) != list(now):
        return Difference("factors", list(before), list(now), "by which its arms are named")
    arms = {arm.name for arm in arms_in(wanted)}
    if all(arm.name in arms for arm in arms_in(stored)):
        return None
    for plural in before:
        if not set(before[plural]) <= set(now[plural]):
            return Difference(plural, before[plural], now[plural], "and a search leaves out nothing that it has")
    name = "default_arm"
    return Difference(name, stored[name], wanted[name], "from which its arms differ in one choice")


def _of_both(stored: Mapping[str, Any], wanted: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both say of the labels that both have."""
    before, now = stored.get(name, {}), wanted.get(name, {})
    labels = sorted(before.keys() & now.keys())
    return {label: dict(before[label]) for label in labels}, {label: dict(now[label]) for label in labels}


def _first_unlike(stored: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> Difference | None:
    for name in sorted({*stored, *wanted}):
        before, now = stored.get(name), wanted.get(name)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            return _first_unlike(before, now, f"{prefix}{name}.")
        return Difference(prefix + name, before, now, DEPENDS)
    return None


def _without(names: Set[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
