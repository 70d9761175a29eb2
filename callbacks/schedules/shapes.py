"""Schedules as pure functions of the step. NumPy only; the callbacks are thin wrappers around them.

Every function takes ``step`` (an int or an array of ints, counted from 0) and returns float64 values of the same shape.
Lengths are in steps and need not be whole. Past the end of a schedule, if it has one, the last value holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import InvalidArgument, check_choice, check_integer, check_number

__all__ = [
    "annealed",
    "cosine_decay",
    "cosine_restarts",
    "exponential_decay",
    "exponential_sweep",
    "inverse_time_decay",
    "linear_decay",
    "one_cycle",
    "one_cycle_momentum",
    "power_decay",
    "stable_decay",
    "step_decay",
]

ROUNDING = 1e-9
"""A stage may begin early by this fraction of its length, so that 0.07 * 100 = 7.000000000000001 steps count as 7."""


def annealed(start: float, end: float, fraction: Any, shape: str = "cosine") -> np.ndarray:
    """From ``start`` (fraction 0) to ``end`` (fraction 1), along half a cosine wave or a straight line.

    Args:
        start, end: the two values.
        fraction: position in [0, 1]; values outside are clipped.
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
    total_steps = check_integer("total_steps", total_steps, low=1)
    start_fraction = check_number("start_fraction", start_fraction, above=0, below=1)
    step = np.minimum(np.asarray(step, dtype=np.float64), total_steps - 1)
    turn = max(start_fraction * total_steps - 1.0, 0.0)
    # With too few steps for a rise, it starts at the top.
    rising = annealed(first, top, step / turn, shape) if turn > 0.0 else np.full_like(step, top)
    fall = total_steps - 1.0 - turn
    falling = annealed(top, last, (step - turn) / (fall if fall > 0.0 else 1.0), shape)
    return np.where(step <= turn, rising, falling)


def _three_phases(
    step: Any, total_steps: int, start_fraction: float, first: float, top: float, last: float, shape: str
):
    """first -> top, back to first in as many steps, then first -> last over the remaining steps."""
    total_steps = check_integer("total_steps", total_steps, low=1)
    start_fraction = check_number("start_fraction", start_fraction, above=0, high=0.5)
    step = np.minimum(np.asarray(step, dtype=np.float64), total_steps - 1)
    turn = max(start_fraction * total_steps - 1.0, 0.0)
    back, rest = 2.0 * turn, total_steps - 1.0 - 2.0 * turn
    last_phase = annealed(first, last, (step - back) / (rest if rest > 0.0 else 1.0), shape)
    if turn == 0.0:  # too few steps for a rise: it starts at the top
        return np.where(step <= 0.0, top, last_phase)
    rising, falling = annealed(first, top, step / turn, shape), annealed(top, first, (step - turn) / turn, shape)
    return np.where(step <= turn, rising, np.where(step <= back, falling, last_phase))


def one_cycle(
    step: Any,
    *,
    total_steps: int,
    peak: float,
    start_fraction: float = 0.3,
    initial_divisor: float = 25.0,
    final_divisor: float = 1e4,
    shape: str = "cosine",
    phases: int = 2,
) -> np.ndarray:
    """The learning rate of 1cycle: up from ``peak / initial_divisor`` to ``peak``, then down to nearly zero.

    Args:
        step: optimizer step, counted from 0.
        total_steps: length of the cycle in steps.
        peak: the highest rate, reached at ``start_fraction`` of the cycle.
        start_fraction: share of the steps spent rising, in (0, 1); with three phases in (0, 0.5].
        initial_divisor: peak over first rate, >= 1.
        final_divisor: first rate over last rate, >= 1.
        shape: "cosine" or "linear" annealing.
        phases: 2 falls straight from the peak to the last rate; 3 falls to the first rate as fast as it rose, then to
            the last rate over the remaining steps.

    Source: Smith 2018, "A disciplined approach to neural network hyper-parameters", arXiv:1803.09820, has three phases.
    The defaults and the position of the peak are those of PyTorch's ``OneCycleLR``.

    Example:
        >>> [round(float(r), 6) for r in one_cycle([0, 29, 99], total_steps=100, peak=0.1)]
        [0.004, 0.1, 0.0]
    """
    peak = check_number("peak", peak, above=0)
    initial_divisor = check_number("initial_divisor", initial_divisor, low=1)
    final_divisor = check_number("final_divisor", final_divisor, low=1)
    check_choice("phases", phases, (2, 3))
    first = peak / initial_divisor
    curve = _two_phases if phases == 2 else _three_phases
    return curve(step, total_steps, start_fraction, first, peak, first / final_divisor, shape)


