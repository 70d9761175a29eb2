"""Case: one call with one wrong argument; all of them, and what comes of one."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import matplotlib.pyplot as plt

from . import calls, misfits, pool, verdicts
from .verdicts import Verdict
from .world import World

__all__ = ["SECONDS", "Case", "all_cases", "outcome"]

SECONDS, WAIT = 30, 300
"""How long a call may take, in processor seconds and by the clock: other processes may hold it up."""

LONGER = 10
"""How many times longer one that trains all arms of a default search may take, or for as long as is usual."""

USUAL = ("None", "~", "null")
"""Values of ``epochs`` that ask for the usual length: at least 3,000 updates, which are not compiled here."""

SLOW = ("recipes.search", "recipes.compare", "recipes.bench", "search", "bench", "lr-find", "report")
RARER = 8.0
"""Calls that take seconds where the value is accepted, and how much rarer they are at first."""


OWN_PROCESSES = ("workers", "memory_limit", "ray")
POSITIVE = ("0.5", "5", "NumPy integer", "NumPy float", "0-d array", "tensor of a number")
"""Options of a search that start processes, and the values of the pool with which they do."""


ALSO = {"input_shape": ("int",), "name": ("None",), "regularizer": ("None",), "verbose": ("bool",)}
"""What some arguments accept besides their annotated types: one size, a name that Keras chooses, yes or no."""


AS_IT_IS = ""
"""In place of an argument: of a call that has none."""


@dataclass(frozen=True)
class Case:
    """A call of a public name with a value of the pool in place of one argument.

    Args:
        surface: "API", "command line" or "files".
        name: what is called.
        argument: the argument that is replaced.
        value: the name of the value.
    """

    surface: str
    name: str
    argument: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}({self.argument}={self.value})"


class Hang(BaseException):
    """A call that takes too long."""


def api_cases() -> Iterator[Case]:
    """Every argument of every public call with every value of the pool, and the calls that have none."""
    for name in calls.CALLS:
        parameters = calls.parameters_of(name)
        if not parameters:
            yield Case("API", name, AS_IT_IS, AS_IT_IS)
        for argument, parameter in parameters.items():
            misses = pool.near_misses("abc") if isinstance(parameter.default, str) else {}
            for value in (*pool.POOL, *misses, *misfits.MISFITS):
                if not (argument in OWN_PROCESSES and value in POSITIVE):
                    yield Case("API", name, argument, value)


def all_cases(seed: int) -> list[Case]:
    """All cases in a random order, those of slow calls rarer at first."""
    from .command_line import command_line_cases

    draw = random.Random(seed)
    cases = [*api_cases(), *command_line_cases()]
    places = {case: draw.random() * (RARER if case.name in SLOW else 1.0) for case in cases}
    return sorted(cases, key=places.__getitem__)


@contextlib.contextmanager
def deadline(case: Case) -> Iterator[None]:
    """Raises Hang in a call that takes too long."""

    def stop(*_: Any) -> None:
        raise Hang

    timers = {signal.ITIMER_PROF: (signal.SIGPROF, SECONDS), signal.ITIMER_REAL: (signal.SIGALRM, WAIT)}
    trains_on = case.argument.endswith("epochs") and case.value in USUAL
    factor = LONGER if case.name in SLOW or trains_on else 1
    before = {number: signal.signal(number, stop) for number, _ in timers.values()}
    try:
        for timer, (_, seconds) in timers.items():
            signal.setitimer(timer, factor * seconds)
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def value_of(case: Case, world: World) -> Any:
    """The wrong value."""
    make = pool.POOL.get(case.value)
    if make is not None:
        return make(world.folder)
    if case.value in misfits.MISFITS:
        return misfits.MISFITS[case.value](world)
    default = calls.parameters_of(case.name)[case.argument].default
    return pool.near_misses(default)[case.value](world.folder)


def outcome(case: Case, world: World) -> Verdict:
    """Makes the call and judges what comes of it."""
    from .command_line import command_line_outcome

    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            if case.surface == "command line":
                return command_line_outcome(case, world)
            return api_outcome(case, world)
    finally:
        plt.close("all")
        keras.config.set_dtype_policy("float32")
        os.chdir(world.folder)
        world.tidy()


def api_outcome(case: Case, world: World) -> Verdict:
    """The verdict on a call of a function."""
    call = calls.CALLS[case.name]
    arguments = call.arguments(world)
    positional = arguments.pop("*", ())
    annotation, value = "Any", None
    if case.argument != AS_IT_IS:
        arguments[case.argument] = value = value_of(case, world)
        accepted = str(calls.parameters_of(case.name)[case.argument].annotation)
        annotation = " | ".join([accepted, *ALSO.get(case.argument, ())])
    function = calls.target_of(case.name, call, world)
    try:
        with deadline(case):
            result = call.use(world, function(*positional, **arguments))
    except Hang:
        result = "exotic" if case.value in verdicts.ENDLESS else "hang"
        return Verdict(result, f"{case.name}({case.argument})")
    except BaseException as error:
        return verdicts.of_error(error, case.value)
    if verdicts.is_senseless(annotation, case.value, value):
        return Verdict("senseless", f"{case.name}({case.argument})", f"{case.argument}={case.value} accepted")
    if case.value in ("1e308", "1e-320") and verdicts.not_finite(result):
        return Verdict(
            "senseless",
            f"{case.name}({case.argument})",
            f"{case.argument}={case.value} gives numbers that are not finite",
        )
    return Verdict("right")
