"""StepSchedule: the base class of all schedule callbacks. A subclass only computes the rates and the momenta."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ..callback import Callback
from ..checks import InvalidArgument, check_bool, check_choice, check_integer, check_names, check_number
from ..inside.backend import on_jax
from ..inside.callback_list import check_sole_schedule, warn_if_too_late
from ..inside.fit_end import at_end_of_fit, fit_runs
from ..inside.model_optimizers import check_optimizer_name, chosen_optimizer
from ..inside.optimizer_values import (
    check_settable,
    get_learning_rate,
    get_momentum,
    has_live_momentum,
    set_learning_rate,
    set_momentum,
)
from ..warning import warn
from .left_rate import warn_of_left_rate
from .table import StepTable

__all__ = ["StepSchedule", "warn_of_contradiction"]


class StepSchedule(Callback):
    """Sets the learning rate of an optimizer, and its momentum if the schedule has one, before every training step.

    The position is ``epoch * steps_per_epoch + batch``, which stays right in a second ``fit`` and with
    ``initial_epoch``, gradient accumulation and loss scaling. Each step reads its values from a table, for any
    ``steps_per_execution``; on TensorFlow inside the compiled step, so that no Python runs between steps. In a training
    loop of one's own, ``on_train_batch_begin`` sets them. Each epoch's logs get ``learning_rate`` (and ``momentum``),
    for callbacks later in the list, such as ``CSVLogger``; ``learning_rate/NAME`` if the optimizer was named.

    A subclass defines :meth:`rates`, and may define :meth:`momenta`.

    Args:
        total_steps: length of the schedule in optimizer steps, or None (default) for the whole ``fit``
            (epochs x steps). Past the end the last values hold.
        unit: the unit of the schedule's lengths: "training" (default) for fractions of the whole schedule, "epochs" or
            "steps".
        per: "step" (default), or "epoch" to hold the value of an epoch's first step throughout the epoch.
        warm_up: length, in ``unit``, of a linear rise from nearly zero to the schedule's first rate. The schedule
            itself fills the remaining steps. The momentum keeps its first value during the rise. Default 0: none.
        optimizer: the name of the optimizer among the model's attributes, such as "critic_optimizer". Default None: the
            only one. A ``train_step`` of its own with several optimizers needs it.
        restore_rate: whether rate and momentum are set back to their values before the training when it ends. Default
            False: they stay at the schedule's last values, and a warning says so if the next ``fit`` would train with a
            rate below a hundredth of the schedule's highest.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for an optimizer that does not exist,
            or None where there are several.
        ValueError: at the start of training, if the number of steps per epoch is unknown, the optimizer's rate is a
            schedule object, or another schedule drives the same ``fit``.

    Source of the warm-up: Goyal et al. 2017, arXiv:1706.02677, section 2.2.

    Example:
        >>> class Triangle(StepSchedule):
        ...     def rates(self, total_steps):
        ...         return 0.1 * np.linspace(1.0, 0.0, total_steps)
        >>> rates, momenta = Triangle(warm_up=0.2).values(10)
        >>> [round(float(rate), 3) for rate in rates[:4]]
        [0.033, 0.067, 0.1, 0.086]
    """

    sets_learning_rate = True

    gains_late = False
    """Whether most of the gain comes near the end, when the rate falls to nearly zero or drops for the last time. An
    early stop then loses it, and an earlier validation loss says little."""

    varies = True
    """Whether the rate is meant to change of itself, by the step alone."""

    part_of_peak = 0.5
    """What part of a good peak of 1cycle is a good peak here: less where a training begins with it or stays there long.
    Measured on digits, diabetes and breast_cancer with momentum."""

    multiplier = 1.0
    """A factor on all rates. A subclass that changes it during training then calls :meth:`load`."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        check_names(cls, options)
        return super().__new__(cls)

    def __init__(
        self,
        total_steps: int | None = None,
        *,
        unit: str = "training",
        per: str = "step",
        warm_up: float = 0.0,
        optimizer: str | None = None,
        restore_rate: bool = False,
    ):
        super().__init__()
        self.total_steps = None if total_steps is None else check_integer("total_steps", total_steps, low=1)
        self.unit = check_choice("unit", unit, ("training", "epochs", "steps"))
        self.per = check_choice("per", per, ("step", "epoch"))
        none = isinstance(warm_up, (int, float)) and not isinstance(warm_up, bool) and warm_up == 0
        self.warm_up = 0.0 if none else self.check_length("warm_up", warm_up)
        self.optimizer = check_optimizer_name(optimizer)
        self.restore_rate = check_bool("restore_rate", restore_rate)
        self._steps_per_epoch: int | None = None
        self._driven: Any = None
        self._before: tuple[float, float | None] = (0.0, None)
        self._table: StepTable | None = None
        self._epoch_begin = 0
        self._rates = np.empty(0)
        self._momenta: np.ndarray | None = None

    # --- the schedule -----------------------------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in {"rates", "momenta"} & set(vars(cls)):
            setattr(cls, name, _of_length(vars(cls)[name]))

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        raise TypeError(f"{type(self).__name__} must define rates()")

    def momenta(self, total_steps: int) -> np.ndarray | None:
        """The momentum at every step, shape (total_steps,), or None (default) to leave it alone."""
        return None

    def check_length(self, name: str, value: Any) -> float:
        """Returns a length as a float, or raises if it is not valid in :attr:`unit`."""
        try:
            return check_number(name, value, above=0, high=1 if self.unit == "training" else None)
        except InvalidArgument:
            if self.unit != "training":
                raise
            accepted = "a number > 0 and <= 1, a fraction of the training, unless unit is 'epochs' or 'steps'"
            raise InvalidArgument(name, value, accepted) from None

    def optional_length(self, name: str, value: Any) -> float | None:
        """Like :meth:`check_length`, for a length that may be None."""
        return None if value is None else self.check_length(name, value)

    def in_steps(self, length: float | None, total_steps: int, default: float = 1.0) -> float:
        """Converts a length in :attr:`unit` to steps; None means the fraction ``default`` of ``total_steps``."""
        if length is None:
            return default * total_steps
        if self.unit == "training":
            return length * total_steps
        if self.unit == "steps":
            return length
        return length * self._epoch_length()

    def _epoch_length(self) -> int:
        if self._steps_per_epoch is None:
            raise InvalidArgument("steps_per_epoch", None, "given if lengths are in epochs or the rate is per epoch")
        return self._steps_per_epoch

    def values(self, total_steps: int, steps_per_epoch: int | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """The values for a training of this length, including the warm-up and, with ``per="epoch"``, held per epoch.

        Args:
            total_steps: length of the training in steps, >= 1.
            steps_per_epoch: needed if lengths are in epochs or the rate changes per epoch.

        Returns:
            The rate and the momentum of every step, each of shape (total_steps,). The momentum is None if the schedule
            leaves it alone.
        """
        length = check_integer("total_steps", total_steps, low=1)
        if steps_per_epoch is not None:
            self._steps_per_epoch = check_integer("steps_per_epoch", steps_per_epoch, low=1)
        warming = min(round(self.in_steps(self.warm_up, length)) if self.warm_up else 0, length - 1)
        rates, momenta = np.asarray(self.rates(length - warming), np.float64), self.momenta(length - warming)
        if warming:
            rates = np.concatenate([rates[0] * np.arange(1, warming + 1) / (warming + 1), rates])
            momenta = None if momenta is None else np.concatenate([np.full(warming, momenta[0]), momenta])
        if self.per == "epoch":
            steps = np.arange(length)
            first = steps - steps % self._epoch_length()
            rates, momenta = rates[first], None if momenta is None else momenta[first]
        return rates, momenta

    def begins_alike(self, short: int, long: int, steps_per_epoch: int) -> bool:
        """Whether trainings of these lengths in steps have the same rates and momenta as long as both last.

        Example:
            >>> callbacks.OneCycle(0.1).begins_alike(30, 60, 10), callbacks.ConstantRate(0.1).begins_alike(30, 60, 10)
            (False, True)
        """
        if self.total_steps is not None:
            return True
        least = min(short, long)
        tables = [self.values(length, steps_per_epoch) for length in (short, long)]
        pairs = zip(*tables, strict=True)
        return all(one is other is None or np.array_equal(one[:least], other[:least]) for one, other in pairs)

    def contradiction(self, total_steps: int) -> str | None:
        """What is left of this schedule where a training has so few steps: nothing but the warm-up, or one rate.

        Returns:
            A description, or None if the rate changes as it is meant to.

        Example:
            >>> callbacks.StepDecay(0.1, every=300, unit="steps").contradiction(100)
            'the rate is the same at all 100 steps'
        """
        if self.warm_up and self.in_steps(self.warm_up, total_steps) >= total_steps:
            return f"the warm-up takes all {total_steps:,} steps"
        rates, _ = self.values(total_steps, self._steps_per_epoch)
        if self.varies and total_steps > 1 and np.ptp(rates) == 0:
            return f"the rate is the same at all {total_steps:,} steps"
        return None

    @property
    def needs_momentum(self) -> bool:
        """Whether it cannot work with an optimizer whose momentum does not change while it trains."""
        return type(self).momenta is not StepSchedule.momenta

    # --- the callback -----------------------------------------------------------------------------------------------

    def find_optimizer(self) -> keras.Optimizer:
        """The optimizer that this schedule drives. Needs a model.

        Raises:
            InvalidArgument: if :attr:`optimizer` names none, or is None and there are several.
        """
        return chosen_optimizer(self.model, self.optimizer, type(self).__name__)

    def on_train_begin(self, logs: Any = None) -> None:
        name = type(self).__name__
        optimizer = self.find_optimizer()
        check_settable(optimizer, name)
        check_sole_schedule(self)
        warn_if_too_late(self)
        steps = self.params.get("steps")
        if not steps:
            raise ValueError(
                f"{name} must know the number of steps per epoch. Give `steps_per_epoch` to fit, or data of known "
                "length (tf.data: `dataset.apply(tf.data.experimental.assert_cardinality(n))`). "
                f"Received: steps={steps}"
            )
        length = self.total_steps or int(steps) * int(self.params["epochs"])
        self._rates, self._momenta = self.values(length, int(steps))
        if self._momenta is not None and not has_live_momentum(optimizer):
            set_momentum(optimizer, float(self._momenta[0]))  # raises, and names an optimizer that supports it
        warn_of_contradiction(self, length)
        every_batch = self.model.run_eagerly and self.model.steps_per_execution == 1  # Python can set every step
        compiled = fit_runs(self.model) and (on_jax() or not every_batch)  # a loop of the user's own has no such step
        self._table = StepTable.of(self.model, optimizer, self.optimizer or "optimizer") if compiled else None
        self._driven = optimizer
        self._before = (get_learning_rate(optimizer), get_momentum(optimizer) if self._momenta is not None else None)
        if self.restore_rate:
            at_end_of_fit(self.model, self._set_back)
        self.load()

    def _set_back(self) -> None:
        """Gives rate and momentum the values that they had before the training."""
        driven, self._driven = self._driven, None
        if driven is not None:
            rate, momentum = self._before
            set_learning_rate(driven, rate)
            if momentum is not None:
                set_momentum(driven, momentum)

    def load(self) -> None:
        """Copies the values to the compiled step. A subclass that changes them between epochs calls it again."""
        if self._table is not None:
            self._table.load(self.multiplier * self._rates, self._momenta)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.seek(epoch, 0)

    def seek(self, epoch: int, batch: int) -> None:
        """Continues at this batch of this epoch, both counted from 0."""
        steps = self._epoch_length()
        self._epoch_begin = epoch * steps
        if self._table is not None:
            self._table.seek(self._epoch_begin + batch, steps - batch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._table is None:
            step = min(self._epoch_begin + batch, len(self._rates) - 1)
            set_learning_rate(self._driven, self.multiplier * float(self._rates[step]))
            if self._momenta is not None:
                set_momentum(self._driven, float(self._momenta[step]))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            suffix = "" if self.optimizer is None else f"/{self.optimizer}"
            logs[f"learning_rate{suffix}"] = get_learning_rate(self._driven)
            if self._momenta is not None:
                logs[f"momentum{suffix}"] = get_momentum(self._driven)

    def on_train_end(self, logs: Any = None) -> None:
        if self.restore_rate:
            self._set_back()
        else:
            highest = float(self._rates.max())
            warn_of_left_rate(self.model, self._driven, type(self).__name__, self._before[0], highest)
        self._driven = None
        self._table = None  # it belongs to this model; a copy of the callback may serve another

    # --- plot -------------------------------------------------------------------------------------------------------

    def plot(self, total_steps: int | None = None, steps_per_epoch: int | None = None) -> Any:
        """A figure of rate and momentum against steps, without training.

        Args:
            total_steps: length in steps; by default the constructor's, or that of the last ``fit``.
            steps_per_epoch: as in :meth:`values`.

        Returns:
            A matplotlib ``Figure``.
        """
        from matplotlib.figure import Figure

        length = total_steps if total_steps is not None else self.total_steps or len(self._rates)
        rates, momenta = self.values(length, steps_per_epoch)
        figure = Figure(figsize=(7, 3 if momenta is None else 5), layout="constrained")
        axes = figure.subplots(1 if momenta is None else 2, 1, sharex=True, squeeze=False)[:, 0]
        axes[0].plot(np.arange(len(rates)), rates)
        axes[0].set_ylabel("learning rate")
        if momenta is not None:
            axes[1].plot(np.arange(len(rates)), momenta, color="tab:orange")
            axes[1].set_ylabel("momentum")
        axes[-1].set_xlabel("step")
        return figure


def _of_length(table: Callable[..., Any]) -> Callable[..., Any]:
    """A method that makes a table of the values at every step, which checks first how many there are."""

    @functools.wraps(table)
    def checked_table(self: StepSchedule, total_steps: int) -> Any:
        return table(self, check_integer("total_steps", total_steps, low=1))

    return checked_table


def warn_of_contradiction(schedule: StepSchedule, total_steps: int) -> None:
    """Warns if a training of so many steps leaves nothing of the schedule, whose values were asked for before."""
    contradiction = schedule.contradiction(total_steps)
    if contradiction is not None:
        warn(f"{type(schedule).__name__}: {contradiction}")
