import platform
import re
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from callbacks.checks import InvalidArgument
from recipes.data import embedded
from recipes.data.embedded import docstrings
from recipes.data.embedded.docstrings import MODULES


@pytest.fixture(scope="module")
def builder(data_dir):
    return embedded.prepared("docstrings", data_dir)


@pytest.fixture(scope="module")
def labelled(builder):
    examples = builder.as_dataset(split="train").as_numpy_iterator()
    names = builder.info.features["label"].names
    return [(example["text"].decode(), names[example["label"]]) for example in examples]


def test_information(builder):
    assert platform.python_version().startswith(str(builder.version))
    assert builder.info.supervised_keys == ("text", "label")
    assert builder.info.features["label"].names == sorted(MODULES)


def test_enough_of_every_module(labelled):
    modules = Counter(module for _, module in labelled)
    assert 2000 < len(labelled) < 6000
    assert set(modules) == set(MODULES)
    assert min(modules.values()) > 100
    assert max(modules.values()) < 0.3 * len(labelled)


def test_no_sentence_twice(labelled):
    words = [tuple(re.findall("[a-z0-9]+", sentence.lower())) for sentence, _ in labelled]
    assert len(set(words)) == len(words)


def test_sentences_are_clean(labelled):
    for sentence, _ in labelled:
        assert sentence == " ".join(sentence.split())
        assert ">>>" not in sentence
        assert 20 < len(sentence) <= 400


def test_every_sentence_is_in_the_sources_of_its_module(labelled):
    folder = Path(sysconfig.get_paths()["stdlib"])

    def plain(text):  # without line breaks and backslashes, which the sources write in several ways
        return " ".join(text.replace("\\n", " ").replace("\\", "").split())

    for module, place in MODULES.items():
        paths = [folder / place] if place.endswith(".py") else (folder / place).rglob("*.py")
        sources = " ".join(plain(path.read_text("utf-8")) for path in paths)
        assert [text for text, other in labelled if other == module and plain(text) not in sources] == []


def test_can_be_learned(labelled):
    sentences, modules = zip(*labelled, strict=True)
    model = make_pipeline(TfidfVectorizer(), ComplementNB())
    assert cross_val_score(model, sentences, modules, cv=3).mean() > 0.7


@pytest.fixture
def library(tmp_path):
    """A folder of sources: ``library("email/message.py", docstring, ...)`` -> the folder, one function a docstring."""

    def write(place, *texts):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(f"def f{number}():\n    r'''{text}'''" for number, text in enumerate(texts)), "utf-8")
        return tmp_path

    return write


def test_what_two_modules_say_is_in_neither(library):
    library("email/a.py", "Return the name of the file.", "Send the message to the server.")
    folder = library("http/a.py", "return the NAME of\n    the file!", "Return the name of the cookie jar.")
    assert docstrings.labelled(folder) == [
        ("Send the message to the server.", "email"),
        ("Return the name of the cookie jar.", "http"),
    ]


def test_what_a_module_says_twice_is_there_once(library):
    folder = library(
        "xml/b.py",
        "Write the tree to a file as canonical XML.",
        "Write all of the elements as canonical XML.",
        "Write the whole tree to a file as canonical XML.",
        "Write the tree  to a file, as canonical XML.",
    )
    folder = library("xml/a.py", "Write the tree, to a file, as canonical xml.")
    assert docstrings.labelled(folder) == [
        ("Write the tree, to a file, as canonical xml.", "xml"),
        ("Write all of the elements as canonical XML.", "xml"),
    ]


def test_running_text_only(library):
    text = """Return the path of the file. It is absolute,
    but "resolved" only on request. Too short.

    >>> where("there is a path here.")
    'and this is what it returns.'

    Arguments:
    name: this is the name of the file.
    mode -- this is the mode of the file.
    * this is the item of a list.

    There are two rules for this.
    - this is the first rule of them.
    - this is the second rule of them.

    a = b + (c - d) * e[f] ** g[h] % two three four five six.
    And there is no end to this"""
    library("email/a.py", text)
    folder = library("email/test/test_a.py", "This is what a test says of itself.")
    assert [sentence for sentence, _ in docstrings.labelled(folder)] == [
        "Return the path of the file.",
        'It is absolute, but "resolved" only on request.',
        "There are two rules for this.",
    ]


def test_modules_may_be_missing(library):
    folder = library("typing.py", "A type that is not there at runtime.")
    assert docstrings.labelled(folder) == [("A type that is not there at runtime.", "typing")]


def test_a_python_without_sources_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(docstrings.sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path / "python.zip")})
    with pytest.raises(InvalidArgument, match=r"the sources of Python's modules are not in .*python\.zip"):
        embedded.prepared("docstrings", tmp_path)
