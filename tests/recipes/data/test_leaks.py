import warnings

import numpy as np
import pandas
import pytest

from recipes.data import Data
from recipes.data.leaks import alone


def shuffled(size, seed=0):
    return np.random.default_rng(seed).permutation(np.arange(size) % 2)


def by_pandas(values, y, classes):
    """What a table of the values of every other example says of the other half."""
    frame = pandas.DataFrame({"value": values, "y": y})
    learn, judge = frame[::2], frame[1::2]
    if classes:
        told = learn.groupby("value")["y"].agg(lambda each: each.mode()[0])
        answers = judge["value"].map(told).fillna(learn["y"].mode()[0])
        return (answers == judge["y"]).mean()
    answers = judge["value"].map(learn.groupby("value")["y"].mean()).fillna(learn["y"].mean())
    return 1 - ((answers - judge["y"]) ** 2).mean() / judge["y"].var(ddof=0)


@pytest.mark.parametrize("seed", range(5))
def test_how_well_a_category_predicts(seed):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 12, 300)
    y = np.where(random.random(300) < 0.7, codes % 3, random.integers(0, 3, 300))
    values = np.array([f"v{code}" for code in codes], object)
    assert alone(values, y, classes=True) == pytest.approx(by_pandas(values, y, True))
    target = codes + random.normal(size=300)
    assert alone(values, target, classes=False) == pytest.approx(by_pandas(values, target, False))
    assert alone(codes.astype("float32"), y, classes=True) == pytest.approx(by_pandas(codes, y, True))


def test_numbers_of_many_values_are_taken_in_bins():
    random = np.random.default_rng(0)
    x = random.normal(size=4000).astype("float32")
    assert alone(x, (x > 0).astype(int), classes=True) > 0.97
    assert alone(x, x, classes=False) > 0.97
    assert alone(random.permutation(x), x, classes=False) < 0.1
    missing = np.where(x > 1, np.nan, x)
    assert alone(missing, (x > 1).astype(int), classes=True) == 1.0  # that it is missing says it all


def leaky(column_name, column, y, **options):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Data.from_arrays({"noise": shuffled(len(y), 9), column_name: column}, y, **options)
    return [str(each.message) for each in said]


def test_a_column_that_decides_is_named():
    y = shuffled(200)
    boats = np.array([f"boat {i % 5}" if label else "" for i, label in enumerate(y)], object)
    (message,) = leaky("boat", boats, y, name="ships")
    assert message == (
        "dataset 'ships': column 'boat' alone predicts the target almost perfectly (accuracy 1.000); if it would not be"
        " known when predicting, leave it out: exclude=['boat']"
    )
    (message,) = leaky("copy", y * 3.0 + 1, y + 0.5)
    assert "column 'copy' alone" in message
    assert "(share of the variance explained 1.000)" in message
    (message,) = leaky("part", np.where(np.arange(200) % 70 == 0, 1 - y, y), y)  # almost always
    assert "column 'part'" in message


@pytest.mark.parametrize(
    ("column", "y"),
    [
        (np.where(np.arange(200) % 10 == 0, 1 - shuffled(200), shuffled(200)), shuffled(200)),  # 9 of 10
        (np.arange(1000) % 7, (np.arange(1000) % 100 == 0).astype(int)),  # no better than always saying no
        (np.array([f"id{i}" for i in range(200)], object), shuffled(200)),
        (np.stack([shuffled(200)] * 2, axis=1), shuffled(200)),  # vectors are not looked at
        (shuffled(200), np.stack([shuffled(200), np.ones(200, int)], axis=1)),  # nor are several targets
        (shuffled(24), shuffled(24)),  # 16 examples to train on say too little
    ],
)
def test_other_columns_are_not(column, y):
    assert not [message for message in leaky("column", column, y) if "alone predicts" in message]
