"""The signals that have asked this process to end, known to commands and to what judges errors."""

from __future__ import annotations

import signal

__all__ = ["received"]

received: list[signal.Signals] = []
"""Those of the command that runs, in their order. Commands alone note them."""
