"""Assignment: what whoever trains has to know of a search, whichever training it gets."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..recipe import Recipe
from .protocol import Protocol
from .shared_data import read_data

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["Assignment"]


@dataclass(frozen=True)
class Assignment:
    """What all trainings of a search share. It can be pickled.

    Args:
        data: what is trained on, or the path that :func:`recipes.tuning.shared_data.write_data` wrote it to.
        recipe: everything that the arms share, as :meth:`recipes.Recipe.to_json` writes it.
        protocol: of the search.
        directory: of the search, where the epochs of a training are noted while it runs; None for nowhere.
        threads: the cores that a process of its own takes; None for all.
    """

    data: Data | Path
    recipe: str
    protocol: Protocol
    directory: Path | None = None
    threads: int | None = None

    @classmethod
    def of(
        cls, data: Data, base: Recipe, protocol: Protocol, directory: str | os.PathLike[str] | None = None
    ) -> Assignment:
        """The assignment of a search in ``directory``, for all cores of this process."""
        return cls(data, base.to_json(), protocol, None if directory is None else Path(directory))

    def for_process(self, threads: int, data: Path | None = None) -> Assignment:
        """The same for a process that takes so many cores, which reads the data from a path if one is given."""
        return dataclasses.replace(self, data=self.data if data is None else data, threads=threads)

    def load_data(self) -> Data:
        """The data, read where it is a path."""
        return read_data(self.data) if isinstance(self.data, Path) else self.data

    def base(self) -> Recipe:
        """Everything that the arms share."""
        return Recipe.from_json(self.recipe)
