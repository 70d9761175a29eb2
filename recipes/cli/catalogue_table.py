"""Tables for the terminal. listing: a catalogue. details: one of its entries. kinds_table: the kinds of choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..catalogue import Lookup

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["details", "kinds_table", "listing"]


def kinds_table(kinds: Mapping[str, tuple[int, str]]) -> Table:
    """A rich table with one row per kind: how many names it has and what they are for.

    Args:
        kinds: plural of the kind -> (number of names, summary).
    """
    from rich import box
    from rich.table import Table

    table = Table(title="recipes list KIND, recipes list KIND NAME", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("kind", no_wrap=True, style="bold")
    table.add_column("names", justify="right")
    table.add_column("what it is")
    for name, (count, summary) in kinds.items():
        table.add_row(name, str(count), summary)
    return table


def tunables(entry: Any) -> str:
    """The tunable hyperparameters of an entry, one a line: range, scale and default."""
    return "\n".join(
        f"{hyperparameter.name} {hyperparameter.low:g}..{hyperparameter.high:g}"
        + (" log" if hyperparameter.log else "")
        + (f", {hyperparameter.default:g}" if hyperparameter.default is not None else "")
        + ("" if hyperparameter.by_default else " (if asked for)")
        for hyperparameter in entry.hyperparameters
    )


def details(entry: Any, columns: Callable[[Any], dict[str, str]] = lambda entry: {}) -> Table:
    """A rich table with one row per thing that is known of an entry.

    Args:
        entry: of a catalogue.
        columns: maps it to what else is known, name -> text. Default: nothing.
    """
    from rich import box
    from rich.table import Table

    table = Table(title=entry.name, title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    known = {
        "what it is": entry.summary,
        "when to use it": entry.when,
        "tunable (range, default)": tunables(entry),
        **columns(entry),
        "source": entry.source,
    }
    for heading, text in known.items():
        if text:
            table.add_row(heading, text)
    return table


def listing(title: str, catalogue: Lookup[Any], columns: Callable[[Any], dict[str, str]] = lambda entry: {}) -> Table:
    """A rich table with one row per entry: its summary, tunable hyperparameters (range and default) and source.

    Args:
        title: above the table.
        catalogue: the catalogue to list.
        columns: maps an entry to its additional columns, name -> text; all entries have the same. Default: none.
    """
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("name", no_wrap=True, style="bold")
    table.add_column("what it is")
    tunable = any(entry.hyperparameters for entry in catalogue.values())
    if tunable:
        table.add_column("tunable (range, default)")
    additional = {name: columns(entry) for name, entry in catalogue.items()}
    for column in next(iter(additional.values()), {}):
        table.add_column(column, no_wrap=True)
    table.add_column("source")
    for entry in catalogue.values():
        texts = [*([tunables(entry)] if tunable else []), *additional[entry.name].values()]
        table.add_row(entry.name, entry.summary, *texts, entry.source)
    return table
