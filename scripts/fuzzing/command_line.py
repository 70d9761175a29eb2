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
    "ensemble": lambda w: ["ensemble", str(w.comparison.directory), "--size", "2", "--bags", "1"],
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

LEFT_OUT = {("search", "--ray"), ("bench", "--ray")}
"""Options that start other processes."""

CONFIG = "--config"
FLAG = "no word"
"""In place of a word: of an option that takes none."""

FILES = {
    "empty": "",
    "a word": "abc",
    "a list": "- 1",
    "no YAML": "a: [",
    "tabs": "\t- a\n  b: c",
    "bytes": "\0\1",
    "an unknown option": "colour: red",
    "an option twice": "epochs: 1\nepochs: 2",
    "numbers as names": "1: 2",
    "a list as a name": "[1, 2]: 3",
    "an object": "epochs: !!python/object/apply:os.getcwd []",
    "an alias of itself": "epochs: &a [*a]",
    "a config in a config": "config: x.yaml",
    "many brackets": "epochs: " + "[" * 5000,
}
"""Contents of a file of options."""

VALUES = [
    "[]",
    "{}",
    "~",
    "[a, [b]]",
    "{a: {b: c}}",
    "{name: 5}",
    "{name: adam, rate: [1]}",
    "2020-01-01",
    "''",
    "a\n b",
]
"""Values of an option in such a file."""


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
    """Every option and argument of every command with every word, and in a file of options."""
    from .cases import Case

    for name, command in commands().items():
        for parameter in command.params:
            option = parameter.opts[0]
            if option == "--help" or (name, option) in LEFT_OUT:
                continue
            if getattr(parameter, "is_flag", False):
                for flag in (option, *parameter.secondary_opts):
                    yield Case("command line", name, flag, FLAG)
                continue
            for word in pool.WORDS:
                yield Case("command line", name, option, word)
            if option == CONFIG:
                for content in FILES:
                    yield Case("command line", name, f"{CONFIG} of", content)
            elif any(CONFIG in other.opts for other in command.params):
                for value in VALUES:
                    yield Case("command line", name, f"{CONFIG} {option.removeprefix('--')}", value)


def words_of(case: Case, world: World) -> list[str]:
    """The words of a command with the wrong one."""
    words = list(COMMANDS[case.name](world))
    if case.argument.startswith(f"{CONFIG} "):
        name = case.argument.partition(" ")[2]
        if f"--{name}" in words:  # what is typed wins
            place = words.index(f"--{name}")
            del words[place : place + 2]
        file = world.work / "config.yaml"
        file.write_text(FILES[case.value] if name == "of" else f"{name}: {case.value}\n")
        return [*words, CONFIG, str(file)]
    if case.value == FLAG:
        return [*words, case.argument]
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

    words = words_of(case, world)  # which may train what the command is about
    try:
        with deadline(case):
            status, _, errors = main_silently(words)
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
