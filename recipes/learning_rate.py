"""The learning rate of a training whose recipe names none: from a range test, or the usual one where that fails."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from ..callbacks.range_test.lr_finder import LRFinder, NoSuggestion
from ..callbacks.range_test.suggestions import RULES
from ..callbacks.schedules.constant_rate import ConstantRate
from .catalogue import Lookup, Option
from .choice import is_named
from .optimizers import OPTIMIZERS
from .recipe import Recipe

__all__ = ["RANGE_TEST_RULES", "found_rate", "is_doubtful", "usual_peak"]


def _option(name: str, rule: Callable[..., Any]) -> Option:
    """A rule of a range test, described by its docstring: the first line, and two paragraphs by their beginnings."""
    text = inspect.getdoc(rule) or ""
    source, when = (
        " ".join(text.partition(beginning)[2].split("\n\n")[0].split())
        for beginning in ("Source: ", "When to use it: ")
    )
    return Option(name, text.partition("\n")[0], source.rstrip("."), when=when)


RANGE_TEST_RULES = Lookup("rule", [_option(name, rule) for name, rule in RULES.items()])

FEW = 10_000
"""Below so many examples a range test is half the evidence for a rate."""


def usual_peak(recipe: Recipe) -> float:
    """A peak of 1cycle that mostly trains well: the middle (geometric) of the optimizer's range in the catalogue.

    Of an optimizer that was given as an object, its own rate.

    Example:
        >>> round(usual_peak(Recipe()), 6), round(usual_peak(Recipe(optimizer="adam")), 6)
        (0.03, 0.003)
    """
    if not is_named(recipe.optimizer):
        return float(recipe.build_optimizer().learning_rate)
    ranges = {tunable.name: tunable for tunable in OPTIMIZERS[recipe.optimizer_name].hyperparameters}
    return ranges["learning_rate"].at(0.5)


def found_rate(recipe: Recipe, finder: LRFinder, examples: int) -> tuple[float, str | None]:
    """The rate for a recipe after a range test, and what to say about it where the curve alone did not decide.

    The rule "peak" suggests a peak of 1cycle; other schedules get the part of it that suits them. On few examples the
    curve is noise for the most part: with other seeds its suggestion changes by a factor of ten. There the rate is the
    geometric mean of the suggestion and the usual rate.

    Args:
        recipe: without a rate of its own.
        finder: after its range test, with :func:`usual_peak` as its ``usual``.
        examples: in the training data.
    """
    schedule = recipe.build_schedule(1.0)
    part = ConstantRate.part_of_peak if schedule is None else schedule.part_of_peak
    usual = usual_peak(recipe)
    try:
        rate, remark = finder.suggest(), finder.remark()
        if remark is None and examples < FEW:
            mean = math.sqrt(rate * usual)
            remark = (
                f"with {examples:,} examples {mean:.3g} is taken, the geometric mean of the range test's {rate:.3g} "
                f"and the usual {usual:.3g}"
            )
            rate = mean
        return part * rate, remark
    except NoSuggestion as nothing:
        reason = str(nothing).split(":")[0]
        return part * usual, f"{reason}: {usual:.3g}, which is usual for {recipe.optimizer_name}"


def is_doubtful(finder: LRFinder) -> bool:
    """Whether a range test says nothing about the rate, or ended before the loss rose on data that it did not repeat.

    That a small dataset is learned by heart is usual, and the bound suits it.
    """
    try:
        return finder.remark() is not None and not finder.learned_by_heart
    except NoSuggestion:
        return True
