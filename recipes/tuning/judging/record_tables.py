"""record_tables: the records of a search as tables, one row per training and one per epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record import CURVES, Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["factor_columns", "record_tables", "score_columns", "strength_columns"]


def record_tables(records: Sequence[Record]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished trainings as two tables: one row per training, and one row per training and epoch."""
    import pandas as pd

    compared = {"learning_rate"}.union(*(record.choices for record in records))
    strengths = sorted({name for record in records for name in record.values if name not in compared})
    scores = dict.fromkeys(name for record in records for name in record.scores)
    trials, epochs = [], []
    for record in records:
        identity = {name: getattr(record, name) for name in ("stage", "arm", "trial", "seed")}
        head = {"stage": record.stage, "arm": record.arm, **record.choices, "trial": record.trial, "seed": record.seed}
        head |= {"split": record.split, "tuning": record.tuning}
        values = {name: record.values.get(name, math.nan) for name in ("learning_rate", *strengths)}
        further = {f"test_{name}": record.scores.get(name, math.nan) for name in scores}
        trials.append({**head, **values, **record.outcome, **further})
        for epoch in range(len(record.history["loss"])):
            curves = {name: curve[epoch] if epoch < len(curve) else math.nan for name, curve in record.history.items()}
            if not record.history["learning_rate"]:
                curves["learning_rate"] = record.values["learning_rate"]
            epochs.append({**identity, "epoch": epoch + 1, **curves})
    columns = ("stage", "arm", "trial", "seed", "epoch", *CURVES)
    return pd.DataFrame(trials), pd.DataFrame(epochs, columns=columns)


def factor_columns(trials: pd.DataFrame) -> list[str]:
    """The columns of the table of trainings that hold the levels of factors: those between "arm" and "trial"."""
    columns = list(trials.columns)
    return columns[columns.index("arm") + 1 : columns.index("trial")]


def strength_columns(trials: pd.DataFrame) -> list[str]:
    """The columns of the table of trainings that hold values of hyperparameters besides the learning rate."""
    compared = factor_columns(trials)
    return [name for name in trials.columns if "." in name and name not in compared]


def score_columns(trials: pd.DataFrame) -> list[str]:
    """The columns of the table of trainings that hold further scores on the test split: "test_f1", "test_base_rate"."""
    return [name for name in trials.columns if name.startswith("test_") and name not in ("test_loss", "test_score")]
