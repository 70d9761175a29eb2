"""DATASETS: the datasets that are offered by name; any other TFDS name works as well."""

from __future__ import annotations

import difflib
import functools
from typing import Any

from ..catalogue import Catalogue, Entry, UnknownName

__all__ = ["DATASETS", "EMBEDDED_NAMES", "UnknownDataset"]

EMBEDDED_NAMES = ("digits", "breast_cancer", "diabetes", "syllables", "docstrings", "characters")
"""Those that need no network; :mod:`recipes.data.embedded` has their builders."""


class UnknownDataset(UnknownName):
    """A dataset name that neither the catalogue nor TFDS knows; the message offers the nearest ones.

    Args:
        name: the name received.
        names: all names known.

    Example:
        >>> raise UnknownDataset("mnits", ["mnist", "iris"])
        Traceback (most recent call last):
        recipes.data.datasets.UnknownDataset: unknown dataset 'mnits': did you mean 'mnist'? Accepted: digits, breast_cancer, diabetes, syllables, docstrings, characters, mnist, fashion_mnist, kmnist, cifar10, cifar100, iris, or any other name in tfds.list_builders()
    """  # noqa: E501

    def __init__(self, name: str, names: list[str]):
        self.argument = "dataset"
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6)
        hint = f": did you mean {' or '.join(repr(other) for other in near)}?" if near else "."
        ValueError.__init__(
            self,
            f"unknown dataset {name!r}{hint} Accepted: {', '.join(DATASETS)}, or any other name in"
            " tfds.list_builders()",
        )


def _load(name: str, **options: Any) -> Any:
    from .loading import load

    return load(name, **options)


def _entry(name: str, summary: str, source: str) -> Entry:
    return Entry(name, functools.partial(_load, name), summary, source)


DATASETS = Catalogue(
    "dataset",
    [
        _entry(
            "digits",
            "1,797 handwritten digits, 8x8 grey, 10 classes. Needs no network.",
            "Alpaydin & Kaynak 1998, UCI; shipped with scikit-learn",
        ),
        _entry(
            "breast_cancer",
            "569 tumours, 30 measurements, malignant or benign. Needs no network.",
            "Wolberg, Street & Mangasarian 1995, UCI; shipped with scikit-learn",
        ),
        _entry(
            "diabetes",
            "442 patients, 10 measurements, progression after a year (regression). Needs no network.",
            "Efron, Hastie, Johnstone & Tibshirani 2004; shipped with scikit-learn",
        ),
        _entry(
            "syllables",
            "About 3,000 names of syllables in 6 scripts, sequences of 1 to 24 letters. Needs no network.",
            "Unicode Character Database; shipped with Python",
        ),
        _entry(
            "docstrings",
            "About 3,700 sentences of text from 10 modules of Python; they change with its version. Needs no network.",
            "Python's standard library; shipped with Python",
        ),
        _entry(
            "characters",
            "About 5,000 characters, 10 properties (strings, numbers, yes or no; some missing), 6 kinds."
            " Needs no network.",
            "Unicode Character Database; shipped with Python",
        ),
        _entry(
            "mnist",
            "70,000 handwritten digits, 28x28 grey, 10 classes.",
            "LeCun, Cortes & Burges 1998",
        ),
        _entry(
            "fashion_mnist",
            "70,000 articles of clothing, 28x28 grey, 10 classes.",
            "Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        ),
        _entry(
            "kmnist",
            "70,000 cursive Japanese characters, 28x28 grey, 10 classes.",
            "Clanuwat et al. 2018, arXiv:1812.01718",
        ),
        _entry("cifar10", "60,000 photographs, 32x32 colour, 10 classes.", "Krizhevsky 2009"),
        _entry("cifar100", "60,000 photographs, 32x32 colour, 100 classes.", "Krizhevsky 2009"),
        _entry("iris", "150 flowers, 4 measurements, 3 species.", "Fisher 1936, UCI"),
    ],
)
"""The datasets offered by name; ``DATASETS.build(name, **options)`` is ``load(name, **options)``."""
