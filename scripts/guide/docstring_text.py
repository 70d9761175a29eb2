"""The text of a docstring as Griffe's parser and Markdown want it."""

from __future__ import annotations

import re

__all__ = ["for_the_site"]


def for_the_site(text: str) -> str:
    """A docstring with "Examples:" for "Example:", single colons before blocks, and no ">" that begins a quotation.

    Example:
        >>> for_the_site("Example:"), for_the_site("formula::"), for_the_site("rate: >= 0.")
        ('Examples:', 'formula:', 'rate: at least 0.')
    """
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*[\w*, ]+: )>= ", r"\1at least ", text, flags=re.MULTILINE)
    return re.sub(r"^(\s*[\w*, ]+: )> ", r"\1above ", text, flags=re.MULTILINE)
