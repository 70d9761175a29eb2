"""merge_searches: several directories of one search become one."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ..files import check_new_directory, new_directory, write_bytes
from ..recipe import Recipe
from ..stored.json_files import write_json
from .designs import default_arm
from .environment_file import read_environment
from .extending import COUNTS, first_difference, rank
from .kept_weights import weights_file
from .ledger import is_open, line_of, read_lines
from .outcomes import outcomes_file
from .record import Record
from .search_files import ENVIRONMENT, SETTINGS, TRAININGS
from .settings import arms_in, settings_in

__all__ = ["merge_searches"]


@dataclasses.dataclass(frozen=True)
class _Kept:
    """A training of the merged search: its line, its record, and the files of its outcomes and of its weights.

    These may not exist.
    """

    line: bytes
    record: Record
    outcomes: Path
    weights: Path


@checked
def merge_searches(*directories: str | os.PathLike[str], to: str | os.PathLike[str]) -> Path:
    """Makes one search of several that were run apart, such as on two machines, and of whose arms some differ.

    They must have the same settings but for ``repeats``, ``trials`` and the names that are compared. The merged search
    has the most repeats and trials and all names of any of them; where the searches lack trainings of it, the same
    search in its directory runs them, and until then :meth:`recipes.Comparison.load` compares the arms that are
    complete. Every training is taken as it is on record. One that several searches have run must have the same outcome
    apart from its time. If they repeated different settings of an arm, having tried different numbers of trials, the
    repeats of the better one count.

    Seconds are not comparable where the machines differ, and a decision for a cheaper arm is not either.

    Args:
        *directories: two or more that :func:`recipes.search` has written and that no process is writing to. The first
            one's confidence and margin are taken.
        to: a new or empty directory.

    Returns:
        ``to``.

    Raises:
        InvalidArgument: for searches of which a setting, the data or the outcome of a training differs, naming the
            difference; nothing is written.

    Example:
        >>> recipes.merge_searches("searches/here", "searches/there", to="searches/both")         # doctest: +SKIP
        >>> recipes.Comparison.load("searches/both").verdict
    """
    places = [Path(directory) for directory in directories]
    if len({place.resolve() for place in places}) < max(2, len(places)):
        raise InvalidArgument("directories", [str(place) for place in places], "at least two, all different")
    check_new_directory(to, marker=SETTINGS, name="to")
    searches = [settings_in(place) for place in places]
    for place in places:
        if is_open(place):
            raise InvalidArgument("directories", str(place), "searches that no process is writing to")
    settings = _united(places, searches)
    kept: dict[str, _Kept] = {}
    for place in places:
        _add(kept, place, places)
    with new_directory(to, marker=SETTINGS, name="to") as folder:
        write_json(folder / SETTINGS, settings)
        write_bytes(folder / TRAININGS, b"".join(training.line + b"\n" for training in kept.values()))
        write_json(folder / ENVIRONMENT, _environment(places))
        for key, training in kept.items():
            for source, target in (
                (training.outcomes, outcomes_file(folder, key)),
                (training.weights, weights_file(folder, key)),
            ):
                if source.is_file():
                    target.parent.mkdir(exist_ok=True)
                    shutil.copyfile(source, target)
    return Path(to)


def _united(places: Sequence[Path], searches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings that extend those of all searches."""
    first = searches[0]
    factors = {
        plural: list(dict.fromkeys(level for settings in searches for level in settings["factors"].get(plural, ())))
        for plural in first["factors"]
    }
    largest = {name: max((settings[name] for settings in searches), key=rank) for name in COUNTS}
    lists: dict[str, Any] = {p: levels for p, levels in factors.items() if isinstance(first.get(p), list)}
    for name in ("built", "candidates"):  # by label; what the searches have in common is compared below
        by_label = {label: part for settings in searches[::-1] for label, part in settings.get(name, {}).items()}
        lists |= {name: by_label} if by_label else {}
    own = {(entry["kind"], entry["name"]): entry for settings in searches for entry in settings.get("own", ())}
    united = {**first, "factors": factors, **lists, **largest, **({"own": list(own.values())} if own else {})}
    base = Recipe.from_json(json.dumps(first["recipe"]))
    united["default_arm"] = default_arm(arms_in(united), base).name
    for place, settings in zip(places, searches, strict=True):
        difference = first_difference(settings, united)
        if difference is not None:
            accepted = f"searches with the same settings but for repeats, trials and names ({place} has {difference})"
            raise InvalidArgument("directories", [str(place) for place in places], accepted)
    return united


def _add(kept: dict[str, _Kept], place: Path, places: Sequence[Path]) -> None:
    """Adds the trainings of one search to those kept."""
    lines = read_lines(place)[0]
    tuned = [record for _, record in lines.values() if record.stage == "tune"]
    for line, record in lines.values():
        own = _Kept(line, record, outcomes_file(place, record.key), weights_file(place, record.key))
        before = kept.get(record.key)
        if before is not None and record.stage == "confirm" and before.record.values != record.values:
            own = _with_setting(own, tuned)
            before = kept.get(own.record.key)
        if before is None:
            kept[own.record.key] = own
            continue
        _check_same(before.record, own.record, places)
        for files in ("outcomes", "weights"):
            if not getattr(kept[own.record.key], files).is_file():
                replaced = {files: getattr(own, files)}
                kept[own.record.key] = dataclasses.replace(kept[own.record.key], **replaced)


def _with_setting(training: _Kept, tuned: Sequence[Record]) -> _Kept:
    """A repeat, named by the trial that found its setting: another search has repeated another one under its name."""
    record = training.record
    tuning = [trial for trial in tuned if (trial.arm, trial.tuning) == (record.arm, record.tuning)]
    setting = next((trial.trial for trial in tuning if record.has(trial.values)), None)
    if setting is None:
        return training
    named = dataclasses.replace(record, key=f"{record.arm}/confirm/{record.trial}/{setting}")
    return dataclasses.replace(training, line=line_of(named).encode(), record=named)


def _check_same(first: Record, second: Record, places: Sequence[Path]) -> None:
    """Raises if two records of one training differ by more than their time."""
    fields = [json.loads(dataclasses.replace(record, seconds=0.0).to_json()) for record in (first, second)]
    for name in fields[0]:
        before, now = (json.dumps(values.get(name)) for values in fields)  # as text, so that NaN equals NaN
        if before != now:
            accepted = (
                f"searches in which a training has one outcome ({first.key} has the {name} {_short(before)} in one, "
                f"{_short(now)} in another)"
            )
            raise InvalidArgument("directories", [str(place) for place in places], accepted)


def _environment(places: Sequence[Path]) -> dict[str, Any]:
    """What is the same of the searches' environments, without the commands, and where the searches were."""
    facts = [read_environment(place) for place in places]
    same = {name: value for name, value in facts[0].items() if all(other.get(name) == value for other in facts[1:])}
    for name in ("command", "directory"):
        same.pop(name, None)
    return {**same, "merged": ", ".join(map(str, places))}


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
