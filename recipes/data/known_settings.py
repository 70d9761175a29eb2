"""DATA: what the settings of data may be, in the files of runs and searches."""

from __future__ import annotations

from ..stored.schema import ANYTHING, COUNT, TEXT, Kind, Mapped, Object, integer

__all__ = ["DATA"]

SHARE = Kind("a number, a text, or null", lambda value: value is None or isinstance(value, (str, float)))

DATA = Object(
    fields={"counts": Object(fields={"train": COUNT, "validation": COUNT, "test": COUNT})},
    optional={
        "name": TEXT,
        "fingerprint": TEXT,
        "seed": COUNT,
        "batch_size": integer(1, 2**53),
        "version": TEXT,
        "config": TEXT,
        "folder": TEXT,
        "files": Mapped(of=Object(fields={"path": TEXT, "sha256": TEXT})),
        "images": Object(fields={"folder": TEXT, "sha256": TEXT}),
        "options": Mapped(of=ANYTHING),
        "test": SHARE,
        "validation": SHARE,
    },
    others=ANYTHING,
)
"""The settings of :class:`recipes.Data`."""
