"""word_numbers, word_vectors, tf_idf, bag_of_words: texts as numbers or vectors of their words, or as word counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.feature import Feature
from ..data.statistics.text_statistics import CHARACTERS
from ..data.strings.tokens import (
    MARGIN,
    NGRAMS,
    OUTSIDE,
    UNKNOWN,
    character_values,
    keys_of_ngrams,
    keys_of_words,
    ngram_keys,
    word_keys,
)

__all__ = ["bag_of_words", "tf_idf", "word_numbers", "word_vectors"]


def word_numbers(feature: Feature, x: Any) -> Any:
    """The words of texts as numbers.

    Args:
        feature: of kind "text"; it provides the vocabulary and the number of words to read.
        x: strings, shape (batch,).

    Returns:
        Whole numbers, shape (batch, words): 0 after the last word, 1 for an unknown one, 2 for the first known one.
    """
    texts = keras.Input((), dtype="string", name="texts")
    return keras.Model(texts, _words(feature, _characters(feature, texts)), name=f"{feature.key}_words")(x)


def word_vectors(feature: Feature, numbers: Any, size: int) -> Any:
    """The words of texts as learned vectors.

    Args:
        feature: of kind "text"; it provides the vocabulary.
        numbers: of :func:`word_numbers`.
        size: of the vectors.

    Returns:
        A tensor of shape (batch, words, size), with a mask after the last word.
    """
    # Small initial values: the vectors of rare words hardly change, and large ones would be noise to fit.
    start = keras.initializers.RandomUniform(-0.05, 0.05)
    return keras.layers.Embedding(
        len(feature.vocabulary) + 2,
        size,
        mask_zero=True,
        embeddings_initializer=start,
        name=f"{feature.key}_embedding",
    )(numbers)


def tf_idf(feature: Feature, numbers: Any, most: int) -> Any:
    """The counts of the words of texts, weighted by inverse document frequency and scaled to length 1.

    Args:
        feature: of kind "text"; it provides the vocabulary and the weights.
        numbers: of :func:`word_numbers`.
        most: how many words are counted, the most frequent ones.

    Returns:
        A tensor of shape (batch, 2 + words). The first two numbers of each, for padding and for other words, are 0.
    """
    words = min(most, len(feature.vocabulary))
    if words < len(feature.vocabulary):
        numbers = keras.ops.where(numbers < 2 + words, numbers, 1)
    return _weighted(numbers, feature.idf[:words] or (1.0,) * words)


def bag_of_words(feature: Feature, x: Any) -> Any:
    """Texts as vectors: the counts of their words and character n-grams, weighted by inverse document frequency.

    Words and n-grams have the same share in the vector's length, which makes its mean square 1, as other inputs have
    it.

    Args:
        feature: of kind "text"; it provides the vocabulary, the n-grams and the number of words to read.
        x: strings, shape (batch,).

    Returns:
        A tensor of shape (batch, 2 + words + 2 + n-grams), or (batch, 2 + words) if there are no n-grams. The first two
        numbers of each, for padding and for what is unknown, are 0.
    """
    texts = keras.Input((), dtype="string", name="texts")
    characters = _characters(feature, texts)
    words = len(feature.vocabulary)
    idf = feature.idf or (1.0,) * (words + len(feature.ngrams))
    parts = [_weighted(_words(feature, characters), idf[:words])]
    if feature.ngrams:
        parts.append(_weighted(_ngrams(feature, characters), idf[words:]))
    bag = keras.layers.Concatenate(dtype="float32")(parts) if len(parts) > 1 else parts[0]
    bag = keras.layers.Rescaling((bag.shape[-1] / len(parts)) ** 0.5, dtype="float32")(bag)
    return keras.Model(texts, bag, name=f"{feature.key}_bag")(x)


def _weighted(numbers: Any, idf: Sequence[float]) -> Any:
    """The weighted counts of numbers, scaled to length 1: shape (batch, 2 + len(idf))."""
    counts = keras.layers.CategoryEncoding(2 + len(idf), output_mode="count", dtype="float32")(numbers)
    weighted = keras.layers.Rescaling([0.0, 0.0, *idf], dtype="float32")(counts)
    return keras.layers.UnitNormalization(dtype="float32")(weighted)


def _characters(feature: Feature, texts: Any) -> Any:
    """The values of the characters of texts (see :mod:`recipes.data.strings.tokens`), with separators around."""
    characters, values = character_values([*map(str, feature.vocabulary), *feature.ngrams])
    split = keras.layers.TextVectorization(
        standardize=None, split="character", vocabulary=characters, name="characters"
    )
    table = np.array([OUTSIDE, UNKNOWN, *values])
    x = keras.ops.take(table, split(texts)[:, : CHARACTERS * _length(feature)], axis=0)
    return keras.ops.pad(x, ((0, 0), MARGIN), constant_values=OUTSIDE)


def _words(feature: Feature, characters: Any) -> Any:
    """The numbers of :func:`word_numbers`, from the values of characters."""
    lookup = keras.layers.IntegerLookup(
        vocabulary=keys_of_words([str(word) for word in feature.vocabulary]), mask_token=0, name="words"
    )
    return lookup(word_keys(characters, _length(feature), keras.ops))


def _ngrams(feature: Feature, characters: Any) -> Any:
    """The n-grams of texts as numbers: 0 for none, 1 for an unknown one."""
    lookup = keras.layers.IntegerLookup(vocabulary=keys_of_ngrams(feature.ngrams), mask_token=0, name="ngrams")
    return lookup(keras.ops.concatenate([ngram_keys(characters, size) for size in NGRAMS], axis=1))


def _length(feature: Feature) -> int:
    if feature.length is None:
        raise InvalidArgument("length", None, f"given for the text {feature.name!r}")
    return feature.length
