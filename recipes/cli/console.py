"""Output of the command line: text, warnings and errors in one line each, and a bar of progress."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

from ...callbacks.printable import printable

__all__ = ["complain", "console", "load", "progress_bar", "say", "warnings_in_lines", "wrapped"]


def console() -> Any:
    """The console of standard output, 120 columns wide where that is no terminal."""
    from ..terminal import Terminal

    terminal = Terminal()
    return terminal if terminal.is_terminal else Terminal(width=120)


def say(*lines: Any) -> None:
    """Prints to standard output.

    Args:
        *lines: texts, which are printed verbatim, or anything that rich can render.
    """
    out = console()
    for line in lines:
        if isinstance(line, str):
            out.print(line, soft_wrap=True)
        else:
            out.print(line)


def wrapped(sentence: str) -> str:
    """A sentence in lines of the terminal's width, broken between words; in one line where there is no terminal."""
    out = console()
    if not out.is_terminal:
        return sentence
    return textwrap.fill(sentence, out.width, break_long_words=False, break_on_hyphens=False)


def load(dataset: str, **options: Any) -> Any:
    """Loads a dataset, and says to standard error which columns are no inputs.

    Args:
        dataset, **options: as for :func:`recipes.load`, whose errors it raises.
    """
    import recipes

    data = recipes.load(dataset, **options)
    _say_left_out(data)
    return data


def _say_left_out(data: Any) -> None:
    """Says which columns are no inputs, since they identify the examples or decide about the splits."""
    options = data.settings.get("options", {})
    if options.get("id"):
        print(f"recipes: left out {options['id']!r}, which identifies the examples", file=sys.stderr)
    inputs = options.get("features") or ()
    for role, what in (("groups", "groups them"), ("time", "says when they were")):
        name = data.settings.get(role)
        if name and name == options.get(role) and name not in inputs:
            advice = "" if role == "groups" else "; list it in --features to use it as an input, too"
            print(f"recipes: left out {name!r}, which {what}{advice}", file=sys.stderr)


@contextlib.contextmanager
def warnings_in_lines() -> Iterator[None]:
    """A context in which a warning is one line on standard error, when it comes, and the same one does not come again.

    Warnings in Python name a line of the user's code; whoever types a command has none.
    """
    from .option_words import in_options  # here, since it imports Keras

    told = set[str]()

    def show(message: Warning | str, *_where: Any) -> None:
        line = printable(f"recipes: warning: {in_options(' '.join(str(message).split()))}")
        if line not in told:
            told.add(line)
            print(line, file=sys.stderr, flush=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = cast(Any, show)
        yield


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None] | None]:
    """A bar on standard error, moved by calls with the share that is done, 0 to 1; None where that is no terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from ..terminal import Terminal

    if not sys.stderr.isatty():
        yield None
        return
    terminal = Terminal(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def complain(message: str, status: int = 2) -> int:
    """Prints an error as one line on standard error.

    Args:
        message: the error; line breaks become spaces.
        status: exit status of the process. Default 2.

    Returns:
        The status.
    """
    from .option_words import in_options  # here, since it imports Keras

    print(printable(f"recipes: {in_options(' '.join(message.split()))}"), file=sys.stderr)
    return status
