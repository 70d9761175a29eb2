"""Record: the outcome of one training: its identity, its scores and its curves."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...callbacks.checks import InvalidArgument
from .factors import FACTORS
from .outcomes import Outcomes

__all__ = ["CURVES", "STAGES", "STATUSES", "Record"]

CURVES = ("learning_rate", "loss", "score", "val_loss", "val_score")
"""The values that a record holds per epoch."""

STAGES = ("tune", "confirm")
STATUSES = ("finished", "pruned", "diverged", "failed")


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
            fields = json.loads(line)
        except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are subclasses
            raise InvalidArgument("record", line, f"JSON ({error})") from None
        if not isinstance(fields, dict):
            raise InvalidArgument("record", fields, "a JSON object")
        choices = {name: fields.pop(name) for name in FACTORS if name in fields}
        settings = fields.pop("settings", {})
        if not isinstance(settings, dict):
            raise InvalidArgument("settings", settings, "levels by the name of their factor")
        for name in fields:
            if name not in SCHEMA:
                raise InvalidArgument(name, fields[name], f"left out: a record has {', '.join(FIELDS)}")
        for name in ("optimizer", "regularizer"):
            if name not in choices:
                raise InvalidArgument(name, None, "given")
        choices |= settings
        for name, level in choices.items():
            _TEXT.read(name, level)
        fields = {"split": 0, "tuning": 0, "rungs": [], "scores": {}, **fields}
        values = {
            name: kind.read(name, fields[name]) if name in fields else _missing(name) for name, kind in SCHEMA.items()
        }
        return cls(choices=choices, **values)


FIELDS = tuple(field.name for field in dataclasses.fields(Record) if field.name != "outcomes")
OUTCOME = FIELDS[FIELDS.index("validation_loss") : FIELDS.index("history")]
ABSENT = ("split", "tuning", "rungs", "scores")
"""Fields that are left out of a line where they are 0 or empty."""


@dataclass(frozen=True)
class _Kind:
    """The values that a field accepts, in words and as a check; with ``missing``, None is read as NaN."""

    accepted: str
    holds: Callable[[Any], bool]
    missing: bool = False

    def read(self, name: str, value: Any) -> Any:
        if value is None and self.missing:
            return math.nan
        if not self.holds(value):
            raise InvalidArgument(name, value, self.accepted)
        return value


def _missing(name: str) -> Any:
    raise InvalidArgument(name, None, "given")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(number) for number in value.values())


def _is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(_is_number(number) for number in value)


def _are_curves(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == set(CURVES)
        and all(_is_list_of_numbers(curve) for curve in value.values())
    )


_TEXT = _Kind("a string", lambda value: isinstance(value, str))
_COUNT = _Kind("an integer >= 0", lambda value: type(value) is int and value >= 0)
_NUMBER = _Kind("a number", _is_number, missing=True)

SCHEMA: dict[str, _Kind] = {
    "key": _TEXT,
    "stage": _Kind("one of 'tune', 'confirm'", lambda value: value in STAGES),
    "arm": _TEXT,
    "trial": _COUNT,
    "seed": _COUNT,
    "values": _Kind("numbers by name", lambda value: _are_numbers(value) and "learning_rate" in value),
    "split": _COUNT,
    "tuning": _COUNT,
    "validation_loss": _NUMBER,
    "validation_score": _NUMBER,
    "test_loss": _NUMBER,
    "test_score": _NUMBER,
    "epochs_run": _COUNT,
    "best_epoch": _COUNT,
    "seconds": _NUMBER,
    "diverged": _Kind("true or false", lambda value: isinstance(value, bool)),
    "status": _Kind("one of " + ", ".join(map(repr, STATUSES)), lambda value: value in STATUSES),
    "message": _TEXT,
    "history": _Kind(f"a list of numbers for each of {', '.join(CURVES)}", _are_curves),
    "rungs": _Kind("a list of numbers", _is_list_of_numbers),
    "scores": _Kind("numbers by name", _are_numbers),
}
"""The fields of a line of ``trainings.jsonl`` besides the choices, with the values that they accept."""
