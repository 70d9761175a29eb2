"""The report as one self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..files import write_bytes
from . import formatting
from .glossary import glossary
from .how_measured import protocol
from .html import data_uri, picture, render, table
from .mistakes import Mistakes, confused_columns, slice_columns
from .plots import PLOTS
from .results import Results, records
from .table_columns import Column, effect_columns, notes, summary_columns

__all__ = ["render_page", "write_page"]


def write_page(results: Results, path: str | os.PathLike[str], mistakes: Mistakes | None = None) -> Path:
    """Writes the report: verdict, sortable tables, plots, protocol and settings.

    The page is a single file with its images, styles and script inline; it loads nothing. On a telephone the rows of
    the tables become lists and the plots are drawn for its width.

    Args:
        results: the comparison.
        path: the file, in a folder that exists; written atomically.
        mistakes: where the decision errs, to be shown as well. Default: nothing.

    Returns:
        The path written.

    Example:
        >>> write_page(results, "report.html")   # doctest: +SKIP
        PosixPath('report.html')
    """
    return write_bytes(path, render_page(results, mistakes).encode("utf-8"))


def render_page(results: Results, mistakes: Mistakes | None = None) -> str:
    """The page as one string of HTML, with its images inline.

    Args:
        results: the comparison to show.
        mistakes: as for :func:`write_page`.
    """
    settings = dict(results.settings)
    command = settings.pop("command", None)
    subject = [str(settings[name]) for name in ("model", "dataset") if settings.get(name)]
    return render(
        "page.html",
        title=f"Training arms compared: {' on '.join(subject)}" if subject else "Training arms compared",
        verdict=results.verdict,
        facts=_facts(results),
        summary=_table(summary_columns(results), results.rows(), results),
        notes=notes(results),
        glossary=glossary(results),
        order=results.metric.words,
        effects=_table(effect_columns(results), records(results.main_effects), results),
        plots=[
            picture(name, plot, results, f"{len(results.summary)} arms. {_best(results)}")
            for name, plot in PLOTS.items()
        ],
        mistakes=None if mistakes is None else _mistakes(mistakes, results),
        protocol=protocol(results),
        settings=formatting.flatten(settings),
        command=command,
    )


def _facts(results: Results) -> list[tuple[str, str]]:
    """The key figures at the top of the page: names and formatted values."""
    facts = [("arms", str(len(results.summary))), ("trainings", f"{len(results.trials):,}")]
    seconds = results.trials["seconds"].astype(float).sum()
    if seconds > 0:
        facts.append(("training time", formatting.duration(seconds)))
    best = results.row(results.winner) if results.winner is not None else None
    if best:
        facts.append(("decision", str(best["arm"])))
        score = formatting.spread(best["test_mean"], best["test_sd"], results.metric)
        facts.append((f"its test {results.metric.label}", score))
    return facts


def _best(results: Results) -> str:
    best = results.row(results.winner) if results.winner is not None else None
    if best is None:
        return "No arm has a score."
    score = formatting.score(best["test_mean"], results.metric)
    return f"Decision: {best['arm']}, test {results.metric.label} {score}. The numbers are in the table of arms."


def _mistakes(mistakes: Mistakes, results: Results) -> dict[str, Any]:
    """Slices, confused classes and the worst examples for the template."""
    return {
        "arm": mistakes.arm,
        "repeats": mistakes.repeats,
        "slices": _table(slice_columns(mistakes, results), records(mistakes.slices), results),
        "confused": _table(confused_columns(), records(mistakes.confused), results),
        "worst": [
            {
                **vars(example),
                "loss": f"{example.loss:.3g}",
                "source": None if example.picture is None else data_uri(example.picture, "png"),
            }
            for example in mistakes.worst
        ],
    }


def _table(columns: Sequence[Column], rows: Sequence[dict[str, Any]], results: Results) -> dict[str, Any]:
    return table(columns, rows, winner=results.winner, reference=results.reference)
