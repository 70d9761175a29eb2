"""render, table, picture, data_uri: what the pages of reports share."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from . import formatting
from .plots import to_bytes
from .table_columns import Column

__all__ = ["data_uri", "picture", "render", "table"]

_PILLS = {
    "better": "better",
    "worse": "worse",
    "as good": "good",
    "reference": "default",
    "diverged": "diverged",
    "failed": "diverged",
}


def render(name: str, **values: Any) -> str:
    """A page as one string of HTML.

    Args:
        name: of the template in this folder.
        **values: those that it needs; a missing one is an error.
    """
    folder = resources.files(__package__)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = lambda text: Markup("+<wbr>").join(str(text).split("+"))
    return environment.get_template(name).render(**values)


def table(
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
    winner: str | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """A table for the templates: headings, and rows of cells with their texts and sort keys.

    Args:
        columns: its columns; "marks" are shown otherwise on a page.
        rows: its rows.
        winner, reference: the arms, by their column "arm", that are marked as such. Default: none.
    """
    columns = [column for column in columns if column.name != "marks"]
    return {
        "columns": [{"heading": column.heading, "numeric": column.numeric, "name": column.name} for column in columns],
        "rows": [
            {
                "winner": winner is not None and row.get("arm") == winner,
                "reference": reference is not None and row.get("arm") == reference,
                "cells": [_cell(column, row) for column in columns],
            }
            for row in rows
        ],
    }


def _cell(column: Column, row: dict[str, Any]) -> dict[str, Any]:
    value, text = column.value(row), column.cell(row)
    missing = isinstance(value, float) and not math.isfinite(value)
    return {
        "name": column.name,
        "heading": column.heading,
        "text": text,
        "sort": "" if missing else repr(value) if isinstance(value, float) else value,
        "numeric": column.numeric,
        "pill": _PILLS.get(text, "noise") if column.name == "verdict" and text != formatting.MISSING else None,
    }


def picture(name: str, plot: Any, results: Any, about: str) -> dict[str, Any]:
    """A plot for the templates, for wide and for narrow screens.

    Args:
        name: of the plot on the page.
        plot: with ``title``, ``caption`` and ``draw``, a function of the results.
        results: what it shows.
        about: what it is of, after its title, in the text that stands for it.
    """
    return {
        "name": name,
        "title": plot.title,
        "caption": plot.caption,
        "alt": f"{plot.title} of {about}",
        "source": data_uri(to_bytes(plot.draw(results), "svg")),
        "narrow": data_uri(to_bytes(plot.draw(results, narrow=True), "svg")),
    }


def data_uri(image: bytes, kind: str = "svg+xml") -> str:
    """An image as the value of an attribute ``src``."""
    return f"data:image/{kind};base64," + base64.b64encode(image).decode("ascii")