def one_cycle_momentum(
    step: Any,
    *,
    total_steps: int,
    low: float = 0.85,
    high: float = 0.95,
    start_fraction: float = 0.3,
    shape: str = "cosine",
    phases: int = 2,
) -> np.ndarray:
    """The momentum of 1cycle: from ``high`` down to ``low`` while the rate rises, and back up while it falls.

    Args:
        step: optimizer step, counted from 0.
        total_steps: length of the cycle in steps.
        low, high: the bounds, 0 <= low <= high < 1.
        start_fraction, shape: as in :func:`one_cycle`.
        phases: with 3, the momentum is back at ``high`` when the rate is back at its first value, and stays there.

    Source: Smith 2018, arXiv:1803.09820, section 4.3.

    Example:
        >>> [round(float(m), 3) for m in one_cycle_momentum([0, 29, 99], total_steps=100)]
        [0.95, 0.85, 0.95]
    """
    low = check_number("low", low, low=0, below=1)
    high = check_number("high", high, low=low, below=1)
    check_choice("phases", phases, (2, 3))
    curve = _two_phases if phases == 2 else _three_phases
    return curve(step, total_steps, start_fraction, high, low, high, shape)


def linear_decay(step: Any, *, peak: float, length: float, final_fraction: float = 0.01) -> np.ndarray:
    """``e_k = (1 - k/tau) e_0 + (k/tau) e_tau`` until step tau, then constant.

    Args:
        step: k, counted from 0.
        peak: e_0, the first rate.
        length: tau, in steps, > 0.
        final_fraction: e_tau / e_0, in [0, 1]. Default 0.01.

    Source: Goodfellow et al. 2016, *Deep Learning*, equation 8.14.

    Example:
        >>> [round(float(r), 4) for r in linear_decay([0, 50, 100, 101], peak=0.1, length=100)]
        [0.1, 0.0505, 0.001, 0.001]
    """
    peak = check_number("peak", peak, above=0)
    length = check_number("length", length, above=0)
    final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)
    return annealed(peak, peak * final_fraction, np.asarray(step, np.float64) / length, "linear")


def power_decay(step: Any, *, peak: float, scale: float, exponent: float = 1.0) -> np.ndarray:
    """``peak / (1 + t/s)^c``.

    Args:
        step: t, counted from 0.
        peak: the first rate.
        scale: s, in steps, > 0: the rate at t = s is ``peak / 2^c``.
        exponent: c, > 0. Default 1.

    Source: Géron 2019, chapter 11, "power scheduling".

    Example:
        >>> [round(float(r), 4) for r in power_decay([0, 100, 200], peak=0.1, scale=100)]
        [0.1, 0.05, 0.0333]
    """
    peak = check_number("peak", peak, above=0)
    scale = check_number("scale", scale, above=0)
    exponent = check_number("exponent", exponent, above=0)
    return peak * (1.0 + np.asarray(step, np.float64) / scale) ** -exponent


def exponential_decay(step: Any, *, peak: float, tenfold: float | None = None, rate: float | None = None) -> np.ndarray:
    """``peak * 0.1^(t/s)`` or ``peak * exp(-a t)``. Give s or a, not both.

    Args:
        step: t, counted from 0.
        peak: the first rate.
        tenfold: s, the number of steps in which the rate falls to a tenth, > 0.
        rate: a, per step, > 0.

    Source: Géron 2019, chapter 11, "exponential scheduling".

    Example:
        >>> [round(float(r), 4) for r in exponential_decay([0, 50, 100], peak=0.1, tenfold=100)]
        [0.1, 0.0316, 0.01]
        >>> float(exponential_decay(1, peak=0.1, rate=1.0) / 0.1 - np.exp(-1.0))
        0.0
    """
    peak = check_number("peak", peak, above=0)
    step = np.asarray(step, np.float64)
    if tenfold is not None:
        if rate is not None:
            raise InvalidArgument("rate", rate, "None if tenfold is given")
        return peak * 0.1 ** (step / check_number("tenfold", tenfold, above=0))
    if rate is None:
        raise InvalidArgument("tenfold", None, "given if rate is None")
    return peak * np.exp(-check_number("rate", rate, above=0) * step)


def step_decay(step: Any, *, peak: float, every: float, factor: float = 0.1) -> np.ndarray:
    """``peak * a^floor(t/N)``: the rate is multiplied by ``a`` every ``N`` steps.

    Args:
        step: t, counted from 0.
        peak: the first rate.
        every: N, > 0.
        factor: a, in (0, 1). Default 0.1.

    Source: He et al. 2015, "Deep residual learning", arXiv:1512.03385, section 3.4.

    Example:
        >>> [round(float(r), 4) for r in step_decay([0, 29, 30, 60], peak=0.1, every=30)]
        [0.1, 0.1, 0.01, 0.001]
    """
    peak = check_number("peak", peak, above=0)
    every = check_number("every", every, above=0)
    factor = check_number("factor", factor, above=0, below=1)
    return peak * factor ** np.floor(np.asarray(step, np.float64) / every + ROUNDING)


