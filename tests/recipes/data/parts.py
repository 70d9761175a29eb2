"""A record with gaps, for the tests of records."""

import numpy as np

NAN = np.nan
Y = np.arange(60) // 2 % 2
"""Of 60 examples, two of one class after two of the other."""


def record(**more):
    random = np.random.default_rng(0)
    return {
        "age": np.where(np.arange(60) % 7 == 0, -1, np.arange(60)),
        "fare": np.where(np.arange(60) % 9 == 0, NAN, random.normal(size=60)),
        "deck": np.array(["A", "B", "C", "", "A"] * 12),
        **more,
    }


def features(data):
    return {each.name: each for each in data.spec.features}
