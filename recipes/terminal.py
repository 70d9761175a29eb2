"""Terminal: the console on which names from files are printed as they are, and do nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from ..callbacks.printable import UNPRINTABLE, printable

__all__ = ["Terminal"]


class Terminal(Console):
    """A rich console that takes "[red]" and ":smile:" for text, and escapes control characters in texts.

    Args:
        **options: of ``rich.console.Console``.

    Example:
        >>> Terminal(width=40).print("cat\\x1b[2J [bold]")
        cat\\x1b[2J [bold]
    """

    def __init__(self, **options: Any):
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **options})

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as rich measures and shows it."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """What to write, as rich has it, with the texts of others escaped."""
        for segment in super().render(renderable, options):
            if segment.control or not UNPRINTABLE.search(segment.text):
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)
