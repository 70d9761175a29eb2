"""codes_of: the characters of strings as small integers, for rules that NumPy and a model share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["END", "TOGETHER", "WHITE", "code_table", "codes_of"]

END = ""
"""The key of the code after the end of a string."""
WHITE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""All white space."""
TOGETHER = 10_000
"""Strings to read at once, for the memory that it takes."""


def code_table(codes: Mapping[str, int], unknown: int) -> np.ndarray:
    """The codes by position: after the end, of an unknown character, then of each character in order.

    Example:
        >>> code_table({"": -1, "a": 5}, 7).tolist()
        [-1, 7, 5]
    """
    return np.array([codes[END], unknown, *(code for character, code in codes.items() if character)])


def codes_of(strings: Sequence[str], codes: Mapping[str, int], unknown: int, length: int) -> np.ndarray:
    """The codes of the first characters of strings.

    Args:
        strings: n strings.
        codes: character -> code; :data:`END` -> the code after a string's end.
        unknown: the code of all other characters.
        length: the number of characters to read.

    Returns:
        Integers of shape (n, length).

    Example:
        >>> codes_of(["ab", "c"], {"": 0, "a": 1, "c": 3}, 9, 3).tolist()
        [[1, 9, 0], [3, 0, 0]]
    """
    texts = np.array([text.replace("\0", "\x01") for text in strings], f"U{length}")  # NUL would be the end
    points = texts.view(np.uint32).reshape(len(texts), length)
    known = np.array(sorted(ord(character) for character in codes if character))
    values = np.array([codes[chr(point)] for point in known])
    places = np.minimum(np.searchsorted(known, points), len(known) - 1)
    found = np.where(known[places] == points, values[places], unknown)
    return np.where(points == 0, codes[END], found).astype(np.int64)
