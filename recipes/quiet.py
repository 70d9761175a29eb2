"""quiet_import: importing TensorFlow without the lines that it logs before any log level applies."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile

__all__ = ["quiet_import"]


def quiet_import(*modules: str) -> None:
    """Imports modules while standard error is redirected to a temporary file, which is printed if an import fails.

    For the command line only: it redirects the file descriptor, since the lines to hide do not come from Python.

    Args:
        *modules: names, imported in this order; imported modules are skipped.
    """
    missing = [name for name in modules if name not in sys.modules]
    if not missing:
        return
    sys.stderr.flush()
    try:
        original = os.dup(2)
    except OSError:  # the process has no standard error
        original = None
    with tempfile.TemporaryFile() as hidden:
        if original is not None:
            os.dup2(hidden.fileno(), 2)
        try:
            for name in missing:
                importlib.import_module(name)
        except BaseException:
            hidden.seek(0)
            if original is not None:
                os.write(original, hidden.read())
            raise
        finally:
            if original is not None:
                os.dup2(original, 2)
                os.close(original)
