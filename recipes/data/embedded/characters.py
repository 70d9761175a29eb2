"""Characters: the properties of Unicode characters as records of strings, numbers and booleans."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from .builder import EmbeddedBuilder, evenly

__all__ = ["Characters"]

CATEGORIES = {"C": "format", "L": "letter", "M": "mark", "N": "number", "P": "punctuation", "S": "symbol"}
"""The classes by the first letter of Unicode's general category; there are too few separators for a class."""

MISSING = -1.0
"""The number of a character that has no numeric value; no character has the value -1."""

MOST = 1000  # examples per class


class Characters(EmbeddedBuilder):
    """About 5,000 Unicode characters: ten properties of different types, and one of six kinds of character.

    ===============  =======  ==============================================================================
    feature          type     meaning
    ===============  =======  ==============================================================================
    bidirectional    string   the class for bidirectional text, such as "L" or "NSM"
    cased            bool     whether it has an upper and a lower case
    code_point       int64    its code point
    combining        int32    the canonical combining class, 0 to 240; mostly 0
    decomposed       int32    the number of characters in its decomposition
    decomposition    string   the kind of decomposition, such as "canonical" or "font"; mostly "none"
    mirrored         bool     whether it is mirrored in right-to-left text
    number           float32  its numeric value; -1 where it has none, as for four in five
    script           string   the first word of its name, such as "LATIN"; several hundred values
    width            string   the East Asian width, such as "W"
    kind             class    "format", "letter", "mark", "number", "punctuation" or "symbol": the target
    ===============  =======  ==============================================================================

    Characters named only by their code point or by a rule (ideographs and Hangul syllables) are left out. A kind with
    more than 1,000 characters gives 1,000 of them, evenly spaced.

    The version is that of the Unicode database in the running Python.
    """

    VERSION = tfds.core.Version(unicodedata.unidata_version)

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "bidirectional": np.str_,
            "cased": np.bool_,
            "code_point": np.int64,
            "combining": np.int32,
            "decomposed": np.int32,
            "decomposition": np.str_,
            "mirrored": np.bool_,
            "number": np.float32,
            "script": np.str_,
            "width": np.str_,
            "kind": tfds.features.ClassLabel(names=list(CATEGORIES.values())),
        }
        description = (
            "Properties of characters, and which kind of character each is; a number of -1 stands for none."
            f" From Unicode {unicodedata.unidata_version}, which is the version of the dataset."
        )
        return self.describe(description, "https://www.unicode.org/reports/tr44/", features, supervised=False)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        by_kind: dict[str, list[str]] = {kind: [] for kind in CATEGORIES.values()}
        for code_point in range(sys.maxunicode + 1):
            character = chr(code_point)
            name = unicodedata.name(character, "")
            kind = CATEGORIES.get(unicodedata.category(character)[0])
            by_rule = name.endswith(f"-{code_point:04X}") or name.startswith("HANGUL SYLLABLE ")
            if kind and name and not by_rule:
                by_kind[kind].append(character)
        for kind, characters in by_kind.items():
            for character in evenly(characters, MOST):
                yield ord(character), {**properties(character), "kind": kind}


def properties(character: str) -> dict[str, Any]:
    """The inputs of a record.

    Example:
        >>> properties("½")["number"], properties("½")["decomposition"], properties("a")["number"]
        (0.5, 'fraction', -1.0)
    """
    decomposition = unicodedata.decomposition(character)  # such as "<font> 0041", "0041 0300" or ""
    tag = re.match("<(.+)>", decomposition)
    return {
        "bidirectional": unicodedata.bidirectional(character),
        "cased": character.upper() != character.lower(),
        "code_point": ord(character),
        "combining": unicodedata.combining(character),
        "decomposed": len(unicodedata.normalize("NFKD", character)),
        "decomposition": tag[1] if tag else "canonical" if decomposition else "none",
        "mirrored": bool(unicodedata.mirrored(character)),
        "number": unicodedata.numeric(character, MISSING),
        "script": re.split("[ -]", unicodedata.name(character))[0],
        "width": unicodedata.east_asian_width(character),
    }
