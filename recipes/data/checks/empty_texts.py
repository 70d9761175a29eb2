"""warn_of_empty_texts: texts without a word, or missing, which a model takes as empty strings."""

from __future__ import annotations

from ....callbacks.warning import warn
from ..named_arrays import Inputs
from ..spec import Spec
from ..statistics.moments import chunks

__all__ = ["warn_of_empty_texts"]


def warn_of_empty_texts(spec: Spec, x: Inputs) -> None:
    """Warns of missing and blank texts in the training split, in one line per column.

    Args:
        spec: the Spec of the data.
        x: the inputs, the columns of a record by the user's names.

    Example:
        >>> warn_of_empty_texts(spec, data.arrays("train")[0])        # doctest: +SKIP
    """
    for feature in spec.features:
        values = x[feature.name] if spec.record else x
        if feature.kind != "text":
            continue
        empty = sum(not text.strip() for chunk in chunks(values) for text in chunk.tolist())
        if empty:
            where = f" of {feature.name!r}" if spec.record else ""
            warn(
                f"dataset {spec.name!r}: {empty:,} of the {len(values):,} texts{where} in training are missing or"
                " blank; they are taken as texts without words, so leave such examples out if they mean nothing",
            )
