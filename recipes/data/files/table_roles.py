"""role_values: the columns of a table file that decide about the splits, of the rows that have a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....callbacks.checks import InvalidArgument
from .table_blocks import TableBlocks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["role_values"]

WORDS = ("string", "mixed", "mixed-integer")
"""What pandas says of strings alone, and beside numbers or booleans."""


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
    names = list(dict.fromkeys([*targets, *roles.values()]))
    frames = {split: _labelled(table, names, targets, as_written) for split, table in blocks.items() if roles}
    words = [name for name in roles.values() if _has_words([frame[name] for frame in frames.values()])]
    if words:
        frames = {split: _labelled(blocks[split], names, targets, [*as_written, *words]) for split in frames}
    values: dict[str, dict[str, Any]] = {role: {} for role in roles}
    for split, frame in frames.items():
        table = blocks[split]
        for role, name in roles.items():
            missing = frame[name].isna()
            if missing.any():
                where = f"{table.unit} {frame.index[missing][0]}"
                count = f"{missing.sum():,} of {len(frame):,} are missing, the first in {where}"
                accepted = f"a table with a value of {name!r} ({role}) in every row, but {count}"
                raise InvalidArgument(role, table.path.name, accepted)
            values[role][split] = frame[name].to_numpy()
    return values


def _labelled(table: TableBlocks, names: Sequence[str], targets: Sequence[str], strings: Sequence[str]) -> pd.DataFrame:
    """These columns in the rows that have a target."""
    import pandas as pd

    frames = table.frames(names, strings=strings, nullable=targets)
    return pd.concat([block.dropna(subset=list(targets)) for block in frames])


def _has_words(columns: Sequence[pd.Series[Any]]) -> bool:
    """Whether only some blocks or splits of a column are strings, so that the others have to be read as strings too."""
    import pandas as pd

    kinds = {pd.api.types.infer_dtype(column, skipna=True) for column in columns}
    return kinds != {"string"} and any(kind in WORDS for kind in kinds)
