"""Metric: the score of a task, its direction and its notation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..callbacks.checks import check_choice

__all__ = ["ACCURACY", "ROOT_MEAN_SQUARED_ERROR", "Metric", "metric_of"]


@dataclass(frozen=True)
class Metric:
    """A score and its direction.

    Args:
        name: the name in Keras' logs, such as "accuracy", and in tables.
        direction: "max" (default) if higher is better, "min" if lower is.
        function: from targets, predictions and weights of the examples, or None, to the score; None (default) for a
            score that Keras' logs hold. See :mod:`recipes.metrics`, whose metrics have one.
        tasks: the tasks that it suits; () (default) for any.
        needs: what every class must have in the examples so that the score is defined: "positives", "both" (positives
            and negatives), or "variance" of the targets; "" (default) for nothing.
        summary, source, when: for ``recipes list metrics``; the last says when to use it and when not.
        bounds: the lowest and the highest score that there can be. Default: none.
        origin: of a metric of one's own, what it is imported from, with its options, as JSON values; None (default) for
            those of this package.

    Metrics are equal if their names and directions are.

    Raises:
        InvalidArgument: for another direction.

    Example:
        >>> Metric("accuracy").label, Metric("root_mean_squared_error", "min").sign
        ('accuracy (%)', -1.0)
    """

    name: str
    direction: str = "max"
    function: Callable[[Any, Any, Any], float] | None = field(default=None, compare=False, repr=False)
    tasks: tuple[str, ...] = field(default=(), compare=False, repr=False)
    needs: str = field(default="", compare=False, repr=False)
    summary: str = field(default="", compare=False, repr=False)
    source: str = field(default="", compare=False, repr=False)
    when: str = field(default="", compare=False, repr=False)
    origin: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)
    bounds: tuple[float, float] = field(default=(-math.inf, math.inf), compare=False, repr=False)

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, ("max", "min"))
        check_choice("needs", self.needs, ("", "positives", "both", "variance"))

    @property
    def hyperparameters(self) -> tuple[()]:
        """None: a metric has nothing to tune."""
        return ()

    @property
    def higher_is_better(self) -> bool:
        """Whether the higher of two scores is better."""
        return self.direction == "max"

    @property
    def sign(self) -> float:
        """The factor after which higher is better: 1 or -1."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def percentage(self) -> bool:
        """Whether scores are shares of the examples, written as percentages."""
        return self.name.endswith("accuracy")

    @property
    def scale(self) -> float:
        """The factor for showing a score: 100 for percentages, else 1."""
        return 100.0 if self.percentage else 1.0

    @property
    def words(self) -> str:
        """The name in words: "root mean squared error"."""
        return self.name.replace("_", " ")

    @property
    def label(self) -> str:
        """The name with its unit, for headings and axes: "accuracy (%)"."""
        return self.words + (" (%)" if self.percentage else "")

    @property
    def difference_unit(self) -> str:
        """The unit of a difference of scores, in words; empty for errors, which have the data's unit."""
        return "percentage points" if self.percentage else ""

    def margin(self, margin: float | None, reference: float) -> float:
        """The size of a difference that does not matter, in units of the score.

        Args:
            margin: in percentage points for accuracies, else in the unit of the score; None for 0.5 points, 0.005 of
                other scores of which more is better and which are at most 1, and 1 % of an error or a larger score.
            reference: the error or score that the percentage is of.

        Example:
            >>> ACCURACY.margin(0.5, 0.98), ROOT_MEAN_SQUARED_ERROR.margin(None, 60.0)
            (0.005, 0.6)
        """
        if margin is not None:
            return margin / self.scale
        return 0.005 if self.higher_is_better and not abs(reference) > 1 else 0.01 * abs(reference)

    def resolution(self, examples: int) -> float:
        """The smallest step between possible scores on this number of examples; 0 if scores are continuous."""
        counted = self.name == "accuracy"
        return 1.0 / examples if counted and examples else 0.0


ACCURACY = Metric("accuracy", "max", bounds=(0.0, 1.0))
ROOT_MEAN_SQUARED_ERROR = Metric("root_mean_squared_error", "min", bounds=(0.0, math.inf))


def metric_of(task: str) -> Metric:
    """The metric of a task.

    Args:
        task: "binary", "multiclass", "multilabel" (whose accuracy is the share of correct answers to all yes-or-no
            questions) or "regression".
    """
    return ROOT_MEAN_SQUARED_ERROR if task == "regression" else ACCURACY
