"""PerformanceDecay: the learning rate drops when the validation metric has stopped improving."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import InvalidArgument, check_choice, check_integer, check_number
from ..inside.training import better_direction
from .base import StepSchedule

__all__ = ["PerformanceDecay"]


class PerformanceDecay(StepSchedule):
    """The rate is multiplied by ``factor`` when ``monitor`` has not improved for ``patience`` epochs.

    Each ``fit`` starts anew. The state (``multiplier``, ``best``, ``wait``, ``cooling``) is in plain attributes, which
    :class:`callbacks.Resume` saves; Keras' ``BackupAndRestore`` saves no callback's state. With early stopping,
    ``patience`` must be smaller than the stopping patience, or training ends before the rate ever drops.

    Args:
        peak: the first learning rate.
        total_steps: length in steps to which a fractional ``warm_up`` refers; None (default): the whole ``fit``.
        factor: in (0, 1). Default 0.1.
        patience: epochs without improvement after which the rate drops, >= 1, whatever the ``unit``. Default 3.
        monitor: name in the logs of each epoch. Default "val_loss", which needs validation data at every epoch.
        mode: "min" if lower is better, "max" if higher is; "auto" (default) asks the Keras metric of that name.
        min_delta: a change smaller than this is no improvement, >= 0. Default 1e-4.
        cooldown: epochs after a drop that do not count, >= 0. Default 0.
        minimum: the lowest rate, as a fraction of the peak, in [0, 1]. Default 0.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`. A drop also scales the rest
            of a warm-up.

    Raises:
        InvalidArgument: for a value outside its range; at the end of the first epoch, if its logs have no ``monitor``,
            it has several values, or ``mode`` is "auto" and Keras does not know whether lower or higher is better.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Géron 2019, chapter 11, "performance scheduling". The same rates as Keras' ``ReduceLROnPlateau``, whose
    ``min_lr`` is a rate instead of a fraction, whose patience is 10 by default, and which only warns if the metric is
    missing. PyTorch's ``ReduceLROnPlateau`` drops one epoch later, and its ``threshold`` is relative to the best.

    Example:
        >>> plateau = callbacks.PerformanceDecay(0.1, factor=0.5, patience=5)                        # doctest: +SKIP
        >>> model.fit(x, y, epochs=50, validation_data=(x_val, y_val), callbacks=[plateau])
    """

    part_of_peak = 0.25
    varies = False

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        factor: float = 0.1,
        patience: int = 3,
        monitor: str = "val_loss",
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        minimum: float = 0.0,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.factor = check_number("factor", factor, above=0, below=1)
        self.patience = check_integer("patience", patience, low=1)
        if not isinstance(monitor, str) or not monitor:
            raise InvalidArgument("monitor", monitor, "the name of a metric, such as 'val_loss'")
        self.monitor = monitor
        self.mode = check_choice("mode", mode, ("auto", "min", "max"))
        self.min_delta = check_number("min_delta", min_delta, low=0)
        self.cooldown = check_integer("cooldown", cooldown, low=0)
        self.minimum = check_number("minimum", minimum, low=0, high=1)
        self._reset()

    def _reset(self) -> None:
        self.multiplier = 1.0
        self.best: float | None = None
        self.wait = 0
        self.cooling = 0

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step before any drop, shape (total_steps,)."""
        return np.full(total_steps, self.peak)

    def on_train_begin(self, logs: Any = None) -> None:
        self._reset()
        super().on_train_begin(logs)

    def seek(self, epoch: int, batch: int) -> None:
        """Continues at this batch of this epoch, with the current :attr:`multiplier`."""
        self.load()
        super().seek(epoch, batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        if logs is None or self.monitor not in logs:
            names = ", ".join(repr(name) for name in logs or {})
            hint = "; give fit validation_data, for every epoch" if self.monitor.startswith("val_") else ""
            raise InvalidArgument("monitor", self.monitor, f"in the logs of each epoch, which hold {names}{hint}")
        if np.ndim(logs[self.monitor]):
            raise InvalidArgument("monitor", self.monitor, "a single number in the logs, not one of several values")
        value = float(logs[self.monitor])
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if self.best is None or self._sign() * (value - self.best) > self.min_delta:
            self.best = value
            self.wait = 0
        elif self.cooling == 0:
            self.wait += 1
            if self.wait >= self.patience and self.multiplier > self.minimum:
                self.multiplier = max(self.multiplier * self.factor, self.minimum)
                self.cooling, self.wait = self.cooldown, 0

    def _sign(self) -> int:
        """1 if higher is better, -1 if lower is."""
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        for group in self.model.metrics:
            for metric in (group, *getattr(group, "metrics", ())):
                direction = better_direction(metric)
                if metric.name == name and direction is not None:
                    return 1 if direction == "up" else -1
        raise InvalidArgument(
            "mode", self.mode, f"'min' or 'max' for {self.monitor!r}, whose better direction is unknown"
        )
