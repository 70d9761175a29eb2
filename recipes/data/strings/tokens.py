"""The words and character n-grams of texts: as strings for people, and as integer keys for models.

A model reads a text as an array of characters and computes the keys of its words and n-grams by integer arithmetic.
The same functions work on NumPy arrays and on Keras tensors, so that a model finds the words of its vocabulary by the
rules by which the vocabulary was counted.

- Characters are compared in lower case and compatibility form (Unicode's NFKC): ``É`` is ``é``, a full-width ``Ａ`` is
  ``a``.
- Letters, digits and combining marks form words. In scripts that are written without spaces (Han, Kana, Thai, Lao,
  Khmer, Myanmar) every character is a word, and so is every symbol outside ASCII, e.g. an emoji. Everything else
  separates words: spaces and punctuation of all scripts.
- An n-gram is a sequence of 2 to 4 neighbouring characters of which none, but for the first and the last, is a
  separator. It does not stop where one word follows another without a separator.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "MARGIN",
    "NGRAMS",
    "OUTSIDE",
    "UNKNOWN",
    "character_values",
    "fold",
    "keys_of_ngrams",
    "keys_of_words",
    "ngram_keys",
    "parts_of",
    "values_of",
    "word_keys",
    "words_of",
]

NGRAMS = (2, 3, 4)
"""Lengths of the n-grams, in characters."""

NO_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""First and last code points of scripts that are written without spaces."""

MARGIN = (1, len(NGRAMS))
"""Separators to add before and after a text, for its first and last n-grams."""

# A character's value is 4 * code point + flags.
IN_WORD, ALONE = 1, 2
OUTSIDE = 4 * ord(" ")
"""The value of a separator."""
UNKNOWN = 4 * 0xFFFD + IN_WORD
"""The value of a character that a model does not know: a letter."""

PRIME = 2**31 - 1
FACTORS = (1_234_567_891, 987_654_319, 1_618_033_987, 1_414_213_561)
NEVER = 2**31  # no place of a character


def fold(character: str) -> str:
    """The character in lower case and compatibility form; a space for every separator.

    Example:
        >>> [fold(character) for character in "ÉＡ，好"]
        ['é', 'a', ' ', '好']
    """
    folded = unicodedata.normalize("NFKC", character).lower()[:1]
    return folded if folded and _flags(folded) else " "


def _flags(folded: str) -> int:
    category = unicodedata.category(folded)
    if category[0] in "LNM":
        return IN_WORD + ALONE * any(first <= ord(folded) <= last for first, last in NO_SPACES)
    return IN_WORD + ALONE if category[0] == "S" and not folded.isascii() else 0


def _value(folded: str) -> int:
    return 4 * ord(folded) + _flags(folded)


class _Words(dict[int, str]):
    """For ``str.translate``: folded characters, with spaces around those that are words by themselves."""

    def __missing__(self, code: int) -> str:
        folded = fold(chr(code))
        self[code] = f" {folded} " if _flags(folded) & ALONE else folded
        return self[code]


_WORDS = _Words()


def words_of(text: str) -> list[str]:
    """The words of a text.

    Example:
        >>> words_of("Don't miss «Élan», 我爱 it!")
        ['don', 't', 'miss', 'élan', '我', '爱', 'it']
    """
    return text.translate(_WORDS).split()


def parts_of(text: str) -> float:
    """How many words a person would count: what spaces separate; two characters where a script has no spaces.

    Example:
        >>> parts_of("e-mail me@home.org"), parts_of("我爱北京天安门")
        (2, 3.5)
    """
    single = sum(_flags(word) & ALONE for word in words_of(text) if len(word) == 1) / ALONE
    return max(len(text.split()), single / 2)


@functools.cache
def _folded() -> np.ndarray:
    """The folded code point of every code point below 0x10000."""
    return np.array([ord(fold(chr(code))) for code in range(0x10000)])


def character_values(strings: Iterable[str]) -> tuple[list[str], list[int]]:
    """The characters that a model has to know to read words or n-grams, and their values.

    These are the separators, and all characters that fold to one in ``strings``.

    Args:
        strings: folded.
    """
    known = {ord(character) for character in set().union(*strings, " ")}
    codes = np.flatnonzero(np.isin(_folded(), list(known))).tolist()
    codes += sorted(code for code in known if code > 0xFFFF)
    characters = [chr(code) for code in codes if code]
    characters = [character for character in characters if unicodedata.category(character) not in ("Cs", "Cn", "Co")]
    return characters, [_value(fold(character)) for character in characters]


@functools.cache
def _values() -> np.ndarray:
    """The value of every code point below 0x10000."""
    folded, inverse = np.unique(_folded(), return_inverse=True)
    return np.array([_value(chr(code)) for code in folded])[inverse]


