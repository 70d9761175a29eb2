from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from callbacks.checks import InvalidArgument
from recipes.data.statistics import text_statistics as module
from recipes.data.statistics.text_statistics import text_statistics
from recipes.data.strings.tokens import fold, words_of

from ..strings.test_tokens import TEXTS, reference_ngrams

MANY = np.array(
    [f"{first} {second} number {place % 7}" for place, first in enumerate(TEXTS) for second in TEXTS], object
)


def ngrams_of(text):
    return [ngram for size in (2, 3, 4) for ngram in reference_ngrams(text, size)]


def test_words_and_ngrams_with_scikit_learns_weights():
    found = text_statistics(MANY)
    words = TfidfVectorizer(analyzer=words_of).fit(MANY)
    assert set(found["vocabulary"]) == set(words.vocabulary_)
    counts = Counter(word for text in MANY for word in words_of(text))
    ranks = [counts[word] for word in found["vocabulary"]]
    assert ranks == sorted(ranks, reverse=True)
    assert found["length"] == np.ceil(np.percentile([len(words_of(text)) for text in MANY], 95))
    ngrams = TfidfVectorizer(analyzer=ngrams_of, min_df=2).fit(text[: 8 * found["length"]] for text in MANY)
    assert set(found["ngrams"]) == set(ngrams.vocabulary_)
    expected = [words.idf_[words.vocabulary_[word]] for word in found["vocabulary"]]
    expected += [ngrams.idf_[ngrams.vocabulary_[ngram]] for ngram in found["ngrams"]]
    np.testing.assert_allclose(found["idf"], expected, atol=1e-4)
    assert sorted(found["idf"][len(found["vocabulary"]) :]) == list(found["idf"][len(found["vocabulary"]) :])


def test_limits(monkeypatch):
    for name, value in {"WORDS": 5, "MOST_NGRAMS": 4, "LONGEST": 3, "SAMPLE": 1000, "TOGETHER": 7}.items():
        monkeypatch.setattr(module, name, value)
    found = text_statistics(MANY)
    assert [len(found[name]) for name in ("vocabulary", "ngrams", "idf")] == [5, 4, 9]
    assert found["length"] == 3
    assert min(found["idf"]) >= 1
    assert all(ngram == "".join(map(fold, ngram)) for ngram in found["ngrams"])


def test_texts_too_few_for_ngrams():
    found = text_statistics(np.array(["ab cd", ""], object))
    assert (found["vocabulary"], found["ngrams"], len(found["idf"])) == (("ab", "cd"), (), 2)


def test_texts_without_words_are_refused():
    with pytest.raises(InvalidArgument, match="with words in it"):
        text_statistics(np.array(["", " ?! "], object))
