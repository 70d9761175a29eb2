"""Protocols: what is refused, and what of them makes another search."""

import dataclasses
import json

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.tuning.protocol import Protocol


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"design": "half"}, "design must be one of 'crossed', 'one_at_a_time'"),
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"trials": 1.5}, "trials must be an integer >= 1"),
        ({"repeats": True}, "repeats must be an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"seed": 2**32 - 2}, "seed must be an integer >= 0 and <= 4294967292"),
        ({"prune": "asha", "epochs": 1}, "epochs must be >= 2 for prune='asha', which stops nothing otherwise"),
        ({"prune": "asha", "trials": 1}, "trials must be >= 2 for prune='asha', which stops nothing otherwise"),
        ({"prune": "median", "trials": 3}, "trials must be >= 4 for prune='median', which stops nothing otherwise"),
        ({"prune": "hyperband"}, "prune must be one of 'none', 'asha', 'median'"),
        ({"widen": "no"}, "widen must be True or False"),
        ({"retry_failed": 2}, "retry_failed must be True or False"),
        ({"confidence": 95}, "confidence must be a number > 0 and < 1"),
        ({"confidence": 0.9, "repeats": 1}, "repeats must be >= 2 where a confidence is asked for"),
        ({"margin": -1}, "margin must be a number >= 0"),
        ({"budget": 0}, "budget must be an integer >= 1"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Protocol(**options)


def test_how_many_trainings_it_takes():
    assert Protocol(trials=5, repeats=2, tunings="once").trainings(arms=3) == 3 * (5 + 2)
    assert Protocol(trials=5, repeats=2, tunings="once", widen=True).trainings(arms=3) == 3 * (5 + 2 + 2)
    assert Protocol(trials=1, repeats=2, tunings="once", widen=True).trainings(arms=1) == 1 + 1 + 2


def test_a_budget_is_kept():
    Protocol(trials=2, repeats=2, tunings="once", budget=8).check_budget(2)
    with pytest.raises(InvalidArgument, match=r"budget must be >= 8: 2 arms, each with 2 trials and 2 repeats\."):
        Protocol(trials=2, repeats=2, tunings="once", budget=7).check_budget(2)
    with pytest.raises(InvalidArgument, match="and as many as half again where a range is widened"):
        Protocol(trials=2, repeats=2, tunings="once", budget=9, widen=True).check_budget(2)


@pytest.mark.parametrize(
    "protocol", [Protocol(), Protocol(repeats=1), Protocol("one_at_a_time", 3, 2, 5, 7, "asha", True, 0.9)]
)
def test_settings_and_back(protocol):
    settings = json.loads(json.dumps({**protocol.to_settings(), "dataset": "digits"}))
    back = Protocol.from_settings(settings)
    assert back.to_settings() == protocol.to_settings()
    assert back.level == protocol.level


def test_what_makes_another_search():
    names = list(Protocol().to_settings())
    assert names == [
        *("design", "epochs", "trials", "repeats", "seed", "prune", "widen"),
        *("tunings", "resplit", "ranges", "confidence", "margin"),
    ]
    assert Protocol(confidence=0.95).to_settings() == Protocol().to_settings()
    assert Protocol(budget=99, retry_failed=True).to_settings() == Protocol().to_settings()
    for name, other in (
        ("epochs", 11),
        ("prune", "asha"),
        ("widen", True),
        ("confidence", 0.9),
        ("ranges", "a=0.1:1.0"),
    ):
        assert dataclasses.replace(Protocol(), **{name: other}).to_settings() != Protocol().to_settings()


def test_numpy_numbers_are_written_as_json():
    settings = Protocol(epochs=np.int64(3), seed=np.int32(1), widen=np.True_).to_settings()
    assert json.loads(json.dumps(settings)) == settings
