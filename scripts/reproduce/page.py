"""The tables of ``docs/reproduced.md``, made from the rows under ``results/``.

    python scripts/reproduce/page.py  # writes them into the page again

In the page a table stands between ``<!-- NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reproduce.stars import SOURCE as STARS
from reproduce.stars import stars
from reproduce.tables import agrees, spread
from reproduce.zhang import OF_FIGURE
from reproduce.zhang import SOURCE as ZHANG
from support.results import ROOT

__all__ = ["PAGE", "TABLES", "filled"]

PAGE = ROOT / "docs" / "reproduced.md"
PART = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->", re.DOTALL)
FITTED = 99.0
"""The training accuracy in percent by which convergence is told."""


def mean_of(values: Sequence[float], places: int) -> str:
    """Mean and standard deviation; the mean alone of one number."""
    text = f"{np.mean(values):.{places}f}"
    return text + (f" ± {spread(values):.{places}f}" if len(values) > 1 else "")


def beside(ours: Sequence[float], source: float) -> str:
    """Ours, and the source's value in brackets; bold if they agree."""
    mark = "**" if agrees(ours, source) else ""
    return f"{mark}{mean_of(ours, 2)}{mark} ({source:g})"


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    head, *body = [f"| {' | '.join(line)} |" for line in (header, *rows)]
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *body])


def told(cells: Iterable[tuple[Sequence[float], float]], seconds: pd.Series) -> str:
    """How many cells agree, how many seeds they have, and what all trainings took."""
    agreeing, seeds = zip(*((agrees(*cell), len(cell[0])) for cell in cells), strict=True)
    each = f"{min(seeds)}" if min(seeds) == max(seeds) else f"{min(seeds)} or {max(seeds)}"
    time = f"{len(seconds)} trainings took {seconds.sum() / 60:.0f} minutes"
    return f"\n\n{sum(agreeing)} of {len(agreeing)} cells agree. {time}, {each} a cell."


def depth(table: pd.DataFrame) -> str:
    """Accuracy by hidden layers."""
    groups = table.groupby("hidden_layers")
    cells = {layers: (list(group["accuracy"]), group["source"].iloc[0]) for layers, group in groups}
    text = markdown(
        ["hidden layers", *map(str, cells)], [["accuracy (%)", *(beside(*cell) for cell in cells.values())]]
    )
    return text + told(cells.values(), table["seconds"])


def zeiler(table: pd.DataFrame) -> str:
    """Test errors by optimizer and rate, and those of Adadelta by epsilon and rho."""
    parts, every = [], []
    for corner, found in zip(
        ("optimizer, rate", "Adadelta"), [part for _, part in table.groupby("table")], strict=True
    ):
        columns, lines = list(dict.fromkeys(found["column"])), []
        for row, of_row in found.groupby("row", sort=False):
            of_column = [of_row[of_row["column"] == column] for column in columns]
            cells = [(list(group["error"]), group["source"].iloc[0]) for group in of_column]
            lines.append([str(row), *(beside(*cell) for cell in cells)])
            every += cells
        parts.append(markdown([corner, *columns], lines))
    return "\n\n".join(parts) + told(every, table["seconds"])


def zhang(table: pd.DataFrame) -> str:
    """Training and test accuracy by network, labels and weight decay."""
    lines, cells = [], []
    for key, group in table.groupby(["network", "data", "weight_decay"], sort=False):
        if key in ZHANG:
            train, test = ZHANG[key]
            cells.append((list(group["test_accuracy"]), test))
            fitted = f"{mean_of(group['train_accuracy'], 2)} ({train:g})"
            lines.append([*key, str(len(group)), fitted, beside(*cells[-1])])
    header = ["network", "data", "weight decay", "seeds", "training accuracy (%)", "test accuracy (%)"]
    return markdown(header, lines) + told(cells, table["seconds"])


def slowdown(table: pd.DataFrame) -> str:
    """Epochs until the data of figure 1 are fitted."""
    small = table[(table["network"] == "1x512") & (table["weight_decay"] == "no")]
    lines, usual = [], None
    for name in OF_FIGURE:
        curves = [[float(value) for value in curve.split()] for curve in small[small["data"] == name]["curve"]]
        if not curves:
            continue
        reached = [next((n for n, value in enumerate(curve, 1) if value >= FITTED), np.nan) for curve in curves]
        usual = np.mean(reached) if usual is None else usual
        if np.isnan(reached).any():
            lines.append([name, f"not in {max(map(len, curves))}", "-"])
        else:
            lines.append([name, mean_of(reached, 1), f"{np.mean(reached) / usual:.2f}"])
    return markdown(["data", f"epochs until {FITTED:g} % are fitted", "times those of true labels"], lines)


def optimizers(table: pd.DataFrame) -> str:
    """Stars of speed and quality, and what they come from."""
    found, lines, agreeing = stars(table), [], 0
    for name, row in found.iterrows():
        pairs = list(zip(row[["speed", "quality"]], STARS[str(name)], strict=True))
        agreeing += sum(ours in source.split(" or ") for ours, source in pairs)
        epochs = "not in every repeat" if np.isnan(row["epochs"]) else f"{row['epochs']:.1f}"
        told_of = [f"{ours} ({source})".replace("*", "★") for ours, source in pairs]
        lines.append([str(name), epochs, f"{row['error']:.2f}", *told_of])
    header = ["optimizer", f"epochs to {table['target'].iloc[0]:g} %", "test error (%)", "speed", "quality"]
    return markdown(header, lines) + f"\n\n{agreeing} of {2 * len(found)} stars agree."


TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
    "depth": ("reproduce_depth", depth),
    "zeiler": ("reproduce_zeiler", zeiler),
    "zhang": ("reproduce_zhang", zhang),
    "slowdown": ("reproduce_zhang", slowdown),
    "stars": ("reproduce_stars", optimizers),
}
"""The file of results, and the function that makes the table, by its name in the page."""


def filled(text: str) -> str:
    """The text of the page with its tables as the results have them now."""

    def part(match: re.Match[str]) -> str:
        file, table = TABLES[match[1]]
        rows = pd.read_csv(ROOT / "results" / f"{file}.csv")
        return f"<!-- {match[1]} -->\n\n{table(rows)}\n\n<!-- end -->"

    return PART.sub(part, text)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
