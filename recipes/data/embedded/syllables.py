"""Syllables: the names of syllables and signs in six scripts, letter by letter; sequences of different lengths."""

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
"""What the columns of a step stand for, in order."""

PREFIXES = {
    "bamum": "BAMUM LETTER ",
    "canadian": "CANADIAN SYLLABICS ",
    "cuneiform": "CUNEIFORM SIGN ",
    "ethiopic": "ETHIOPIC SYLLABLE ",
    "hangul": "HANGUL SYLLABLE ",
    "yi": "YI SYLLABLE ",
}
"""The scripts, and how Unicode begins the names of their characters."""

LONGEST = 24  # letters; a few names of compound cuneiform signs have up to some 60
MOST = 700  # of one script, since there are 11,172 syllables in Hangul


class Syllables(EmbeddedBuilder):
    """About 3,000 names of syllables, such as "GGURX", and the script each belongs to, one of six.

    They are how Unicode spells the characters of scripts whose characters are syllables or whole words: Bamum, Canadian
    syllabics, cuneiform, Ethiopic, Hangul and Yi. An example is float32 (letters, 27), one letter a step as 0 and 1,
    with :data:`LETTERS` as columns, and has 1 to 24 steps. No name is in two scripts or twice in one; of the scripts
    with more than 700, that many are taken, at equal distances.

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
        """All examples, each with a number of its own."""
        one_hot = np.eye(len(LETTERS), dtype=np.float32)
        for key, (name, script) in enumerate(_named()):
            yield key, {"sequence": one_hot[[LETTERS.index(letter) for letter in name]], "label": script}


def _named() -> list[tuple[str, str]]:
    """The names with their scripts, by script and then in the order of the code points."""
    scripts: dict[str, set[str]] = {}
    for code_point in range(sys.maxunicode + 1):
        full = unicodedata.name(chr(code_point), "")
        for script, prefix in PREFIXES.items():
            if full.startswith(prefix):
                name = re.sub(r"^PHASE-[A-F] ", "", full.removeprefix(prefix))  # historical stages of Bamum
                if re.fullmatch(f"[A-Z ]{{1,{LONGEST}}}", name):
                    scripts.setdefault(name, set()).add(script)
    found = []
    for script in PREFIXES:
        found += [(name, script) for name in evenly([each for each in scripts if scripts[each] == {script}], MOST)]
    return found
