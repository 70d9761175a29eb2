"""Numbers written as strings: which columns are, and what a string says, by one rule for NumPy and for models.

A number has digits with or without a decimal mark, an exponent, a sign, thousands in groups of three, and one currency
or percent sign, which is left out: ``" 7"``, ``"1,200.5"``, ``"$1,200"``, ``"12 %"``, ``"1.200,50"``, ``"1e-3"``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .automaton import Automaton
from .string_codes import END, TOGETHER, WHITE, codes_of

__all__ = [
    "LARGEST",
    "LENGTH",
    "MARKS",
    "UNKNOWN",
    "PossibleMarks",
    "beyond_float32",
    "is_number",
    "mark_of",
    "number_codes",
    "number_values",
    "numbers_in",
]

LENGTH = 40
"""Maximum number of characters of a number."""
LARGEST = float(np.finfo("float32").max)
"""The largest number of models."""
LONGEST = len(f"{LARGEST:.0f}") - 1
"""So many characters without an exponent are a number within it."""
MARKS = (".", ",")
"""Decimal marks, the more usual first."""
SPACES = " \t\u00a0\u2009\u202f"
SIGNS = "$€£¥₹₩₽₺%"
"""Signs of currencies and percent."""
GROUPS = "'\u2019" + SPACES
"""What may separate thousands besides the other decimal mark."""

DASHES = "-\u2212"
"""Minus signs."""

MARK, MINUS, EXPONENT, ENDED, UNKNOWN, SPACE, GROUP, SIGN, PLUS, BLANK = range(10, 20)
"""Codes of characters after those of the digits, 0 to 9. ``SPACE`` and ``GROUP`` may separate thousands."""
POWERS = np.array([float(f"1e{power}") for power in range(309)])
SMALL_POWERS = np.array([10 ** min(power, 3) for power in range(LENGTH + 2)])
"""Of exponents, which have at most three digits."""


def _pattern(mark: str) -> re.Pattern[str]:
    other = MARKS[1 - MARKS.index(mark)]
    groups = f"[{re.escape(other + GROUPS)}]"
    whole = rf"[0-9]{{1,3}}(?:{groups}[0-9]{{3}})+|[0-9]+"
    number = rf"(?P<whole>{whole})(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+"
    gap, sign, plus = f"[{SPACES}]*", f"[{re.escape(SIGNS)}]?", f"[+{re.escape(DASHES)}]?"
    before, exponent = rf"{plus}{gap}(?P<before>{sign}){gap}{plus}", rf"[eE]{plus}[0-9]{{1,3}}"
    return re.compile(rf"\s*{before}(?:{number})(?:{exponent})?{gap}(?P<after>{sign})\s*")


PATTERNS = {mark: _pattern(mark) for mark in MARKS}


def is_number(text: str, mark: str) -> bool:
    """Whether a string is a number with this decimal mark.

    Example:
        >>> is_number("$1,200.50", "."), is_number("1.200,50", "."), is_number("1.200,50", ",")
        (True, False, True)
    """
    return len(text) <= LENGTH and PATTERNS[mark].fullmatch(text) is not None


def beyond_float32(texts: Iterable[str], mark: str) -> list[str]:
    """The strings whose numbers are beyond float32, in which models compute.

    Args:
        texts: strings that are numbers with this decimal mark.
        mark: "." or ",".

    Example:
        >>> beyond_float32(["1e38", "-1e39", "1e999", "12"], ".")
        ['-1e39', '1e999']
    """
    long = [text for text in texts if len(text) > LONGEST or "e" in text or "E" in text]
    return [text for text, value in zip(long, numbers_in(long, mark), strict=True) if not abs(value) <= LARGEST]


def mark_of(texts: Iterable[str]) -> str | None:
    """The decimal mark with which all strings are numbers: "." if it is possible, else ","; None if they are none.

    Codes are no numbers: strings that begin with a superfluous zero, as "007" and "02139". Nor are strings with
    different signs, as "$3" and "3 €", and such of which only some have "%".

    Args:
        texts: strings, none of which stands for a missing value; at least one.

    Example:
        >>> mark_of(["12.5", " 7", "1,200"]), mark_of(["1,5", "2"]), mark_of(["02139"]), mark_of(["$3", "3 €"])
        ('.', ',', None, None)
    """
    marks = PossibleMarks()
    marks.add(texts)
    return marks.mark


class PossibleMarks:
    """:func:`mark_of` of strings that come in parts.

    Example:
        >>> marks = PossibleMarks()
        >>> marks.add(["1", "2,000"])
        >>> marks.add(["0,5"])
        >>> marks.mark
        ','
    """

    def __init__(self) -> None:
        self._signs: dict[str, set[str]] = {mark: set() for mark in MARKS}

    def add(self, texts: Iterable[str]) -> None:
        """Adds strings."""
        texts = list(texts) if self._signs else []
        for mark in list(self._signs):
            signs = _signs_of(texts, mark)
            if signs is None:
                del self._signs[mark]
            else:
                self._signs[mark] |= signs

    @property
    def mark(self) -> str | None:
        """The decimal mark with which all strings so far are numbers."""
        return next((mark for mark, signs in self._signs.items() if signs and _agree(signs)), None)


def _signs_of(texts: Iterable[str], mark: str) -> set[str] | None:
    """The signs of currencies and percent, "" for none, of strings that are all numbers; None if one is not."""
    signs = set()
    for text in texts:
        match = PATTERNS[mark].fullmatch(text) if len(text) <= LENGTH else None
        if match is None:
            return None
        whole = match["whole"] or "0"
        if whole[0] == "0" and len(whole) > 1:
            return None
        signs.add(match["before"] + match["after"])
    return signs


def _agree(signs: set[str]) -> bool:
    currencies = signs - {""}
    return len(currencies) <= 1 and (currencies != {"%"} or "" not in signs)


def number_codes(mark: str) -> dict[str, int]:
    """The code of each character of a number; see :func:`number_values`."""
    codes = {END: ENDED, **{str(digit): digit for digit in range(10)}, "+": PLUS}
    codes |= dict.fromkeys(GROUPS + "".join(MARKS), GROUP) | dict.fromkeys(WHITE, BLANK)
    codes |= dict.fromkeys(SPACES, SPACE) | dict.fromkeys(SIGNS, SIGN)
    return {**codes, mark: MARK, **dict.fromkeys(DASHES, MINUS), **dict.fromkeys("eE", EXPONENT)}


@functools.cache
def _automaton() -> Automaton:
    """Of numbers with one decimal mark; with the other, characters have other codes."""
    return Automaton(PATTERNS["."].pattern, number_codes("."), UNKNOWN)


def number_values(codes: Any, xp: Any) -> Any:
    """The numbers that strings say; NaN for strings that say none.

    Exact, i.e. the float64 nearest to what is written, up to 15 digits and powers of ten up to 22.

    Args:
        codes: of characters (see :func:`number_codes`), integers of shape (batch, characters), one character longer
            than a number may be: a NumPy array or a Keras tensor.
        xp: ``numpy`` or ``keras.ops``.

    Returns:
        float64, shape (batch, 1).
    """
    digit = codes < MARK
    late = xp.cumsum(xp.where(xp.equal(codes, EXPONENT), 1, 0), axis=1) > 0
    early = xp.logical_not(late)
    main = xp.logical_and(digit, early)
    marks = xp.cumsum(xp.where(xp.equal(codes, MARK), 1, 0), axis=1)
    decimals = _count(xp.logical_and(main, marks > 0), xp)
    minus = xp.equal(codes, MINUS)
    power = _whole(codes, xp.logical_and(digit, late), SMALL_POWERS, xp)
    power = xp.where(_count(xp.logical_and(minus, late), xp) > 0, -power, power) - decimals
    size = xp.take(POWERS, xp.minimum(xp.absolute(power), 308), axis=0)
    number = _whole(codes, main, POWERS, xp)
    number = xp.where(power < 0, number / size, number * size)
    number = xp.where(_count(xp.logical_and(minus, early), xp) > 0, -number, number)
    return xp.where(_automaton().matches(codes, xp), number, np.nan)


def _count(mask: Any, xp: Any) -> Any:
    return xp.sum(xp.where(mask, 1, 0), axis=1, keepdims=True)


def _whole(codes: Any, inside: Any, powers: np.ndarray, xp: Any) -> Any:
    """The whole number, of the type of these powers of ten, whose digits are the codes at these places."""
    places = xp.cumsum(xp.where(inside, 1, 0), axis=1)
    weights = xp.take(powers, places[:, -1:] - places, axis=0)
    return xp.sum(xp.where(inside, codes * weights, 0), axis=1, keepdims=True)


def numbers_in(texts: Sequence[str], mark: str) -> np.ndarray:
    """The numbers that strings say, as the model reads them: float64 (n,), NaN for strings that say none.

    Example:
        >>> numbers_in(["$1,200.50", " -7", "12 %", "", "none"], ".").tolist()
        [1200.5, -7.0, 12.0, nan, nan]
    """
    numbers, codes = np.empty(len(texts)), number_codes(mark)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(texts), TOGETHER):
            part = codes_of(texts[start : start + TOGETHER], codes, UNKNOWN, LENGTH + 1)
            numbers[start : start + TOGETHER] = number_values(part, np)[:, 0]
    return numbers
