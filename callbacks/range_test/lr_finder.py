"""LRFinder, the learning-rate range test as a callback, and find_learning_rate, the same as a function."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..callback import Callback
from ..checked import checked
from ..checks import InvalidArgument, check_choice, check_integer, check_names, check_number
from ..fit_data import FitData
from ..inside.backend import sync_variables
from ..inside.callback_list import check_sole_schedule
from ..inside.fit_end import at_end_of_fit, fit_unnoticed
from ..inside.layers import normalizes_over_examples
from ..inside.loss_facts import as_tensors, chance_losses
from ..inside.model_optimizers import check_optimizer_name, chosen_optimizer, raise_on_nan_in
from ..inside.optimizer_values import (
    check_settable,
    check_takes_a_rate,
    get_learning_rate,
    range_test_divisor,
    set_learning_rate,
)
from ..inside.reachable import Reachable
from ..inside.state import set_training_state, training_state
from ..inside.step_hooks import has_own_step
from ..inside.training import initial_epoch, set_initial_epoch, step_loss
from ..schedules.shapes import exponential_sweep
from ..taken import check_compiled, taken_by
from ..warning import warn
from .suggestions import MARGINS, RULES, WINDOW, peak, rise_to_a_plateau, smoothed

__all__ = ["LRFinder", "NoSuggestion", "find_learning_rate"]


PASSES = 10
"""Over the data: what a sweep shows after so many is no evidence for a high rate."""


SAMPLE = 1_000
"""Examples whose targets tell the loss of chance."""


class NoSuggestion(ValueError):
    """A range test suggests no rate: it diverged after too few batches, or no rate made the loss fall."""


class LRFinder(Callback):
    """Sweeps the learning rate from ``low`` to ``high`` over one short run and records the loss of every batch.

    The sweep ends after ``steps`` batches, or as soon as the smoothed loss exceeds both its first value and
    ``divergence`` times its lowest. The sweep must be slow: a deep normalized network adapts to a rate that grows
    slowly, but where the rate grows by 15 % per batch it seems to bear only a tenth of that. Afterwards the weights,
    the optimizers and the metrics are restored, also if the ``fit`` is interrupted. Needs ``steps_per_execution=1``
    (:func:`find_learning_rate` sets it).

    A curve is no evidence for a high rate where it ends before the loss has risen, nor after more than 10 passes over
    the data: a network that knows a few examples by heart has no gradients left that could diverge. There the
    suggestion is at most ``usual``, or what the first 10 passes allow where that is more, and :meth:`remark` says so.
    Nor where the loss, without diverging, rises to a plateau and stays there: at such rates units die, and the network
    answers with a constant. That happens with inputs that are not scaled, whose loss begins far above that of chance.

    Args:
        low: first rate, > 0. Default 1e-5.
        high: last rate, > low. Default 10.
        steps: batches in the sweep, >= 10. Default 300.
        decay: decay factor of the moving average that smooths the loss, in [0, 1). Default 0.9.
        divergence: multiple of the lowest smoothed loss at which the sweep ends, > 1. Default 4.
        usual: the rate to fall back on, > 0. Default None: the one that the optimizer was made with.
        optimizer: the name of the optimizer among the model's attributes, such as "critic_optimizer". Default None: the
            only one. A ``train_step`` of its own with several optimizers needs it; the others train at their own rates.
        monitor: the name of the loss in the logs of a batch. Default "loss".

    Attributes:
        rates, losses: the rates tried and the loss of each batch, not smoothed, shape (batches,).
        diverged: whether the loss ended the sweep.
        batches_per_pass: batches in a pass over the data; None if unknown. :func:`find_learning_rate` sets it.
        chance: the loss of the best constant answer, for the rule "peak"; None if unknown. :func:`find_learning_rate`
            sets it for models with one output and a loss of Keras.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for an optimizer that does not exist,
            or None where there are several; after the first batch, for a ``monitor`` that is not a number in the logs.
        ValueError: at the start of training, if the rate is a schedule object or ``steps_per_execution`` is not 1.

    Source: Smith 2017, "Cyclical learning rates", arXiv:1506.01186. The stop at 4 times the best loss is fastai's.

    Example:
        >>> finder = callbacks.LRFinder()                       # doctest: +SKIP
        >>> model.fit(data.repeat(), steps_per_epoch=100, callbacks=[finder])
        >>> finder.suggest()
    """

    sets_learning_rate = True

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        check_names(cls, options)
        return super().__new__(cls)

    @checked
    def __init__(
        self,
        low: float = 1e-5,
        high: float = 10.0,
        steps: int = 300,
        *,
        decay: float = 0.9,
        divergence: float = 4.0,
        usual: float | None = None,
        optimizer: str | None = None,
        monitor: str = "loss",
    ):
        super().__init__()
        self.low = check_number("low", low, above=0)
        self.high = check_number("high", high, above=self.low)
        self.steps = check_integer("steps", steps, low=10)
        self.decay = check_number("decay", decay, low=0, below=1)
        self.divergence = check_number("divergence", divergence, above=1)
        self.usual = None if usual is None else check_number("usual", usual, above=0)
        self.optimizer = check_optimizer_name(optimizer)
        if not isinstance(monitor, str) or not monitor:
            raise InvalidArgument("monitor", monitor, "the name of a loss in the logs, such as 'loss'")
        self.monitor = monitor
        self._driven: Any = None
        self._metrics: list[keras.Metric] = []
        places = np.arange(self.steps)
        self._sweep = exponential_sweep(places, total_steps=self.steps, low=self.low, high=self.high)
        self._losses: list[float] = []
        self._lowest = np.inf
        self.diverged = False
        self._before: dict[str, Any] | None = None
        self._divisor = 4.0
        self._fallback = self.usual
        self.batches_per_pass: int | None = None
        self.chance: float | None = None

    @property
    def rates(self) -> np.ndarray:
        """The rates tried, shape (batches,)."""
        return self._sweep[: len(self._losses)]

    @property
    def next_rates(self) -> np.ndarray:
        """The rates that have not been tried yet, in order."""
        return self._sweep[len(self._losses) :]

    @property
    def losses(self) -> np.ndarray:
        """The loss of each batch, shape (batches,)."""
        return np.array(self._losses, np.float64)

    def suggest(self, rule: str = "peak") -> float:
        """One learning rate read off the curve.

        Args:
            rule: "peak" (default, for 1cycle), "valley", "steepest" or "minimum"; see
                :mod:`callbacks.range_test.suggestions`.

        Returns:
            The rate; :meth:`remark` tells whether it is what the rule says or a bound.

        Raises:
            InvalidArgument: for an unknown rule.
            NoSuggestion: after too few batches, or if no rate made the smoothed loss fall.
        """
        return self._read(rule)[0]

    def remark(self, rule: str = "peak") -> str | None:
        """Why the suggestion is not the curve's alone, in one line; None where it is.

        Args:
            rule: as in :meth:`suggest`, which raises the same errors.
        """
        return self._read(rule)[1]

    @property
    def learned_by_heart(self) -> bool:
        """Whether the sweep has gone over its data more than 10 times, as far as that is known."""
        return PASSES * (self.batches_per_pass or len(self.losses)) < len(self.losses)

    def _read(self, rule: str) -> tuple[float, str | None]:
        """The rate that a rule suggests, and what is to be said about it."""
        check_choice("rule", rule, RULES)
        finite = np.isfinite(self.losses)
        rates, losses = self.rates[finite], self.losses[finite]
        if not len(losses):
            raise NoSuggestion(
                "The first loss of the range test is not finite, before any update: look for NaN and infinite numbers "
                f"in the data and in the model. Received: low={self.low}"
            )
        if len(losses) < 5:
            raise NoSuggestion(
                f"The range test diverged after {len(losses)} batches: start it from a lower rate. "
                f"Received: low={self.low}"
            )
        smooth = smoothed(losses, self.decay)
        if int(np.argmin(smooth)) == 0:
            raise NoSuggestion(
                "No rate of the range test made the loss fall: try other bounds, or choose the learning rate yourself. "
                f"Received: low={self.low}, high={self.high}"
            )
        if rule == "peak":
            return self._bounded(peak(rates, losses, self._divisor, self.chance), self._divisor)
        return self._bounded(RULES[rule](rates, smooth), MARGINS.get(rule, 1.0))

    def _bounded(self, rate: float, margin: float) -> tuple[float, str | None]:
        """``rate``, or less where the curve at ``margin`` times this rate is no evidence; and why."""
        reached, count = rate * margin * (1 + 1e-9), len(self.losses)
        seen = PASSES * (self.batches_per_pass or count)  # so many batches are evidence
        if seen < count and reached > self.rates[seen - 1]:
            evidence = float(self.rates[seen - 1])
            reason = f"above {evidence:.3g} the range test was in its {PASSES + 1}th pass over the data, or later"
        elif (risen := self._risen_to_a_plateau()) is not None and reached > risen:
            evidence = risen
            reason = f"above {evidence:.3g} the loss rose and stayed there, as where units have died"
        elif not self.diverged and reached > self.rates[max(count - 1 - WINDOW // 2, 0)]:
            evidence = 0.0
            reason = f"the loss had not risen when the range test ended at {self.rates[-1]:.3g}"
        else:
            return rate, None
        bound = max(evidence / margin, self._fallback or 0.0)
        if bound and rate > bound:
            return bound, f"{reason}: {bound:.3g} is taken instead of {rate:.3g}"
        return rate, None if evidence else f"{reason}: more may be possible"

    def _risen_to_a_plateau(self) -> float | None:
        """The last rate before a plateau that ends the curve; None where the loss diverged, or there is none."""
        return None if self.diverged else rise_to_a_plateau(self.rates, self.losses)

    def on_train_begin(self, logs: Any = None) -> None:
        self._checked_optimizer()
        if self.model.steps_per_execution != 1:
            raise ValueError(
                "LRFinder needs the loss of every batch: compile with steps_per_execution=1, or use "
                "find_learning_rate. "
                f"Received: steps_per_execution={self.model.steps_per_execution}"
            )
        at_end_of_fit(self.model, self.restore)
        self.begin()

    def begin(self) -> None:
        """Starts a sweep from the model's current state, which :meth:`restore` gives back."""
        optimizer = self._checked_optimizer()
        self._divisor = range_test_divisor(optimizer)
        self._fallback = get_learning_rate(optimizer) if self.usual is None else self.usual
        self._before = training_state(self.model)
        self._driven = optimizer
        self._metrics = list({id(metric): metric for metric in Reachable(self.model).metrics.values()}.values())
        raise_on_nan_in(self.model, False)  # a rate that is too high is not an error here
        self._losses = []
        self._lowest = np.inf
        self.diverged = False

    def _checked_optimizer(self) -> keras.Optimizer:
        """The optimizer whose rate is tried; raises if that cannot be set."""
        optimizer = chosen_optimizer(self.model, self.optimizer, type(self).__name__)
        check_settable(optimizer, type(self).__name__)
        check_takes_a_rate(optimizer)
        check_sole_schedule(self)
        return optimizer

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        sync_variables(self.model)
        set_learning_rate(self._driven, float(self._sweep[len(self._losses)]))
        self.model.reset_metrics()  # so that the logs hold this batch's loss, not the epoch's mean
        for metric in self._metrics:  # a model may leave some out of its `metrics`
            metric.reset_state()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.model.stop_training:  # another callback has ended the run
            return
        logs = logs or {}
        if self.monitor not in logs or np.ndim(logs[self.monitor]):
            names = [name for name, value in logs.items() if not np.ndim(value)]
            accepted = f"a number in the logs of a batch, which have {', '.join(map(repr, names)) or 'none'}"
            raise InvalidArgument("monitor", self.monitor, accepted)
        if self.take(float(logs[self.monitor])):
            self.model.stop_training = True

    def take(self, loss: float) -> bool:
        """Enters the loss of the next batch; returns whether the sweep ends with it."""
        self._losses.append(loss)
        curve = smoothed(self.losses, self.decay)
        smooth = curve[-1] if np.isfinite(loss) else np.inf
        self._lowest = min(self._lowest, smooth)
        limit = self._lowest + (self.divergence - 1.0) * abs(self._lowest)  # a loss may be negative
        self.diverged = not np.isfinite(smooth) or (len(curve) > 5 and smooth > max(limit, curve[0]))
        return self.diverged or len(curve) == self.steps

    def on_train_end(self, logs: Any = None) -> None:
        self.restore()

    def restore(self) -> None:
        """Restores the model to its state before the test, if that was not done yet."""
        if self._before is not None:
            before, self._before = self._before, None
            self._driven, self._metrics = None, []
            set_training_state(self.model, before)
            raise_on_nan_in(self.model, True)

    def plot(self, rule: str = "peak") -> Any:
        """A figure of the loss, raw and smoothed, against the rate, with the suggestion marked.

        If there is no suggestion, the title says why.

        Returns:
            A matplotlib ``Figure``.
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        smooth = smoothed(self.losses, self.decay)
        axes.plot(self.rates, self.losses, color="0.8", label="loss of the batch")
        axes.plot(self.rates, smooth, color="tab:blue", label="smoothed")
        try:
            suggestion = self.suggest(rule)
        except NoSuggestion as error:
            axes.set_title(str(error), fontsize="small", wrap=True)
        else:
            axes.axvline(suggestion, color="tab:red", label=f"{rule}: {suggestion:.3g}")
            axes.set_title(self.remark(rule) or "", fontsize="small", wrap=True)
        low, start = float(np.nanmin(smooth)), float(smooth[0])
        axes.set_ylim(low - 0.1 * abs(start - low), start + 0.5 * abs(start - low) + 1e-9)
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend()
        return figure


@checked
def find_learning_rate(
    model: keras.Model,
    data: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    rule: str = "peak",
    batch_size: int = 32,
    **options: Any,
) -> float:
    """Runs a learning-rate range test and returns the suggested rate. The model is left exactly as it was.

    A warning says where the rate is not what the rule reads off the curve: see :meth:`LRFinder.remark`. Another says
    where ``fit`` would end each epoch with a batch of one example, which batch normalization cannot use.

    Args:
        model: a compiled Keras model.
        data: what Keras' ``fit`` trains on: arrays (x, y) or (x, y, sample weights), each an array or a list or
            dictionary of several; or a ``tf.data.Dataset``, ``keras.utils.PyDataset``, PyTorch ``DataLoader`` or
            generator of such batches. Arrays are shuffled. Data that are too short are repeated, except a generator.
        y, sample_weight, class_weight: as for ``fit``.
        rule: how to read the curve; see :meth:`LRFinder.suggest`.
        batch_size: batch size for arrays, >= 1; a dataset has its own. Default 32, as in Keras' ``fit``.
        **options: of :class:`LRFinder`.

    Returns:
        The suggested learning rate. Use :class:`LRFinder` itself for the curve and the plot.

    Raises:
        InvalidArgument: for data that cannot be read, and for a generator that ends before the sweep does.
        NoSuggestion: as for :meth:`LRFinder.suggest`.

    Example:
        >>> peak = callbacks.find_learning_rate(model, data.train)             # doctest: +SKIP
        >>> model.fit(data.train, epochs=5, callbacks=[callbacks.OneCycle(peak)])
    """
    check_compiled(model)
    check_choice("rule", rule, RULES)
    finder = LRFinder(**options)
    batches = FitData(
        data, y, sample_weight=sample_weight, class_weight=class_weight, batch_size=batch_size, argument="data"
    )
    if batches.kind == "arrays" and batches.examples % batches.batch_size == 1 and normalizes_over_examples(model):
        text = f"batch_size: the last batch of {batches.examples:,} examples would have one, which batch normalization "
        warn(text + "reduces to its shift: take another")
    with taken_by(model, batches.argument, batches.batches):
        run_range_test(model, batches, finder)
        finder.chance = chance_of(model, batches)
    rate, remark = finder.suggest(rule), finder.remark(rule)
    if remark is not None:
        warn(f"learning rate: {remark}")
    return rate


def chance_of(model: keras.Model, data: FitData) -> float | None:
    """The loss of the best constant answer, with the penalties on weights before training; None if unknown."""
    if data.kind == "iterator" or model.loss is None or has_own_step(model):
        return None
    batches = [as_tensors(batch) for batch in data.sample(SAMPLE)]
    losses = chance_losses(model, batches)
    if losses is None or not np.isfinite(losses[0]):
        return None
    penalties = step_loss(model, batches[0], model.trainable_weights, [w.value for w in model.trainable_weights])
    return losses[0] + (0.0 if penalties.penalties is None else float(penalties.penalties))


def run_range_test(
    model: keras.Model,
    data: Any,
    finder: LRFinder,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """Runs ``finder`` on ``model`` batch by batch, whatever ``steps_per_execution`` the model was compiled with.

    Args:
        model: a compiled Keras model.
        data: a :class:`callbacks.fit_data.FitData`, or what one takes.
        finder: keeps the curve.
        callbacks: other callbacks that are part of the training step, such as those that change its data.
    """
    data = data if isinstance(data, FitData) else FitData(data)
    finder.batches_per_pass = data.num_batches
    batches = data.repeated()
    steps, function, history = model.steps_per_execution, model.train_function, getattr(model, "history", None)
    start = initial_epoch(model)  # left behind by BackupAndRestore, it would skip the test
    model.steps_per_execution, model.train_function = 1, None
    set_initial_epoch(model, None)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Your input ran out of data")  # raised as an error below
            fit_unnoticed(
                model,
                batches,
                steps_per_epoch=finder.steps,
                epochs=1,
                verbose=0,
                shuffle=False,
                callbacks=[finder, *callbacks],
            )
        if not model.stop_training:
            count = len(finder.losses)
            raise InvalidArgument(data.argument, f"{count} batches", f"at least as long as the sweep, {finder.steps}")
    finally:
        finder.restore()
        model.steps_per_execution, model.train_function = steps, function
        set_initial_epoch(model, start)
        model.history = history
        model.stop_training = False
