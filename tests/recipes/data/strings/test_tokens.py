import random
import re
import unicodedata

import keras
import numpy as np
import pytest

from recipes.data.strings.tokens import (
    MARGIN,
    NGRAMS,
    OUTSIDE,
    UNKNOWN,
    character_values,
    fold,
    keys_of_ngrams,
    keys_of_words,
    ngram_keys,
    parts_of,
    values_of,
    word_keys,
    words_of,
)

TEXTS = [
    "Don't miss the «ÉLAN» of ＡＢＣ, 12 times!",
    "Мама мыла РАМУ — дважды.",
    "我爱北京天安门。好！",
    "iPhone手机很好😀😀 ok?",
    "สวัสดีครับ, カタカナとひらがな「漢字」",
    "안녕하세요 세계",
    "tab\tnew\nline\u00a0no-break\u3000wide",
    "a",
    "?!",
    "",
    "𝐁old 𠮷野家 nai\u0308ve",
]


def plain(text):
    """Lower case and compatibility form by character, as long as the text."""
    return "".join((unicodedata.normalize("NFKC", character).lower() or " ")[0] for character in text)


ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)


def reference_words(text):
    """Words by regular expressions."""
    kinds = {character: unicodedata.category(character)[0] for character in plain(text)}
    symbols = "".join(character for character, kind in kinds.items() if kind == "S" and character > "\x7f")
    kept = "".join(character if kinds[character] in "LNM" or character in symbols else " " for character in plain(text))
    alone = ALONE + re.escape(symbols)
    return re.findall(f"[{alone}]|[^ {alone}]+", kept)


def reference_ngrams(text, size):
    """N-grams of the runs between separators."""
    separated = f" {''.join(fold(character) for character in text)} "
    found = [separated[start : start + size] for start in range(len(separated) - size + 1)]
    return [ngram for ngram in found if " " not in ngram[1:-1] and ngram.strip()]


@pytest.mark.parametrize("text", TEXTS)
def test_words(text):
    assert words_of(text) == reference_words(text)


def test_words_of_several_scripts():
    assert words_of(TEXTS[0]) == ["don", "t", "miss", "the", "élan", "of", "abc", "12", "times"]
    assert words_of(TEXTS[1]) == ["мама", "мыла", "раму", "дважды"]
    assert words_of(TEXTS[3]) == ["iphone", "手", "机", "很", "好", "😀", "😀", "ok"]
    assert words_of("İstanbul STRASSE ﬁ ① ½") == ["istanbul", "strasse", "f", "1", "1"]


def test_parts_are_what_a_person_would_count():
    assert [parts_of(text) for text in ("", "one", "a-b-c d.e@f.org", "东京", "我爱北京天安门")] == [0, 1, 2, 1, 3.5]


@pytest.mark.parametrize("tensors", [False, True], ids=["NumPy", "Keras"])
def test_keys_are_those_of_the_words_in_order(tensors):
    values, xp = values_of(TEXTS), np
    if tensors:
        values, xp = keras.ops.convert_to_tensor(values), keras.ops
    keys = np.asarray(word_keys(values, 30, xp))
    for text, row in zip(TEXTS, keys, strict=True):
        words = words_of(text)
        assert row[: len(words)].tolist() == np.asarray(word_keys(values_of([*words, "x"]), 1, np))[:-1, 0].tolist()
        assert not row[len(words) :].any()
    assert np.asarray(word_keys(values, 3, xp)).shape == (len(TEXTS), 3)


@pytest.mark.parametrize("size", NGRAMS)
def test_keys_are_those_of_the_ngrams(size):
    keys = ngram_keys(values_of(TEXTS), size)
    for text, row in zip(TEXTS, keys, strict=True):
        ngrams = reference_ngrams(text, size)
        assert row[row > 0].tolist() == [
            ngram_keys(values_of([ngram])[:, 1 : 1 + size], size)[0, 0] for ngram in ngrams
        ]
    np.testing.assert_array_equal(ngram_keys(keras.ops.convert_to_tensor(values_of(TEXTS)), size), keys)


def test_different_words_have_different_keys():
    drawn = random.Random(0)
    words = {"".join(drawn.choices("abcde", k=drawn.randint(1, 8))) for _ in range(20_000)}
    words |= {word[::-1] for word in words} | {f"{number:05d}" for number in range(3000)} | {"stops", "spots"}
    keys = word_keys(values_of(sorted(words)), 1, np)
    assert len(set(keys[:, 0].tolist())) == len(words) > 20_000
    ngrams = [first + second + third for first in "abcdefgh " for second in "abcdefgh" for third in "abcdefgh "]
    ngrams += [ngram[:2] for ngram in ngrams] + [ngram + "x" for ngram in ngrams if ngram[2] != " "]
    assert len(set(keys_of_ngrams(list(dict.fromkeys(ngrams))))) == len(set(ngrams))


def test_words_that_no_text_has_get_keys_that_no_text_has():
    keys = keys_of_words(["good", "two words", "", "good-bad", "bad"])
    assert [key > 0 for key in keys] == [True, False, False, False, True]
    assert len(set(keys)) == 5
    assert keys_of_words(["good", "GOOD"])[1] < 0  # one key: the first word has it


def test_margins_and_lengths():
    values = values_of(["ab", "Abc"], 2)
    before, after = MARGIN
    assert values.shape == (2, before + 2 + after)
    assert (values[:, :before] == OUTSIDE).all()
    assert (values[:, -after:] == OUTSIDE).all()
    np.testing.assert_array_equal(values[0], values[1])
    assert values_of([]).shape == (0, before + after)
    assert values_of(["\ud800x"]).shape == (1, before + 2 + after)  # half of a pair


def test_characters_to_know():
    characters, values = character_values(["élan", "东𠮷"])
    known = dict(zip(characters, values, strict=True))
    assert len(characters) == len(known)
    assert {"É", "é", "L", "Ｌ", "ℓ", "东", "𠮷", "。", "—", "!", "\n", "　"} <= set(known)
    assert known["É"] == known["é"] != known["L"] == known["Ｌ"]
    assert known["。"] == known[" "] == known["\n"] == OUTSIDE
    assert "z" not in known
    assert UNKNOWN not in values
    text = "Élan, élAN 东𠮷。"
    assert [known[character] for character in text] == values_of([text])[0, MARGIN[0] : -MARGIN[1]].tolist()
