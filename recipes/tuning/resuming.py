"""Resumption: the command that goes on with a search, or why there is none."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from .environment_file import read_environment
from .extending import first_difference
from .ledger import is_open
from .settings import read_settings, written_today

__all__ = ["Resumption", "obstacle", "resumption_of"]

Options = Mapping[str, str | None]
"""Options of a command that are replaced by a value, or left out."""


@dataclass(frozen=True)
class Resumption:
    """How to go on with a search.

    Args:
        command: the one that ran it, quoted for a shell; "" (default) for a search from Python, or where the data are
            no longer at the paths in it.
        options: what has to change in it in any case, such as the directory of a search that has been moved.
        obstacle: why this version cannot go on with the search, as the end of a clause; None (default) where it can.
        running: the directory where a process is writing to it now; else None (default).

    Example:
        >>> resumption = Resumption("recipes search digits --repeats 3", {"--directory": "moved"})
        >>> resumption.with_repeats(8)
        '`recipes search digits --directory moved --repeats 8`'
    """

    command: str = ""
    options: Options | None = None
    obstacle: str | None = None
    running: str | None = None

    def again(self) -> str:
        """A sentence: how to go on with a search that has not ended."""
        if self.running is not None:
            return f"It is running: `{shlex.join(['recipes', 'watch', self.running])}`."
        if self.obstacle is not None:
            return f"It {self.obstacle}."
        return f"To go on: {self._changed({})}." if self.command else "The same search again goes on."

    def with_repeats(self, repeats: int) -> str:
        """What to search for more repeats: a command, or in words."""
        if self.obstacle is not None:
            return f"in a new directory, since this search {self.obstacle}"
        if not self.command:
            return f"the same search in the same directory with repeats={repeats}"
        return self._changed({"--repeats": str(repeats), "--seeds": None, "--budget": None})

    def with_time(self) -> str:
        """What to search to go on with a search of which a budget has ended: a command, or in words."""
        if self.obstacle is not None:
            return f"in a new directory, since this search {self.obstacle}"
        return self._changed({"--budget": None}) if self.command else "the same search with more time"

    def _changed(self, changes: Options) -> str:
        changes = {**(self.options or {}), **changes}
        kept, skip = [], False
        for word in shlex.split(self.command):
            if skip:
                skip = False
            elif word in changes:
                skip = True
            elif word.partition("=")[0] not in changes:
                kept.append(word)
        for option, value in changes.items():
            kept += [] if value is None else [option, value]
        return f"`{shlex.join(kept)}`"


def resumption_of(directory: str | os.PathLike[str]) -> Resumption:
    """How to go on with the search in ``directory``."""
    settings, facts = read_settings(directory), read_environment(directory)
    command, place = facts.get("command", ""), os.fspath(directory)
    if not command.startswith("recipes ") or not _finds_its_data(command, settings):
        command = ""
    stays = _resolved(facts.get("directory") or os.devnull) == Path(place).resolve()
    options = {} if stays else {"--directory": place}
    return Resumption(command, options, obstacle(settings), place if is_open(directory) else None)


def obstacle(settings: Mapping[str, Any]) -> str | None:
    """Why this version cannot go on with a search with these settings, as the end of a clause; None where it can.

    Args:
        settings: from :func:`recipes.tuning.settings.read_settings`.
    """
    try:
        difference = first_difference(settings, written_today(settings))
    except InvalidArgument as error:
        return f"cannot be extended by this version ({error})"
    return None if difference is None else f"cannot be extended by this version (it has {difference})"


def _finds_its_data(command: str, settings: Mapping[str, Any]) -> bool:
    """Whether the files of the data are at the paths of the command, which may be relative to another folder."""
    try:
        named = {_resolved(word) for word in shlex.split(command)}
    except ValueError:  # a quotation without end
        return False
    paths = {Path(facts["path"]) for facts in settings.get("data", {}).get("files", {}).values()}
    return all(path in named and os.path.exists(path) for path in paths)


def _resolved(text: str) -> Path | None:
    """The path that a text names; None for one that cannot be a path."""
    try:
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return None
