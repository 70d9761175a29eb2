"""Numbers as they are written."""

from __future__ import annotations

import math

import pytest

from recipes.metric import ACCURACY, Metric
from recipes.metric import ROOT_MEAN_SQUARED_ERROR as ERROR
from recipes.report import formatting

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("value", "metric", "written"),
    [
        (0.98237, ACCURACY, "98.24"),
        (1.0, ACCURACY, "100.00"),
        (0.0, ACCURACY, "0.00"),
        (0.5, Metric("binary_accuracy"), "50.00"),
        (0.52314, ERROR, "0.5231"),
        (0.523, ERROR, "0.5230"),
        (12.3456, ERROR, "12.35"),
        (9.99996, ERROR, "10.00"),
        (12345.6, ERROR, "12346"),
        (1.23456e7, ERROR, "1.235e+07"),
        (0.00012345, ERROR, "0.0001234"),
        (1.2345e-6, ERROR, "1.234e-06"),
        (0, ERROR, "0.000"),
        (NAN, ACCURACY, "—"),
        (INF, ERROR, "—"),
        (None, ERROR, "—"),
    ],
)
def test_score(value, metric, written):
    assert formatting.score(value, metric) == written


@pytest.mark.parametrize(
    ("mean", "sd", "metric", "written"),
    [
        (0.98237, 0.00312, ACCURACY, "98.24 ± 0.31"),
        (0.98237, NAN, ACCURACY, "98.24"),
        (NAN, 0.1, ACCURACY, "—"),
        (0.523, 0.01234, ERROR, "0.5230 ± 0.0123"),
        (12.3456, 0.9, ERROR, "12.35 ± 0.90"),
    ],
)
def test_spread_has_the_decimals_of_its_mean(mean, sd, metric, written):
    assert formatting.spread(mean, sd, metric) == written


@pytest.mark.parametrize(
    ("numbers", "metric", "reference", "written"),
    [
        ((0.0031, -0.001, 0.0072), ACCURACY, NAN, "+0.31 [-0.10, +0.72]"),
        ((-0.0031, NAN, NAN), ACCURACY, NAN, "-0.31"),
        ((-0.00001, -0.001, 0.001), ACCURACY, NAN, "0.00 [-0.10, +0.10]"),
        ((NAN, NAN, NAN), ACCURACY, NAN, "—"),
        ((-0.0123, -0.0456, 0.021), ERROR, NAN, "-0.0123 [-0.0456, +0.0210]"),
        ((-0.00123, -0.00456, 0.0021), ERROR, 0.5231, "-0.0012 [-0.0046, +0.0021]"),
        ((0.0, NAN, NAN), ERROR, NAN, "0.00"),
    ],
)
def test_difference_has_a_sign_and_an_interval(numbers, metric, reference, written):
    value, low, high = numbers
    assert formatting.difference(value, metric, low, high, reference=reference) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.0123, "0.0123"), (1.2e-5, "1.2e-05"), (0.1234567, "0.123"), (1.0, "1"), (NAN, "—")]
)
def test_learning_rate(value, written):
    assert formatting.learning_rate(value) == written
    assert formatting.strength(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.03, "0.03"),
        (0.0009, "<0.001"),
        (0.001, "0.001"),
        (0.0042, "0.004"),
        (0.123, "0.12"),
        (1.0, "1.00"),
        (0.0, "<0.001"),
        (0.0496, "0.0496"),
        (0.0532, "0.053"),
        (0.05, "0.05"),
        (None, "—"),
    ],
)
def test_p_value_shows_on_which_side_of_five_percent_it_lies(value, written):
    assert formatting.p_value(value) == written


@pytest.mark.parametrize(("value", "written"), [(0.85, "p = 0.85"), (0.0004, "p < 0.001"), (None, "p = —")])
def test_p_value_in_a_sentence(value, written):
    assert formatting.p_is(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (3.21, "3.2 s"),
        (9.97, "10 s"),
        (45.4, "45 s"),
        (125, "2 min 05 s"),
        (7380, "2 h 03 min"),
        (7199, "2 h 00 min"),
        (NAN, "—"),
    ],
)
def test_duration(seconds, written):
    assert formatting.duration(seconds) == written


def test_flatten_writes_nested_settings():
    nested = {"batch_size": 32, "deterministic": True, "optimizers": ["adam", "nadam"], "examples": {"train": 12570}}
    nested |= {"a": {"b": {"c": None}}, "empty": []}
    assert formatting.flatten(nested) == [
        ("batch size", "32"),
        ("deterministic", "yes"),
        ("optimizers", "adam, nadam"),
        ("examples: train", "12,570"),
        ("a: b: c", "—"),
        ("empty", "—"),
    ]
