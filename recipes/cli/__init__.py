"""The command line: `recipes search DATASET` and its companions. Errors are one line, with exit status 2."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from typing import Any

import typer

from ..signals import received

__all__ = ["main"]

USAGE_ERROR: Any = typer.BadParameter.__base__
"""Typer's base class for wrong usage; depending on the version it comes from click or from typer itself."""

AGAIN = 0.05
"""Seconds after which comes again what was raised where Python, or a callback of C code, ignores exceptions."""

without_memory: list[str] = []
"""Where it was ignored that there was no memory: the C code goes on without what its callback would have returned."""


kept: list[Exception] = []
"""Errors for lack of memory, until the process ends: with them would go objects of C++, which may wait for a lock."""


def _without_memory(_number: int, _frame: Any) -> None:
    raise MemoryError(f"out of memory in {without_memory[0] if without_memory else 'an earlier command'}")


def _interrupt_at_signals() -> None:
    """Makes the signals that ask a process to end do what Ctrl-C does; those that are ignored (nohup) stay so.

    What is ignored comes again, and is not printed: a signal, and that there was no memory, after which nothing may be
    recorded.
    """

    def interrupt(number: int, _frame: Any) -> None:
        received.append(signal.Signals(number))
        raise KeyboardInterrupt

    def ignored(unraisable: Any) -> None:
        """Python ignores what is raised while an object is destroyed: the signal would be lost."""
        if unraisable.exc_type is KeyboardInterrupt and received:
            threading.Timer(AGAIN, os.kill, (os.getpid(), received.pop())).start()
        elif unraisable.exc_type is MemoryError:
            without_memory.append(str(unraisable.object))
            if hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) is _without_memory:
                signal.setitimer(signal.ITIMER_REAL, AGAIN)  # a thread would need memory
        else:
            others(unraisable)

    def printed(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        """C code prints what it ignores, by the hook for what nobody catches."""
        if not issubclass(kind, (KeyboardInterrupt, MemoryError)):
            uncaught(kind, error, trace)

    received.clear()
    without_memory.clear()
    kept.clear()
    if threading.current_thread() is threading.main_thread():
        others, sys.unraisablehook = sys.unraisablehook, ignored
        uncaught, sys.excepthook = sys.excepthook, printed
        if hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL:
            signal.signal(signal.SIGALRM, _without_memory)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, interrupt)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with 0 (done), 1 (failed), 2 (invalid arguments or a fault of the machine).

    Interrupted, it exits with 130; ended by SIGTERM or SIGHUP, with 128 and the signal's number.
    """
    words = sys.argv[1:] if arguments is None else arguments
    resumes = ""
    if words[:1] in (["search"], ["bench"]) or any(word.partition("=")[0] == "--directory" for word in words):
        resumes = "; finished work is kept, and the same command resumes from there"
    try:
        _interrupt_at_signals()
        status = run_command(arguments)
        if without_memory and not status:
            from .console import complain

            status = complain(f"out of memory in {without_memory[0]}: what was written may lack a part{resumes}")
    except (typer.Abort, KeyboardInterrupt):
        status = 130
    except MemoryError:  # not even for the line about another error
        os.write(2, b"recipes: out of memory\n")
        os._exit(2)
    except Exception:
        if not received:
            raise
        status = 130  # C code replaced the interruption by an error of its own
    if status == 130:  # some versions of typer turn Ctrl-C into a status
        last = received[-1] if received else signal.SIGINT
        status = 128 + last
        how = "interrupted" if last == signal.SIGINT else f"ended by {last.name}"
        print(f"recipes: {how}{resumes}", file=sys.stderr)
    received.clear()  # this process may go on
    status = status if isinstance(status, int) else 0
    if arguments is None:
        gc.collect()  # what is left of pipelines of data would complain that Python has ended
    if kept:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run_command(arguments: list[str] | None) -> Any:
    """Runs a command; returns its status. Errors of arguments and of the machine are printed in one line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ..quiet import quiet_import

    quiet_import("tensorflow", "keras")  # before anything of this package that needs them
    from ...callbacks.inside.backend import check_tensorflow
    from .console import complain, warnings_in_lines

    try:
        check_tensorflow("the command line")
    except ValueError as error:
        return complain(str(error))
    import absl.logging

    # Importing these modules registers their commands. They import Keras.
    from . import (  # noqa: F401
        bench_command,
        compare_commands,
        doctor_command,
        ensemble_command,
        list_commands,
        power_command,
        ship_commands,
        train_commands,
    )
    from .app import app  # here, since the package's attribute of this name is the module

    absl.logging.set_verbosity(absl.logging.ERROR)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # every model is traced once, which it takes for a mistake
    from ...callbacks.checks import InvalidArgument, check_text
    from ...callbacks.range_test.lr_finder import NoSuggestion
    from ..machine_fault import in_words, is_of_machine, lacks_memory

    def refused(error: Exception) -> int:
        if lacks_memory(error):
            kept.append(error)
        return complain(in_words(error))

    try:
        for word in sys.argv[1:] if arguments is None else arguments:
            check_text("arguments", word)
        command = typer.main.get_command(app)  # calling the app itself would replace the hook for what nobody catches
        with warnings_in_lines():
            return command(args=arguments, standalone_mode=False, prog_name="recipes")
    except InvalidArgument as error:
        return refused(error)
    except NoSuggestion as error:
        return complain(str(error), status=1)
    except USAGE_ERROR as error:
        return complain(error.format_message())
    except Exception as error:
        if received or not is_of_machine(error):
            raise
        return refused(error)
