"""Docstrings for the site, in the words of Griffe's parser: ``Examples:`` for ``Example:``, and no colons doubled."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Called by mkdocstrings for each class and function."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Renames the section, and ends the line before an indented block in one colon."""
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r"::$", ":", text, flags=re.MULTILINE)
