"""random_examples: a small random dataset of images, vectors, sequences and columns, from its number alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["FAULTS", "PARTS", "Examples", "random_examples"]

Random = np.random.Generator

FAULTS = ("", "NaN", "infinite", "channels first", "one of another size", "no steps", "other length")
"""What may be wrong with a part: "" for nothing, else every way in has to refuse it."""


@dataclass
class Examples:
    """A dataset as arrays.

    Attributes:
        number: its number.
        parts: name -> values: an array, or a list of arrays of different lengths.
        kinds: name -> a key of :data:`PARTS`.
        y: the target.
        options: of ``from_arrays``; "sample_weight", "groups", "time" and "stratify" are arrays.
        fault: one of :data:`FAULTS`.
    """

    number: int
    parts: dict[str, Any]
    kinds: dict[str, str]
    y: np.ndarray
    options: dict[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def x(self) -> Any:
        """The inputs: a single array, or a record."""
        return self.parts["x"] if list(self.parts) == ["x"] else self.parts

    def __str__(self) -> str:
        shown = {name: value for name, value in self.options.items() if not isinstance(value, np.ndarray)}
        arrays = [name for name in self.options if name not in shown]
        lines = [f"dataset {self.number}: {len(self.y)} examples, options {shown}, {arrays}, fault {self.fault!r}"]
        lines += [f"  {name}: {self.kinds[name]}, {form(part)}" for name, part in self.parts.items()]
        return "\n".join([*lines, f"  target: {self.y.dtype}, e.g. {self.y[:5].tolist()}"])


def form(part: Any) -> str:
    """Type and shape of a part."""
    if isinstance(part, list):
        return f"a list of {part[0].dtype} of shapes such as {part[0].shape}"
    return f"{part.dtype} of shape {part.shape}"


def _bytes(random: Random, size: int, *channels: int) -> np.ndarray:
    return random.integers(0, 256, (size, int(random.integers(5, 9)), int(random.integers(5, 9)), *channels), "uint8")


def _ragged(random: Random, size: int) -> list[np.ndarray]:
    dtype, width = ("float32", "float64", "int64")[int(random.integers(3))], int(random.integers(1, 4))
    return [(random.normal(size=(int(random.integers(1, 6)), width)) * 9).astype(dtype) for _ in range(size)]


def _scaled(random: Random, shape: tuple[int, ...]) -> np.ndarray:
    dtype = ("float32", "float64", "int64", "int8", "float16", "bool")[int(random.integers(6))]
    values = random.normal(size=shape) * (1 if dtype == "bool" else 20)
    return (values > 0) if dtype == "bool" else values.astype(dtype)


PARTS = {
    "grey": _bytes,
    "grey, 1 channel": lambda random, size: _bytes(random, size, 1),
    "RGB": lambda random, size: _bytes(random, size, 3),
    "16 bits": lambda random, size: _bytes(random, size, 3).astype("uint16") * 255,
    "float image": lambda random, size: random.random((size, 6, 7, int(random.integers(1, 4)))).astype("float32"),
    "float64 image": lambda random, size: random.random((size, 6, 7, 3)),
    "sizes": lambda random, size: [_bytes(random, 1, 3)[0] for _ in range(size)],
    "vector": lambda random, size: _scaled(random, (size, int(random.integers(1, 5)))),
    "sequence": lambda random, size: _scaled(random, (size, int(random.integers(2, 5)), int(random.integers(1, 4)))),
    "ragged": _ragged,
    "column": lambda random, size: random.normal(size=size),
    "texts": lambda random, size: np.array(
        [" ".join(random.choice(["good", "bad", "plot", "schön", "the"], 4)) for _ in range(size)], object
    ),
}
"""Kinds of inputs, and how each is made."""
ALONE = [kind for kind in PARTS if kind != "column"]


def random_examples(number: int, seed: int = 0) -> Examples:
    """The dataset of this number."""
    random = np.random.default_rng([seed, number, 1])
    size = int(random.integers(36, 60))
    several = random.random() < 0.5
    kinds = list(random.choice(list(PARTS) if several else ALONE, int(random.integers(2, 5)) if several else 1))
    names = [f"part {place}" for place in range(len(kinds))] if several else ["x"]
    parts = {name: PARTS[kind](random, size) for name, kind in zip(names, kinds, strict=True)}
    y = [
        np.array(["cat", "dog"], object)[random.permutation(np.arange(size) % 2)],
        random.permutation(np.arange(size) % 3),
        random.normal(size=size),
    ][int(random.integers(3))]
    options: dict[str, Any] = {"seed": int(random.integers(5))}
    if "sizes" in kinds or random.random() < 0.1:
        options["image_size"] = (6, 5)
    roll = random.random()
    if roll < 0.15:
        options["groups"] = random.integers(0, 12, size)
    elif roll < 0.3:
        options["time"] = random.permutation(size)
    elif roll < 0.4:
        options["stratify"] = random.permutation(np.arange(size) % 2)
    if random.random() < 0.3:
        options["sample_weight"] = random.integers(1, 5, size) / 2
    if several and random.random() < 0.2:
        options["exclude"] = [names[0]]
    fault = str(random.choice(FAULTS)) if random.random() < 0.3 else ""
    found = Examples(number, parts, dict(zip(names, kinds, strict=True)), y, options, fault)
    found.fault = fault if fault and _spoil(found, fault, random) else ""
    return found


def _spoil(examples: Examples, fault: str, random: Random) -> bool:
    """Puts a fault into the last part; False if it cannot have this one."""
    name = list(examples.parts)[-1]
    part, row = examples.parts[name], int(random.integers(1, len(examples.y)))
    if [name] == examples.options.get("exclude"):
        return False
    image = examples.kinds[name] in ("grey", "grey, 1 channel", "RGB", "16 bits", "float image", "float64 image")
    if fault in ("NaN", "infinite"):
        target = part[row] if isinstance(part, list) else part
        if getattr(target, "dtype", None) not in (np.float16, np.float32, np.float64) or target.ndim < 2:
            return False
        if fault == "NaN" and examples.kinds[name] == "vector" and len(examples.parts) == 1:
            return False  # a table, in which values may be missing
        target[(0,) * target.ndim] = np.nan if fault == "NaN" else np.inf
    elif fault == "channels first":
        if examples.kinds[name] not in ("RGB", "16 bits", "float64 image"):
            return False
        examples.parts[name] = np.ascontiguousarray(np.moveaxis(part, -1, 1))
    elif fault == "one of another size":
        if not image or "image_size" in examples.options:
            return False
        examples.parts[name] = [*part]
        examples.parts[name][row] = part[row][:-1]
    elif fault == "no steps":
        if examples.kinds[name] != "ragged":
            return False
        part[row] = part[row][:0]
    else:
        examples.parts[name] = part[:-1]
    return True
