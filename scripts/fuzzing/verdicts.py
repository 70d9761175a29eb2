"""How a call ended: right, refused in one line, with somebody else's error, or with a senseless value accepted."""

from __future__ import annotations

import linecache
import math
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callbacks.checks import InvalidArgument

__all__ = ["Verdict", "accepts", "is_senseless", "of_error"]

ROOT = Path(__file__).resolve().parents[2]
HALVES = (str(ROOT / "recipes"), str(ROOT / "callbacks"))
OF_PYTHON = (
    "unexpected keyword argument",
    "required keyword-only argument",
    "required positional argument",
    "multiple values for",
)
"""Parts of the messages with which Python refuses unknown and missing names of arguments."""
LONGEST = 1500
"""Characters of a message."""


EXOTIC = {"list of itself": (RecursionError,), "huge array": (MemoryError,)}
"""Values that nobody passes, and the errors of Python that may come of them: they are counted apart."""

ENDLESS = ("huge array",)
"""Those with which a call that passes over all of them takes as long as it was asked to."""


@dataclass(frozen=True)
class Verdict:
    """What came of a call.

    Args:
        result: "right", "refused", "unclear" (a refusal of several lines), "foreign", "exotic" (foreign, for a value
            that nobody passes), "senseless" or "hang".
        kind: what alike results have in common: the error and its place.
        message: of the error.
    """

    result: str
    kind: str = ""
    message: str = ""


def of_error(error: BaseException, value: str = "") -> Verdict:
    """The verdict on a call that raised an error for a value of the pool."""
    frames = traceback.extract_tb(error.__traceback__)
    message = str(error)
    ours = [frame for frame in frames if frame.filename.startswith(HALVES)]
    last = ours[-1] if ours else frames[-1]
    path = Path(last.filename)
    place = f"{path.relative_to(ROOT) if ours else path.name} in {last.name}"
    kind = f"{type(error).__name__} at {place}"
    if isinstance(error, EXOTIC.get(value, ())):
        return Verdict("exotic", kind, message)
    if type(error) is TypeError and any(part in message for part in OF_PYTHON):
        return Verdict("refused", kind, message)
    if not isinstance(error, InvalidArgument) and not _raised_by_us(frames):
        return Verdict("foreign", kind, message)
    if "\n" in message or len(message) > LONGEST:
        return Verdict("unclear", f"several lines: {kind}", message)
    if isinstance(error, (InvalidArgument, ValueError, TypeError, LookupError, OSError, RuntimeError)):
        return Verdict("refused", kind, message)
    diverged = type(error).__name__ == "InvalidArgumentError"  # of a gradient, as in a compiled step
    return Verdict("refused" if diverged else "foreign", kind, message)


def _raised_by_us(frames: list[traceback.FrameSummary]) -> bool:
    """Whether a ``raise`` of this package raised the error, or passed on one of the machine's."""
    last = frames[-1]
    statement = linecache.getline(last.filename, last.lineno or 0).strip()
    return last.filename.startswith(HALVES) and statement.startswith("raise")


# --- values that make no sense

SCALARS = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set)


def accepts(annotation: str, value: Any) -> bool | None:
    """Whether a value is of the annotated types; None where the annotation does not tell.

    Example:
        >>> accepts("int | None", True), accepts("Sequence[str]", "abc"), accepts("float", 5), accepts("Any", 5)
        (False, False, True, None)
    """
    answers = [_accepts(part.strip(), value) for part in _split(annotation, "|")]
    return True if True in answers else None if None in answers else False


def _accepts(kind: str, value: Any) -> bool | None:
    if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 and value.dtype.kind != "O":
        value = value.item()
    if type(value).__name__ == "EagerTensor" and not value.shape.as_list():
        value = value.numpy().item()
    name, _, inner = kind.partition("[")
    inner = inner.removesuffix("]")
    match name:
        case (
            "Any"
            | "Choice"
            | "T"
            | "Layers"
            | "Slices"
            | "Paths"
            | "Where"
            | "Progress"
            | "Inputs"
            | "Splits"
            | "Weights"
            | "Records"
        ):
            return None
        case "None":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return number and abs(value) < 1e300 and math.isfinite(value)
        case "str":
            return isinstance(value, str)
        case "os.PathLike":
            return hasattr(value, "__fspath__")
        case "Sequence" | "Iterable" if isinstance(value, set):
            return None
        case "Sequence" | "tuple" | "list" | "Iterable":
            if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, (list, tuple, range, np.ndarray)):
                return False if isinstance(value, (*SCALARS, np.ndarray)) else None
            kinds = [part.strip() for part in _split(inner, ",") if part.strip() != "..."]
            if name == "tuple" and "..." not in inner and len(kinds) != len(value):
                return False
            each = kinds if len(kinds) == len(value) else kinds[:1] * len(value)
            answers = [
                accepts(part, element) for part, element in zip(each, value, strict=True) if element is not value
            ]
            return False if False in answers else None if None in answers else True
        case "Mapping" | "dict":
            return None if isinstance(value, Mapping) else False
        case "Callable":
            return callable(value)
    if any(base.__name__ == name.rpartition(".")[2] for base in type(value).__mro__):
        return True
    return False if type(value) in SCALARS or callable(value) else None


def _split(text: str, mark: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == mark and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


NEVER = (
    "object",
    "module",
    "Ellipsis",
    "error",
    "bytes",
    "generator",
    "pandas NA",
    "complex",
    "list of objects",
    "list of itself",
)
"""Values of the pool that make sense for no argument."""


def is_senseless(annotation: str, name: str, value: Any) -> bool:
    """Whether a value that was accepted makes no sense: of the wrong type by the annotation, or of any.

    Args:
        annotation: of the argument.
        name: of the value, in the pool.
        value: the value.
    """
    accepted = accepts(annotation, value)
    return accepted is False or (accepted is None and name in NEVER)


def not_finite(result: Any) -> bool:
    """Whether numbers that came of a call are not finite."""
    values = getattr(result, "weights", result)
    values = values if isinstance(values, (list, tuple)) else [values]
    arrays = [np.asarray(value) for value in values if hasattr(value, "dtype") and hasattr(value, "shape")]
    return any(array.dtype.kind == "f" and not np.isfinite(array).all() for array in arrays)


def shortened(text: str, length: int = 300) -> str:
    """A text in one line."""
    return re.sub(r"\s+", " ", text.encode("utf8", "backslashreplace").decode())[:length]
