"""The command line: every option of every command with every word, in this process."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from recipes.cli import main

from . import pool, verdicts
from .verdicts import Verdict
from .world import World

if TYPE_CHECKING:
    from .cases import Case

__all__ = ["COMMANDS", "command_line_cases", "command_line_outcome", "commands"]

SMALL = ["--model", "mlp(hidden=(4,))", "--regularizer", "none", "--schedule", "constant"]
SEARCH = [
    *SMALL,
    "--optimizers",
    "momentum,sgd",
    "--epochs",
    "1",
    "--trials",
    "1",
    "--repeats",
    "2",
    "--tunings",
    "once",
]

COMMANDS: dict[str, Any] = {
    "bench": lambda w: ["bench", f"{w.table}(target='y')", "--directory", w.new(), *SEARCH],
    "search": lambda w: ["search", w.table, "--target", "y", "--directory", w.new(), *SEARCH],
    "watch": lambda w: ["watch", str(w.comparison.directory), "--every", "0.1"],
    "report": lambda w: ["report", str(w.comparison.directory), "--to", w.new() + ".html"],
    "merge": lambda w: ["merge", str(w.comparison.directory), str(w.other_comparison.directory), "--to", w.new()],
    "doctor": lambda w: ["doctor", w.table, "--target", "y", *SMALL, "--seconds", "0.1"],
    "list": lambda w: ["list", "models"],
    "power": lambda w: ["power", w.table, "--target", "y"],
    "export": lambda w: ["export", w.saved, "--to", w.new()],
    "predict": lambda w: ["predict", w.exported, w.numbers_file],
    "train": lambda w: ["train", w.table, "--target", "y", *SMALL, "--learning-rate", "0.1", "--epochs", "1"],
    "describe": lambda w: ["describe", w.table, "--target", "y"],
    "lr-find": lambda w: ["lr-find", w.table, "--target", "y", *SMALL],
}
"""For each command the words of a call that works."""

LEFT_OUT = {("search", "--ray"), ("bench", "--ray"), ("search", "--workers"), ("bench", "--workers")}
"""Options that start other processes."""


@functools.cache
def commands() -> dict[str, Any]:
    """The commands by name, as Typer knows them."""
    main_silently(["--help"])  # registers them
    from recipes.cli.app import app

    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def main_silently(words: list[str]) -> tuple[Any, str, str]:
    """(exit status, output, errors) of a command."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main(words)
            status: Any = 0
        except SystemExit as left:
            status = left.code
    return status, output.getvalue(), errors.getvalue()


def command_line_cases() -> Iterator[Case]:
    """Every option and argument of every command with every word."""
    from .cases import Case

    for name, command in commands().items():
        for parameter in command.params:
            option = parameter.opts[0]
            if option in ("--help", "--config") or (name, option) in LEFT_OUT or getattr(parameter, "is_flag", False):
                continue
            for word in pool.WORDS:
                yield Case("command line", name, option, word)


def words_of(case: Case, world: World) -> list[str]:
    """The words of a command with the wrong one."""
    words = list(COMMANDS[case.name](world))
    if not case.argument.startswith("-"):
        words[1] = case.value
    elif case.argument in words:
        words[words.index(case.argument) + 1] = case.value
    else:
        words += [case.argument, case.value]
    return words


def command_line_outcome(case: Case, world: World) -> Verdict:
    """The verdict on a command: done, or one line and exit status 1 or 2."""
    from .cases import Hang, deadline

    try:
        with deadline():
            status, _, errors = main_silently(words_of(case, world))
    except Hang:
        return Verdict("hang", f"{case.name} {case.argument}")
    except BaseException as error:
        return verdicts.of_error(error)
    if status == 0 or (case.name == "doctor" and status == 1 and not errors):  # it has found something
        return Verdict("right")
    lines = [line for line in errors.splitlines() if not line.startswith("warning:")]
    complaint = lines[-1] if lines else ""
    if (
        status in (1, 2)
        and complaint.startswith("recipes: ")
        and "\x1b" not in complaint
        and (status == 1 or len(lines) == 1)
    ):
        return Verdict("refused", message=complaint)
    return Verdict("unclear", f"{case.name} {case.argument}", f"status {status}: {errors}")
