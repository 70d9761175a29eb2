import unicodedata
from collections import Counter

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from recipes.data import embedded
from recipes.data.embedded.characters import CATEGORIES


@pytest.fixture(scope="module")
def builder(data_dir):
    return embedded.prepared("characters", data_dir)


@pytest.fixture(scope="module")
def records(builder):
    return list(builder.as_dataset(split="train").as_numpy_iterator())


@pytest.fixture(scope="module")
def columns(records):
    """The inputs as columns of floats, strings replaced by their places in the alphabet."""
    found = {}
    for name in sorted(set(records[0]) - {"kind"}):
        values = np.array([record[name] for record in records])
        found[name] = np.unique(values, return_inverse=True)[1] if values.dtype.kind == "S" else values.astype(float)
    return found


@pytest.fixture(scope="module")
def kinds(records):
    return np.array([record["kind"] for record in records])


def test_information(builder):
    assert str(builder.version) == unicodedata.unidata_version
    assert builder.info.supervised_keys is None
    dtypes = {name: np.dtype(feature.np_dtype).name for name, feature in builder.info.features.items()}
    assert dtypes == {
        "bidirectional": "object",
        "cased": "bool",
        "code_point": "int64",
        "combining": "int32",
        "decomposed": "int32",
        "decomposition": "object",
        "kind": "int64",
        "mirrored": "bool",
        "number": "float32",
        "script": "object",
        "width": "object",
    }
    assert builder.info.features["kind"].names == ["format", "letter", "mark", "number", "punctuation", "symbol"]


def test_counts(kinds):
    counts = Counter(kinds.tolist())
    assert 4500 < len(kinds) < 5500
    assert min(counts.values()) > 100
    assert max(counts.values()) == 1000


def test_no_character_twice_and_each_of_its_kind(builder, records):
    code_points = [int(record["code_point"]) for record in records]
    assert len(set(code_points)) == len(code_points)
    names = builder.info.features["kind"].names
    for record in records:
        assert names[record["kind"]] == CATEGORIES[unicodedata.category(chr(record["code_point"]))[0]]


def test_none_is_named_by_a_rule(records):
    for record in records:
        assert record["script"] not in (b"NUSHU", b"KHITAN")
        assert not unicodedata.name(chr(record["code_point"])).endswith(f"-{record['code_point']:04X}")


def test_missing_numbers(records):
    numbers = np.array([record["number"] for record in records])
    none = [unicodedata.numeric(chr(record["code_point"]), None) is None for record in records]
    np.testing.assert_array_equal(numbers == -1, none)
    assert 0.7 < np.mean(none) < 0.9
    assert (numbers == 0.5).any()
    assert numbers.max() >= 10_000


def test_types_and_variety(records):
    assert {len(record) for record in records} == {11}
    assert len({record["script"] for record in records}) > 300
    assert len({record["bidirectional"] for record in records}) > 10
    assert {record["mirrored"].item() for record in records} == {True, False}
    assert {record["cased"].item() for record in records} == {True, False}


@pytest.mark.parametrize(
    ("character", "expected"),
    [  # from the lines of these characters in UnicodeData.txt and EastAsianWidth.txt
        ("A", ("L", True, 0x41, 0, 1, "none", False, -1.0, "LATIN", "Na")),
        ("é", ("L", True, 0xE9, 0, 2, "canonical", False, -1.0, "LATIN", "A")),
        ("½", ("ON", False, 0xBD, 0, 3, "fraction", False, 0.5, "VULGAR", "A")),
        ("(", ("ON", False, 0x28, 0, 1, "none", True, -1.0, "LEFT", "Na")),
        ("\u0301", ("NSM", False, 0x301, 230, 1, "none", False, -1.0, "COMBINING", "A")),
        ("\u05d0", ("R", False, 0x5D0, 0, 1, "none", False, -1.0, "HEBREW", "N")),
    ],
)
def test_properties(character, expected):
    assert tuple(embedded.characters.properties(character).values()) == expected


def test_can_be_learned_but_from_no_column_alone(columns, kinds):
    for name, values in columns.items():
        accuracy = cross_val_score(DecisionTreeClassifier(random_state=0), values[:, np.newaxis], kinds, cv=3).mean()
        assert accuracy < 0.95, name
    forest = RandomForestClassifier(50, random_state=0)
    table = np.stack(list(columns.values()), axis=1)
    assert cross_val_score(forest, table, kinds, cv=3).mean() > 0.8
