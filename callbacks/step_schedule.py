"""StepSchedule: what every schedule callback shares. A subclass only says which rate, and which momentum, at a step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from callbacks.checks import check_integer
from callbacks.hyperparameters import (
    check_settable,
    get_learning_rate,
    get_momentum,
    has_live_momentum,
    set_learning_rate,
    set_momentum,
)
from callbacks.step_table import StepTable

__all__ = ["StepSchedule"]


class StepSchedule(keras.callbacks.Callback):
    """Sets the learning rate, and the momentum if the schedule has one, before every training step.

    The position is ``epoch * steps_per_epoch + batch``, so it survives a second ``fit``, ``initial_epoch``, gradient
    accumulation and loss scaling. With ``steps_per_execution > 1`` on TensorFlow the compiled step reads the values
    from a table, so every step still gets its own. ``learning_rate`` (and ``momentum``) stand in the logs of each
    epoch, for every callback that comes later in the list, such as ``CSVLogger``.

    Args:
        total_steps: length of the schedule in optimizer steps, or None for the whole ``fit`` (epochs x steps).

    Raises:
        ValueError: at the start of training, before any step: when the number of steps an epoch is unknown, or the
            optimizer's rate is a schedule object already.
    """

    def __init__(self, total_steps: int | None = None):
        super().__init__()
        self.total_steps = None if total_steps is None else check_integer("total_steps", total_steps, low=1)
        self._table: StepTable | None = None
        self._epoch_begin = 0
        self._length = 0
        self._rates = np.empty(0)
        self._momenta: np.ndarray | None = None

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,)."""
        raise TypeError(f"{type(self).__name__} has to define rates()")

    def momenta(self, total_steps: int) -> np.ndarray | None:
        """The momentum at every step, shape (total_steps,), or None to leave it alone."""
        return None

    def on_train_begin(self, logs: Any = None) -> None:
        name = type(self).__name__
        optimizer = self.model.optimizer
        check_settable(optimizer, name)
        steps = self.params.get("steps")
        if not steps:
            raise ValueError(
                f"{name} must know the number of steps an epoch. Give `steps_per_epoch` to fit, or data of known "
                "length (tf.data: `dataset.apply(tf.data.experimental.assert_cardinality(n))`). "
                f"Received: steps={steps}"
            )
        self._steps = int(steps)
        self._length = self.total_steps or self._steps * int(self.params["epochs"])
        self._rates = self.rates(self._length)
        self._momenta = self.momenta(self._length)
        if self._momenta is not None and not has_live_momentum(optimizer):
            set_momentum(optimizer, float(self._momenta[0]))  # raises, naming an optimizer that can
        several = self.model.steps_per_execution != 1 and keras.backend.backend() == "tensorflow"
        self._table = StepTable.of(self.model) if several else None
        if self._table is not None:
            self._table.load(self._rates, self._momenta)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch_begin = epoch * self._steps

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        step = min(self._epoch_begin + batch, self._length - 1)
        if self._table is not None:
            self._table.seek(step, min(self.model.steps_per_execution, self._steps - batch))
            return
        set_learning_rate(self.model.optimizer, float(self._rates[step]))
        if self._momenta is not None:
            set_momentum(self.model.optimizer, float(self._momenta[step]))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = get_learning_rate(self.model.optimizer)
            if self._momenta is not None:
                logs["momentum"] = get_momentum(self.model.optimizer)

    def on_train_end(self, logs: Any = None) -> None:
        self._table = None  # it is attached to this model; a copy of the callback may serve another

    def plot(self, total_steps: int | None = None) -> Any:
        """A figure of rate and momentum against steps, without training.

        Args:
            total_steps: length in steps; by default the one given to the constructor, or that of the last ``fit``.

        Returns:
            A matplotlib ``Figure``.
        """
        from matplotlib.figure import Figure

        if total_steps is None:
            total_steps = self.total_steps or self._length
        length = check_integer("total_steps", total_steps, low=1)
        momenta = self.momenta(length)
        figure = Figure(figsize=(7, 3 if momenta is None else 5), layout="constrained")
        axes = figure.subplots(1 if momenta is None else 2, 1, sharex=True, squeeze=False)[:, 0]
        axes[0].plot(np.arange(length), self.rates(length))
        axes[0].set_ylabel("learning rate")
        if momenta is not None:
            axes[1].plot(np.arange(length), momenta, color="tab:orange")
            axes[1].set_ylabel("momentum")
        axes[-1].set_xlabel("step")
        return figure
