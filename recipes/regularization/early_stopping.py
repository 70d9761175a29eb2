"""EarlyStopping: which epoch's weights are kept, and when a training stops before its end."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument, check_integer
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry
from ..metric import Metric
from ..metrics import metric_named
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "BestOrLast", "EarlyStopping"]


LATE_SHARE = 0.7
"""Under a schedule whose gain comes late, no training stops before this fraction of it."""

PATIENCE, PATIENT_SHARE = 5, 0.1
"""The usual patience under other schedules: so many epochs, or this fraction of the training if that is more."""


VALIDATION = "val_"
"""How the names of what is measured on validation data begin in Keras' logs."""

LOSS = "val_loss"


class EarlyStopping(Regularizer):
    """Stops when the validation loss, or a score, is no longer better, and restores the weights of the best epoch.

    Under 1cycle most of the gain comes in the last epochs, while the rate falls to nearly zero: a stop before them
    forgoes it. So the training runs to its end and keeps the weights of the last epoch, unless an earlier epoch was
    clearly better: its validation loss lower than the last one, L, by the standard error of a mean over n validation
    examples. That error is taken to be ``sqrt(L / n)`` for losses below 1, which few examples make up, and
    ``L / sqrt(n)`` above; of a score S between 0 and 1 ``sqrt(S (1 - S) / n)``, of others ``|S| / sqrt(n)``. On
    small noisy data, which a network learns by heart within the cycle, the earlier epoch wins; on large or easy data,
    the end of the cycle.
    ``scripts/measure/measure_early_stopping.py`` compares the rules; its results are in ``results/early_stopping.csv``.

    The same holds for every schedule class with ``gains_late``: besides 1cycle these are "linear", "cosine",
    "cosine_warm_up", "warm_up_stable_decay" and "cosine_restarts", which also end near zero, and "step", where every
    drop brings a gain, by default the last one after two thirds. Under "constant", "power", "exponential" and
    "inverse_time", which fall most at the beginning, and under "performance", whose ``patience`` must be smaller than
    the one here, training stops by the patience, and the best epoch counts however little better it was. Only 1cycle
    was measured.

    Args:
        patience: epochs without a lower validation loss before training stops, >= 1; under a schedule that gains late
            they count from 70 % of the training on. Default None: 5, or a tenth of the training if that is more; under
            a schedule that gains late, no stop.

        monitor: what decides: "val_loss" (default), or "val_" and the name of a metric, such as "val_accuracy" or
            "val_auc" (``recipes list metrics``), whose direction is known. :func:`recipes.fit` measures it after each
            epoch; in a script of one's own the model must log it. A score in which many epochs are alike tells them
            apart less well than the loss does.

    Raises:
        InvalidArgument: for a patience below 1, an unknown metric, or one that does not suit the task; after the first
            epoch, if the logs do not hold it.

    Source: Prechelt 1998; Goodfellow et al. 2016, section 7.8.

    Example:
        >>> stop = {"name": "early_stopping", "patience": 3, "monitor": "val_accuracy"}
        >>> recipes.Recipe(regularizer=stop, schedule="constant")   # doctest: +SKIP
    """

    name = "early_stopping"
    acts_outside_step = True

    def __init__(self, patience: int | None = None, monitor: str = LOSS):
        self.patience = patience if patience is None else check_integer("patience", patience, low=1)
        if not isinstance(monitor, str) or not monitor.startswith(VALIDATION):
            raise InvalidArgument("monitor", monitor, "'val_loss', or 'val_' and the name of a metric: 'val_accuracy'")
        self._metric = None if monitor == LOSS else metric_named(monitor.removeprefix(VALIDATION))
        self.monitor = LOSS if self._metric is None else f"{VALIDATION}{self._metric.name}"

    def to_choice(self) -> dict[str, Any]:
        """The name and the options; the monitor where it is not the loss."""
        choice = {"name": self.name, "patience": self.patience}
        return choice if self.monitor == LOSS else {**choice, "monitor": self.monitor}

    def check(self, spec: Spec) -> None:
        """Refuses a metric that does not suit the task."""
        if self._metric is not None and self._metric.tasks and spec.task not in self._metric.tasks:
            raise InvalidArgument("monitor", self.monitor, f"a metric for a {spec.task} task: see recipes list metrics")

    def monitored(self) -> Metric | None:
        """The metric that decides, or None for the loss."""
        return self._metric

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """One :class:`BestOrLast` under a schedule that gains late, else one :class:`BestEpoch`."""
        if schedule is not None and schedule.gains_late:
            start, patience = int(LATE_SHARE * epochs), self.patience or sys.maxsize
            return [BestOrLast(patience, self._metric, start=start, examples=validation_examples)]
        return [BestEpoch(self.patience or max(PATIENCE, round(PATIENT_SHARE * epochs)), self._metric)]


