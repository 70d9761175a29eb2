"""Classes so rare that accuracy hardly shows them."""

from __future__ import annotations

import numpy as np

from ....callbacks.warning import warn
from ..spec import Spec

__all__ = ["rare_class", "warn_of_imbalance"]

RARE = 0.05
"""A share of the training examples from which on a class is rare."""
OF_COMMONEST = 0.1
"""Of many classes, none is rare that has more than this part of the commonest one's examples."""


def rare_class(spec: Spec) -> tuple[str, float, str] | None:
    """The rarest class or label, its share, and what the commonest answer scores; None if no class is rare.

    A class is rare at 5 % of the training examples and less, and a tenth of the commonest class and less.

    Args:
        spec: of the data; without ``class_shares``, as for regression, no class is rare.

    Example:
        >>> rare_class(data.spec)            # doctest: +SKIP
        ('fraud', 0.02, "always 'fine' is right in 98.0 %")
    """
    shares = np.array(spec.class_shares)
    present = np.flatnonzero(shares)
    if not len(present):
        return None
    rarest = int(present[np.argmin(shares[present])])
    limit = RARE if spec.task == "multilabel" else min(RARE, OF_COMMONEST * shares.max())
    if shares[rarest] > limit:
        return None
    if spec.task == "multilabel":
        right = float(np.maximum(shares, 1 - shares).mean())
        always = "the commoner answer to every label"
    else:
        right, always = float(shares.max()), f"always {spec.class_names[int(shares.argmax())]!r}"
    return spec.class_names[rarest], float(shares[rarest]), f"{always} is right in {100 * right:.1f} %"


def warn_of_imbalance(spec: Spec) -> None:
    """Warns, in one line, of a class that is rare in the training split, and says what to do."""
    found = rare_class(spec)
    if found is None:
        return
    name, share, always = found
    kind = "label" if spec.task == "multilabel" else "class"
    warn(
        f"dataset {spec.name!r}: {kind} {name!r} is rare ({100 * share:.1f} % of training), so accuracy hardly shows it"
        f" ({always}); judge by metric='balanced_accuracy' or 'pr_auc';"
        " class_weight='balanced' lets all count alike",
    )
