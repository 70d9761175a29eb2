"""printable: texts of any origin as a terminal may get them."""

from __future__ import annotations

import re

__all__ = ["UNPRINTABLE", "in_json", "printable"]

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that turn the direction of a text, and halves of characters."""

LAYOUT = "\t\n"
"""Control characters that stay."""


def printable(text: str) -> str:
    """A text whose control characters are escaped, so that a name cannot move the cursor or change the title.

    Tabs and line breaks stay.

    Example:
        >>> printable("cat\\x1b[2J")
        'cat\\\\x1b[2J'
    """
    return UNPRINTABLE.sub(_escaped, text)


def in_json(text: str) -> str:
    """The same for a line of JSON, which stays JSON.

    Example:
        >>> in_json('{"name": "cat\\x9b"}')
        '{"name": "cat\\\\u009b"}'
    """
    return UNPRINTABLE.sub(lambda mark: mark.group() if mark.group() in LAYOUT else f"\\u{ord(mark.group()):04x}", text)


def _escaped(match: re.Match[str]) -> str:
    mark = match.group()
    return mark if mark in LAYOUT else mark.encode("unicode_escape").decode("ascii")
