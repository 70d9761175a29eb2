"""Syllables: names of syllables and signs in six scripts, letter by letter, as sequences of different lengths."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from .builder import EmbeddedBuilder, evenly

__all__ = ["Syllables"]

LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The letter of each column of a step, in order."""

PREFIXES = {
    "bamum": "BAMUM LETTER ",
    "canadian": "CANADIAN SYLLABICS ",
    "cuneiform": "CUNEIFORM SIGN ",
    "ethiopic": "ETHIOPIC SYLLABLE ",
    "hangul": "HANGUL SYLLABLE ",
    "yi": "YI SYLLABLE ",
}
"""The scripts, and the prefixes of their characters' Unicode names."""

LONGEST = 24  # letters; a few names of compound cuneiform signs have about 60
MOST = 700  # names per script, since Hangul has 11,172 syllables


class Syllables(EmbeddedBuilder):
    """About 3,000 names of syllables, such as "GGURX", and the script of each, one of six.

    These are the Unicode names of characters that stand for syllables or whole words: Bamum, Canadian syllabics,
    cuneiform, Ethiopic, Hangul and Yi. An example is float32 (letters, 27), one-hot in :data:`LETTERS`, one letter per
    step, with 1 to 24 steps. No name is in two scripts or twice in one. A script with more than 700 names gives 700 of
    them, evenly spaced.

    The version is that of the Unicode database in the running Python.
    """

    VERSION = tfds.core.Version(unicodedata.unidata_version)

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "sequence": tfds.features.Sequence(tfds.features.Tensor(shape=(len(LETTERS),), dtype=np.float32)),
            "label": tfds.features.ClassLabel(names=list(PREFIXES)),
        }
        description = (
            "Names of syllables in six scripts, one letter a step, one-hot in the order space, A to Z."
            f" From Unicode {unicodedata.unidata_version}, which is the version of the dataset."
        )
        return self.describe(description, "https://www.unicode.org/charts/", features)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        one_hot = np.eye(len(LETTERS), dtype=np.float32)
        for key, (name, script) in enumerate(_named()):
            yield key, {"sequence": one_hot[[LETTERS.index(letter) for letter in name]], "label": script}


def _named() -> list[tuple[str, str]]:
    """(name, script) pairs, by script and then by code point."""
    scripts: dict[str, set[str]] = {}
    for code_point in range(sys.maxunicode + 1):
        full = unicodedata.name(chr(code_point), "")
        for script, prefix in PREFIXES.items():
            if full.startswith(prefix):
                name = re.sub(r"^PHASE-[A-F] ", "", full.removeprefix(prefix))  # historical stages of Bamum
                if re.fullmatch(f"[A-Z ]{{1,{LONGEST}}}", name):
                    scripts.setdefault(name, set()).add(script)
    pairs = []
    for script in PREFIXES:
        names = [name for name in scripts if scripts[name] == {script}]
        pairs += [(name, script) for name in evenly(names, MOST)]
    return pairs
