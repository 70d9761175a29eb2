"""The words that a model reads of strings are those that Python reads of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from callbacks.inside.layers import mask_of
from recipes.data.feature import Feature
from recipes.data.statistics.text_statistics import text_statistics
from recipes.data.strings.tokens import words_of
from recipes.models.words import bag_of_words, tf_idf, word_numbers, word_vectors

TEXTS = [
    "Don't miss the «ÉLAN» of ＡＢＣ, the 12th time!",
    "Мама мыла РАМУ — дважды.",
    "мама, élan!",
    "我爱北京天安门。好！",
    "北京很好😀",
    "a THE a",
]
STRANGE = ["", " ?! ", "unseen ñandú 東 ☃", "the élan\u0301 北 " * 40]
FEATURE = Feature("t", "text", (), "string", **text_statistics(np.array(TEXTS * 2, object)))


def strings(texts):
    return tf.constant(list(texts))


def ngrams_of(text):
    """The n-grams of the characters that the model reads."""
    from ..data.strings.test_tokens import reference_ngrams

    return [ngram for size in (2, 3, 4) for ngram in reference_ngrams(text[: 8 * FEATURE.length], size)]


@pytest.fixture(scope="module")
def bag():
    inputs = keras.Input((), dtype="string")
    return keras.Model(inputs, bag_of_words(FEATURE, inputs))


def test_words_as_vectors():
    inputs = keras.Input((), dtype="string")
    model = keras.Model(inputs, word_vectors(FEATURE, word_numbers(FEATURE, inputs), 3))
    table = model.layers[-1].get_weights()[0]
    assert table.shape == (2 + len(FEATURE.vocabulary), 3)
    numbers = {word: number for number, word in enumerate(FEATURE.vocabulary, start=2)}
    vectors = model(strings(TEXTS + STRANGE))
    for text, found, mask in zip(TEXTS + STRANGE, vectors, mask_of(vectors), strict=True):
        words = words_of(text[: 8 * FEATURE.length])[: FEATURE.length]
        np.testing.assert_array_equal(
            found[: len(words)], table[[numbers.get(word, 1) for word in words]].reshape(-1, 3)
        )
        assert np.asarray(mask).sum() == len(words) == np.asarray(mask)[: len(words)].sum()


def test_a_bag_is_scikit_learns_tf_idf(bag):
    vectorizers = [
        TfidfVectorizer(analyzer=lambda text: words_of(text[: 8 * FEATURE.length])[: FEATURE.length]),
        TfidfVectorizer(analyzer=ngrams_of),
    ]
    found = np.asarray(bag(strings(TEXTS + STRANGE)))
    start = 0
    for vectorizer, known in zip(vectorizers, (FEATURE.vocabulary, FEATURE.ngrams), strict=True):
        vectorizer.fit(TEXTS * 2)
        columns = [vectorizer.vocabulary_[one] for one in known]
        expected = normalize(vectorizer.transform(TEXTS + STRANGE).toarray()[:, columns])
        part = found[:, start : start + 2 + len(known)]
        assert not part[:, :2].any()
        np.testing.assert_allclose(part[:, 2:], expected * (found.shape[1] / 2) ** 0.5, rtol=1e-3, atol=1e-5)
        start += 2 + len(known)
    assert start == found.shape[1]
    np.testing.assert_allclose((found[: len(TEXTS)] ** 2).mean(axis=1), 1, rtol=1e-4)
    assert not found[len(TEXTS) : len(TEXTS) + 2].any()  # texts without words


def test_case_width_and_punctuation_make_no_difference(bag):
    one, two = bag(strings(["Élan, МАМА 北京！ abc", "éLAN мама。北京 ＡＢＣ"]))
    np.testing.assert_array_equal(one, two)


def test_words_alone_without_weights():
    inputs = keras.Input((), dtype="string")
    plain = Feature("t", "text", (), "string", vocabulary=("good", "film"), length=4)
    model = keras.Model(inputs, bag_of_words(plain, inputs))
    np.testing.assert_allclose(model(strings(["good GOOD film", "bad", "film"])) / 2, [
        [0, 0, 2 / 5**0.5, 1 / 5**0.5], [0, 0, 0, 0], [0, 0, 0, 1]
    ], rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize("most", [4, 1000])
def test_the_most_frequent_words_alone(most):
    inputs = keras.Input((), dtype="string")
    model = keras.Model(inputs, tf_idf(FEATURE, word_numbers(FEATURE, inputs), most))
    known = FEATURE.vocabulary[:most]
    vectorizer = TfidfVectorizer(analyzer=words_of).fit(TEXTS * 2)
    columns = [vectorizer.vocabulary_[word] for word in known]
    texts = [*TEXTS, "", "unseen ñandú"]
    found = model(strings(texts)).numpy()
    assert not found[:, :2].any()
    np.testing.assert_allclose(found[:, 2:], normalize(vectorizer.transform(texts).toarray()[:, columns]), atol=1e-4)


def test_files_and_half_precision(bag, tmp_path):
    x = strings(TEXTS + STRANGE)
    expected = bag(x)
    bag.save(tmp_path / "bag.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "bag.keras")(x), expected)
    bag.export(tmp_path / "served", verbose=False)
    np.testing.assert_array_equal(tf.saved_model.load(tmp_path / "served").serve(x), expected)
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((), dtype="string")
    half = bag_of_words(FEATURE, inputs)
    assert half.dtype == "float32"
    np.testing.assert_array_equal(keras.Model(inputs, half)(x), expected)
