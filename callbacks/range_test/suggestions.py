"""Rules that read a learning rate off the curve of a range test, the loss against the rate. NumPy only.

Each takes ``rates`` (increasing, shape (n,)) and ``losses`` (shape (n,), smoothed; for ``peak`` not smoothed) and
returns one learning rate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..checks import InvalidArgument

__all__ = ["MARGINS", "RULES", "WINDOW", "minimum", "peak", "rise_to_a_plateau", "smoothed", "steepest", "valley"]


WINDOW = 9
"""Width of the running median of ``peak``, in losses."""

TOLERANCE = 0.3
"""How far ``peak`` lets the loss rise, as a fraction of the whole descent. The plateau of a deep normalized network is
below this limit."""


def smoothed(losses: np.ndarray, decay: float = 0.9) -> np.ndarray:
    """The exponential moving average with bias correction, shape (n,) to shape (n,).

    Example:
        >>> smoothed(np.array([2.0, 2.0, 2.0])).tolist()
        [2.0, 2.0, 2.0]
    """
    average, out = 0.0, np.empty(len(losses))
    for k, loss in enumerate(losses):
        average = decay * average + (1.0 - decay) * float(loss)
        out[k] = average / (1.0 - decay ** (k + 1))
    return out


def running_median(losses: np.ndarray) -> np.ndarray:
    """The median of each loss and of the four on either side of it, shape (n,) to shape (n,).

    Example:
        >>> running_median(np.array([1.0, 1.0, 1.0, 9.0, 1.0])).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    padded = np.pad(np.asarray(losses, np.float64), WINDOW // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, WINDOW), axis=1))


def rise_to_a_plateau(rates: np.ndarray, losses: np.ndarray) -> float | None:
    """The last rate before the loss rose to a level on which it then stayed to the end; None where it did not.

    A network whose units have died answers with a constant: its loss stays at that of chance, at any rate, and does
    not diverge. Where the inputs were not scaled the loss began far above chance, so that such a plateau looks like a
    small rise beside the descent. It is one if each of the last 27 running medians is above all losses around the
    lowest one; the rate is the last at which the running median was within three tenths of the rise.
    """
    rates, losses = _checked(rates, losses)
    if len(losses) < 6 * WINDOW:
        return None
    median = running_median(losses)
    low, plateau = int(np.argmin(median)), median[-3 * WINDOW :]
    around = losses[max(low - WINDOW, 0) : low + WINDOW + 1]
    if float(plateau.min()) <= float(around.max()):
        return None
    limit = median[low] + TOLERANCE * (float(np.median(plateau)) - median[low])
    return float(rates[np.flatnonzero(median <= limit)[-1]])


def _checked(rates: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rates, losses = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    if rates.shape != losses.shape or rates.ndim != 1 or len(rates) < 5:
        raise InvalidArgument("losses", losses, "as long as rates, with at least 5 points")
    return rates, losses


def minimum(rates: np.ndarray, losses: np.ndarray) -> float:
    """A tenth of the rate at the lowest loss, where the loss still falls: a safety margin before it rises.

    When to use it: For curves without a clear descent, where a tenth of the lowest is safe. Not where the loss
    falls to the end of the sweep.

    Source: the rule fastai calls "minimum".
    """
    rates, losses = _checked(rates, losses)
    return float(rates[int(np.argmin(losses))] / MARGINS["minimum"])


def peak(rates: np.ndarray, losses: np.ndarray, divisor: float = 4.0, chance: float | None = None) -> float:
    """The last rate before the loss rises for good, over ``divisor``: a peak for a schedule that is there only briefly.

    At this rate the running median of 9 raw losses is for the last time within three tenths of the whole descent (from
    the median of the first 9 losses to the lowest median) of its lowest value. The limit tolerates

    - the passing rise that a convolutional network shows when the rate first becomes large;
    - the slow rise of the noise at rates from which a training can still come down;
    - the plateau, a quarter of the descent above the lowest loss, on which a deep normalized network stays over more
      than a decade of rates before it diverges.

    ``divisor`` depends on the optimizer: see :func:`callbacks.inside.optimizer_values.range_test_divisor`.

    ``chance`` is the loss of the best constant answer, if known. Where the loss begins above it, as with inputs that
    are not scaled, the descent counts from there: to forget a wild guess is not to learn, and a network whose units
    have died stays at it.

    When to use it: The default, for schedules that reach the peak only for a while. Under a constant rate it is too
    high: recipes take a quarter.

    Source: measured here, ``measure_range_test.py`` and ``measure_embedded.py`` of ``scripts/measure/``; on MNIST
    the best 1cycle peaks of an MLP and a CNN lie around this rate, with momentum and with Adam.
    """
    rates, losses = _checked(rates, losses)
    median = running_median(losses)
    lowest = float(np.min(median))
    first = float(np.median(losses[:WINDOW]))
    start = first if chance is None or chance <= lowest else min(first, chance)
    limit = lowest + TOLERANCE * max(start - lowest, 0.0)
    return float(rates[np.flatnonzero(median <= limit)[-1]] / divisor)


def steepest(rates: np.ndarray, losses: np.ndarray) -> float:
    """The rate at which the loss falls fastest per unit of log rate, before its minimum.

    When to use it: For smooth curves with one clear descent. Not for noisy ones, where a single jump looks
    steepest.

    Source: Smith 2017, arXiv:1506.01186; the rule fastai calls "steep".
    """
    rates, losses = _checked(rates, losses)
    end = max(int(np.argmin(losses)) + 1, 3)
    return float(rates[int(np.argmin(np.gradient(losses[:end], np.log(rates[:end]))))])


def valley(rates: np.ndarray, losses: np.ndarray) -> float:
    """The rate half-way down the longest descent of the curve, which may include small rises.

    The descent is the longest sequence of points, not necessarily neighbours, each lower than the one before.

    When to use it: For a constant rate or a first try without a schedule. Not for 1cycle, which stands a higher
    peak.

    Source: the idea of the rule fastai calls "valley".
    """
    rates, losses = _checked(rates, losses)
    n = len(losses)
    length = np.ones(n, dtype=int)
    before = np.full(n, -1)
    for i in range(1, n):
        lower = np.flatnonzero(losses[:i] > losses[i])
        if len(lower):
            best = lower[::-1][int(np.argmax(length[lower][::-1]))]  # nearest of the longest: no flat start
            length[i], before[i] = length[best] + 1, best
    end = int(np.argmax(length))
    start = end
    while before[start] >= 0:
        start = before[start]
    return float(rates[start + (end - start) // 2])


MARGINS = {"minimum": 10.0}
"""Of the rules that look at a higher rate than they suggest, how many times as high; for ``peak`` it is the divisor."""

RULES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "peak": peak,
    "valley": valley,
    "steepest": steepest,
    "minimum": minimum,
}
