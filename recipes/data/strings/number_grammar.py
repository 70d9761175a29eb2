"""well_formed: whether the characters of strings are a number, by a table of states that NumPy and a model share."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "BLANK",
    "ENDED",
    "EXPONENT",
    "GROUP",
    "MARK",
    "MINUS",
    "PLUS",
    "SIGN",
    "SPACE",
    "UNKNOWN",
    "well_formed",
]

MARK, MINUS, EXPONENT, ENDED, UNKNOWN, SPACE, GROUP, SIGN, PLUS, BLANK = range(10, 20)
"""Codes of characters after those of the digits, 0 to 9. ``SPACE`` and ``GROUP`` may separate thousands."""

DIGIT = 0
"""In rules, the codes of all digits; and ``PLUS`` those of both signs of a number."""
TAIL = {SPACE: "tail", SIGN: "signed", BLANK: "blank", ENDED: "end"}
"""What may follow a complete number."""
RULES: dict[str, dict[int, str]] = {
    "start": {SPACE: "start", BLANK: "start", PLUS: "plus", SIGN: "sign", DIGIT: "one", MARK: "point"},
    "plus": {SPACE: "plus", SIGN: "sign", PLUS: "second plus", DIGIT: "one", MARK: "point"},
    "sign": {SPACE: "sign", PLUS: "second plus", DIGIT: "one", MARK: "point"},
    "second plus": {DIGIT: "one", MARK: "point"},
    "one": {**TAIL, DIGIT: "two", MARK: "whole point", EXPONENT: "e", GROUP: "group", SPACE: "gap"},
    "two": {**TAIL, DIGIT: "three", MARK: "whole point", EXPONENT: "e", GROUP: "group", SPACE: "gap"},
    "three": {**TAIL, DIGIT: "many", MARK: "whole point", EXPONENT: "e", GROUP: "group", SPACE: "gap"},
    "many": {**TAIL, DIGIT: "many", MARK: "whole point", EXPONENT: "e"},
    "gap": {**TAIL, DIGIT: "group one"},  # between thousands, or before a sign
    "group": {DIGIT: "group one"},
    "group one": {DIGIT: "group two"},
    "group two": {DIGIT: "group three"},
    "group three": {**TAIL, MARK: "whole point", EXPONENT: "e", GROUP: "group", SPACE: "gap"},
    "point": {DIGIT: "decimals"},
    "whole point": {**TAIL, DIGIT: "decimals", EXPONENT: "e"},
    "decimals": {**TAIL, DIGIT: "decimals", EXPONENT: "e"},
    "e": {PLUS: "e plus", DIGIT: "e one"},
    "e plus": {DIGIT: "e one"},
    "e one": {**TAIL, DIGIT: "e two"},
    "e two": {**TAIL, DIGIT: "e three"},
    "e three": {**TAIL},
    "tail": {**TAIL},
    "signed": {SPACE: "blank", BLANK: "blank", ENDED: "end"},
    "blank": {SPACE: "blank", BLANK: "blank", ENDED: "end"},
    "end": {ENDED: "end"},
}
"""State -> what follows on the code of a character; on any other the string is no number."""


def _table() -> np.ndarray:
    """The next state for each state and code, shape (states * 20,). The last state is that of strings of no number."""
    states = [*RULES, "none"]
    table = np.full((len(states), BLANK + 1), len(states) - 1)
    for state, rules in RULES.items():
        for code, following in rules.items():
            codes = [*range(10)] if code == DIGIT else [PLUS, MINUS] if code == PLUS else [code]
            table[states.index(state), codes] = states.index(following)
    return table.reshape(-1)


TABLE = _table()


def well_formed(codes: Any, xp: Any) -> Any:
    """Whether strings are numbers: booleans, shape (batch, 1).

    Args:
        codes: of characters, integers of shape (batch, characters): a NumPy array or a Keras tensor. The last one is
            that after the end, unless a string is too long.
        xp: ``numpy`` or ``keras.ops``.
    """
    state = xp.zeros_like(codes[:, :1])
    for place in range(codes.shape[1]):
        state = xp.take(TABLE, state * (BLANK + 1) + codes[:, place : place + 1], axis=0)
    return xp.equal(state, list(RULES).index("end"))
