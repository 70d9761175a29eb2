"""Metric: what a task is judged by, which scores are better, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from ..callbacks.checks import check_choice

__all__ = ["ACCURACY", "ROOT_MEAN_SQUARED_ERROR", "Metric", "metric_of"]


@dataclass(frozen=True)
class Metric:
    """A score by its name, and whether more or less of it is better.

    Args:
        name: as Keras calls it in its logs, "accuracy".
        direction: "max" if more is better (default), "min" if less is.

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
        """Whether the larger of two scores is the better one."""
        return self.direction == "max"

    @property
    def sign(self) -> float:
        """The factor that makes the larger of two scores the better one: 1 or -1."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def percentage(self) -> bool:
        """Whether scores are shares of the examples, which are written as percentages."""
        return self.name.endswith("accuracy")

    @property
    def scale(self) -> float:
        """What a score is multiplied by before it is shown: 100 for percentages, else 1."""
        return 100.0 if self.percentage else 1.0

    @property
    def words(self) -> str:
        """The name for a sentence: "root mean squared error"."""
        return self.name.replace("_", " ")

    @property
    def label(self) -> str:
        """The name with its unit, for headings and axes: "accuracy (%)"."""
        return self.words + (" (%)" if self.percentage else "")

    @property
    def difference_unit(self) -> str:
        """The unit of a difference of scores in words; empty for errors, whose unit is the data's."""
        return "percentage points" if self.percentage else ""

    def resolution(self, examples: int) -> float:
        """The step between the scores that are possible on so many examples; 0 where any score is."""
        return 1.0 / examples if self.percentage and examples else 0.0


ACCURACY = Metric("accuracy", "max")
ROOT_MEAN_SQUARED_ERROR = Metric("root_mean_squared_error", "min")


def metric_of(task: str) -> Metric:
    """What models of a task are judged by.

    Args:
        task: "binary", "multiclass", "multilabel" (of which accuracy is the share of all yes-or-no answers that are
            right) or "regression".
    """
    return ROOT_MEAN_SQUARED_ERROR if task == "regression" else ACCURACY
