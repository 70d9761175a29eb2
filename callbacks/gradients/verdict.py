"""What gradient norms and activation scales mean: vanishing, exploding or healthy; where, when and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["EXPLODING_ACROSS_LAYERS", "EXPLODING_IN_TIME", "VANISHING", "judge_gradients", "settled"]

VANISHING = 1e-3
"""A layer's gradient norm vanishes below this fraction of the last layer's: its weights would move a thousand times
slower than the last layer's, and in a training of a few thousand steps stay where they were initialized.
In the default recipe with 20 hidden layers all layers stay between 0.1 and 7 times the last; in a sigmoid
network of that depth with Glorot's initialization the first is at 1e-12 (results/gradients.csv). The exact threshold
matters little."""

EXPLODING_ACROSS_LAYERS = 1e3
"""The threshold in the other direction: a layer's gradient norm over the last layer's, or a layer's activation scale
over the first layer's. No single learning rate suits layers whose gradients differ a thousandfold."""

EXPLODING_IN_TIME = 100.0
"""A step's gradient has exploded if its norm exceeds this multiple of the usual norm. The usual norm is the larger of
the first norm and the median so far: batches commonly differ tenfold, and late in a training a hard batch can stand out
by more than that over very small norms without exceeding the first norm."""

VANISHING_REMEDY = (
    "Use He initialization with ELU or another activation of the ReLU family, batch normalization, "
    "or residual connections."
)
EXPLODING_REMEDY = "Clip the gradient (clipnorm=1.0), lower the learning rate, or use He initialization."


def judge_gradients(
    steps: Sequence[int] | np.ndarray,
    norms: np.ndarray,
    layers: Sequence[str],
    layer_norms: np.ndarray,
    activation_layers: Sequence[str] = (),
    scales: np.ndarray | None = None,
) -> str:
    """Judges gradients measured at one or several steps, in one line that begins with the finding.

    - "exploding at step S": the norm of the whole gradient is more than ``EXPLODING_IN_TIME`` times the usual norm, or
      not finite from S to the end (a single infinite norm is no finding: loss scaling skips such steps);
    - "exploding across layers": a layer's gradient norm is more than ``EXPLODING_ACROSS_LAYERS`` times the last
      layer's, or a layer's activation scale that many times the first layer's (median over the steps);
    - "vanishing below layer L": all layers before L have less than ``VANISHING`` times the last layer's norm (median
      over the steps); or all gradients are zero;
    - "healthy": none of these;
    - "unknown": nothing was measured.

    Args:
        steps: counted from 0, shape (m,).
        norms: of the whole gradient, shape (m,).
        layers: names from input to output, length n.
        layer_norms: shape (m, n).
        activation_layers: names from input to output, length k. Default none.
        scales: standard deviations of the layers' outputs, shape (m, k).

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", for the
    comparison across layers; the thresholds are ours.

    Example:
        >>> judge_gradients([0], np.array([1.0]), ["a", "b"], np.array([[1e-5, 1.0]])).split(":")[0]
        "vanishing below layer 'b'"
    """
    norms = np.asarray(norms, float)
    layer_norms = np.asarray(layer_norms, float).reshape(len(norms), len(layers))
    if not len(norms):
        return "unknown: nothing was measured."
    if not len(layers):
        return "unknown: the model has no trainable weights."
    exploded = _exploded_at(norms)
    if exploded is not None:
        at, usual = exploded
        if np.isfinite(norms[at]):
            what = f"{_short(norms[at])}, {_times(norms[at] / usual)} times the usual {_short(usual)}"
        else:
            what = f"{norms[at]} from there on" + (f", the usual norm {_short(usual)}" if np.isfinite(usual) else "")
        return f"exploding at step {int(steps[at])}: the norm of the gradient is {what}. {EXPLODING_REMEDY}"
    finite = settled(norms)
    profile = np.nanmedian(layer_norms[finite], axis=0)  # one norm per layer
    last = profile[-1]
    if not profile.max() > 0:
        return f"vanishing everywhere: the gradient is 0 in all {len(layers)} layers. {VANISHING_REMEDY}"
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = profile / last
    highest = int(np.argmax(profile))
    if last > 0 and relative[highest] > EXPLODING_ACROSS_LAYERS:
        return (
            f"exploding across layers: layer {layers[highest]!r} has a gradient norm of {_short(profile[highest])}, "
            f"{_times(relative[highest])} times the last layer's ({layers[-1]!r}: {_short(last)}). {EXPLODING_REMEDY}"
        )
    if scales is not None and len(activation_layers):
        measured = np.asarray(scales, float).reshape(len(norms), -1)[finite]
        known = np.flatnonzero(~np.isnan(measured).all(axis=0))  # not of layers before missing inputs are filled in
        spread = np.nanmedian(measured[:, known], axis=0)
        first, largest = (int(np.argmax(spread > 0)), int(np.argmax(spread))) if len(known) else (0, 0)
        if len(known) and spread[largest] > EXPLODING_ACROSS_LAYERS * spread[first] > 0:
            return (
                f"exploding across layers: the activations grow from a scale of {_short(spread[first])} in "
                f"{activation_layers[known[first]]!r} to {_short(spread[largest])} in "
                f"{activation_layers[known[largest]]!r}. {EXPLODING_REMEDY}"
            )
    weak = relative < VANISHING
    below = len(layers) if weak.all() else int(np.argmin(weak))  # number of weak layers from the input on
    if below:
        lowest = int(np.argmin(profile[:below]))
        return (
            f"vanishing below layer {layers[below]!r}: in the first {below} of {len(layers)} layers the gradient norm "
            f"is less than {VANISHING:g} of the last layer's ({layers[lowest]!r}: {_short(profile[lowest])}, "
            f"{layers[-1]!r}: {_short(last)}). {VANISHING_REMEDY}"
        )
    first, final = norms[finite][0], norms[finite][-1]
    over_time = f"{_short(first)} at first and {_short(final)} at last" if len(norms) > 1 else _short(first)
    return (
        f"healthy: the layers' gradient norms are between {_short(relative.min())} and {_short(relative.max())} times "
        f"the last layer's; the whole gradient's is {over_time}."
    )


def settled(norms: np.ndarray) -> np.ndarray:
    """Which measurements count: the finite ones, or all if none is. A step that loss scaling skips is not finite.

    Args:
        norms: of the whole gradient, shape (m,).

    Returns:
        Booleans, shape (m,).
    """
    finite = np.isfinite(norms)
    return finite if finite.any() else np.ones_like(finite)


def _exploded_at(norms: np.ndarray) -> tuple[int, float] | None:
    """The index of the first exploded norm, and the usual norm before it (NaN if there is none), or None."""
    finite = np.isfinite(norms)
    tail = len(norms) - int(np.argmax(finite[::-1])) if finite.any() else 0  # no norm is finite from here on
    usual = np.nan
    for index, norm in enumerate(norms):
        before = norms[:index][finite[:index]]
        if len(before):
            usual = float(max(before[0], np.median(before)))
        if index >= tail or (finite[index] and len(before) and usual > 0 and norm > EXPLODING_IN_TIME * usual):
            return index, usual
    return None


def _short(value: float) -> str:
    return f"{value:.2g}"


def _times(value: float) -> str:
    return f"{value:.0f}" if value < 1e5 else f"{value:.1g}"
