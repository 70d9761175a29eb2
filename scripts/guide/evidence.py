"""What was measured here of a choice: the rows of results/ that name it, averaged over seeds."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

__all__ = ["EVIDENCE", "Evidence", "evidence_of"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Evidence:
    """A file of results that names the choices of a kind.

    Args:
        kind: of the choices, in the plural.
        file: below ``results/``.
        column: which names the choice.
        what: what the rows say, one sentence.
        values: heading -> column, and factor for the unit; shown as mean ± standard deviation over the rows.
        by: columns of which each combination is a row of the table.
        only: column -> value that a row must have.
    """

    kind: str
    file: str
    column: str
    what: str
    values: dict[str, tuple[str, float]]
    by: tuple[str, ...] = ()
    only: dict[str, object] = field(default_factory=dict)


def effects(kind: str, factor: str) -> list[Evidence]:
    """The mean effects of a factor in the searches and in the bench that are on record."""
    searches = [("search_mnist", "MNIST, 5 epochs"), ("search_digits", "digits")]
    values = {"test accuracy (%)": ("test_mean", 100.0), "difference (points)": ("difference", 100.0)}
    found = [
        Evidence(
            kind,
            f"{folder}/main_effects.csv",
            "level",
            f"Mean over the arms of a search on {data}, and the difference from its default.",
            values,
            ("verdict",),
            {"factor": factor},
        )
        for folder, data in searches
    ]
    ranks = {"average rank": ("rank", 1.0), "best on": ("first", 1.0)}
    what = "Average rank over twelve small tables, on how many of them it is the best, and against the default."
    return [*found, Evidence(kind, "bench/ranks.csv", "level", what, ranks, ("verdict",), {"factor": factor})]


EVIDENCE = (
    Evidence(
        "optimizers",
        "optimizers.csv",
        "optimizer",
        "An MLP on MNIST, 6 epochs of 1cycle, the peak rate by a range test for each training.",
        {"test error (%)": ("test_error", 100.0)},
    ),
    *effects("optimizers", "optimizer"),
    Evidence(
        "optimizers",
        "benchmark_optimizers.csv",
        "optimizer",
        "Time of a step relative to that of Keras' nearest optimizer.",
        {"time": ("wall_ratio", 1.0)},
        ("peer", "layers", "units"),
    ),
    Evidence(
        "regularizers",
        "regularizers.csv",
        "regularizer",
        "Few labels: the best of four strengths and two rates, chosen on validation data.",
        {"test accuracy (%)": ("test_accuracy", 100.0)},
        ("dataset", "model"),
        {"chosen": True},
    ),
    *effects("regularizers", "regularizer"),
    Evidence(
        "regularizers",
        "benchmark_regularizer_cost.csv",
        "regularizer",
        "Time of an epoch relative to that without a regularizer.",
        {"time": ("ratio", 1.0)},
        ("model",),
    ),
    Evidence(
        "models",
        "embedded.csv",
        "model",
        "The default recipe of version 0.1 on datasets that come along and on larger ones.",
        {"test score": ("test", 1.0), "epochs": ("epochs", 1.0), "seconds": ("seconds", 1.0)},
        ("case", "metric"),
    ),
    Evidence(
        "precisions",
        "precision.csv",
        "precision",
        "Three convolutional layers on a tenth of CIFAR-10, 4 epochs.",
        {"accuracy (%)": ("accuracy", 100.0), "images a second": ("images_per_second", 1.0)},
    ),
    Evidence(
        "refits",
        "refit.csv",
        "how",
        "After early stopping, over ten seeds.",
        {"test accuracy (%)": ("test_accuracy", 100.0)},
        ("dataset", "schedule"),
    ),
    Evidence(
        "prunings",
        "pruning.csv",
        "prune",
        "Searches with and without it: the decision's score, and the time.",
        {"test score": ("test_mean", 1.0), "seconds": ("seconds", 1.0)},
        ("dataset",),
    ),
    Evidence(
        "formats",
        "formats.csv",
        "format",
        "Answers of exported models, by kind of model.",
        {"milliseconds an answer": ("milliseconds an answer", 1.0), "kibibytes": ("bytes", 1 / 1024)},
        ("kind",),
    ),
)


@functools.cache
def rows_of(file: str) -> pd.DataFrame:
    """A file of results."""
    return pd.read_csv(ROOT / "results" / file, keep_default_na=False, na_values=[""])


def number(values: pd.Series) -> str:
    """Mean ± standard deviation, with as many digits as tell; the mean alone of one number."""
    values = values.dropna()
    if not len(values):
        return "-"
    mean, spread = values.mean(), values.std() if len(values) > 1 else 0.0
    places = 0 if abs(mean) >= 1000 else 1 if abs(mean) >= 100 else 2 if abs(mean) >= 1 else 3
    return f"{mean:,.{places}f}" + (f" ± {spread:,.{places}f}" if spread else "")


def evidence_of(kind: str, name: str) -> str:
    """Tables in Markdown of what was measured of a choice; empty if nothing was.

    Args:
        kind: in the plural, as in ``recipes.catalogues.KINDS``.
        name: of the choice.
    """
    parts = []
    for evidence in EVIDENCE:
        if evidence.kind != kind:
            continue
        rows = rows_of(evidence.file)
        rows = rows[rows[evidence.column] == name]
        for column, value in evidence.only.items():
            rows = rows[rows[column] == value]
        if not len(rows):
            continue
        lines = ["| " + " | ".join([*evidence.by, *evidence.values, "rows"]) + " |"]
        lines.append("|" + "---|" * (len(evidence.by) + len(evidence.values) + 1))
        groups = rows.groupby(list(evidence.by), sort=False, dropna=False) if evidence.by else [((), rows)]
        for key, group in groups:
            cells = [number(group[column] * factor) for column, factor in evidence.values.values()]
            lines.append("| " + " | ".join([*map(str, key), *cells, str(len(group))]) + " |")
        link = f"[{evidence.file}](../../results/{evidence.file})"
        parts.append(f"{evidence.what} {link}\n\n" + "\n".join(lines))
    return "\n\n".join(parts)
