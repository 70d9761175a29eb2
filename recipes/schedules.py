"""The learning-rate schedules by name: which class of ``callbacks`` each one is."""

from __future__ import annotations

from callbacks.one_cycle import OneCycle
from recipes.catalogue import Catalogue, Entry

__all__ = ["SCHEDULES"]


SCHEDULES = Catalogue(
    "schedule",
    [
        Entry(
            "one_cycle",
            OneCycle,
            "The rate up to its peak and down to nearly zero, momentum the other way.",
            "Smith 2018",
        ),
        Entry("constant", lambda peak: None, "The same rate throughout.", "Robbins and Monro 1951"),
    ],
)
