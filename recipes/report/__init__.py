"""The report of a comparison: tables, plots and one self-contained HTML page.

An *arm* is an optimizer with a regularizer. Everything here takes a ``Results`` (plain tables and settings) and does
not depend on how they were obtained. Importing this package is cheap: the names below are loaded on first use.

Example:
    >>> from recipes.report import Results, rich_table, write_page
    >>> results = Results(settings, trials, epochs, summary, main_effects, verdict)   # doctest: +SKIP
    >>> write_page(results, "report.html")   # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Results": "results",
    "rich_table": "tables",
    "main_effects_table": "tables",
    "text_table": "tables",
    "save_plots": "plots",
    "write_page": "page",
}

__all__ = ["Results", "main_effects_table", "rich_table", "save_plots", "text_table", "write_page"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
