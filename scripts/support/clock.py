"""Clock: the duration of the last epoch of a fit."""

from __future__ import annotations

import time
from typing import Any

import keras


class Clock(keras.callbacks.Callback):
    """Wall time and processor time of the last epoch, in seconds."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begin = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds, self.processor = time.perf_counter() - self.begin[0], time.process_time() - self.begin[1]
