"""Docstrings for the site, as Griffe's parser and Markdown want them."""

from __future__ import annotations

from typing import Any

import griffe

from scripts.guide.docstring_text import for_the_site


class Docstrings(griffe.Extension):
    """Called by mkdocstrings for each class and function."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrites the docstring: sections, blocks and the beginnings of descriptions."""
        if obj.docstring:
            obj.docstring.value = for_the_site(obj.docstring.value)
