"""Docstrings: sentences from the docstrings of Python's standard library, and their modules."""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from ....callbacks.checks import InvalidArgument
from .builder import EmbeddedBuilder

__all__ = ["Docstrings"]

MODULES = {
    "asyncio": "asyncio",
    "decimal": "_pydecimal.py",
    "email": "email",
    "http": "http",
    "importlib": "importlib",
    "logging": "logging",
    "typing": "typing.py",
    "unittest": "unittest",
    "urllib": "urllib",
    "xml": "xml",
}
"""The classes, each with its file or folder: modules of every Python installation with the most sentences."""

ITEM = re.compile(r"\s*(?:[-*+>|#:@.$]|\d+[.)]|\w[\w.]*(?:\([^)]*\))?\s*(?:--|:(?:\s|$)))")
"""Matches the start of a list item, a heading, code or the description of an argument."""


class Docstrings(EmbeddedBuilder):
    """About 3,700 English sentences from docstrings of Python's standard library, and the module of each, one of ten.

    The sources are read, not imported. Code examples, lists, and sentences of fewer than five words or more than 400
    characters are left out. So are sentences that two modules share, whatever their case and punctuation. Of those in
    a module that share four fifths of their words, only the first is kept, so that splits do not overlap.

    The sentences change with the version of Python, so the dataset has the version of the running Python. A module
    that is installed without sources has no sentences.
    """

    VERSION = tfds.core.Version(".".join(str(number) for number in sys.version_info[:3]))

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "text": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=list(MODULES)),
        }
        description = (
            "Sentences from docstrings of Python's standard library, and the module that each is from."
            f" From Python {self.VERSION}, which is the version of the dataset."
        )
        return self.describe(description, "https://docs.python.org/3/library/", features)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        folder = Path(sysconfig.get_paths()["stdlib"])
        pairs = labelled(folder)
        if not pairs:
            accepted = f"a dataset that is on this machine; the sources of Python's modules are not in {folder}"
            raise InvalidArgument("name", self.name, accepted)
        for key, (sentence, module) in enumerate(pairs):
            yield key, {"text": sentence, "label": module}


def labelled(folder: Path) -> list[tuple[str, str]]:
    """(sentence, module) pairs, without near-duplicates."""
    by_module: dict[str, dict[str, str]] = {}
    for module, place in MODULES.items():
        sentences: dict[str, str] = {}  # by their lower-case words
        for path in _files(folder / place):
            for docstring in _docstrings(path):
                for sentence in _sentences(docstring):
                    sentences.setdefault(" ".join(re.findall("[a-z0-9]+", sentence.lower())), sentence)
        by_module[module] = sentences
    modules = Counter(key for sentences in by_module.values() for key in sentences)
    pairs = []
    for module, sentences in by_module.items():
        distinct: list[frozenset[str]] = []
        for key, sentence in sentences.items():
            words = frozenset(key.split())
            if modules[key] == 1 and not any(
                5 * len(words & earlier) >= 4 * len(words | earlier) for earlier in distinct
            ):
                distinct.append(words)
                pairs.append((sentence, module))
    return pairs


def _files(place: Path) -> list[Path]:
    """The source files at ``place``, without tests, in the same order everywhere."""
    if place.suffix:
        return [place] if place.is_file() else []
    paths = [path for path in place.rglob("*.py") if not {"test", "tests"} & set(path.relative_to(place).parts)]
    return sorted(paths, key=lambda path: path.relative_to(place).as_posix())


def _docstrings(path: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an invalid escape in a string
        tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ast.get_docstring(node) or ""


def _sentences(docstring: str) -> Iterator[str]:
    """The sentences of the docstring's running text, each on one line.

    Example:
        >>> list(_sentences("Return the path of the file.\\n\\n>>> where()\\n\\nIt is absolute,\\nnever a link."))
        ['Return the path of the file.', 'It is absolute, never a link.']
    """
    blocks: list[list[str]] = [[]]
    for line in docstring.splitlines():
        if not line.strip() or ITEM.match(line):
            blocks.append([])
        blocks[-1].append(line)
    for block in blocks:
        text = " ".join(" ".join(block).split())
        if ITEM.match(text):
            continue
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(`])", text):
            words = re.findall("[A-Za-z]{2,}", sentence)
            letters = sum(character.isalpha() or character == " " for character in sentence)
            plain = letters >= 0.8 * len(sentence) and ">>>" not in sentence
            if len(words) >= 5 and len(sentence) <= 400 and sentence[0].isalpha() and sentence[-1] in ".!?" and plain:
                yield sentence