class BestEpoch(keras.callbacks.EarlyStopping):
    """Keras' early stopping by the validation loss or a metric, which restores the weights of the best epoch.

    Args:
        patience: epochs without a better value before training stops.
        metric: on the validation data, that decides; None (default) for "val_loss".

    Raises:
        InvalidArgument: after the first epoch, if the logs do not hold the metric.
    """

    def __init__(self, patience: int, metric: Metric | None = None):
        monitor = LOSS if metric is None else f"{VALIDATION}{metric.name}"
        mode = "min" if metric is None else metric.direction
        super().__init__(monitor=monitor, mode=mode, patience=patience, restore_best_weights=True)
        self.metric = metric

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares the epoch with the best one so far."""
        logs = logs or {}
        if self.metric is not None and self.monitor not in logs:
            measured = ", ".join(name for name in logs if name.startswith(VALIDATION)) or "nothing on validation data"
            raise InvalidArgument("monitor", self.monitor, f"in the logs of an epoch, which have {measured}")
        super().on_epoch_end(epoch, logs)


class BestOrLast(BestEpoch):
    """Keeps the weights of the last epoch, or restores those of an epoch that was clearly better.

    Args:
        patience: epochs without a better value, from ``start`` on, before training stops.
        metric: as for :class:`BestEpoch`.
        start: the first epoch that counts for the patience, from 0.
        examples: how many the value is the mean of; None (default) if unknown: any better value is restored.

    Attributes:
        best_epoch: the epoch with the best value, from 0.
        best_weights: its weights; None after a training that keeps those of its last epoch.
    """

    def __init__(self, patience: int, metric: Metric | None = None, *, start: int = 0, examples: int | None = None):
        super().__init__(patience, metric)
        self.start, self.examples, self.last = start, examples, math.nan

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier training."""
        super().on_train_begin(logs)
        self.last = math.nan

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares the epoch with the best one so far."""
        if epoch < self.start:
            self.wait = -1
        super().on_epoch_end(epoch, logs)
        self.last = float((logs or {}).get(self.monitor, math.nan))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the best epoch's weights if it was clearly better than the last."""
        if math.isfinite(self.last):
            noise = 0.0 if self.examples is None else self._deviation(self.last) / math.sqrt(self.examples)
            gain = self.best - self.last if self.mode == "max" else self.last - self.best
            if not gain > noise:
                self.best_weights = None
        super().on_train_end(logs)

    def _deviation(self, value: float) -> float:
        """The standard deviation over the examples, of which the value is taken to be the mean."""
        size = abs(value)
        if self.metric is None:
            return max(size, math.sqrt(size))
        return math.sqrt(size * (1.0 - size)) if self.metric.bounds == (0.0, 1.0) else size


ENTRIES = (
    Entry(
        "early_stopping",
        EarlyStopping,
        "Keeps the weights of the epoch with the lowest validation loss, or of the best by another monitor.",
        "Prechelt 1998",
        when="Nearly always: it costs a validation split and no time; monitor='val_accuracy' goes by accuracy. Not on "
        "a split so small that the best epoch is luck; refit gives the split back.",
    ),
)
