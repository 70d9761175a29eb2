import re
from collections import Counter

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.feature import Feature
from recipes.data.statistics.feature_statistics import describe, missing_values

NAN = np.nan


def strings(*values):
    found = np.empty(len(values), object)
    found[:] = values
    return found


@pytest.mark.parametrize(
    ("values", "dtype", "missing", "present"),
    [
        ([3, 1, 2, 2], "int64", None, [3, 1, 2, 2]),
        ([3, 1, 2, 2], "uint8", None, [3, 1, 2, 2]),
        ([True, False, True], "bool", None, [1, 0, 1]),
        ([3, NAN, 1, NAN], "float64", "nan", [3, 1]),
        ([3, NAN, -1, -1], "float32", "nan", [3, -1, -1]),  # where there is NaN, -1 is a number
        ([*range(10), -1, -1], "int32", -1, [*range(10)]),
        ([0.5] * 20 + [*range(11)] + [-1] * 3, "float32", -1, [0.5] * 20 + [*range(11)]),
        ([*range(9), -1, -1], "int32", None, [*range(9), -1, -1]),  # a scale of few steps
        ([-1, 0, 1] * 9, "int8", None, [-1, 0, 1] * 9),
        ([*range(-1, 12)] * 2, "int16", None, [*range(-1, 12)] * 2),  # as frequent as others: whole degrees
        ([*np.arange(-3, 8) / 4, *[-1] * 9], "float32", None, [*np.arange(-3, 8) / 4, *[-1] * 9]),
        ([3, -9, 0, -9], "float32", -9, [3, 0]),
        ([3, -99, 0, -99], "int16", -99, [3, 0]),
        ([3, -999, 0, -999], "int16", -999, [3, 0]),
        ([3, -9999, 0, -9999], "int16", -9999, [3, 0]),
        ([3, -1, 1, 2], "float32", None, [3, -1, 1, 2]),  # a single -1 is a number
        ([3, -0.5, *range(8), -1, -1], "float32", None, [3, -0.5, *range(8), -1, -1]),  # so are all beside others
        ([3, -0.5, *range(6), -9, -9], "float32", -9, [3, -0.5, *range(6)]),  # unless -9 is a fifth
        ([3, -2, 1, -2], "float32", None, [3, -2, 1, -2]),
        ([-1, -1, -1], "float32", None, [-1, -1, -1]),  # or if there is nothing else
        ([-99, -99, -1, *range(9)], "float32", None, [-99, -99, -1, *range(9)]),
    ],
)
def test_numbers(values, dtype, missing, present):
    feature = describe("n", "number", np.array(values, dtype))
    assert (feature.kind, feature.shape, feature.dtype, feature.missing) == ("number", (), dtype, missing)
    assert feature.mean == pytest.approx((np.mean(present),), rel=1e-12)
    assert feature.variance == pytest.approx((np.var(present) or 1.0,), rel=1e-12)
    assert missing_values(feature, np.array(values, dtype)) == len(values) - len(present)


def test_numbers_that_are_all_missing():
    feature = describe("n", "number", np.full(4, NAN, "float32"))
    assert (feature.missing, feature.mean, feature.variance) == ("nan", (0.0,), (1.0,))


def test_large_numbers_keep_their_digits():
    values = 1e9 + np.arange(1000)
    feature = describe("n", "number", values)
    assert feature.variance == pytest.approx((np.var(np.arange(1000)),), rel=1e-9)


def test_the_values_of_a_category_most_frequent_first():
    feature = describe("c", "category", strings("b", "a", "c", "b", "c", "c", ""))
    assert (feature.dtype, feature.vocabulary) == ("string", ("c", "b", "", "a"))  # ties in order
    feature = describe("c", "category", np.array([5, 7, 5, -3], "int32"))
    assert (feature.dtype, feature.vocabulary) == ("int32", (5, -3, 7))
    feature = describe("c", "category", np.array([True, False, True]))
    assert feature.vocabulary == (1, 0)


def test_the_classes_of_a_category_are_known():
    assert describe("c", "category", np.array([1, 1, 3]), classes=5).vocabulary == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(("distinct", "kept"), [(32, 32), (33, 3)])
def test_of_many_values_those_seen_once_are_taken_together(distinct, kept):
    values = strings(*[f"v{i:02d}" for i in range(distinct)], "v00", "v01", "v02")
    assert len(describe("c", "category", values).vocabulary) == kept


