"""quiet_import: importing TensorFlow without the lines that it writes before any log level can stop it."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile

__all__ = ["quiet_import"]


def quiet_import(*modules: str) -> None:
    """Imports modules with the process's standard error put aside; it is shown after all if an import fails.

    For the command line only: it redirects the file descriptor, since what it hides does not come from Python.

    Args:
        *modules: names, imported in this order; those that are imported already are left alone.
    """
    missing = [name for name in modules if name not in sys.modules]
    if not missing:
        return
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error at all
        kept = None
    with tempfile.TemporaryFile() as aside:
        if kept is not None:
            os.dup2(aside.fileno(), 2)
        try:
            for name in missing:
                importlib.import_module(name)
        except BaseException:
            aside.seek(0)
            if kept is not None:
                os.write(kept, aside.read())
            raise
        finally:
            if kept is not None:
                os.dup2(kept, 2)
                os.close(kept)
