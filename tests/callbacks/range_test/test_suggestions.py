"""Suggestion rules on curves whose answer is known."""

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from callbacks.range_test.suggestions import RULES, minimum, peak, rise_to_a_plateau, smoothed, steepest, valley

RATES = np.logspace(-5, 1, 61)  # ten points a decade


def bowl():
    """Flat at 2 up to index 20, down in a straight line to 1 at index 40, then up again."""
    k = np.arange(61)
    return np.where(k <= 20, 2.0, np.where(k <= 40, 2.0 - (k - 20) / 20, 1.0 + (k - 40) / 4))


LAST = RATES[41]
"""Where the running median of the bowl last lies within three tenths of its descent of the lowest."""


def test_minimum_and_peak():
    assert minimum(RATES, bowl()) == pytest.approx(RATES[40] / 10)
    assert peak(RATES, bowl()) == pytest.approx(LAST / 4)
    assert peak(RATES, bowl(), divisor=5) == pytest.approx(LAST / 5)


def test_peak_looks_through_a_passing_rise():
    losses = bowl()
    losses[24:34] = 5.0
    assert peak(RATES, losses) == pytest.approx(LAST / 4)
    losses[:] = bowl()
    losses[34:37] = 1.0  # lower before, and again nearly as low later
    assert peak(RATES, losses) == pytest.approx(LAST / 4)


def test_peak_looks_through_a_plateau():
    """As a residual network has one: a quarter of the descent above the lowest loss, until it diverges."""
    losses = bowl()
    losses[41:55] = 1.25
    losses[55:] = 20.0
    assert peak(RATES, losses) == pytest.approx(RATES[54] / 4)
    losses[41:55] = 1.5
    assert peak(RATES, losses) == pytest.approx(RATES[40] / 4)


def test_to_forget_a_wild_guess_is_not_to_learn():
    """From 12 down to .4, where the network learns, up to 2.3, the loss of chance, where its units have died."""
    losses = np.concatenate([np.geomspace(12.0, 0.4, 31), np.linspace(0.4, 2.3, 10), np.full(20, 2.3)])
    assert peak(RATES, losses) == pytest.approx(RATES[60] / 4)
    assert RATES[32] <= 4 * peak(RATES, losses, chance=2.3) <= RATES[35]
    assert peak(RATES, losses, chance=20.0) == peak(RATES, losses)  # it begins below that
    assert peak(RATES, losses, chance=0.1) == peak(RATES, losses)  # it never gets there


def test_a_rise_to_a_plateau():
    rates = np.logspace(-5, 1, 300)
    noise = np.random.default_rng(0).normal(0, 0.1, 300)
    fall, rise = np.geomspace(12.0, 0.4, 180), np.linspace(0.4, 2.3, 60)
    losses = np.concatenate([fall, rise, np.full(60, 2.3)]) + noise
    found = rise_to_a_plateau(rates, losses)
    assert rates[180] < found < rates[210]
    flat = np.concatenate([fall, np.full(120, 0.4)]) + noise
    assert rise_to_a_plateau(rates, flat) is None
    assert rise_to_a_plateau(rates, np.geomspace(12.0, 0.4, 300) + noise) is None
    passing = np.concatenate([fall, rise, rise[::-1]]) + noise
    assert rise_to_a_plateau(rates, passing) is None  # it came down again
    assert rise_to_a_plateau(rates[:50], losses[:50]) is None


def test_peak_is_not_moved_by_single_losses():
    losses = bowl()
    losses[[10, 50]] = -3.0
    losses[[38, 40]] = 9.0
    assert RATES[37] / 4 <= peak(RATES, losses) <= RATES[41] / 4


def test_steepest_is_where_a_logistic_curve_falls_fastest():
    logistic = 1.0 / (1.0 + np.exp((np.arange(61) - 33.0) / 3.0))
    assert steepest(RATES, logistic) == pytest.approx(RATES[33])


def test_steepest_ignores_what_comes_after_the_minimum():
    losses = bowl()
    losses[50:] = 50.0
    losses[55:] = 1.5  # a cliff, but not of the descent
    assert RATES[20] <= steepest(RATES, losses) <= RATES[40]


def test_valley_is_half_way_down_the_longest_descent():
    assert valley(RATES, bowl()) == pytest.approx(RATES[30])


def test_valley_looks_through_small_rises():
    losses = bowl()
    losses[[25, 35]] += 0.07  # each a bump higher than its left neighbour
    assert RATES[29] <= valley(RATES, losses) <= RATES[31]


def test_valley_takes_the_longest_of_two_descents():
    losses = np.concatenate([np.linspace(1.0, 0.8, 6), np.linspace(3.0, 2.0, 55)])
    assert valley(RATES, losses) == pytest.approx(RATES[6 + 27])


@pytest.mark.parametrize("rule", list(RULES.values()))
def test_bad_curves(rule):
    with pytest.raises(InvalidArgument, match="losses must be as long as rates, with at least 5 points"):
        rule(RATES[:4], RATES[:4])
    with pytest.raises(InvalidArgument, match="losses must be as long as rates"):
        rule(RATES, RATES[:-1])


def test_the_names():
    assert {"peak": peak, "valley": valley, "steepest": steepest, "minimum": minimum} == RULES


def test_smoothed_by_hand():
    # Averages with weights 1; (0.5, 1)/1.5; (0.25, 0.5, 1)/1.75.
    expected = [4.0, (0.5 * 4 + 1 * 1) / 1.5, (0.25 * 4 + 0.5 * 1 + 1 * 8) / 1.75]
    np.testing.assert_allclose(smoothed(np.array([4.0, 1.0, 8.0]), 0.5), expected, rtol=1e-12)
    assert smoothed(np.array([4.0, 1.0]), 0.0).tolist() == [4.0, 1.0]
