"""The common style of all plots: sizes, a colour-blind safe palette, and axis limits that leave out outliers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metric import Metric

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "PALETTE",
    "SYMBOLS",
    "VERDICTS",
    "message",
    "new_figure",
    "plain",
    "styled",
    "window",
]

INK, MUTED, GRID = "#1f2328", "#6b7280", "#e3e6ea"

# Okabe and Ito's palette without its yellow, which is too light for points on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6b4c9a", "#7f7f7f")
SYMBOLS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "<")  # with the palette: 40 pairs before one repeats
VERDICTS = {"better": "#0072B2", "worse": "#D55E00", "as good": "#009E73", "reference": INK}
"""Colours of verdicts; all others are ``MUTED``."""

_STYLE: Any = {
    "font.size": 10,
    "font.family": "sans-serif",
    "text.usetex": False,
    "text.color": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "white",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linestyle": "-",
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "report",
}

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def styled(function: AnyFunction) -> AnyFunction:
    """Makes ``function`` run under the common style; matplotlib's global settings are restored afterwards."""

    @functools.wraps(function)
    def under_style(*args: Any, **kwargs: Any) -> Any:
        with matplotlib.rc_context(_STYLE):
            return function(*args, **kwargs)

    return under_style  # type: ignore[return-value]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, with room for its labels and independent of ``pyplot``."""
    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def plain(text: Any) -> str:
    """``text`` escaped for matplotlib, so that a dollar sign does not start a formula."""
    return str(text).replace("$", r"\$")


def better(metric: Metric) -> str:
    """For an axis label: the direction of better scores."""
    return "better →" if metric.higher_is_better else "← better"


def message(axes: Axes, text: str) -> None:
    """Hides the axes and writes ``text`` in the middle: why the plot is empty."""
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)


def window(values: Iterable[float], higher_is_better: bool, margin: float = 0.06) -> tuple[float, float] | None:
    """Axis limits that leave out outliers, so that one failed arm does not squeeze all others together.

    Args:
        values: the numbers to show; those that are not finite are ignored.
        higher_is_better: outliers are dropped at the low end if True, else at the high end.
        margin: empty space at both ends, as a fraction of the range. Default 0.06.

    Returns:
        The lower and the upper limit. With five or more values, those further than three interquartile ranges beyond
        the worse quartile are left out. None if no value is finite.
    """
    finite = np.asarray([value for value in values if math.isfinite(value)], float)
    if not len(finite):
        return None
    low, high = finite.min(), finite.max()
    if len(finite) >= 5:
        first, third = np.quantile(finite, [0.25, 0.75])
        reach = 3 * max(third - first, 1e-3 * abs(third))
        low = max(low, first - reach) if higher_is_better else low
        high = high if higher_is_better else min(high, third + reach)
        inside = finite[(finite >= low) & (finite <= high)]
        low, high = inside.min(), inside.max()
    space = margin * (high - low) if high > low else max(0.01 * abs(high), 1e-6)
    return float(low - space), float(high + space)
