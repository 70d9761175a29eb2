"""The command line: `recipes search DATASET` and its companions. Errors are one line, with exit status 2."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import typer

from .console import complain

__all__ = ["main"]

USAGE_ERROR: Any = typer.BadParameter.__base__
"""Typer's base class for wrong usage; depending on the version it comes from click or from typer itself."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with 0 (done), 1 (failed), 2 (invalid arguments) or 130 (interrupted)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ..quiet import quiet_import

    quiet_import("tensorflow", "keras")
    from ...callbacks.inside.backend import check_tensorflow

    try:
        check_tensorflow("the command line")
    except ValueError as error:
        sys.exit(complain(str(error)))
    import absl.logging

    # Importing these modules registers their commands. They import Keras.
    from . import (  # noqa: F401
        bench_command,
        compare_commands,
        doctor_command,
        list_commands,
        power_command,
        ship_commands,
        train_commands,
    )
    from .app import app  # here, since the package's attribute of this name is the module

    absl.logging.set_verbosity(absl.logging.ERROR)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # every model is traced once, which it takes for a mistake
    from ...callbacks.checks import InvalidArgument
    from ...callbacks.range_test.lr_finder import NoSuggestion

    words = sys.argv[1:] if arguments is None else arguments
    interrupted = "interrupted"
    if words[:1] in (["search"], ["bench"]) or any(word.partition("=")[0] == "--directory" for word in words):
        interrupted += "; finished work is kept, and the same command resumes from there"
    try:
        status = app(args=arguments, standalone_mode=False, prog_name="recipes")
    except InvalidArgument as error:
        sys.exit(complain(str(error)))
    except (OSError, MemoryError) as error:  # of the machine: a full disk, a missing permission
        sys.exit(complain(" ".join(str(error).split()) or type(error).__name__))
    except NoSuggestion as error:
        sys.exit(complain(str(error), status=1))
    except USAGE_ERROR as error:
        sys.exit(complain(error.format_message()))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(complain(interrupted, status=130))
    if status == 130:  # some versions of typer turn Ctrl-C into a status
        complain(interrupted)
    sys.exit(status if isinstance(status, int) else 0)