def test_at_most_a_thousand_values_are_kept():
    values = np.repeat(np.arange(1500), np.arange(1500) % 3 + 2)
    vocabulary = describe("c", "category", values).vocabulary
    assert vocabulary == tuple(value for value, _ in sorted(Counter(values.tolist()).items(), key=frequent)[:1000])


def frequent(pair):
    return -pair[1], pair[0]


def test_from_strings_that_are_all_different_nothing_can_be_learned():
    assert describe("id", "string", strings(*[f"id{i}" for i in range(40)])) is None
    assert describe("id", "category", np.arange(40)) is None


SENTENCES = [f"Film {i}, a story: WELL told -- number {i % 7}!" for i in range(30)]


def test_sentences_without_spaces_are_texts():
    values = strings(*[f"我很喜欢这本书{chr(0x4E00 + i)}。" for i in range(30)])
    assert describe("t", "string", values).kind == "text"


def test_sentences_are_texts():
    feature = describe("t", "string", strings(*SENTENCES))
    assert (feature.kind, feature.dtype, feature.shape) == ("text", "string", ())
    counts = Counter(word for each in SENTENCES for word in re.sub(r"[^\w\s]", "", each.lower()).split())
    assert set(feature.vocabulary) == set(counts)
    ranks = [counts[word] for word in feature.vocabulary]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize(
    "values",
    [
        ["two words"] * 30,  # few words
        [f"name {i}" for i in range(30)],
        [f"{i}-0f-4{i}@home.org" for i in range(30)],  # one word each, whatever is in it
        [f"东京{chr(0x4E00 + i)}区" for i in range(30)],
        ["the same three words"] * 20 + ["some other three words"] * 10,  # few that differ
        SENTENCES[:10] * 3,
    ],
)
def test_other_strings_are_categories(values):
    assert describe("c", "string", strings(*values)).kind == "category"
    assert describe("c", "string", strings(*values), sole=True).kind == "text"  # there is nothing else to learn from
    assert describe("c", "text", strings(*values)).kind == "text"
    assert describe("c", "category", strings(*SENTENCES)).kind == "category"


@pytest.mark.parametrize(
    ("lengths", "read"),
    [([3] * 100, 3), ([1] * 90 + [50] * 10, 50), ([1] * 96 + [50] * 4, 1), ([300] * 30, 256), ([0] * 29 + [1], 1)],
)
def test_how_many_words_are_read(lengths, read):
    assert describe("t", "text", strings(*["word " * length for length in lengths])).length == read


def test_texts_without_words_are_refused():
    with pytest.raises(InvalidArgument, match="with words in it: all texts of the training split are empty"):
        describe("t", "text", strings("", " ", "!"))


def test_vectors_sequences_and_images():
    random = np.random.default_rng(0)
    for kind, shape in (("vector", (4,)), ("sequence", (5, 3)), ("image", (5, 6, 2))):
        values = random.normal(3, 2, (20, *shape)).astype("float32")
        feature = describe("v", kind, values)
        axes = tuple(range(values.ndim - 1))
        assert (feature.kind, feature.shape, feature.dtype) == (kind, shape, "float32")
        np.testing.assert_allclose(feature.mean, values.mean(axis=axes, dtype="float64"), rtol=1e-12)
        np.testing.assert_allclose(feature.variance, values.var(axis=axes, dtype="float64"), rtol=1e-12)
        assert feature.high == (values.max() if kind == "image" else None)


@pytest.mark.parametrize(("dtype", "high"), [("uint8", 255), ("uint16", 1), ("float32", 1)])
def test_what_is_white_where_all_is_black(dtype, high):
    assert describe("i", "image", np.zeros((3, 2, 2, 1), dtype)).high == high


def test_missing_strings_are_counted():
    feature = Feature("c", "category", dtype="string", vocabulary=("a",))
    assert missing_values(feature, strings("a", "", "?", " NA ", "nan", "None", "Unknown", "n/a", "b", "0")) == 7
    assert missing_values(Feature("c", "category", dtype="int64", vocabulary=(0,)), np.array([0, -1])) == 0
    assert missing_values(Feature("n", "number", (), "float32", (0.0,), (1.0,)), np.array([NAN])) == 0
