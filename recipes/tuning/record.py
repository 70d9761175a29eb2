"""Record: the outcome of one training: its identity, its scores and its curves."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..stored.json_files import parse
from ..stored.schema import COUNT, FLAG, NUMBER, TEXT, Listing, Mapped, Object, name_of_file, number, one_of, optional
from .factors import FACTORS
from .outcomes import Outcomes

__all__ = ["CURVES", "IN_PARTS", "STAGES", "STATUSES", "Record"]

CURVES = ("learning_rate", "loss", "score", "val_loss", "val_score")
"""The values that a record holds per epoch."""

STAGES = ("tune", "confirm")
STATUSES = ("finished", "pruned", "diverged", "failed")

IN_PARTS = "each batch was computed in"
"""How the message of a training begins that had too little of an accelerator's memory for whole batches."""


@dataclass(frozen=True)
class Record:
    """One training that has ended, as the ledger keeps it. Unknown numbers are NaN.

    Args:
        key: its name in the ledger, "adam+l2/tune/0"; see :class:`recipes.tuning.plan.Training`.
        stage: "tune" or "confirm".
        arm: the name of its arm.
        choices: the arm's level of each factor, {"optimizer": "adam", ...}.
        trial: its number in its stage, from 0.
        seed: of all its random numbers.
        values: the values of its hyperparameters, by name.
        split: the number of its split of the data, as for :meth:`recipes.Data.resplit`. Default 0: that of the data.
        tuning: the number of the tuning that it is part of, or that found its setting. Default 0.
        validation_loss, validation_score: after the last epoch, or the best one with early stopping.
        test_loss, test_score: the same on the test split; for confirming trainings only.
        epochs_run: the number of completed epochs, with those of the short trainings before it.
        best_epoch: the epoch whose weights were evaluated, from 1; 0 if no epoch was completed.
        seconds: how long it took.
        diverged: whether its loss became NaN or infinite.
        status: "finished", "pruned", "diverged" or "failed".
        message: why it did not finish, in one line; else "".
        history: a list of values per epoch for each of ``CURVES``, of the last training where short ones came before.
        rungs: the validation scores of the short trainings that came before it, or after which it was pruned.
        scores: what else was measured on the test split, by name: further metrics, and the base rate of accuracy.
        outcomes: what each test example was answered, from the worker to the ledger, which keeps them in a file of
            their own; None for tuning trainings, for those that diverged, and in records that are read.
        weights: those of the trained model, which take the same way, where the search keeps them; else None.

    Example:
        >>> record = Record.from_json(line)                                   # doctest: +SKIP
        >>> record.status, record.values["learning_rate"], record.history["val_score"]
    """

    key: str
    stage: str
    arm: str
    choices: Mapping[str, str]
    trial: int
    seed: int
    values: Mapping[str, float]
    split: int = 0
    tuning: int = 0
    validation_loss: float = math.nan
    validation_score: float = math.nan
    test_loss: float = math.nan
    test_score: float = math.nan
    epochs_run: int = 0
    best_epoch: int = 0
    seconds: float = 0.0
    diverged: bool = False
    status: str = "finished"
    message: str = ""
    history: Mapping[str, Sequence[float]] = field(default_factory=lambda: {name: [] for name in CURVES})
    rungs: Sequence[float] = field(default_factory=list)
    scores: Mapping[str, float] = field(default_factory=dict)
    outcomes: Outcomes | None = field(default=None, compare=False, repr=False)
    weights: Sequence[np.ndarray] | None = field(default=None, compare=False, repr=False)

    @property
    def outcome(self) -> dict[str, Any]:
        """The fields from ``validation_loss`` to ``message``, by name."""
        return {name: getattr(self, name) for name in OUTCOME}

    def has(self, values: Mapping[str, float]) -> bool:
        """Whether it was trained with these values of hyperparameters."""
        return values.items() <= self.values.items()

    def to_json(self) -> str:
        """One line of JSON, with NaN as ``NaN``. The choices are fields of their own, after the arm.

        The levels of other factors follow as "settings". Rungs and further scores are left out where there are none,
        and so are the numbers of the first split and tuning.
        """
        fields = {name: getattr(self, name) for name in FIELDS if name not in ABSENT or getattr(self, name)}
        head = {name: fields.pop(name) for name in ("key", "stage", "arm")}
        choices = fields.pop("choices")
        settings = {name: level for name, level in choices.items() if name not in FACTORS}
        head |= {name: level for name, level in choices.items() if name in FACTORS}
        return json.dumps({**head, **({"settings": settings} if settings else {}), **fields})

    @classmethod
    def from_json(cls, line: str | bytes) -> Record:
        """The record that :meth:`to_json` wrote; ``null`` is read as NaN.

        Raises:
            InvalidArgument: naming the field that is missing, unknown, or not of its type.
        """
        try:
            fields = parse(line)
        except ValueError as error:
            raise InvalidArgument("record", line, f"JSON ({error})") from None
        return cls.from_fields(fields)

    @classmethod
    def from_fields(cls, fields: Any) -> Record:
        """The same from the values of the JSON."""
        fields = RECORD.read("", fields)
        choices = {name: fields.pop(name) for name in FACTORS if name in fields} | fields.pop("settings", {})
        record = cls(choices=choices, **{"split": 0, "tuning": 0, "rungs": [], "scores": {}, **fields})
        tuning = record.tuning if record.stage == "tune" and record.tuning else ""
        start = f"{record.arm}/{record.stage}{tuning}/{record.trial}"
        rest = record.key.removeprefix(start)
        if not record.key.startswith(start) or (rest and not (rest[0] == "/" and rest[1:].isdecimal())):
            raise InvalidArgument("key", record.key, f"{start!r}, from its arm, stage and trial")
        return record


FIELDS = tuple(field.name for field in dataclasses.fields(Record) if field.name not in ("outcomes", "weights"))
OUTCOME = FIELDS[FIELDS.index("validation_loss") : FIELDS.index("history")]
ABSENT = ("split", "tuning", "rungs", "scores")
"""Fields that are left out of a line where they are 0 or empty."""

_VALUE = number(infinite=False)
_SCORE = optional(NUMBER, math.nan)
_CURVE = Listing("a list of numbers", of=NUMBER)

RECORD = Object(
    "a JSON object",
    fields={
        "key": name_of_file,
        "stage": one_of(*STAGES),
        "arm": name_of_file,
        "optimizer": name_of_file,
        "regularizer": name_of_file,
        "trial": COUNT,
        "seed": COUNT,
        "values": Object(fields={"learning_rate": _VALUE}, others=_VALUE),
        "validation_loss": _SCORE,
        "validation_score": _SCORE,
        "test_loss": _SCORE,
        "test_score": _SCORE,
        "epochs_run": COUNT,
        "best_epoch": COUNT,
        "seconds": number(0, nan=False, infinite=False),
        "diverged": FLAG,
        "status": one_of(*STATUSES),
        "message": TEXT,
        "history": Object(fields=dict.fromkeys(CURVES, _CURVE)),
    },
    optional={
        **{factor: name_of_file for factor in FACTORS if factor not in ("optimizer", "regularizer")},
        "settings": Mapped(of=TEXT),
        "split": COUNT,
        "tuning": COUNT,
        "rungs": _CURVE,
        "scores": Mapped(of=NUMBER),
    },
)
"""A line of ``trainings.jsonl``."""
