"""exported_repeat: the repeat of an arm that is trained again and exported if the arm is decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["exported_repeat"]


def exported_repeat(repeats: pd.DataFrame, sign: float) -> pd.Series:
    """The repeat with the best validation score among those on the data's own split.

    The table shows its setting, since repeats may have the settings of several tunings.

    Args:
        repeats: the final trainings of an arm.
        sign: 1 if higher scores are better, else -1.
    """
    own = repeats[repeats["split"] == 0] if "split" in repeats else repeats
    own = own if len(own) else repeats
    return own.iloc[int((sign * own["validation_score"]).fillna(-float("inf")).to_numpy().argmax())]
