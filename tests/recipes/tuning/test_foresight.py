"""What a search can tell, before it is run and with the noise that it has found."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.foresight import before_search, in_a_line, of_search
from recipes.tuning.protocol import Protocol

pytestmark = pytest.mark.usefixtures("few_draws")

FIXED = Protocol(resplit=False, tunings="once")


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr("recipes.judging.power.DRAWS", 200)


@pytest.fixture(scope="module")
def classes():
    x = np.random.default_rng(0).normal(size=(1_000, 3))
    return recipes.Data.from_arrays(x, np.arange(1_000) % 2)


def test_more_repeats_fewer_arms_and_splits_of_their_own_tell_more(classes):
    told = before_search(classes, FIXED, arms=4, repeats=3)
    assert 0.005 < told < 0.1
    assert before_search(classes, FIXED, arms=4, repeats=10) < told
    assert before_search(classes, FIXED, arms=2, repeats=10) < before_search(classes, FIXED, arms=8, repeats=10)
    own = before_search(classes, Protocol(resplit=True, tunings="once"), arms=4, repeats=10)
    assert own < before_search(classes, FIXED, arms=4, repeats=10)
    assert before_search(classes, FIXED, 4, 10, disagreement=0.1) > before_search(classes, FIXED, 4, 10)


def test_it_is_said_in_a_line(classes):
    line = in_a_line(classes, FIXED, arms=3)
    assert line.startswith("With 200 test examples and 3 repeats, about ")
    assert line.endswith("points can be told between 3 arms that disagree on 3 % of the examples.")
    assert "up to 27 repeats" in in_a_line(classes, Protocol(repeats="auto", resplit=False), arms=2)


def test_where_nothing_is_known(classes):
    numbers = recipes.Data.from_arrays(np.random.default_rng(0).normal(size=(50, 3)), np.linspace(0.5, 9.5, 50))
    assert in_a_line(numbers, FIXED, arms=3) is None
    assert math.isnan(before_search(classes, FIXED, arms=3, repeats=1))
    with pytest.raises(InvalidArgument, match="disagreement must be"):
        before_search(classes, FIXED, arms=3, repeats=3, disagreement=0.0)


def test_of_a_search_with_its_noise():
    """The median of the arms: each repeat has a standard deviation of 1, and the examples add nothing."""
    table = pd.DataFrame({"of_repeats": [math.nan, 2 / 3], "of_examples": [math.nan, 0.0], "repeats": [3, 3]})
    found = SimpleNamespace(
        results=SimpleNamespace(summary=table), settings={**FIXED.to_settings(), "metric": "accuracy"}
    )
    assert of_search(found, 6) == pytest.approx(2.1, rel=0.15)  # by the noncentral t with 5 degrees of freedom
    assert math.isnan(of_search(found, 1))
