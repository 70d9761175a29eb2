"""The common style of all plots: sizes and a colour-blind safe palette."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..metric import Metric

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "NARROW",
    "PALETTE",
    "SYMBOLS",
    "VERDICTS",
    "folded",
    "message",
    "new_figure",
    "plain",
    "styled",
]

INK, MUTED, GRID = "#1f2328", "#6b7280", "#e3e6ea"

# Okabe and Ito's palette without its yellow, which is too light for points on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6b4c9a", "#7f7f7f")
SYMBOLS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "<")  # with the palette: 40 pairs before one repeats
VERDICTS = {"better": "#0072B2", "worse": "#D55E00", "as good": "#009E73", "reference": INK}
"""Colours of verdicts; all others are ``MUTED``."""

NARROW = 4.6
"""Width in inches of a figure for a telephone: its text stays legible at 400 pixels."""

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


def folded(name: Any) -> str:
    """``name``, escaped like :func:`plain`, in lines that break after a "+"."""
    return plain(name).replace("+", "+\n")


def better(metric: Metric) -> str:
    """For an axis label: the direction of better scores."""
    return "better →" if metric.higher_is_better else "← better"


def message(axes: Axes, text: str) -> None:
    """Hides the axes and writes ``text`` in the middle: why the plot is empty."""
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)
