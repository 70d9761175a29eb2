"""Schedules as pure functions: the value at a step. NumPy only; the callbacks are thin shells over these.

Every function takes ``step`` (an int or an array of ints, counted from 0) and returns float64 values of the same shape.
Steps past the end keep the last value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from callbacks.checks import check_choice, check_integer, check_number

__all__ = ["annealed", "exponential_sweep", "one_cycle", "one_cycle_momentum"]


def annealed(start: float, end: float, fraction: Any, shape: str = "cosine") -> np.ndarray:
    """From ``start`` (fraction 0) to ``end`` (fraction 1), along half a cosine wave or a straight line.

    Args:
        start, end: the two values.
        fraction: position in [0, 1]; outside it, the nearer end counts.
        shape: "cosine" or "linear".

    Example:
        >>> float(annealed(1.0, 0.0, 0.5))
        0.5
    """
    check_choice("shape", shape, ("cosine", "linear"))
    fraction = np.clip(np.asarray(fraction, dtype=np.float64), 0.0, 1.0)
    if shape == "linear":
        return start + (end - start) * fraction
    return end + (start - end) / 2.0 * (1.0 + np.cos(np.pi * fraction))


def _two_phases(step: Any, total_steps: int, start_fraction: float, first: float, top: float, last: float, shape: str):
    """first -> top over the first ``start_fraction`` of the steps, then top -> last, which the last step reaches."""
    check_integer("total_steps", total_steps, low=1)
    check_number("start_fraction", start_fraction, above=0, below=1)
    step = np.minimum(np.asarray(step, dtype=np.float64), total_steps - 1)
    turn = max(start_fraction * total_steps - 1.0, 0.0)
    # Where there are too few steps for a rise, it starts at the top.
    rising = annealed(first, top, step / turn, shape) if turn > 0.0 else np.full_like(step, top)
    fall = total_steps - 1.0 - turn
    falling = annealed(top, last, (step - turn) / (fall if fall > 0.0 else 1.0), shape)
    return np.where(step <= turn, rising, falling)


def one_cycle(
    step: Any,
    *,
    total_steps: int,
    peak: float,
    start_fraction: float = 0.3,
    initial_divisor: float = 25.0,
    final_divisor: float = 1e4,
    shape: str = "cosine",
) -> np.ndarray:
    """The learning rate of 1cycle: up from ``peak / initial_divisor`` to ``peak``, then down to nearly zero.

    Args:
        step: optimizer step, counted from 0.
        total_steps: length of the cycle in steps.
        peak: the highest rate, reached at ``start_fraction`` of the cycle.
        start_fraction: share of the steps spent rising, in (0, 1).
        initial_divisor: peak over first rate, >= 1.
        final_divisor: first rate over last rate, >= 1.
        shape: "cosine" or "linear" annealing.

    Source: Smith 2018, "A disciplined approach to neural network hyper-parameters", arXiv:1803.09820. The defaults, the
    two phases and the position of the peak are those of PyTorch's ``OneCycleLR``.

    Example:
        >>> [round(float(r), 6) for r in one_cycle([0, 29, 99], total_steps=100, peak=0.1)]
        [0.004, 0.1, 0.0]
    """
    check_number("peak", peak, above=0)
    check_number("initial_divisor", initial_divisor, low=1)
    check_number("final_divisor", final_divisor, low=1)
    first = peak / initial_divisor
    return _two_phases(step, total_steps, start_fraction, first, peak, first / final_divisor, shape)


def one_cycle_momentum(
    step: Any,
    *,
    total_steps: int,
    low: float = 0.85,
    high: float = 0.95,
    start_fraction: float = 0.3,
    shape: str = "cosine",
) -> np.ndarray:
    """The momentum of 1cycle: from ``high`` down to ``low`` while the rate rises, and back up while it falls.

    Args:
        step: optimizer step, counted from 0.
        total_steps: length of the cycle in steps.
        low, high: the bounds, 0 <= low <= high < 1.
        start_fraction, shape: as in :func:`one_cycle`.

    Source: Smith 2018, arXiv:1803.09820, section 4.3.

    Example:
        >>> [round(float(m), 3) for m in one_cycle_momentum([0, 29, 99], total_steps=100)]
        [0.95, 0.85, 0.95]
    """
    check_number("low", low, low=0, below=1)
    check_number("high", high, low=low, below=1)
    return _two_phases(step, total_steps, start_fraction, high, low, high, shape)


def exponential_sweep(step: Any, *, total_steps: int, low: float, high: float) -> np.ndarray:
    """From ``low`` at step 0 to ``high`` at the last step, by the same factor at every step.

    Args:
        step: counted from 0.
        total_steps: number of steps, >= 2.
        low, high: the first and the last value, 0 < low < high.

    Example:
        >>> [round(float(r), 5) for r in exponential_sweep([0, 1, 2], total_steps=3, low=0.001, high=0.1)]
        [0.001, 0.01, 0.1]
    """
    check_integer("total_steps", total_steps, low=2)
    check_number("low", low, above=0)
    check_number("high", high, above=low)
    fraction = np.clip(np.asarray(step, dtype=np.float64) / (total_steps - 1), 0.0, 1.0)
    return low * (high / low) ** fraction
