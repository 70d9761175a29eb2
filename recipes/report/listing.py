"""listing: the entries of a catalogue as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes.catalogue import Catalogue

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["listing"]


def listing(title: str, catalogue: Catalogue) -> Table:
    """A rich table: a row an entry with its summary, tunable hyperparameters (range and default) and source.

    Args:
        title: above the table.
        catalogue: what to list.
    """
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("name", no_wrap=True, style="bold")
    table.add_column("what it is")
    tunable = any(entry.hyperparameters for entry in catalogue.values())
    if tunable:
        table.add_column("tunable (range, default)")
    table.add_column("source")
    for entry in catalogue.values():
        ranges = [
            f"{each.name} {each.low:g}..{each.high:g}"
            + (" log" if each.log else "")
            + (f", {each.default:g}" if each.default is not None else "")
            for each in entry.hyperparameters
        ]
        table.add_row(entry.name, entry.summary, *(["\n".join(ranges)] if tunable else []), entry.source)
    return table
