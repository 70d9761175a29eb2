"""listing: the entries of a catalogue as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..catalogue import Lookup

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["listing"]


def listing(title: str, catalogue: Lookup[Any], columns: Callable[[Any], dict[str, str]] = lambda entry: {}) -> Table:
    """A rich table: a row an entry with its summary, tunable hyperparameters (range and default) and source.

    Args:
        title: above the table.
        catalogue: what to list.
        columns: gives more columns of an entry, the same for each: name -> text. Default: none.
    """
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("name", no_wrap=True, style="bold")
    table.add_column("what it is")
    tunable = any(entry.hyperparameters for entry in catalogue.values())
    if tunable:
        table.add_column("tunable (range, default)")
    more = {name: columns(entry) for name, entry in catalogue.items()}
    for column in next(iter(more.values()), {}):
        table.add_column(column, no_wrap=True)
    table.add_column("source")
    for entry in catalogue.values():
        ranges = [
            f"{each.name} {each.low:g}..{each.high:g}"
            + (" log" if each.log else "")
            + (f", {each.default:g}" if each.default is not None else "")
            for each in entry.hyperparameters
        ]
        texts = [*(["\n".join(ranges)] if tunable else []), *more[entry.name].values()]
        table.add_row(entry.name, entry.summary, *texts, entry.source)
    return table
