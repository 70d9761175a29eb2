import unicodedata

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import BernoulliNB
from sklearn.tree import DecisionTreeClassifier

from recipes.data import embedded
from recipes.data.embedded.syllables import LONGEST, PREFIXES

LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(scope="module")
def builder(data_dir):
    return embedded.prepared("syllables", data_dir)


@pytest.fixture(scope="module")
def examples(builder):
    return list(builder.as_dataset(split="train").as_numpy_iterator())


@pytest.fixture(scope="module")
def named(builder, examples):
    """The names read back from the steps, and their scripts."""
    names = ["".join(LETTERS[position] for position in example["sequence"].argmax(axis=1)) for example in examples]
    return names, [builder.info.features["label"].int2str(int(example["label"])) for example in examples]


def test_information(builder):
    assert str(builder.version) == unicodedata.unidata_version
    assert builder.info.supervised_keys == ("sequence", "label")
    assert builder.info.features["sequence"].shape == (None, 27)
    assert builder.info.features["label"].names == ["bamum", "canadian", "cuneiform", "ethiopic", "hangul", "yi"]


def test_steps_are_one_hot_and_lengths_vary(examples):
    for example in examples:
        assert example["sequence"].dtype == np.float32
        assert np.isin(example["sequence"], (0, 1)).all()
        assert (example["sequence"].sum(axis=1) == 1).all()
    lengths = [len(example["sequence"]) for example in examples]
    assert (min(lengths), max(lengths)) == (1, LONGEST)
    assert len(set(lengths)) == LONGEST


def test_every_script_has_enough_and_none_too_many(named):
    names, scripts = named
    assert 2500 < len(names) < 4000
    for script in PREFIXES:
        assert 200 <= scripts.count(script) <= 700


def test_no_name_twice(named):
    assert len(set(named[0])) == len(named[0])


def test_unicode_has_every_name_in_that_script_alone(named):
    phases = ["", *(f"PHASE-{letter} " for letter in "ABCDEF")]

    def known(script, name):
        for phase in phases:
            try:
                unicodedata.lookup(f"{PREFIXES[script]}{phase}{name}")
            except KeyError:
                continue
            return True
        return False

    for name, script in zip(*named, strict=True):
        assert [each for each in PREFIXES if known(each, name)] == [script]


def test_some_that_we_know(named):
    scripts = dict(zip(*named, strict=True))
    assert scripts["GGURX"] == "yi"  # U+A1DB
    assert scripts["LUGAL"] == "cuneiform"  # U+12217, "king"
    assert "KA" not in scripts  # of Bamum, Canadian syllabics, cuneiform, Ethiopic
    assert scripts["PHARYNGEAL A"] == "ethiopic"


def test_can_be_learned_and_the_length_is_not_enough(named):
    names, scripts = named
    x = np.zeros((len(names), LONGEST, len(LETTERS)), np.float32)
    for row, name in zip(x, names, strict=True):
        row[range(len(name)), [LETTERS.index(letter) for letter in name]] = 1
    lengths = x.sum(axis=(1, 2))[:, np.newaxis]
    assert cross_val_score(BernoulliNB(), x.reshape(len(x), -1), scripts, cv=3).mean() > 0.7
    assert cross_val_score(DecisionTreeClassifier(), lengths, scripts, cv=3).mean() < 0.6
