"""Plots of gradients and activations by layer: heat maps over time, and profiles at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["heat_maps", "profiles"]

LABELS = 64
"""How many layer names are readable beside each other. With more layers, every second (third, ...) name is shown."""

Panel = tuple[str, Sequence[str], np.ndarray]
"""Title, layer names, values."""


def _height(panels: Sequence[Panel]) -> float:
    return 1.6 + 0.17 * max((min(len(layers), LABELS) for _, layers, _ in panels), default=0)


def _name_layers(axes: Any, layers: Sequence[str]) -> None:
    places = range(0, len(layers), -(-max(len(layers), 1) // LABELS))
    axes.set_yticks(list(places), [layers[place] for place in places], fontsize="small")
    axes.set_ylim(max(len(layers), 1) - 0.5, -0.5)  # the input on top


def log10(values: np.ndarray) -> np.ma.MaskedArray:
    """log10 of the positive, finite values; the others are masked.

    Example:
        >>> log10(np.array([100.0, 0.0])).tolist()
        [2.0, None]
    """
    values = np.asarray(values, float)
    good = np.isfinite(values) & (values > 0)
    return np.ma.masked_array(np.log10(np.where(good, values, 1.0)), mask=~good)


def heat_maps(steps: np.ndarray, panels: Sequence[Panel]) -> Any:
    """A figure with a heat map of log10 of each panel's values, layers downwards from the input, steps to the right.

    Args:
        steps: shape (m,).
        panels: title, layer names (length n) and values, shape (m, n), of each heat map.

    Returns:
        A matplotlib ``Figure``. Zeros and values that are not finite stay grey.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5 * len(panels), max(3.0, _height(panels))), layout="constrained")
    gaps = np.diff(steps)
    last_gap = gaps[-1] if len(gaps) else 1
    edges = np.append(steps, steps[-1] + last_gap) if len(steps) else np.array([0, 1])
    for axes, (title, layers, values) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        axes.set_facecolor("0.8")
        if len(steps) and len(layers):
            image = axes.pcolormesh(edges, np.arange(len(layers) + 1) - 0.5, log10(values).T, cmap="viridis")
            figure.colorbar(image, ax=axes, label=f"log10 of the {title}")
        _name_layers(axes, layers)
        axes.set_title(title)
        axes.set_xlabel("step")
    return figure


def profiles(panels: Sequence[Panel]) -> Any:
    """A figure with each panel's values, shape (n,), on a logarithmic axis, layers downwards from the input.

    Returns:
        A matplotlib ``Figure``. Zeros and values that are not finite leave a gap.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0 * len(panels), max(3.0, _height(panels))), layout="constrained")
    for axes, (title, layers, values) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        numbers = np.asarray(values, float)
        shown = np.where(np.isfinite(numbers) & (numbers > 0), numbers, np.nan)
        axes.plot(shown, np.arange(len(layers)), "o-", markersize=4)
        axes.set_xscale("log")
        if not np.isnan(shown).all() and np.nanmax(shown) < 1e2 * np.nanmin(shown):  # at least two decades
            middle = np.sqrt(np.nanmax(shown) * np.nanmin(shown))
            axes.set_xlim(middle / 12, middle * 12)
        _name_layers(axes, layers)
        axes.grid(alpha=0.3)
        axes.set_xlabel(title)
    return figure
