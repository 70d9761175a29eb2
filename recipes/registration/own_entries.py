"""own_entries: what a search notes of names that do not come with this package, for other processes and programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..catalogue import Entry, Range
from .origins import imported, is_on_path
from .registered import CATALOGUES, NAME, Absent, origin_of_entry, register

__all__ = ["import_own", "is_absent", "own_entries", "stand_in", "unimportable"]


def own_entries(names: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """What a program needs to know of the entries among these (kind, name) that do not come with this package.

    Returns:
        JSON values: kind, name, the module and name to import it from, and the ranges of its hyperparameters.
    """
    own = []
    for kind, name in dict.fromkeys(names):
        catalogue = CATALOGUES.get(kind)
        if catalogue is not None and name in catalogue.added:
            entry = catalogue[name]
            ranges = [dataclasses.asdict(tunable) for tunable in entry.hyperparameters]
            own.append({"kind": kind, "name": name, "origin": origin_of_entry(entry), "hyperparameters": ranges})
    return own


def import_own(own: Sequence[Mapping[str, Any]]) -> None:
    """Imports and registers what :func:`own_entries` of another process has listed.

    Raises:
        InvalidArgument: for what cannot be imported here.
    """
    for entry in own:
        known = CATALOGUES[entry["kind"]].entries.get(entry["name"])
        if known is not None and not isinstance(known.build, Absent):
            continue
        found = imported(entry["origin"])
        if found is None:
            accepted = f"one that can be imported where trainings run, but {entry['origin']} cannot"
            raise InvalidArgument(entry["kind"], entry["name"], accepted)
        ranges = [Range(**tunable) for tunable in entry["hyperparameters"]]
        register(entry["kind"], entry["name"], found, hyperparameters=ranges)


def stand_in(own: Any) -> None:
    """Makes the names known that a search's settings list, so that it can be read without importing anything.

    Raises:
        InvalidArgument: for anything else than :func:`own_entries` writes.
    """
    try:
        for entry in own:
            kind, name, origin = (str(entry[key]) for key in ("kind", "name", "origin"))
            ranges = tuple(Range(**tunable) for tunable in entry["hyperparameters"])
            if not NAME.fullmatch(name) or len(entry) != 4:
                raise ValueError(name)
            absent = Entry(name, Absent(kind, name, origin), f"From {origin}, which is not imported.", "", ranges)
            CATALOGUES[kind].entries.setdefault(name, absent)
    except (TypeError, KeyError, ValueError) as error:
        raise InvalidArgument("own", own, f"a list of kind, name, origin and hyperparameters ({error})") from None


def unimportable(own: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first of these entries that other processes cannot import, None if there is none."""
    for entry in own:
        registered = CATALOGUES[entry["kind"]][entry["name"]].build
        found = imported(entry["origin"]) if is_on_path(entry["origin"]) else None
        if found is not getattr(registered, "function", registered):
            return entry
    return None


def is_absent(names: Iterable[tuple[str, str]]) -> bool:
    """Whether one of these (kind, name) is known by name only."""
    entries = [CATALOGUES[kind].entries.get(name) for kind, name in names if kind in CATALOGUES]
    return any(entry is not None and isinstance(entry.build, Absent) for entry in entries)
