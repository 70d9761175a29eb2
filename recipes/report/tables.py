"""The tables of a comparison, for the terminal and for text files."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from .results import Results, records
from .table_columns import NO_SCORE, Column, effect_columns, notes, summary_columns

__all__ = ["columns_table", "main_effects_table", "rich_table", "text_table"]

_COLOURS = {
    "better": "green",
    "worse": "red",
    "as good": "blue",
    "reference": "cyan",
    "open": "dim",
    **dict.fromkeys(NO_SCORE, "magenta"),
}
_GAP = 2  # characters between two columns
_FOLDABLE = ("arm", "level")  # columns whose cells may be broken after a "+"
_WRAPPED = ("slice", "truth", "answer", "answers", "text")  # columns whose cells may be broken between words
_ESSENTIAL = 80  # the priority from which a column is kept rather than the names on one line


def rich_table(results: Results, limit: int | None = None, width: int | None = None) -> Table:
    """The arms, best first, as a table for ``rich.print``.

    Args:
        results: the comparison.
        limit: the most arms to show; None (default) for all. The reference, the decision and
            the arms that are better are shown in any case.
        width: characters per line; None (default) for the width of the terminal. If the table is wider, its least
            important columns are left out, and then names are folded; the column that orders the arms stays.

    Returns:
        The table. The decision has a star and the reference a diamond; verdicts are coloured.

    Example:
        >>> rich.print(rich_table(results, limit=10))   # doctest: +SKIP
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    rows, left_out = _first(results, limit)
    columns = _fitting(summary_columns(results), rows, width)
    title = f"{_title(results)}: arms, best validation {results.metric.words} first".removeprefix(": ")
    legend = notes(results) + ([f"{left_out} more arms not shown"] if left_out else [])
    table = _table(columns, rows, title=title, caption=" · ".join(legend))
    room = _room(columns, rows, width)
    for row in rows:
        style = "bold" if row["arm"] == results.winner else ""
        table.add_row(*(_cell(column, row, room) for column in columns), style=style)
    return table


def main_effects_table(results: Results, width: int | None = None) -> Table:
    """The average of each optimizer over the regularizers, of each regularizer over the optimizers, and so on.

    Args:
        results: the comparison.
        width: as for :func:`rich_table`.

    Returns:
        A table for ``rich.print``, with one section per factor.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    rows = records(results.main_effects)
    columns = _fitting(effect_columns(results), rows, width)
    table = _table(columns, rows, title="Main effects", caption="mean over all arms that share the level")
    room = _room(columns, rows, width)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ends = following is not None and following["factor"] != row["factor"]
        table.add_row(*(_cell(column, row, room) for column in columns), end_section=ends)
    return table


def columns_table(
    columns: Sequence[Column], rows: Sequence[dict[str, Any]], title: str, width: int | None = None
) -> Table:
    """A table of some rows; columns are left out as for :func:`rich_table`."""
    chosen = _fitting(columns, rows, width or shutil.get_terminal_size((100, 24)).columns)
    table = _table(chosen, rows, title=title, caption="")
    for row in rows:
        table.add_row(*(_cell(column, row, 0) for column in chosen))
    return table


def text_table(results: Results, limit: int | None = None) -> str:
    """The arms, best first, as a Markdown table with aligned columns.

    Args:
        results: the comparison.
        limit: as for :func:`rich_table`.

    Returns:
        The text, with the legend below the table and a newline at its end.
    """
    columns = summary_columns(results)
    rows, left_out = _first(results, limit)
    body = [[column.cell(row).replace("|", "\\|") for column in columns] for row in rows]
    widths = [
        max(3, cell_len(column.heading), *(cell_len(line[i]) for line in body)) for i, column in enumerate(columns)
    ]
    rule = ["-" * (size - 1) + (":" if column.numeric else "-") for column, size in zip(columns, widths, strict=True)]
    lines = [_line([column.heading for column in columns], columns, widths), _line(rule, columns, widths)]
    lines += [_line(line, columns, widths) for line in body]
    legend = notes(results) + ([f"{left_out} more arms not shown"] if left_out else [])
    return "\n".join([*lines, "", " · ".join(legend)]).replace("· *", "· \\*").replace("\u00a0", " ") + "\n"


def _title(results: Results) -> str:
    return " on ".join(str(results.settings[name]) for name in ("model", "dataset") if results.settings.get(name))


def _first(results: Results, limit: int | None) -> tuple[list[dict[str, Any]], int]:
    """The first ``limit`` rows with those that matter most, and the number of rows left out."""
    rows = results.rows()
    kept = (results.reference, results.winner)
    further = rows[len(rows[:limit]) :]
    shown = rows[:limit] + [row for row in further if row["arm"] in kept or row["verdict"] == "better"]
    return shown, len(rows) - len(shown)


def _fitting(columns: Sequence[Column], rows: Sequence[dict[str, Any]], width: int) -> list[Column]:
    """The columns that fit, most important first; names are folded for the essential ones only."""
    chosen: list[Column] = []
    for column in sorted(columns, key=lambda column: -column.keep):
        folded = column.keep >= _ESSENTIAL
        if sum(_width(other, rows, folded) + _GAP for other in [*chosen, column]) - _GAP <= width:
            chosen.append(column)
        elif not folded:
            break
    return [column for column in columns if column in chosen]


def _width(column: Column, rows: Sequence[dict[str, Any]], folded: bool = False) -> int:
    """The width that shows every cell of the column, or part of a folded one, and every word of its heading."""
    cells = [column.cell(row) for row in rows]
    if folded and column.name in _FOLDABLE:
        cells = [part for cell in cells for part in _parts(cell)]
    if folded and column.name in _WRAPPED:
        cells = [word for cell in cells for word in cell.split()]
    return max([0, *map(len, column.heading.split()), *map(cell_len, cells)])


def _room(columns: Sequence[Column], rows: Sequence[dict[str, Any]], width: int) -> int:
    """The characters that the other columns leave for the names."""
    others = [_width(column, rows) for column in columns if column.name not in _FOLDABLE]
    return width - sum(others) - _GAP * len(others)


def _table(columns: Sequence[Column], rows: Sequence[dict[str, Any]], title: str, caption: str) -> Table:
    table = Table(
        title=Text(title) if title else None,
        caption=Text(caption) if caption else None,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
        caption_justify="left",
    )
    for column in columns:
        foldable = column.name in (*_FOLDABLE, *_WRAPPED)
        table.add_column(
            Text(textwrap.fill(column.heading, max(1, _width(column, rows)))),
            justify="right" if column.numeric else "left",
            overflow="fold",
            vertical="top",
            no_wrap=not foldable,
            min_width=None if foldable else _width(column, rows),
        )
    return table


def _cell(column: Column, row: dict[str, Any], room: int) -> Text:
    text = column.cell(row)
    if column.name in _FOLDABLE:
        return _folded(text, room)
    return Text(text, style=_COLOURS.get(text, "") if column.name == "verdict" else "")


def _folded(name: str, room: int) -> Text:
    """The name of an arm in lines of at most ``room`` characters, broken after a "+" where that is possible."""
    lines = [""]
    for part in _parts(name):
        if lines[-1] and cell_len(lines[-1] + part) > room:
            lines.append("")
        lines[-1] += part
    return Text("\n".join(lines))


def _parts(name: str) -> list[str]:
    """The parts of a name that stay on one line."""
    return name.replace("+", "+\n").split("\n")


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if column.numeric else cell + space)
    return "| " + " | ".join(padded) + " |"
