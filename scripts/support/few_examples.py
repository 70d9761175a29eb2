"""Datasets with few training examples, where regularizers matter: digits with 200, MNIST with 1,000."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import recipes

__all__ = ["FEW", "few_examples"]

FEW = {"digits-200": ("digits", 200), "mnist-1000": ("mnist", 1000)}
"""Name -> the dataset and the number of its training examples."""

VALIDATION = 1000
"""The largest number of validation examples."""


def few_examples(names: Sequence[str], data_dir: str | None, validation: int = VALIDATION) -> dict[str, recipes.Data]:
    """Name -> data with few training examples and the full test split.

    Args:
        names: of ``FEW``.
        data_dir: where MNIST is prepared for TFDS.
        validation: the largest number of validation examples.
    """
    datasets = {}
    for name in names:
        source, count = FEW[name]
        data = recipes.load(source, data_dir=data_dir if source == "mnist" else None, batch_size=32)
        x, y = (array[:count] for array in data.arrays("train"))
        # The digits' validation split is small, so the unused training examples join it.
        unused = zip(data.arrays("validation"), (array[count:] for array in data.arrays("train")), strict=True)
        held_out = [np.concatenate(both)[:validation] for both in unused]
        test = data.arrays("test")
        datasets[name] = recipes.Data.from_arrays(
            x,
            y,
            x_validation=held_out[0],
            y_validation=held_out[1],
            x_test=test[0],
            y_test=test[1],
            batch_size=32,
            class_names=data.spec.class_names,
            name=name,
        )
    return datasets
