"""Automaton: a regular expression as a table of states, by which NumPy and a model see whether strings match."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .string_codes import END

__all__ = ["Automaton"]

PARSER: Any = importlib.import_module("re._parser")
"""Python's own parser of regular expressions, as ``re`` uses it."""


class Automaton:
    """A deterministic finite automaton for a regular expression, upper and lower case alike.

    Args:
        pattern: without flags, backreferences and look-around; ``\\s`` is any white space.
        codes: character -> code; ``END`` -> the code after the end of a string.
        unknown: the code of all other characters, which match nothing.

    Example:
        >>> codes = {"": 0, "a": 1, "A": 1, "b": 2}
        >>> Automaton("a+b?", codes, 3).matches(np.array([[1, 1, 0], [1, 2, 1], [2, 0, 0]]), np).tolist()
        [[True], [False], [False]]
    """

    def __init__(self, pattern: str, codes: Mapping[str, int], unknown: int) -> None:
        nondeterministic = _Nondeterministic(PARSER.parse(pattern))
        self._lowest = min(unknown, *codes.values())
        self._codes = max(unknown, *codes.values()) - self._lowest + 1
        of_code = {code: character for character, code in codes.items() if character}
        self._table = self._determined(nondeterministic, of_code, codes[END])

    def _determined(self, automaton: _Nondeterministic, of_code: Mapping[int, str], end: int) -> np.ndarray:
        """The next state for each state and code, shape (states * codes,).

        State 0 is "matches", 1 "does not". A state is written as the place of the code 0 in its part of the table.
        """
        states: dict[frozenset[int], int] = {automaton.closure({automaton.start}): 2}
        rows = [np.ones(self._codes, np.int64), np.ones(self._codes, np.int64)]
        rows[0][end - self._lowest] = 0
        for state in (waiting := list(states)):
            row = np.ones(self._codes, np.int64)
            row[end - self._lowest] = automaton.accepted not in state
            for code, character in of_code.items():
                following = automaton.after(state, character)
                if following and following not in states:
                    states[following] = len(states) + 2
                    waiting.append(following)
                if following:
                    row[code - self._lowest] = states[following]
            rows.append(row)
        return np.concatenate(rows) * self._codes - self._lowest

    def matches(self, codes: Any, xp: Any) -> Any:
        """Whether strings match as a whole: booleans, shape (batch, 1).

        Args:
            codes: of characters, integers of shape (batch, characters): a NumPy array or a Keras tensor. The last one
                is that after the end, unless a string is too long.
            xp: ``numpy`` or ``keras.ops``.
        """
        table = 0 * xp.sum(codes[:, :1]) + self._table  # one tensor of a model, not a constant for each character
        state = 2 * self._codes - self._lowest
        for code in xp.split(codes, codes.shape[1], axis=1):
            state = xp.take(table, state + code, axis=0)
        return state < self._codes - self._lowest


class _Nondeterministic:
    """States with several followers, by Thompson's construction."""

    def __init__(self, parsed: Any) -> None:
        self._free: dict[int, set[int]] = defaultdict(set)
        self._by_character: dict[int, list[tuple[Any, Any, int]]] = defaultdict(list)
        self._states = 1
        self.start = 0
        self.accepted = self._sequence(parsed, self.start)

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        """These states and all that follow without a character."""
        found, waiting = set(states), list(states)
        while waiting:
            new = self._free[waiting.pop()] - found
            found |= new
            waiting += new
        return frozenset(found)

    def after(self, states: Iterable[int], character: str) -> frozenset[int]:
        """The states after a character."""
        following = (
            end
            for state in states
            for operation, value, end in self._by_character[state]
            if any(_fits(operation, value, case) for case in {character.lower(), character.upper()})
        )
        return self.closure(set(following))

    def _new(self) -> int:
        self._states += 1
        return self._states - 1

    def _sequence(self, items: Sequence[tuple[Any, Any]], start: int) -> int:
        """Adds what a sequence matches after a state; returns the state at its end."""
        for operation, value in items:
            start = self._one(str(operation), value, start)
        return start

    def _one(self, operation: str, value: Any, start: int) -> int:
        if operation == "SUBPATTERN":
            return self._sequence(value[-1], start)
        if operation == "BRANCH":
            end = self._new()
            for branch in value[1]:
                self._free[self._sequence(branch, start)].add(end)
            return end
        if operation == "MAX_REPEAT":
            least, most, repeated = value
            return self._repeated(least, most, repeated, start)
        if operation not in ("LITERAL", "IN"):
            raise re.error(f"{operation} is not supported")
        end = self._new()
        self._by_character[start].append((operation, value, end))
        return end

    def _repeated(self, least: int, most: Any, items: Sequence[tuple[Any, Any]], start: int) -> int:
        for _ in range(least):
            start = self._sequence(items, start)
        end = self._new()
        self._free[start].add(end)
        if most is PARSER.MAXREPEAT:
            self._free[self._sequence(items, end)].add(end)
            return end
        for _ in range(most - least):
            start = self._sequence(items, start)
            self._free[start].add(end)
        return end


def _fits(operation: str, value: Any, character: str) -> bool:
    """Whether a character fits a literal or a set."""
    if operation == "LITERAL":
        return ord(character) == value
    return any(_is_among(str(kind), item, character) for kind, item in value)


def _is_among(kind: str, item: Any, character: str) -> bool:
    """Whether a character fits an item of a set."""
    if kind == "CATEGORY" and str(item) == "CATEGORY_SPACE":
        return character.isspace()
    if kind not in ("LITERAL", "RANGE"):
        raise re.error(f"{kind} {item} is not supported")
    low, high = item if kind == "RANGE" else (item, item)
    return bool(low <= ord(character) <= high)
