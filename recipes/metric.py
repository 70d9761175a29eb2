"""Metric: the score of a task, its direction and its notation."""

from __future__ import annotations

from dataclasses import dataclass

from ..callbacks.checks import check_choice

__all__ = ["ACCURACY", "ROOT_MEAN_SQUARED_ERROR", "Metric", "metric_of"]


@dataclass(frozen=True)
class Metric:
    """A score and its direction.

    Args:
        name: the name in Keras' logs, such as "accuracy".
        direction: "max" (default) if higher is better, "min" if lower is.

    Raises:
        InvalidArgument: for another direction.

    Example:
        >>> Metric("accuracy").label, Metric("root_mean_squared_error", "min").sign
        ('accuracy (%)', -1.0)
    """

    name: str
    direction: str = "max"

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, ("max", "min"))

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

    def resolution(self, examples: int) -> float:
        """The smallest step between possible scores on this number of examples; 0 if scores are continuous."""
        return 1.0 / examples if self.percentage and examples else 0.0


ACCURACY = Metric("accuracy", "max")
ROOT_MEAN_SQUARED_ERROR = Metric("root_mean_squared_error", "min")


def metric_of(task: str) -> Metric:
    """The metric of a task.

    Args:
        task: "binary", "multiclass", "multilabel" (whose accuracy is the share of correct answers to all yes-or-no
            questions) or "regression".
    """
    return ROOT_MEAN_SQUARED_ERROR if task == "regression" else ACCURACY
