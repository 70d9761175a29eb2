"""The learning-rate schedules: name -> class in ``callbacks``.

All tunable lengths are fractions of the training, and all rates are fractions of the peak, so that the ranges suit a
training of any length.
"""

from __future__ import annotations

import functools
from typing import Any

from ..callbacks.checks import InvalidArgument
from ..callbacks.schedules.base import StepSchedule
from ..callbacks.schedules.constant_rate import ConstantRate
from ..callbacks.schedules.cosine_decay import CosineDecay
from ..callbacks.schedules.cosine_restarts import CosineRestarts
from ..callbacks.schedules.exponential_decay import ExponentialDecay
from ..callbacks.schedules.inverse_time_decay import InverseTimeDecay
from ..callbacks.schedules.linear_decay import LinearDecay
from ..callbacks.schedules.one_cycle import OneCycle
from ..callbacks.schedules.performance_decay import PerformanceDecay
from ..callbacks.schedules.power_decay import PowerDecay
from ..callbacks.schedules.step_decay import StepDecay
from ..callbacks.schedules.warm_up_stable_decay import WarmUpStableDecay
from .catalogue import Catalogue, Entry, Range
from .choice import AUTO, Choice, name_of, named, options_of, parse

__all__ = ["SCHEDULES", "parse_schedule"]


def constant(peak: float, **options: Any) -> StepSchedule | None:
    """None, since the optimizer keeps its rate anyway, unless there are options such as ``warm_up``."""
    return ConstantRate(peak, **options) if options else None


WARM_UP = Range("warm_up", 0.0, 0.2, 0.0, log=False)
WARMED_UP = Range("warm_up", 0.01, 0.2, 0.05, log=False)

SCHEDULES = Catalogue(
    "schedule",
    [
        Entry(
            "one_cycle",
            OneCycle,
            "The rate up to its peak and down to nearly zero, momentum the other way.",
            "Smith 2018",
            (
                Range("start_fraction", 0.1, 0.5, 0.3, log=False),
                Range("initial_divisor", 5.0, 100.0, 25.0),
                Range("final_divisor", 1e2, 1e5, 1e4),
            ),
            when="The default, for any training of a known length. Not where it may be stopped early or "
            "prolonged: most of the gain comes in the last epochs.",
        ),
        Entry(
            "constant",
            constant,
            "The same rate throughout, perhaps after a warm-up.",
            "Robbins and Monro 1951",
            (WARM_UP,),
            when="For a baseline, for online learning, and for optimizers that average by themselves. "
            "Otherwise a falling rate ends lower.",
        ),
        Entry(
            "linear",
            LinearDecay,
            "Along a straight line down to a small fraction, then constant.",
            "Goodfellow et al. 2016, eq. 8.14",
            (Range("length", 0.5, 1.0, 1.0, log=False), Range("final_fraction", 1e-3, 0.1, 0.01), WARM_UP),
            when="For fine-tuning, and for a decay without a shape to tune. Not for a training of unknown length.",
        ),
        Entry(
            "power",
            PowerDecay,
            "peak / (1 + t/s)^c: fast at first, then ever more slowly.",
            "Géron 2019, ch. 11",
            (Range("scale", 0.02, 1.0, 0.2), Range("exponent", 0.5, 2.0, 1.0), WARM_UP),
            when="For long trainings that should never quite stop learning. Not for short ones, which end at "
            "a high rate.",
        ),
        Entry(
            "exponential",
            ExponentialDecay,
            "By the same factor in every step: to a tenth in each stretch of `tenfold`.",
            "Géron 2019, ch. 11",
            (Range("tenfold", 0.2, 1.0, 0.5), WARM_UP),
            when="For a steady decay with a single number to tune. Not with a short stretch in a long "
            "training: the rate is gone before the loss has settled.",
        ),
        Entry(
            "step",
            StepDecay,
            "Times a factor at regular intervals.",
            "He et al. 2015",
            (Range("every", 0.1, 0.5, 1 / 3, log=False), Range("factor", 0.1, 0.5, 0.1), WARM_UP),
            when="To repeat a published recipe, mostly of an image network. Not as a first choice: when to "
            "step takes trials, cosine takes none.",
        ),
        Entry(
            "inverse_time",
            InverseTimeDecay,
            "peak / (1 + a t).",
            "Robbins and Monro 1951; Bottou 2012",
            (Range("rate", 1.0, 100.0, 10.0), WARM_UP),
            when="For convex problems, where it converges for certain. Not for deep networks: it falls "
            "fastest while there is most to learn.",
        ),
        Entry(
            "performance",
            PerformanceDecay,
            "Times a factor when the validation loss has stopped falling.",
            "Géron 2019, ch. 11",
            (Range("factor", 0.1, 0.5, 0.1), WARM_UP),
            when="Where neither the length nor the shape of the decay is known. Not with small validation "
            "data, whose noise it takes for a plateau.",
        ),
        Entry(
            "cosine",
            CosineDecay,
            "Along half a cosine wave down to (nearly) zero.",
            "Loshchilov and Hutter 2017",
            (
                Range("length", 0.5, 1.0, 1.0, log=False),
                Range("final_fraction", 0.0, 0.1, 0.0, log=False),
                WARM_UP,
            ),
            when="For a known length from a rate that is safe at the first step. Where the first steps are "
            "too large take cosine_warm_up.",
        ),
        Entry(
            "cosine_warm_up",
            functools.partial(CosineDecay, warm_up=0.05),
            "A linear rise, then along half a cosine wave down to (nearly) zero.",
            "Goyal et al. 2017; Loshchilov and Hutter 2017",
            (WARMED_UP, Range("final_fraction", 0.0, 0.1, 0.0, log=False)),
            when="For large batches, fine-tuning and Adam, whose first steps are unreliable. A small network "
            "at a modest rate needs no warm-up.",
        ),
        Entry(
            "warm_up_stable_decay",
            WarmUpStableDecay,
            "A linear rise, then constant, then down to zero at the end.",
            "Hu et al. 2024; Hägele et al. 2024",
            (WARMED_UP, Range("decay", 0.1, 0.5, 0.2, log=False)),
            when="Where the length is decided late or several lengths are wanted from one training. For a "
            "single known length cosine has less to tune.",
        ),
        Entry(
            "cosine_restarts",
            CosineRestarts,
            "Cosine waves one after another, each longer than the one before.",
            "Loshchilov and Hutter 2017",
            # Without `first`: its default makes three waves fill the training, which then ends at a low rate.
            (Range("growth", 1.0, 3.0, 2.0, log=False), Range("final_fraction", 0.0, 0.1, 0.0, log=False), WARM_UP),
            when="To have good weights at the end of each wave, for snapshots or an early end. For one model "
            "at the end a single wave wastes no restarts.",
        ),
    ],
    makes=StepSchedule,
)


def parse_schedule(schedule: Choice, usual: Choice = "one_cycle") -> Choice:
    """The choice in its shortest form; "auto" is the usual one of the optimizer.

    Raises:
        InvalidArgument: for an unknown name, or a peak: a schedule's peak is the recipe's learning rate.

    Example:
        >>> parse_schedule("auto"), parse_schedule({"name": "auto", "warm_up": 0.1}, "constant")
        ('one_cycle', {'name': 'constant', 'warm_up': 0.1})
    """
    schedule = parse(SCHEDULES, schedule, (AUTO,))
    if name_of(schedule) == AUTO:
        schedule = named(name_of(usual), {**options_of(usual), **options_of(schedule)})
    if "peak" in options_of(schedule):
        raise InvalidArgument("schedule", schedule, "given without the peak, which is learning_rate")
    return schedule
