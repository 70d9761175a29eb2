"""What becomes of a range test: the rate of a recipe without one."""

from unittest.mock import Mock

import numpy as np
import pytest

import callbacks
import recipes
from callbacks.range_test.lr_finder import NoSuggestion
from callbacks.range_test.suggestions import peak
from recipes import Recipe
from recipes.learning_rate import found_rate, is_doubtful, usual_peak
from recipes.optimizers import OPTIMIZERS, Momentum


def by_hand(losses, **options):
    """A finder that saw these losses."""
    finder = callbacks.LRFinder(steps=max(len(losses), 10), **options)
    for loss in losses:
        finder.take(loss)
    return finder


def test_the_usual_peak_is_within_the_optimizers_range():
    for name, entry in OPTIMIZERS.items():
        rates = next(range for range in entry.hyperparameters if range.name == "learning_rate")
        if not Recipe(optimizer=name).finds_its_own_step:
            assert rates.low < usual_peak(Recipe(optimizer=name)) < rates.high
    assert usual_peak(Recipe(optimizer=Momentum(0.25))) == 0.25


def test_what_the_curve_says_is_taken():
    finder = by_hand([*np.linspace(2.0, 1.0, 40), *np.geomspace(1.0, 9.0, 20)], usual=1e-6)
    assert found_rate(Recipe(), finder, 10_000) == (peak(finder.rates, finder.losses), None)
    assert not is_doubtful(finder)


def test_few_data_are_half_the_evidence():
    finder = by_hand([*np.linspace(2.0, 1.0, 40), *np.geomspace(1.0, 9.0, 20)], usual=0.03)
    suggestion = peak(finder.rates, finder.losses)
    rate, remark = found_rate(Recipe(), finder, 9_999)
    assert rate == pytest.approx((suggestion * 0.03) ** 0.5, rel=1e-9)
    assert remark.startswith("with 9,999 examples ")
    assert not is_doubtful(finder)
    assert found_rate(Recipe(), finder, 10_000) == (suggestion, None)


def test_where_it_says_nothing_the_rate_is_the_usual_one():
    finder = by_hand(np.linspace(1.0, 2.0, 20))
    rate, remark = found_rate(Recipe(optimizer="adam"), finder, 10_000)
    assert rate == pytest.approx(0.003)
    assert remark == "No rate of the range test made the loss fall: 0.003, which is usual for adam"
    assert is_doubtful(finder)


def test_a_bound_is_doubtful_unless_the_data_are_few():
    finder = by_hand(np.linspace(2.0, 1.0, 20), usual=0.03)
    assert found_rate(Recipe(), finder, 10_000)[0] == 0.03
    assert is_doubtful(finder)
    finder.batches_per_pass = 1
    assert found_rate(Recipe(), finder, 10_000)[0] == 0.03
    assert not is_doubtful(finder)


def test_a_schedule_gets_the_part_of_the_peak_that_suits_it():
    finder = by_hand([*np.linspace(2.0, 1.0, 40), *np.geomspace(1.0, 30.0, 20)])
    found = finder.suggest()
    warm = {"name": "constant", "warm_up": 0.1}
    for schedule, part in (("one_cycle", 1), ("cosine", 0.5), ("performance", 0.25), ("constant", 0.25), (warm, 0.25)):
        assert found_rate(Recipe(schedule=schedule), finder, 10_000)[0] == part * found
    nothing = by_hand(np.linspace(1.0, 2.0, 20))
    assert found_rate(Recipe(schedule="constant"), nothing, 10_000)[0] == usual_peak(Recipe()) / 4


def test_fit_says_so(classes, tiny, monkeypatch):
    nothing = NoSuggestion("No rate made the loss fall: try other bounds")
    monkeypatch.setattr(callbacks.LRFinder, "suggest", Mock(side_effect=nothing))
    monkeypatch.setattr(callbacks.LRFinder, "remark", Mock(side_effect=nothing))
    with pytest.warns(UserWarning, match="learning rate: No rate made .*usual for momentum") as caught:
        run = recipes.fit(classes, tiny(learning_rate=None), epochs=1, verbose=0)
    assert caught[0].filename == __file__
    assert run.recipe.learning_rate == pytest.approx(usual_peak(run.recipe))
    assert run.remark in str(caught[0].message)
