"""read_json, write_json: JSON files with a checksum, from anybody, checked and bounded.

The checksum is of the values, not of the bytes: a file may be indented anew. It shows damage, not forgery: who changes
a file on purpose can compute it, so the values are checked as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..files import write_text
from .reading import LARGEST, read_bytes
from .schema import ANYTHING, Kind

__all__ = ["CHECKSUM", "parse", "read_json", "reason_of", "sealed", "unsealed", "write_json"]

CHECKSUM = "checksum"
"""The field of the checksum, the last one."""

DEEPEST = 50
"""The most levels of lists and objects within each other."""

DIGITS = 25
"""The most digits of a whole number."""

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str | bytes) -> Any:
    """The value that a JSON text stands for.

    Raises:
        ValueError: for anything else, whole numbers of more than 25 digits, more than 50 levels, and characters that
            UTF-8 does not have.

    Example:
        >>> parse("[" * 10**6)
        Traceback (most recent call last):
        ValueError: more than 50 levels of lists and objects
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        value = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels of lists and objects") from None
    _check_depth(value)
    if SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # a UnicodeEncodeError is a ValueError
    return value


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a whole number of {len(text):,} digits")
    return int(text)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for container in level
            if isinstance(container, (list, dict))
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, (list, dict))
        ]
        if not level:
            return
    raise ValueError(f"more than {DEEPEST} levels of lists and objects")


def _checksum(fields: Mapping[str, Any]) -> str:
    text = json.dumps({name: value for name, value in fields.items() if name != CHECKSUM}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sealed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object with their checksum.

    Example:
        >>> unsealed(sealed({"epochs": 5}))
        {'epochs': 5}
    """
    fields = {name: value for name, value in fields.items() if name != CHECKSUM}
    return {**fields, CHECKSUM: _checksum(fields)}


def unsealed(value: Any) -> Any:
    """A value that was read without its checksum.

    Raises:
        ValueError: for an object whose checksum is not that of its fields. One without a checksum, as versions before
            0.2 wrote it, is returned as it is.
    """
    if not isinstance(value, dict) or CHECKSUM not in value:
        return value
    if value[CHECKSUM] != _checksum(value):
        raise ValueError("its values are not those that were written: the checksum is of others")
    return {name: item for name, item in value.items() if name != CHECKSUM}


def reason_of(error: Exception) -> str:
    """An error in one line of at most 300 characters, for a message."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def read_json(
    path: str | os.PathLike[str],
    kind: Kind = ANYTHING,
    *,
    limit: int = LARGEST,
    argument: str = "directory",
    shown: str | os.PathLike[str] | None = None,
    accepted: str = "one whose files are whole",
) -> Any:
    """The value in a JSON file, of the kind that is expected, without its checksum.

    Args:
        path: the file.
        kind: what it has to hold.
        limit: its most bytes.
        argument, shown, accepted: of the error: the argument that led to the file, its value (default: the file's
            folder), and what would be accepted.

    Raises:
        InvalidArgument: in one line, with the name of the file and of the field.
        FileNotFoundError: if there is no file.
    """
    path = Path(path)
    try:
        return kind.read("", unsealed(parse(read_bytes(path, limit))))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # InvalidArgument and those of JSON and Unicode are ValueErrors
        value = str(path.parent if shown is None else shown)
        raise InvalidArgument(argument, value, f"{accepted} ({path.name}: {reason_of(error)})") from None


def write_json(path: str | os.PathLike[str], fields: Mapping[str, Any]) -> None:
    """Writes an object with its checksum, atomically."""
    write_text(path, json.dumps(sealed(fields), indent=2) + "\n")
