"""KNOWN: what settings.json may hold, of this version and of earlier ones."""

from __future__ import annotations

import math

from ..data.known_settings import DATA
from ..stored.schema import (
    ANYTHING,
    COUNT,
    FINITE,
    FLAG,
    TEXT,
    Kind,
    Listing,
    Mapped,
    Object,
    integer,
    name_of_file,
    number,
    one_of,
    optional,
)

__all__ = ["KNOWN"]

LEVELS = Listing(of=name_of_file, most=10_000)
DIRECTION = one_of("max", "min")
TUNABLE = Object(
    fields={"name": TEXT},
    optional={
        "low": FINITE,
        "high": FINITE,
        "default": optional(FINITE),
        "log": FLAG,
        "by_default": FLAG,
        "values": Listing(of=FINITE, most=10_000),
    },
)
"""A :class:`recipes.catalogue.Range` or a :class:`recipes.tuning.ranges.Grid`."""

KNOWN = Object(
    optional={
        "dataset": optional(TEXT),
        "data": DATA,
        "recipe": Mapped(of=ANYTHING, most=1000),
        "factors": Mapped(of=LEVELS, most=100),
        "optimizers": LEVELS,
        "regularizers": LEVELS,
        "default_arm": name_of_file,
        "metric": optional(name_of_file),
        "direction": DIRECTION,
        "metrics": Listing(
            of=Object(
                fields={"name": name_of_file, "direction": DIRECTION},
                optional={"origin": TEXT, "options": Mapped(of=ANYTHING)},
            ),
            most=100,
        ),
        "design": TEXT,
        "epochs": integer(1, 10**7),
        "trials": integer(1, 10**7),
        "repeats": Kind("an integer >= 1, or a text", lambda value: type(value) in (int, str)),
        "seeds": integer(1, 10**7),
        "seed": COUNT,
        "prune": TEXT,
        "least_updates": COUNT,
        "widen": FLAG,
        "tunings": optional(TEXT),
        "resplit": optional(FLAG),
        "pack": optional(integer(1, 10**7)),
        "ranges": optional(TEXT),
        "confidence": optional(number(0, 1)),
        "margin": optional(number(0, math.inf, nan=False, infinite=False)),
        "space": optional(Object(fields={"fixed": Mapped(of=FINITE), "defaults": Mapped(of=FINITE)})),
        "overlap": optional(number(1e-9, 1e9, nan=False)),
        "libraries": Mapped(of=TEXT),
        "own": Listing(
            of=Object(fields={"kind": TEXT, "name": TEXT, "origin": TEXT, "hyperparameters": Listing(of=TUNABLE)}),
            most=1000,
        ),
        "built": Mapped(of=Mapped(of=ANYTHING)),
        "callbacks": Listing(of=Object(fields={"origin": TEXT}, optional={"options": Mapped(of=ANYTHING)}), most=1000),
        "candidates": Mapped(
            of=Object(
                fields={
                    "recipe": Mapped(of=ANYTHING),
                    "optimizer": name_of_file,
                    "regularizer": name_of_file,
                    "compiled": FLAG,
                    "rate": optional(FINITE),
                    "space": Listing(of=TUNABLE, most=1000),
                }
            ),
            most=10_000,
        ),
    },
)
"""The settings of a search."""
