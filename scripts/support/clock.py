"""Clock and Minutes: the duration of the last epoch of a fit, and the time since it began."""

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


class Minutes(keras.callbacks.Callback):
    """The minutes at the end of each epoch since this was made; each is printed with the accuracy."""

    def __init__(self) -> None:
        super().__init__()
        self.start = time.perf_counter()

    def on_train_begin(self, logs: Any = None) -> None:
        self.at_end = list[float]()  # a training that begins anew at a lower rate has lost that time

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.at_end.append((time.perf_counter() - self.start) / 60)
        print(
            f"epoch {epoch + 1}: {self.at_end[-1]:.1f} min, validation accuracy {logs['val_accuracy']:.4f}", flush=True
        )

    def rows(self, facts: dict[str, Any], run: Any) -> list[dict[str, Any]]:
        """A row per epoch of a run: the facts, epoch, minutes, validation accuracy, and no test accuracy yet."""
        rows = []
        for epoch, (at_end, accuracy) in enumerate(zip(self.at_end, run.history["val_accuracy"], strict=True), start=1):
            row = {**facts, "epoch": epoch, "minutes": round(at_end, 2), "validation_accuracy": accuracy}
            rows.append({**row, "test_accuracy": None})
        return rows
