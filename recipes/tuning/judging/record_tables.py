"""record_tables: the records of a search as tables, one row per training and one per epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record import CURVES, Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["record_tables"]


def record_tables(records: Sequence[Record]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished trainings as two tables: one row per training, and one row per training and epoch."""
    import pandas as pd

    strengths = sorted({name for record in records for name in record.values if name != "learning_rate"})
    trials, epochs = [], []
    for record in records:
        identity = {name: getattr(record, name) for name in ("stage", "arm", "trial", "seed")}
        head = {"stage": record.stage, "arm": record.arm, **record.choices, "trial": record.trial, "seed": record.seed}
        head |= {"split": record.split, "tuning": record.tuning}
        values = {name: record.values.get(name, math.nan) for name in ("learning_rate", *strengths)}
        trials.append({**head, **values, **record.outcome})
        for epoch in range(len(record.history["loss"])):
            curves = {name: curve[epoch] if epoch < len(curve) else math.nan for name, curve in record.history.items()}
            if not record.history["learning_rate"]:
                curves["learning_rate"] = record.values["learning_rate"]
            epochs.append({**identity, "epoch": epoch + 1, **curves})
    columns = ("stage", "arm", "trial", "seed", "epoch", *CURVES)
    return pd.DataFrame(trials), pd.DataFrame(epochs, columns=columns)
