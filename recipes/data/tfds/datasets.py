"""DATASETS: the datasets offered by name; any other TFDS name works as well."""

from __future__ import annotations

import difflib
from pathlib import Path

from ...catalogue import Lookup, Option, UnknownName

__all__ = ["DATASETS", "EMBEDDED_NAMES", "UnknownDataset"]

EMBEDDED_NAMES = ("digits", "breast_cancer", "diabetes", "syllables", "docstrings", "characters")
"""The datasets that need no network; their builders are in :mod:`recipes.data.embedded`."""


class UnknownDataset(UnknownName):
    """A dataset name that neither the catalogue nor TFDS knows; the message offers the nearest ones.

    Args:
        name: the name received.
        names: all known names.

    Example:
        >>> raise UnknownDataset("mnits", ["mnist", "iris"])
        Traceback (most recent call last):
        recipes.data.tfds.datasets.UnknownDataset: unknown dataset 'mnits': did you mean 'mnist'? Accepted: digits, breast_cancer, diabetes, syllables, docstrings, characters, mnist, fashion_mnist, kmnist, cifar10, cifar100, iris, or any other name in tfds.list_builders()
    """  # noqa: E501

    def __init__(self, name: str, names: list[str]):
        self.argument = "dataset"
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6)
        hint = f": did you mean {' or '.join(repr(match) for match in near)}?" if near else "."
        if Path(name).expanduser().is_file():
            hint = ", but a file of this name, which ends in .csv, .tsv or .parquet if it is a table: rename it."
        known, bracket, options = name.rstrip(")").partition("(")
        if bracket and options:
            name, hint = f"{known}(...)", f": only a bench takes options within the name; give {options} beside it."
        ValueError.__init__(
            self,
            f"unknown dataset {name!r}{hint} Accepted: {', '.join(DATASETS)}, or any other name in"
            " tfds.list_builders()",
        )


DATASETS = Lookup(
    "dataset",
    [
        Option(
            "digits",
            "1,797 handwritten digits, 8x8 grey, 10 classes. Needs no network.",
            "Alpaydin & Kaynak 1998, UCI; shipped with scikit-learn",
            when="To try anything on images in seconds. Not to tell two good methods apart in one training: "
            "the test split has 359.",
        ),
        Option(
            "breast_cancer",
            "569 tumours, 30 measurements, malignant or benign. Needs no network.",
            "Wolberg, Street & Mangasarian 1995, UCI; shipped with scikit-learn",
            when="For a first table with two classes. Not to rank good methods: 114 test examples tell "
            "differences of some points only.",
        ),
        Option(
            "diabetes",
            "442 patients, 10 measurements, progression after a year (regression). Needs no network.",
            "Efron, Hastie, Johnstone & Tibshirani 2004; shipped with scikit-learn",
            when="For a first regression, with more noise than signal. Not to show what depth gains: a linear "
            "model is hard to beat.",
        ),
        Option(
            "syllables",
            "About 3,000 names of syllables in 6 scripts, sequences of 1 to 24 letters. Needs no network.",
            "Unicode Character Database; shipped with Python",
            when="For a first sequence model, letter by letter. Not for texts of words: docstrings.",
        ),
        Option(
            "docstrings",
            "About 3,700 sentences of text from 10 modules of Python; they change with its version. Needs no network.",
            "Python's standard library; shipped with Python",
            when="For a first text classification. Not for published numbers, since each version of Python "
            "has other sentences.",
        ),
        Option(
            "characters",
            "About 5,000 characters, 10 properties (strings, numbers, yes or no; some missing), 6 kinds."
            " Needs no network.",
            "Unicode Character Database; shipped with Python",
            when="To try columns of mixed types with missing values. Not to tell good models apart: the "
            "properties nearly name the kind.",
        ),
        Option(
            "mnist",
            "70,000 handwritten digits, 28x28 grey, 10 classes.",
            "LeCun, Cortes & Burges 1998",
            when="To repeat published tables and to check a new method on 60,000 images. Not for its last "
            "tenth of a percent, which says little of other data.",
        ),
        Option(
            "fashion_mnist",
            "70,000 articles of clothing, 28x28 grey, 10 classes.",
            "Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
            when="In place of mnist, at the same size, where that is too easy to tell methods apart.",
        ),
        Option(
            "kmnist",
            "70,000 cursive Japanese characters, 28x28 grey, 10 classes.",
            "Clanuwat et al. 2018, arXiv:1812.01718",
            when="As a second set of mnist's form, to see whether a finding holds beyond it.",
        ),
        Option(
            "cifar10",
            "60,000 photographs, 32x32 colour, 10 classes.",
            "Krizhevsky 2009",
            when="For convolutional networks, augmentation and regularizers on photographs. Not for MLPs, nor "
            "for deep networks without an accelerator.",
        ),
        Option(
            "cifar100",
            "60,000 photographs, 32x32 colour, 100 classes.",
            "Krizhevsky 2009",
            when="For many classes with 500 examples each, where regularizers pay. Not as a first set: start "
            "with cifar10.",
        ),
        Option(
            "iris",
            "150 flowers, 4 measurements, 3 species.",
            "Fisher 1936, UCI",
            when="To show code on the smallest of tables. Not to compare anything: 30 test examples tell nothing.",
        ),
    ],
)
"""The datasets offered by name, which :func:`recipes.load` takes."""
