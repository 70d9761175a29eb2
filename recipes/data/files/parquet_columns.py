"""plain_column: columns of Parquet's own types as strings and numbers, as a CSV file would have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ....callbacks.checks import InvalidArgument
from ..strings.date_formats import ISO_DATE, ISO_TIME

__all__ = ["category_names", "date_names", "formats_of_dates", "plain_column", "time_names"]

CLOCK = 8
"""The number of characters of a time of day without fractions of seconds."""


def category_names(schema: Any) -> list[str]:
    """The names of the columns that are categories.

    Args:
        schema: of pyarrow.
    """
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_dictionary(field.type)]


def date_names(schema: Any) -> list[str]:
    """The names of the columns that are dates, with or without a time of day.

    Args:
        schema: of pyarrow.
    """
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)]


def time_names(schema: Any) -> list[str]:
    """The names of the columns that are times, with or without a date.

    Args:
        schema: of pyarrow.
    """
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_time(field.type) or pa.types.is_timestamp(field.type)]


def formats_of_dates(path: Path, names: list[str], rows: int) -> dict[str, str]:
    """The formats of the columns of dates among these: with a time of day where one value has one.

    Args:
        path: a Parquet file.
        names: names of columns.
        rows: maximum number of rows to read together.

    Raises:
        InvalidArgument: for years of more than four digits, and before the year 1.
    """
    import pyarrow as pa
    from pyarrow import compute, parquet

    with parquet.ParquetFile(path) as file:
        types = {field.name: field.type for field in file.schema_arrow if field.name in names}
        formats = {name: ISO_DATE for name, kind in types.items() if pa.types.is_date(kind)}
        times = [name for name, kind in types.items() if pa.types.is_timestamp(kind)]
        formats |= dict.fromkeys(times, ISO_DATE)
        for batch in file.iter_batches(batch_size=rows, columns=list(formats)) if formats else ():
            for name in formats:
                _check_years(path, name, batch.column(name))
            for name in times:
                column = batch.column(name)
                whole = compute.all(compute.equal(compute.floor_temporal(column, unit="day"), column)).as_py()
                if whole is False:
                    formats[name] = ISO_TIME
    return formats


def _check_years(path: Path, name: str, column: Any) -> None:
    from pyarrow import compute

    years = compute.min_max(compute.year(column)).as_py()
    wrong = [year for year in years.values() if year is not None and not 1 <= year <= 9999]
    if wrong:
        accepted = f"a table with dates of the years 1 to 9999, but column {name!r} has one of {wrong[0]}"
        raise InvalidArgument(path.name, wrong[0], accepted)


def plain_column(column: Any, format: str | None) -> Any:
    """A column of dates, times, decimals, categories or bytes as strings or numbers; any other as it is.

    Args:
        column: an array of pyarrow.
        format: of dates, from :func:`formats_of_dates`; times with a zone are those of its clocks.

    Example:
        >>> import datetime, pyarrow
        >>> plain_column(pyarrow.array([datetime.date(2020, 1, 31), None]), "%Y-%m-%d").to_pylist()
        ['2020-01-31', None]
    """
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    if format is not None:
        seconds = pa.timestamp("s", tz=getattr(kind, "tz", None))
        return compute.strftime(compute.cast(column, seconds, safe=False), format=format)
    if pa.types.is_time(kind):
        return compute.utf8_slice_codeunits(compute.cast(column, pa.string()), 0, CLOCK)
    if pa.types.is_decimal(kind):
        return compute.cast(compute.cast(column, pa.string()), pa.float64())  # the nearest one, as Python's float()
    if pa.types.is_dictionary(kind):
        return compute.cast(compute.cast(column, kind.value_type), pa.string())
    return compute.cast(column, pa.string()) if pa.types.is_binary(kind) else column
