"""Plots the test scores of a bench of one factor: a panel for each dataset, a row for each level.

    python scripts/pictures/plot_bench.py bench_optimizers  # from results/bench_optimizers to docs/bench_optimizers.png
    python scripts/pictures/plot_bench.py bench_few_labels

Dots are means over the repeats, with a standard deviation to each side, in the colour of the verdict; the band is
within the margin of the reference. Levels are in the order of their average rank, the best one first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT

from recipes.report.style import GRID, MUTED, VERDICTS, new_figure, plain, styled


def panel(axes: Axes, scores: pd.DataFrame, levels: list[str]) -> None:
    """The levels on one dataset; ``scores`` by level."""
    scale, unit = (100, "accuracy (%)") if scores["metric"].iloc[0] == "accuracy" else (1, scores["metric"].iloc[0])
    scores = scores.reindex(levels)
    means, deviations = (scale * scores[name].to_numpy() for name in ("test_mean", "test_sd"))
    reference = scale * float(scores.loc[scores["verdict"] == "reference", "test_mean"].iloc[0])
    margin = scale * float(scores["margin"].dropna().iloc[0])
    axes.axvspan(reference - margin, reference + margin, color=GRID, linewidth=0)
    for row, (mean, deviation, verdict) in enumerate(zip(means, deviations, scores["verdict"], strict=True)):
        color = VERDICTS.get(str(verdict), MUTED)
        axes.plot([mean - deviation, mean + deviation], [row, row], color=color, linewidth=1.5)
        axes.plot(mean, row, "o", color=color, markersize=6)
    axes.set(title=plain(str(scores["dataset"].dropna().iloc[0])), xlabel=f"test {unit}".replace("_", " "))
    axes.set_ylim(len(levels) - 0.4, -0.6)


@styled
def draw(folder: Path, path: Path) -> None:
    """Writes the picture of the bench in a folder."""
    scores, ranks = pd.read_csv(folder / "scores.csv"), pd.read_csv(folder / "ranks.csv")
    factor = next(name for name in ("optimizer", "regularizer") if scores[name].nunique() > 1)
    level_of = dict(zip(scores["arm"], scores[factor], strict=True))
    levels = [level_of[arm] for arm in ranks.loc[ranks["factor"] == "arm"].sort_values("rank")["level"]]
    datasets = list(dict.fromkeys(scores["dataset"]))
    figure = new_figure(12, 1.4 + 0.3 * len(levels))
    panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    for axes, dataset in zip(panels, datasets, strict=True):
        panel(axes, scores[scores["dataset"] == dataset].set_index(factor), levels)
    panels[0].set_yticks(range(len(levels)), [plain(level) for level in levels])
    handles = [panels[0].plot([], [], "o", color=color)[0] for color in (*VERDICTS.values(), MUTED)]
    figure.legend(handles, [*VERDICTS, "open"], loc="outside lower center", ncols=len(handles))
    figure.savefig(path, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", help="a folder of results")
    parser.add_argument("--path", type=Path, help="default: a file of that name in docs")
    options = parser.parse_args()
    path = options.path or ROOT / "docs" / f"{options.bench}.png"
    draw(ROOT / "results" / options.bench, path)
    print(path)


if __name__ == "__main__":
    main()
