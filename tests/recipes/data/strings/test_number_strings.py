import random

import numpy as np
import pytest

from recipes.data.strings.number_strings import is_number, mark_of, numbers_in

NAN = np.nan


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("12.5", ".", 12.5),
        (" 7", ".", 7),
        ("-0.25", ".", -0.25),
        ("+3", ".", 3),
        (".5", ".", 0.5),
        ("5.", ".", 5),
        ("1,200", ".", 1200),
        ("1,234,567.25", ".", 1234567.25),
        ("1.234.567,25", ",", 1234567.25),
        ("1 200,5", ",", 1200.5),
        ("1\u202f200,5", ",", 1200.5),
        ("1'200.5", ".", 1200.5),
        ("$1,200.50", ".", 1200.5),
        ("-$3", ".", -3),
        ("$-3", ".", -3),
        ("3 €", ".", 3),
        ("12 %", ".", 12),
        ("\u22124", ".", -4),
        ("1e-3", ".", 0.001),
        ("2.5E+04", ".", 25000),
        ("0,5", ",", 0.5),
    ],
)
def test_a_number(text, mark, number):
    assert is_number(text, mark)
    assert numbers_in([text], mark)[0] == number


@pytest.mark.parametrize("text", ["", " ", "?", "two", "1.2.3", "12a", "nan", "-", "$", "1" * 41])
def test_no_number(text):
    assert not is_number(text, ".")
    assert np.isnan(numbers_in([text], ".")[0])


@pytest.mark.parametrize("text", ["1,20", "12,3456", "1-2", "3$4", "1 2", "5 kg", "e5", "$3 €x"])
def test_what_is_nearly_a_number(text):
    assert not is_number(text, ".")


def test_a_number_is_read_where_the_pattern_matches_and_nowhere_else():
    """Random strings of a number's characters, and numbers with one character changed, put in or taken away."""
    draw = random.Random(0)
    characters = "0123456789.,eE+-\u2212$%€' \u00a0\t\nx"
    right = ["1,234,567.25", "-$ 1'200.5e-3 ", "1 200 300", " 12 %", "+.5E+04\n", "7", "$-3", "1.200,50"]
    texts = ["".join(draw.choices(characters, k=draw.randint(0, 8))) for _ in range(20_000)]
    for _ in range(20_000):
        text, place = draw.choice(right), draw.randint(0, 12)
        kept = draw.choice([text[place:], text[place + 1 :]])
        texts.append(text[:place] + draw.choice([*characters, ""]) + kept)
    texts += ["1" * 40, "1" * 41, "1" * 40 + " ", "\u3000" + "5", "5\x1f"]
    for mark in (".", ","):
        expected = [is_number(text, mark) for text in texts]
        assert 1000 < sum(expected) < 30_000
        read = ~np.isnan(numbers_in(texts, mark))
        assert [text for text, one, other in zip(texts, expected, read, strict=True) if one != other] == []


def test_numbers_are_what_python_reads():
    draw = random.Random(0)
    texts = []
    for _ in range(3000):
        whole, places = draw.randrange(10 ** draw.randint(1, 15)), draw.randint(0, 9)
        texts.append(draw.choice(["{:.9g}", "{!r}", "{:e}", "{:,}"]).format(draw.choice([1, -1]) * whole / 10**places))
    expected = [float(text.replace(",", "")) for text in texts]
    assert all(is_number(text, ".") for text in texts)
    digits = np.array([sum(character.isdigit() for character in text.split("e")[0]) for text in texts])
    read = numbers_in(texts, ".")
    np.testing.assert_array_equal(read[digits <= 15], np.array(expected)[digits <= 15])
    np.testing.assert_allclose(read, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["12.5", " 7", "1,200"], "."),
        (["1,5", "2"], ","),
        (["1.200,5", "3"], ","),
        (["1,234", "5,678"], "."),  # thousands
        (["1.5", "2,5"], None),
        (["1.234,5", "1,234.5"], None),
        (["$3", "4"], "."),
        (["3%", "4 %"], "."),
        (["3%", "4"], None),
        (["$3", "3 €"], None),
        (["007", "12"], None),  # codes
        (["0", "0.5", "10"], "."),
        (["1", "two"], None),
        ([], None),
    ],
)
def test_the_decimal_mark_of_a_column(texts, mark):
    assert mark_of(texts) == mark
