"""Imports, conversions and evaluations without the lines that TensorFlow logs though nobody can act on them."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

__all__ = ["hidden_output", "quiet_import", "without_retracing_warnings"]


def quiet_import(*modules: str) -> None:
    """Imports modules while standard error is redirected to a temporary file, which is printed if an import fails.

    For the command line only: it redirects the file descriptor, since the lines to hide do not come from Python.

    Args:
        *modules: names, imported in this order; imported modules are skipped.
    """
    missing = [name for name in modules if name not in sys.modules]
    if not missing:
        return
    with _hidden_errors(shown_if_failed=True):
        for name in missing:
            importlib.import_module(name)


@contextlib.contextmanager
def hidden_output(*loggers: str) -> Iterator[None]:
    """A context without Python warnings, without standard error, and without what these loggers say.

    For converters, whose many lines say nothing that their errors and the comparison of the answers do not.

    Args:
        *loggers: names.

    Example:
        >>> with hidden_output("tensorflow"):
        ...     print("here", file=sys.stderr)
    """
    named = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in named]
    with warnings.catch_warnings(), _hidden_errors():
        warnings.simplefilter("ignore")
        try:
            for logger in named:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(named, levels, strict=True):
                logger.setLevel(level)


@contextlib.contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """A context in which TensorFlow does not warn that Keras' functions are traced often: each model has its own.

    TensorFlow counts the traces of all functions that were made by the same line, here those of Keras for every model
    of a process, and takes the models of a comparison for one function whose arguments change.

    Example:
        >>> with without_retracing_warnings():
        ...     logging.getLogger("tensorflow").warning("5 out of the last 5 calls triggered tf.function retracing.")
    """
    logger = logging.getLogger("tensorflow")

    def others(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in str(record.msg)

    logger.addFilter(others)
    try:
        yield
    finally:
        logger.removeFilter(others)


@contextlib.contextmanager
def _hidden_errors(*, shown_if_failed: bool = False) -> Iterator[None]:
    """Standard error goes to a temporary file, also that of C++."""
    sys.stderr.flush()
    try:
        original = os.dup(2)
    except OSError:  # the process has no standard error
        yield
        return
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            if shown_if_failed:
                hidden.seek(0)
                os.write(original, hidden.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