def values_of(texts: Sequence[str], length: int | None = None) -> np.ndarray:
    """The values of the characters of texts, with separators before and after.

    Args:
        texts: any strings.
        length: the number of characters to read of each; default None: all.

    Returns:
        Integers of shape (texts, the most characters of a text + sum of ``MARGIN``).
    """
    texts = [text[:length] for text in texts]
    width = max((len(text) for text in texts), default=0)
    joined = "".join(text.ljust(width) for text in texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, np.uint32).astype(np.int64)
    values = _values()[np.minimum(codes, 0xFFFF)]
    beyond = codes > 0xFFFF
    values[beyond] = [_value(fold(chr(code))) for code in codes[beyond]]
    return np.pad(values.reshape(len(texts), width), ((0, 0), MARGIN), constant_values=OUTSIDE)


def ngram_keys(values: Any, size: int) -> Any:
    """The keys of the n-grams of one size that begin at each character.

    Args:
        values: of characters, integers of shape (batch, characters): a NumPy array or a Keras tensor.
        size: of the n-grams, >= 2.

    Returns:
        Positive integers of shape (batch, characters - size + 1); 0 where none begins.
    """
    shifted = [values[:, start : start + 1 - size] if start < size - 1 else values[:, start:] for start in range(size)]
    inside = [part % 2 for part in shifted]
    first, last = inside[0], inside[-1]
    whole = first + last - first * last if size == 2 else functools.reduce(lambda one, two: one * two, inside[1:-1])
    return (_mixed([part // 4 for part in shifted]) * len(NGRAMS) + size - NGRAMS[0] + 1) * whole


def word_keys(values: Any, length: int, xp: Any) -> Any:
    """The keys of the first words of texts, in order.

    A word's key combines two sums over its characters, each mixed with its neighbours in the word: one plain, one
    weighted by the distance from the word's end. Sums over all characters before give the sums over a word as
    differences.

    Args:
        values: of characters, integers of shape (batch, characters): a NumPy array or a Keras tensor.
        length: the number of words to read.
        xp: ``numpy`` or ``keras.ops``.

    Returns:
        Positive integers of shape (batch, up to ``length``), filled up with 0.
    """
    inside = values % 2
    letter = inside - values // ALONE % 2
    codes = values // 4 * inside
    joined = letter[:, 1:] * letter[:, :-1]  # neighbours within a word
    before = xp.pad(codes[:, :-1] * joined, ((0, 0), (1, 0)))
    after = xp.pad(codes[:, 1:] * joined, ((0, 0), (0, 1)))
    mixed = _mixed([before, codes, after]) * inside
    places = xp.cumsum(values * 0 + 1, axis=1)
    last = inside * (1 - xp.pad(joined, ((0, 0), (0, 1))))
    ends = xp.sort(places * last + NEVER * (1 - last), axis=1)[:, :length]
    present = 1 - ends // NEVER
    ends = ends * present
    plain, weighted = (_at_words(xp.cumsum(part, axis=1), ends, xp) for part in (mixed, mixed * places % PRIME))
    return ((plain + (weighted - ends * plain) % PRIME * FACTORS[0]) % PRIME + 1) * present


def _at_words(sums: Any, ends: Any, xp: Any) -> Any:
    """What each word adds to sums over characters, modulo ``PRIME``; ``ends`` counts from 1."""
    until = xp.take_along_axis(xp.pad(sums, ((0, 0), (1, 0))), ends, axis=1)
    return (until - xp.pad(until[:, :-1], ((0, 0), (1, 0)))) % PRIME


def _mixed(codes: Sequence[Any]) -> Any:
    """A key below 2^31 for each combination of code points; products stay below 2^63.

    Cubed, so that sums of it depend on the order of the letters.
    """
    total = sum(code * factor for code, factor in zip(codes, FACTORS, strict=False)) % PRIME
    cube = (total * total % PRIME * total + FACTORS[0]) % PRIME
    return cube * cube % PRIME


def keys_of_words(words: Sequence[str]) -> list[int]:
    """A different key for each word, as :func:`word_keys` finds it; a negative one for a word that no text contains.

    That is a word of several words, or one whose key belongs to an earlier word: the model takes it for that one.
    """
    keys = word_keys(values_of(words), 2, np)
    single = [len(words_of(word)) == 1 for word in words]
    return _different([int(key) if one else 0 for key, one in zip(keys[:, 0], single, strict=True)])


def keys_of_ngrams(ngrams: Sequence[str]) -> list[int]:
    """A different key for each n-gram, as :func:`ngram_keys` finds it."""
    keys = np.zeros(len(ngrams), np.int64)
    for size in {len(ngram) for ngram in ngrams}:
        places = [place for place, ngram in enumerate(ngrams) if len(ngram) == size]
        before, after = MARGIN
        values = values_of([ngrams[place] for place in places])[:, before:-after]
        keys[places] = ngram_keys(values, size)[:, 0]
    return _different(keys.tolist())


def _different(keys: list[int]) -> list[int]:
    seen = {0}
    different = []
    for number, key in enumerate(keys, start=1):
        different.append(-number if key in seen else key)
        seen.add(key)
    return different
