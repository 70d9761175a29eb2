"""fingerprint_of: a number that only equal data share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from .assembly import SPLITS, Splits
from .named_arrays import items
from .spec import Spec
from .statistics.moments import chunks
from .weights import Weights

__all__ = ["fingerprint_of"]


def fingerprint_of(spec: Spec, arrays: Splits, weights: Weights | None, splits: Sequence[str] = SPLITS) -> str:
    """16 hexadecimal digits of the SHA-256 of splits and their weights, columns by their users' names.

    Args:
        spec: of the data.
        arrays: (x, y) of all splits.
        weights: the sample weights of all splits, or None.
        splits: which of them; by default all three.
    """
    digest = hashlib.sha256()
    for split in splits:
        x, y = arrays[split]
        named = spec.names.to_user(x).items() if spec.record else items(x)
        for name, array in [*named, ("", y)]:
            digest.update(f"{split} {name + ' ' if name else ''}{array.dtype} {array.shape};".encode())
            for chunk in chunks(array):
                if chunk.dtype == object:
                    digest.update(json.dumps(chunk.tolist()).encode())
                else:
                    digest.update(np.ascontiguousarray(chunk).data.cast("B"))
        if weights is not None:
            digest.update(f"{split} sample_weight".encode() + weights[split].tobytes())
    return digest.hexdigest()[:16]
