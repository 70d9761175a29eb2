"""Assignment: what a worker needs to know of a search, whichever trainings it runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...recipe import Recipe
from ...registration.own_entries import import_own
from ..own_callbacks import NO_CALLBACKS, OwnCallbacks
from ..protocol import Protocol
from .shared_data import read_data

if TYPE_CHECKING:
    from ...data import Data

__all__ = ["Assignment"]


@dataclass(frozen=True)
class Assignment:
    """What all trainings of a search share. It can be pickled.

    Args:
        data: the data, or the path to which :func:`recipes.tuning.running.shared_data.write_data` wrote it.
        recipe: the recipe that the arms share, as written by :meth:`recipes.Recipe.to_json`.
        protocol: the search's protocol.
        own: the names that do not come with this package, as :func:`recipes.tuning.settings.own_of` lists them.
        callbacks: of one's own.
        directory: the search's directory, where running trainings note their epochs; None (default) for nowhere.
        threads: the cores that a worker process takes; None (default) for all.
    """

    data: Data | Path
    recipe: str
    protocol: Protocol
    own: tuple[Any, ...] = ()
    callbacks: OwnCallbacks = NO_CALLBACKS
    directory: Path | None = None
    threads: int | None = None

    @classmethod
    def of(
        cls,
        data: Data,
        base: Recipe,
        protocol: Protocol,
        directory: str | os.PathLike[str] | None = None,
        own: Sequence[Any] = (),
        callbacks: OwnCallbacks = NO_CALLBACKS,
    ) -> Assignment:
        """The assignment of a search in ``directory``, for all cores of this process."""
        place = None if directory is None else Path(directory)
        return cls(data, base.to_json(), protocol, tuple(own), callbacks, place)

    def for_process(self, threads: int, data: Path | None = None) -> Assignment:
        """The same for a process that takes ``threads`` cores, and reads the data from the path ``data`` if given."""
        return dataclasses.replace(self, data=self.data if data is None else data, threads=threads)

    def load_data(self) -> Data:
        """The data, read from its file if it is a path."""
        return read_data(self.data) if isinstance(self.data, Path) else self.data

    def base(self) -> Recipe:
        """The recipe that the arms share. Names that do not come with this package are imported."""
        import_own(self.own)
        return Recipe.from_json(self.recipe)
