"""usual_epochs: how long to train where the caller does not say."""

from __future__ import annotations

import math
from typing import Any

from ..callbacks.checks import check_integer

__all__ = ["epochs_or_usual", "usual_epochs"]

UPDATES = 3000
"""The number of updates after which more hardly help on small and middling tables, with the regularizers of a table."""

FEWEST, MOST = 10, 300
"""The least epochs, for data of any size, and the most, for the few batches of a small dataset."""


def usual_epochs(steps_per_epoch: int) -> int:
    """The epochs of a training of at least 3,000 updates, between 10 and 300.

    A fixed number of epochs leaves small data with too few updates: ten epochs of 300 examples are 90 steps.

    Args:
        steps_per_epoch: batches per epoch, >= 1.

    Example:
        >>> usual_epochs(3), usual_epochs(40), usual_epochs(1700)
        (300, 75, 10)
    """
    return min(max(math.ceil(UPDATES / steps_per_epoch), FEWEST), MOST)


def epochs_or_usual(epochs: Any, steps_per_epoch: int) -> int:
    """``epochs``, an integer >= 1, or for None those of :func:`usual_epochs`.

    Raises:
        InvalidArgument: for anything else.
    """
    return usual_epochs(steps_per_epoch) if epochs is None else check_integer("epochs", epochs, low=1)
