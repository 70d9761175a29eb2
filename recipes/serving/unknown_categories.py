"""UnknownCategories: the values of categories that a model does not know, counted for one warning."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...callbacks.warning import warn
from ..data.spec import Spec

__all__ = ["UnknownCategories"]

SHOWN = 5
"""So many columns are named."""


class UnknownCategories:
    """Counts, block by block, the values that are not among those of training. Missing ones are not counted.

    No example of training has told the model anything of them, so that its answer may be far from right, for example
    where a file says "YES" for "yes".

    Args:
        spec: of the data that the model was trained on.

    Example:
        >>> unknown = UnknownCategories(spec)                                            # doctest: +SKIP
        >>> unknown.add({"plan": np.array(["basic", "gold"], object)})
        >>> unknown.warn("customers.csv")
        UserWarning: customers.csv: the model does not know some values: 'plan' 1 of 2, such as 'gold'
    """

    def __init__(self, spec: Spec):
        self._known = {
            feature.name: frozenset(feature.vocabulary) for feature in spec.features if feature.kind == "category"
        }
        self._found: dict[str, tuple[int, str | int]] = {}
        self._total = dict.fromkeys(self._known, 0)

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Adds a block.

        Args:
            arrays: user's name -> values as :func:`recipes.serving.conversion.fitted` returns them.
        """
        for name, known in self._known.items():
            values = np.asarray(arrays[name]).reshape(-1)
            self._total[name] += len(values)
            missing = {""} if values.dtype.kind not in "iu" else {*_ends(values.dtype)}
            unknown = [value for value in values.tolist() if value not in known and value not in missing]
            if unknown:
                count, first = self._found.get(name, (0, unknown[0]))
                self._found[name] = count + len(unknown), first

    def warn(self, where: str) -> None:
        """Warns once of what was found, if anything.

        Args:
            where: what has been read.
        """
        if not self._found:
            return
        told = [
            f"{name!r} {count:,} of {self._total[name]:,}, such as {first!r}"
            for name, (count, first) in list(self._found.items())[:SHOWN]
        ]
        more = f"; and {len(self._found) - SHOWN} more columns" if len(self._found) > SHOWN else ""
        warn(f"{where}: the model does not know some values: {'; '.join(told)}{more}")


def _ends(dtype: np.dtype) -> tuple[int, int]:
    """What stands for a missing integer."""
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
