"""text_statistics: the words and character n-grams of the training texts, and how much to read of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ..strings.tokens import NGRAMS, ngram_keys, values_of, words_of
from .moments import chunks

__all__ = ["CHARACTERS", "text_statistics"]

WORDS = 20_000
"""Maximum number of words in a text's vocabulary."""
MOST_NGRAMS = 10_000
"""Maximum number of character n-grams; only those of at least two texts count."""
LONGEST = 256
"""Maximum number of words that are read of a text."""
CHARACTERS = 8
"""How many characters are read of a text, for each word that is read."""
SAMPLE = 4_000_000
"""About how many characters the n-grams are counted in; of more, only every second, third, ... text is read."""
TOGETHER = 1024
"""Texts whose n-grams are counted together."""


def text_statistics(values: Any) -> dict[str, Any]:
    """The vocabulary, the n-grams and the length of a Feature, by the names of its fields.

    Args:
        values: the training texts, in memory or on disk.

    Raises:
        InvalidArgument: if no text has a word.
    """
    counts: Counter[str] = Counter()
    containing: Counter[str] = Counter()
    lengths, characters = [], 0
    for chunk in chunks(values):
        for text in map(str, chunk):
            words = words_of(text)
            counts.update(words)
            containing.update(set(words))
            lengths.append(len(words))
            characters += len(text)
    if not counts:
        raise InvalidArgument("features", "text", "with words in it: all texts of the training split are empty")
    words = sorted(counts, key=lambda word: (-counts[word], word))[:WORDS]
    length = int(min(max(np.ceil(np.percentile(lengths, 95)), 1), LONGEST))
    step = 1 + characters // SAMPLE
    ngrams, shares = _frequent_ngrams(values, step, CHARACTERS * length)
    idf = _idf(len(lengths), np.array([containing[word] for word in words]))
    idf += _idf(len(lengths), step * shares)
    return {"vocabulary": tuple(words), "ngrams": ngrams, "idf": idf, "length": length}


def _idf(texts: int, containing: np.ndarray) -> tuple[float, ...]:
    """The inverse document frequencies, from the number of texts that contain a word."""
    return tuple((np.log((1 + texts) / (1 + np.minimum(containing, texts))) + 1).round(4).tolist())


def _frequent_ngrams(values: Any, step: int, characters: int) -> tuple[tuple[str, ...], np.ndarray]:
    """The n-grams in the most texts, most frequent first, and in how many texts each was found.

    Args:
        values: the training texts.
        step: 1 to read all texts, 2 to read every second, ...
        characters: how many are read of a text.
    """
    found, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for read in _read(values, step, characters):
        keys = np.sort(np.concatenate([ngram_keys(read, size) for size in NGRAMS], axis=1), axis=1)
        once = keys[:, 1:][keys[:, 1:] != keys[:, :-1]]  # without 0, which comes first
        for parts, new in zip((found, numbers), np.unique(once, return_counts=True), strict=True):
            parts.append(new)
    keys, places = np.unique(np.concatenate(found), return_inverse=True)
    texts = np.bincount(places, np.concatenate(numbers), len(keys))
    order = np.lexsort((keys, -texts))[: min(MOST_NGRAMS, int(np.sum(texts > 1)))]
    strings = _strings(keys[order], _read(values, step, characters))
    return tuple(strings[key] for key in keys[order].tolist()), texts[order]


def _read(values: Any, step: int, characters: int) -> Iterator[np.ndarray]:
    """The values of the characters of every ``step``-th text, some texts at a time."""
    for chunk in chunks(values):
        texts = [str(text) for text in chunk[::step]]
        for start in range(0, len(texts), TOGETHER):
            yield values_of(texts[start : start + TOGETHER], characters)


def _strings(keys: np.ndarray, read: Iterable[np.ndarray]) -> dict[int, str]:
    """The n-grams with these keys, which occur in the texts read."""
    strings: dict[int, str] = {}
    for values in read:
        for size in NGRAMS:
            of_texts = ngram_keys(values, size)
            places = np.nonzero(np.isin(of_texts, keys))
            new, first = np.unique(of_texts[places], return_index=True)
            for key, row, column in zip(new.tolist(), places[0][first], places[1][first], strict=True):
                strings[key] = "".join(chr(value // 4) for value in values[row, column : column + size])
        keys = keys[~np.isin(keys, list(strings))]
        if not len(keys):
            break
    return strings
