"""role_values: the columns of a table file that decide about the splits, of the rows that have a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....callbacks.checks import InvalidArgument
from .table_blocks import TableBlocks

__all__ = ["role_values"]


def role_values(
    blocks: Mapping[str, TableBlocks], targets: Sequence[str], roles: Mapping[str, str], as_written: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Arguments of :meth:`recipes.Data.from_arrays`: role -> split -> the values of its column.

    Args:
        blocks: split -> the file.
        targets: names of the targets; rows in which one is missing are left out.
        roles: "groups", "time" and "stratify" -> name of the column.
        as_written: names of columns to read as strings, such as the numbers of patients with leading zeros.

    Raises:
        InvalidArgument: for a missing value, naming its line.

    Example:
        >>> role_values({"train": blocks}, ["y"], {"groups": "patient"}, [])      # doctest: +SKIP
        {'groups': {'train': array([3, 3, 7])}}
    """
    import pandas as pd

    values: dict[str, dict[str, Any]] = {role: {} for role in roles}
    for split, table in blocks.items() if roles else ():
        names = list(dict.fromkeys([*targets, *roles.values()]))
        frames = table.frames(names, strings=as_written, nullable=targets)
        frame = pd.concat([block.dropna(subset=list(targets)) for block in frames])
        for role, name in roles.items():
            missing = frame[name].isna()
            if missing.any():
                where = f"{table.unit} {frame.index[missing][0]}"
                count = f"{missing.sum():,} of {len(frame):,} are missing, the first in {where}"
                accepted = f"a table with a value of {name!r} ({role}) in every row, but {count}"
                raise InvalidArgument(role, table.path.name, accepted)
            values[role][split] = frame[name].to_numpy()
    return values
