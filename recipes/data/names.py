"""Names: the user's names of columns, and the names that Keras and TensorFlow accept for them."""

from __future__ import annotations

import difflib
import functools
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument, check_text

__all__ = ["Names", "check_columns", "check_present", "checked_names", "column_names", "is_frame"]

SUFFIXES = ("", "_embedding", "_one_hot", "_words")
"""Suffixes of the layers named after a column."""
OWN = (
    *("columns", "fixed_columns", "inputs", "linear_part", "outputs", "probabilities", "probability", "record"),
    *("target", "target_scale", "with_linear_part"),
)
"""Names of layers in the model factories."""
OPERATIONS = ("any", "cast", "expand_dims", "less", "maximum", "multiply", "not_equal", "sum", "true_divide", "where")
"""Keras' names of the operations between the layers of the factories."""


class Names:
    """A two-way table of column names: the user's, the model's, and the arguments of a SavedModel's signature.

    The model's name is the key in the dictionary that the model takes, and the name of its ``keras.Input``. Keras and
    TensorFlow refuse "/" and Python keywords, and TensorFlow does not distinguish names that differ only in special
    characters or in case. A name is kept if it consists of ASCII letters, digits, "_" and ".", begins with a letter or
    digit, and clashes with no other. Otherwise

    - other characters become "_", and "x" is prepended unless the name begins with a letter or digit;
    - "_" is appended to keywords, "self" and names that Keras may give to another layer of the model;
    - "_2", "_3", ... is appended to a name that is taken, regardless of case; unchanged names come first.

    Args:
        names: the user's names, in order; strings that are not empty, all different.
        known: the model's names of columns that have one already.
        loose: whether :meth:`find` also finds the original of a converted name, for tables without the user's names.
        argument: name of the names, for messages.

    Attributes:
        inner: user's name -> model's name.
        outer: model's name -> user's name.
        arguments: user's name -> argument of a SavedModel's signature: the model's name with "_" for ".", and "arg_"
            before a digit.

    Raises:
        InvalidArgument: for names that are empty, not strings, or not all different.

    Example:
        >>> names = Names(["age", "a/b", "a_b", "Age", "class", "年龄"])
        >>> list(names.inner.values())
        ['age', 'a_b_2', 'a_b', 'Age_2', 'class_', 'x__']
        >>> Names(["home.dest", "2nd"]).arguments
        {'home.dest': 'home_dest', '2nd': 'arg_2nd'}
        >>> names.outer["class_"], names.find("a/b"), names.find("a_b_2"), names.find("b")
        ('class', 'a/b', 'a/b', None)
    """

    def __init__(
        self,
        names: Iterable[Any],
        known: Mapping[str, str] | None = None,
        *,
        loose: bool = False,
        argument: str = "names",
    ):
        listed = checked_names(argument, names)
        inner = dict(known or {})
        taken = {form for name in inner.values() for form in _forms(name)}
        for name in sorted(listed, key=lambda name: (_allowed(name) != name, len(name))):
            if name in inner:
                continue
            base, number = _allowed(name), 1
            inner[name] = base
            while taken & _forms(inner[name]):
                number += 1
                inner[name] = f"{base}_{number}"
            taken |= _forms(inner[name])
        self.inner: dict[str, str] = {name: inner[name] for name in listed}
        self.outer: dict[str, str] = {inner: name for name, inner in self.inner.items()}
        self.arguments: dict[str, str] = {name: _argument(inner) for name, inner in self.inner.items()}
        if len(self.outer) < len(self.inner):
            raise InvalidArgument(argument, list(self.inner.values()), "different for every column")
        self._loose = loose

    def __len__(self) -> int:
        return len(self.inner)

    def find(self, name: str) -> str | None:
        """The user's name of a column, from the user's or the model's name; None for an unknown one."""
        if name in self.inner:
            return name
        if name not in self.outer and self._loose:
            name = _characters(name)
        return self.outer.get(name)

    def match(self, listed: Iterable[Any]) -> list[str]:
        """The user's names of the columns of an input, in its order; unknown names as strings, unchanged.

        A column may also have the model's name, unless the input has the user's name of it as well.
        """
        names = list(map(str, listed))
        present = set(names)
        matched = [self.find(name) or name for name in names]
        return [name if user != name and user in present else user for name, user in zip(names, matched, strict=True)]

    def to_model(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Converts a dictionary from the user's names to the model's, in the order of the table."""
        return {inner: columns[name] for name, inner in self.inner.items()}

    def to_user(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Converts a dictionary from the model's names to the user's, in the order of the table."""
        return {name: columns[inner] for name, inner in self.inner.items()}


def checked_names(argument: str, names: Iterable[Any]) -> list[str]:
    """The names as a list.

    Raises:
        InvalidArgument: unless they are strings in UTF-8 that are not empty, all different.

    Example:
        >>> checked_names("x", {"age": 1, "Age": 2})
        ['age', 'Age']
    """
    listed = list(names)
    if not all(isinstance(name, str) and name for name in listed):
        wrong = next(name for name in listed if not isinstance(name, str) or not name)
        raise InvalidArgument(argument, wrong, "named by strings that are not empty")
    for name in listed:
        check_text(argument, name)
    if len(set(listed)) < len(listed):
        twice = next(name for place, name in enumerate(listed) if name in listed[:place])
        raise InvalidArgument(argument, twice, "named without repetition")
    return listed


def is_frame(x: Any) -> bool:
    """Whether ``x`` is a pandas DataFrame."""
    return hasattr(x, "columns") and hasattr(x, "dtypes")


def column_names(argument: str, frame: Any, known: Sequence[str] = ()) -> list[str] | None:
    """The names of a DataFrame's columns; None if they are just numbered, which is no name.

    Args:
        argument: name of the DataFrame, for messages.
        frame: the DataFrame.
        known: names that the columns should have. If these are the numbers in some order, they are names.

    Raises:
        InvalidArgument: for names that are empty or repeated, as strings.

    Example:
        >>> import pandas
        >>> column_names("x", pandas.DataFrame({2019: [1], "a": [2]})), column_names("x", pandas.DataFrame([[1, 2]]))
        (['2019', 'a'], None)
    """
    listed = checked_names(argument, map(str, frame.columns))
    numbered = list(frame.columns) == list(range(len(listed)))
    return None if numbered and set(listed) != set(known) else listed


def check_columns(
    argument: str, listed: Iterable[str], expected: Sequence[str], what: str = "columns", where_more: str = ""
) -> None:
    """Raises ``InvalidArgument``, with the missing and the unknown names, unless both are the same in some order.

    Args:
        argument: name of the table, for messages.
        listed: the names that it has.
        expected: the names that it should have.
        what: the expected are, in words. Default "columns".
        where_more: ends the message where there are more names, but none is missing. Default "".

    Example:
        >>> check_columns("x_test", ["b", "a"], ["a", "b"])
        >>> check_columns("x_test", ["b", "c"], ["a", "b"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: x_test must be columns a, b, in any order, ... 'missing: a; unknown: c'
    """
    listed = list(listed)
    missing, unknown = _unequal(listed, expected)
    if missing or unknown:
        hint = _renamed(missing, unknown) if missing else where_more
        accepted = f"{what} {_shown(expected)}, in any order, and nothing else{hint}"
        raise InvalidArgument(argument, _named(missing, unknown), accepted)


def check_present(argument: str, listed: Iterable[str], expected: Sequence[str]) -> None:
    """Raises ``InvalidArgument``, with the missing and the other names, if expected ones are missing.

    Example:
        >>> check_present("input", ["id", "a", "b"], ["a", "b"])
        >>> check_present("input", ["7", "3"], ["a", "b"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: input must be a table with columns a, b (it names none of them: is its header
        missing?). Received: input='missing: a, b; unknown: 7, 3'
    """
    listed = list(listed)
    missing, unknown = _unequal(listed, expected)
    if missing:
        renamed = _renamed(missing, unknown)
        none = " (it names none of them: is its header missing?)"
        hint = none if not renamed and len(missing) == len(set(expected)) else f"; others are ignored{renamed}"
        raise InvalidArgument(argument, _named(missing, unknown), f"a table with columns {_shown(expected)}{hint}")


def _unequal(listed: Sequence[str], expected: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names that are missing, and those that are unknown."""
    return [name for name in expected if name not in listed], [name for name in listed if name not in expected]


def _named(missing: Sequence[str], unknown: Sequence[str]) -> str:
    kinds = {"missing": missing, "unknown": unknown}
    return "; ".join(f"{kind}: {_shown(names)}" for kind, names in kinds.items() if names)


def _renamed(missing: Sequence[str], unknown: Sequence[str]) -> str:
    """Which unknown name a missing one may have become, to follow a message; "" if none is alike."""
    lower = {name.lower(): name for name in unknown}
    for name in missing:
        near = difflib.get_close_matches(name.lower(), lower, 1, 0.8)
        if near:
            return f"; {lower[near[0]]!r} may be {name!r}"
    return ""


def _shown(names: Sequence[str]) -> str:
    """Some of the names; in quotes if they have commas, or spaces outside."""
    names = [repr(name) if "," in name or name != name.strip() else name for name in dict.fromkeys(names)]
    return ", ".join(names[:20]) + (f", ... ({len(names)})" if len(names) > 20 else "")


def _characters(name: str) -> str:
    """The name with "_" for all but ASCII letters, digits and dots, and a letter or digit in front."""
    plain = re.sub(r"[^A-Za-z0-9_.]", "_", name)
    return plain if re.match(r"[A-Za-z0-9]", plain) else f"x{plain}"


def _allowed(name: str) -> str:
    """The name in allowed characters only, with "_" appended if it is reserved."""
    plain = _characters(name)
    stem = re.sub(r"_\d+$", "", plain.lower())  # Keras numbers layers of the same kind
    reserved = keyword.iskeyword(plain) or plain == "self" or stem in OWN or stem in _keras_names()
    return f"{plain}_" if reserved else plain


def _argument(inner: str) -> str:
    """The argument that TensorFlow makes of a model's name in a signature."""
    plain = inner.replace(".", "_")
    return f"arg_{plain}" if plain[0].isdigit() else plain


def _forms(inner: str) -> set[str]:
    """The lower-case names of everything named after a column."""
    return {_argument(inner).lower() + suffix for suffix in SUFFIXES}


@functools.cache
def _keras_names() -> frozenset[str]:
    """The default names of Keras' layers, and of operations between them."""
    import keras

    layers = [kind for kind in vars(keras.layers).values() if isinstance(kind, type)]
    names = {
        re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind.__name__)) for kind in layers
    }
    return frozenset({*(name.lower() for name in names), *OPERATIONS, "functional", "model", "sequential"})
