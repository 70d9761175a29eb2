import re
import warnings

import numpy as np
import pandas
import pytest

from recipes.data import Data
from recipes.data.checks.leak_scores import alone, from_target, halves, known_alone

HALVES = halves(np.arange(4000))  # every other example


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
    assert alone(values, y, HALVES[: len(y)], classes=True) == pytest.approx(by_pandas(values, y, True))
    target = codes + random.normal(size=300)
    assert alone(values, target, HALVES[: len(values)], classes=False) == pytest.approx(
        by_pandas(values, target, False)
    )
    assert alone(codes.astype("float32"), y, HALVES[: len(codes)], classes=True) == pytest.approx(
        by_pandas(codes, y, True)
    )


def test_numbers_of_many_values_are_taken_in_bins():
    random = np.random.default_rng(0)
    x = random.normal(size=4000).astype("float32")
    assert alone(x, (x > 0).astype(int), HALVES[: len(x)], classes=True) > 0.97
    assert alone(x, x, HALVES[: len(x)], classes=False) > 0.97
    assert alone(random.permutation(x), x, HALVES[: len(x)], classes=False) < 0.1
    missing = np.where(x > 1, np.nan, x)
    assert (
        alone(missing, (x > 1).astype(int), HALVES[: len(missing)], classes=True) == 1.0
    )  # that it is missing says it all


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
        (shuffled(200), np.stack([shuffled(200, 1), np.arange(200) == 7], axis=1).astype(int)),  # a label of one yes
        (shuffled(24), shuffled(24)),  # 16 examples to train on say too little
        (np.arange(200) * 7 % 200, shuffled(200)),  # numbers that are all different
        (np.where(np.arange(200) % 5 == 1, 3.0, np.nan), np.arange(200) % 20 != 0),  # where it is known as elsewhere
    ],
)
def test_other_columns_are_not(column, y):
    assert not [message for message in leaky("column", column, y) if "alone predicts" in message]


def warned(x, y, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Data.from_arrays(x, y, **options)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("form", ["array", "named", "frame", "vector"])
def test_a_table_is_checked_and_the_advice_can_be_taken(form):
    y = shuffled(200)
    table = np.stack([np.random.default_rng(0).normal(size=200), y * 3.0, np.arange(200.0)], axis=1)
    names = ["a", "pH", "c"]
    x = {
        "array": table,
        "named": table,
        "frame": pandas.DataFrame(table, columns=names),
        "vector": {"noise": table[:, 0], "v": table},
    }[form]
    options = {"feature_names": names} if form == "named" else {}
    (message,) = warned(x, y, **options)
    column, advice = {"array": ("1", "[1]"), "vector": ("v[1]", "['v']")}.get(form, ("pH", "['pH']"))
    assert f"column {column!r} alone predicts the target almost perfectly (accuracy 1.000)" in message
    assert message.endswith(f"exclude={advice}")
    exclude = [1] if form == "array" else re.findall("'(.*)'", advice)
    assert not warned(x, y, exclude=exclude, **options)


def test_whole_numbers_of_many_values_are_not_only_taken_in_bins():
    codes = np.random.default_rng(0).integers(0, 300, 4000)
    assert alone(codes, codes % 2, HALVES[: len(codes)], classes=True) == pytest.approx(
        by_pandas(codes, codes % 2, True)
    )
    assert alone(codes, codes % 2, HALVES[: len(codes)], classes=True) > 0.97  # odd ones are of another class
    (message,) = warned(np.stack([codes, shuffled(4000, 9)], axis=1), codes % 2)
    assert "column '0'" in message


def test_a_column_known_for_few_examples_decides_them():
    y = shuffled(800)
    dead = np.where((np.arange(800) % 9 == 0) & (y == 1), 100.0 + np.arange(800), np.nan)
    assert alone(dead, y, HALVES[: len(dead)], classes=True) < 0.7
    assert known_alone(dead, np.isnan(dead), y, HALVES[: len(y)], classes=True) == 1.0
    for column in (dead, np.where(np.isnan(dead), "", "found"), np.where(np.isnan(dead), -1, dead)):
        (message,) = warned({"noise": shuffled(800, 9), "body": column}, y)
        assert "column 'body' alone predicts" in message
    price = np.where(y == 1, np.arange(800) % 7, np.nan)
    (message,) = warned({"noise": shuffled(800, 9), "sold": price}, np.where(y == 1, np.arange(800) % 7, 9.5))
    assert "column 'sold'" in message


def test_another_label_of_the_example_is_named():
    fine = np.random.default_rng(0).permutation(np.arange(600) % 12)
    frame = pandas.DataFrame({"noise": np.arange(600.0), "group": fine // 3, "label_age": shuffled(600)})
    assert from_target(fine // 3, fine, HALVES[: len(fine)]) == (1.0, 4, 0.25)
    follows, named = warned(frame, pandas.Series(fine, name="label_fine"))
    assert "column 'group' follows from the target like another label of it (accuracy 1.000)" in follows
    assert "column 'label_age' is an input, though its name is that of a label" in named
    assert len(warned(frame, fine)) == 1  # of a target without a name
    assert len(warned(frame.rename(columns={"label_age": "target"}), fine)) == 2


def test_examples_from_all_over_the_split_are_checked():
    y = (np.arange(50_000) > 30_000).astype(int)  # sorted by class
    assert len(warned(np.stack([y, shuffled(50_000)], axis=1), y)) == 1


def test_many_columns_take_few_lines():
    y = shuffled(200)
    messages = warned(np.stack([y] * 9, axis=1), y)
    assert len(messages) == 5
    assert messages[-1].endswith("exclude=[4]; so do 4 more columns")


def test_examples_that_belong_together_do_not_tell_of_one_another():
    random = np.random.default_rng(0)
    patients = random.integers(0, 60, 900)
    sick = random.integers(0, 2, 60)[patients]
    x = np.stack([random.normal(size=60)[patients], random.normal(size=900)], axis=1)  # the age says who it is
    assert len(warned(x, sick)) == 1
    assert not warned(x, sick, groups=patients)
    assert len(warned(np.stack([sick, x[:, 1]], axis=1), sick, groups=patients)) == 1
    assert not warned(x[np.arange(900) // 2], random.normal(size=900))  # each twice


def test_each_of_several_targets_is_checked():
    y = np.stack([shuffled(200), shuffled(200, 1)], axis=1)
    x = {"noise": shuffled(200, 9), "copy": y[:, 1]}
    (message,) = warned(x, y, class_names=["rain", "wind {m/s}"])
    assert "column 'copy' alone predicts the target 'wind {m/s}' almost perfectly (accuracy 1.000)" in message
    assert message.endswith("exclude=['copy']")
    prices = np.round(np.random.default_rng(0).normal(size=(200, 3)))
    (message,) = warned({"noise": shuffled(200, 9), "net": prices[:, 2] / 2}, prices)
    assert "predicts the target '2' almost perfectly (share of the variance explained" in message
