"""The plots of a comparison: functions from results to a matplotlib ``Figure``, and a function that saves them all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ..files import write_bytes
from .arm_plots import differences, heat_map, scores
from .choice_plots import cost, isolation
from .results import Results
from .run_plots import learning_curves, learning_rates
from .style import styled
from .trial_plots import importances, parallel_coordinates

__all__ = [
    "PLOTS",
    "Plot",
    "cost",
    "differences",
    "heat_map",
    "importances",
    "isolation",
    "learning_curves",
    "learning_rates",
    "parallel_coordinates",
    "save_plots",
    "scores",
    "to_bytes",
]


@dataclass(frozen=True)
class Plot:
    """A plot with its title and caption.

    Args:
        draw: draws the figure from the results; with ``narrow=True`` for a telephone.
        title: two or three words.
        caption: one line on how to read it.
    """

    draw: Callable[..., Figure]
    title: str
    caption: str


PLOTS: dict[str, Plot] = {
    "scores": Plot(
        scores,
        "Scores",
        "Hollow dots are single repeats, the full dot is their mean, the thick bar one standard deviation to both "
        "sides, the thin one the confidence interval of the mean; the dashed line is the reference. Arms far off are "
        "written at the edge.",
    ),
    "differences": Plot(
        differences,
        "Differences from the reference",
        "A bar is a simultaneous confidence interval: where it does not touch the dashed line, the arm is better or "
        "worse than the reference; where it lies within the grey margin, as good; else the question is open.",
    ),
    "heat_map": Plot(
        heat_map,
        "Two choices together",
        "Brighter is better; a row or a column that stands out is a choice that matters whatever it is paired with. "
        "Dashed frame: reference; solid frame: decision.",
    ),
    "isolation": Plot(
        isolation,
        "Each choice at its best",
        "A small dot is an arm that has the choice, the large dot the best of them: what the choice can lead to with "
        "the right company. Choices whose large dots lie together are worth the same.",
    ),
    "cost": Plot(
        cost,
        "Cost against quality",
        "Seconds of one training and test score. The dotted line joins the arms that no other beats in both; these and "
        "the reference have the confidence interval of their mean.",
    ),
    "learning_curves": Plot(
        learning_curves,
        "Learning curves",
        "Mean over the repeats, with a band from the lowest to the highest; compare the shapes of the losses rather "
        "than their heights, since the loss includes what the regularizer adds.",
    ),
    "learning_rates": Plot(
        learning_rates,
        "Learning rates tried",
        "Every tuning trial is a point and the chosen one has a ring; a ring at the end of the range says that "
        "a better rate may lie beyond it. Crosses diverged or failed; triangles at the edge lie far beyond it; hollow "
        "ones were pruned, and stand at the score that they had then.",
    ),
    "importances": Plot(
        importances,
        "What mattered",
        "How much worse a random forest predicts the order of the tuning trials if it does not know a choice or a "
        "hyperparameter (permutation importance on trials that it has not seen); the lines are standard deviations. "
        "What has 0 hardly matters within what was tried.",
    ),
    "parallel_coordinates": Plot(
        parallel_coordinates,
        "All trials",
        "A line is a tuning trial, from its choices to its validation score, the brighter the better; the dark line is "
        "the setting that was decided on.",
    ),
}


@styled
def to_bytes(figure: Figure, kind: str = "png", dpi: int = 150) -> bytes:
    """``figure`` as the bytes of a "png" or "svg" file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def save_plots(results: Results, folder: str | os.PathLike[str], dpi: int = 150) -> list[Path]:
    """Saves every plot as a PNG file, each written atomically.

    Args:
        results: the comparison.
        folder: created as needed, in one that exists. Files of an earlier call are replaced.
        dpi: dots per inch. Default 150.

    Returns:
        The files written: ``scores.png``, ``differences.png``, ...

    Example:
        >>> save_plots(results, "plots")[0].name   # doctest: +SKIP
        'scores.png'
    """
    Path(folder).mkdir(exist_ok=True)  # not those above: a search that was removed stays so
    return [
        write_bytes(Path(folder) / f"{name}.png", to_bytes(plot.draw(results), dpi=dpi)) for name, plot in PLOTS.items()
    ]