def inverse_time_decay(step: Any, *, peak: float, rate: float) -> np.ndarray:
    """``peak / (1 + a t)``.

    Args:
        step: t, counted from 0.
        peak: the first rate.
        rate: a, per step, > 0.

    Source: Robbins and Monro 1951 for the 1/t; Bottou 2012, "Stochastic gradient descent tricks", section 5.2.

    Example:
        >>> [round(float(r), 4) for r in inverse_time_decay([0, 100, 300], peak=0.1, rate=0.01)]
        [0.1, 0.05, 0.025]
    """
    peak = check_number("peak", peak, above=0)
    rate = check_number("rate", rate, above=0)
    return peak / (1.0 + rate * np.asarray(step, np.float64))


def cosine_decay(step: Any, *, peak: float, length: float, final_fraction: float = 0.0) -> np.ndarray:
    """Half a cosine wave from ``peak`` down to ``final_fraction * peak`` at step ``length``, then constant.

    Args:
        step: counted from 0.
        peak: the first rate.
        length: of the half wave, in steps, > 0.
        final_fraction: last rate over first rate, in [0, 1]. Default 0.

    Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5.

    Example:
        >>> [round(float(r), 4) for r in cosine_decay([0, 25, 50, 100, 101], peak=0.1, length=100)]
        [0.1, 0.0854, 0.05, 0.0, 0.0]
    """
    peak = check_number("peak", peak, above=0)
    length = check_number("length", length, above=0)
    final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)
    return annealed(peak, peak * final_fraction, np.asarray(step, np.float64) / length)


FALLS = {
    "sqrt": lambda t: 1.0 - np.sqrt(t),
    "linear": lambda t: 1.0 - t,
    "cosine": lambda t: (1.0 + np.cos(np.pi * t)) / 2.0,
}
"""From 1 at t = 0 to 0 at t = 1."""


def stable_decay(
    step: Any,
    *,
    total_steps: int,
    peak: float,
    decay: float,
    shape: str = "sqrt",
    final_fraction: float = 0.0,
) -> np.ndarray:
    """``peak``, then a fall that reaches ``final_fraction * peak`` one step after the last.

    Args:
        step: counted from 0.
        total_steps: length of the schedule in steps.
        peak: the rate of the stable part.
        decay: length of the fall at the end, in steps, > 0.
        shape: of the fall: "sqrt", "linear" or "cosine".
        final_fraction: last rate over peak, in [0, 1]. Default 0.

    Source: Hu et al. 2024, arXiv:2404.06395; Hägele et al. 2024, arXiv:2405.18392.

    Example:
        >>> [round(float(r), 4) for r in stable_decay([0, 79, 85, 100], total_steps=100, peak=0.1, decay=20)]
        [0.1, 0.1, 0.05, 0.0]
    """
    total_steps = check_integer("total_steps", total_steps, low=1)
    peak = check_number("peak", peak, above=0)
    decay = check_number("decay", decay, above=0)
    check_choice("shape", shape, tuple(FALLS))
    final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)
    step = np.asarray(step, np.float64)
    gone = np.clip((step - (total_steps - decay)) / decay, 0.0, 1.0)
    return peak * (final_fraction + (1.0 - final_fraction) * FALLS[shape](gone))


def cosine_restarts(
    step: Any, *, peak: float, first: float, growth: float = 2.0, final_fraction: float = 0.0
) -> np.ndarray:
    """One half cosine wave after another, each ``growth`` times as long as the one before.

    Args:
        step: counted from 0.
        peak: the rate at the beginning of each wave.
        first: length of the first wave in steps, > 0.
        growth: >= 1. Default 2.
        final_fraction: last rate of each wave over ``peak``, in [0, 1]. Default 0.

    Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983.

    Example:
        >>> [round(float(r), 4) for r in cosine_restarts([0, 5, 10, 20, 30], peak=0.1, first=10)]
        [0.1, 0.05, 0.1, 0.05, 0.1]
    """
    peak = check_number("peak", peak, above=0)
    first = check_number("first", first, above=0)
    growth = check_number("growth", growth, low=1)
    final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)
    place = np.asarray(step, np.float64) / first
    if growth == 1.0:
        waves = np.floor(place + ROUNDING)
        fraction = place - waves
    else:  # n waves take (growth^n - 1) / (growth - 1) times the first; log1p and expm1 are exact for a growth near 1
        log_growth = np.log1p(growth - 1.0)
        waves = np.floor(np.log1p(place * (growth - 1.0)) / log_growth + ROUNDING)
        fraction = (place - np.expm1(waves * log_growth) / (growth - 1.0)) / np.exp(waves * log_growth)
    return annealed(peak, peak * final_fraction, fraction)


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
    total_steps = check_integer("total_steps", total_steps, low=2)
    low = check_number("low", low, above=0)
    high = check_number("high", high, above=low)
    fraction = np.clip(np.asarray(step, dtype=np.float64) / (total_steps - 1), 0.0, 1.0)
    return low * (high / low) ** fraction
