"""The report of a bench as one self-contained HTML page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..files import write_bytes
from . import formatting
from .bench_plots import BENCH_PLOTS
from .bench_results import ARMS, SURE, BenchResults, Group
from .bench_tables import dataset_columns, dataset_rows, rank_columns
from .glossary import BENCH_GLOSSARY
from .html import picture, render, table
from .results import records

__all__ = ["render_bench_page", "write_bench_page"]


def write_bench_page(results: BenchResults, path: str | os.PathLike[str]) -> Path:
    """Writes the report of a bench: verdict, sortable tables, plots and settings, in a file that loads nothing.

    Args:
        results: the bench.
        path: the file, in a folder that exists; written atomically.

    Returns:
        The path written.
    """
    return write_bytes(path, render_bench_page(results).encode("utf-8"))


def render_bench_page(results: BenchResults) -> str:
    """The page as one string of HTML, with its images inline."""
    settings = dict(results.settings)
    command = settings.pop("command", None)
    return render(
        "bench.html",
        title=f"Training arms compared on {len(results.datasets)} datasets",
        verdict=results.verdict,
        facts=_facts(results),
        groups=[_group(group) for group in results.groups.values()],
        datasets=table(dataset_columns(), dataset_rows(results)),
        protocol=_protocol(results),
        glossary=list(BENCH_GLOSSARY.items()),
        settings=formatting.flatten(settings),
        command=command,
    )


def _facts(results: BenchResults) -> list[tuple[str, str]]:
    trials = [outcome.trials for outcome in results.datasets.values()]
    seconds = sum(float(table["seconds"].astype(float).sum()) for table in trials)
    facts = [("datasets", str(len(results.datasets))), ("arms", str(len(results.arms)))]
    facts.append(("trainings", f"{sum(map(len, trials)):,}"))
    return [*facts, ("training time", formatting.duration(seconds))]


def _group(group: Group) -> dict[str, Any]:
    words = group.name.replace("_", " ") + "s"
    test = group.test
    told = f"Average ranks {test.difference:.2f} apart are told apart (Nemenyi, {100 * SURE:g} %); Friedman's test: "
    told += f"χ² = {test.chi_square:.1f}, F = {test.f:.2f}, {formatting.p_is(test.p_value)}. "
    told += f"Reference: {group.reference}."
    about = "" if group.name == ARMS else "The mean over all arms that share one: what a choice does by itself. "
    rows = [{**row, "arm": row["level"]} for row in records(group.table)]
    of = f"{len(group.candidates)} {words}. The numbers are in the table above."
    return {
        "name": group.name,
        "title": words.capitalize(),
        "note": about + told,
        "table": table(rank_columns(group), rows, reference=group.reference),
        "plots": [picture(f"{group.name}-{name}", plot, group, of) for name, plot in BENCH_PLOTS.items()],
    }


def _protocol(results: BenchResults) -> list[str]:
    """How it was measured, in steps."""
    settings = next(iter(results.datasets.values())).settings
    trials, repeats = settings.get("trials"), settings.get("repeats")
    return [
        f"On each dataset every arm was searched by the same protocol: {trials} setting{'s' * (trials != 1)} of its "
        f"learning rate and strengths, {settings.get('epochs')} epochs, {repeats} repeats of the best one. `recipes "
        "report` of a dataset's folder shows its own intervals.",
        "The mean test score of an arm on a dataset is one number here. Its noise is not: a dataset counts once, "
        "however large its test split and however many repeats it has.",
        "Arms are ranked on each dataset; an arm without a score, since it diverged, is the last. Friedman's test in "
        "Iman and Davenport's form asks whether the average ranks differ by more than chance, Nemenyi's which "
        "(Demšar 2006, JMLR 7).",
        "The Bayesian signed-rank test (Benavoli, Corani, Demšar & Zaffalon 2017, JMLR 18) counts differences in "
        "margins of each dataset, so that accuracies and errors count alike.",
        "Performance profiles are those of Dolan & Moré 2002, of 1 - score or of the error. A loss below half a test "
        "example counts as half.",
    ]
