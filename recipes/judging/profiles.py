"""performance_profile: on which share of the datasets a candidate is within a factor of the best."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["performance_profile", "ratios_to_best"]


def ratios_to_best(losses: Any, floors: Any = 0.0) -> np.ndarray:
    """The loss of each candidate over the smallest on the same dataset; infinite where it has none.

    Args:
        losses: shape (datasets, candidates), >= 0; NaN where a candidate has none.
        floors: the smallest loss to tell from 0, for each dataset: a loss below counts as it. Default 0.

    Source: Dolan & Moré 2002, Benchmarking optimization software with performance profiles.

    Example:
        >>> ratios_to_best([[0.1, 0.2], [0.0, 0.3]], floors=[0.01, 0.01]).round(3).tolist()
        [[1.0, 2.0], [1.0, 30.0]]
    """
    losses = np.asarray(losses, float)
    floors = np.broadcast_to(np.asarray(floors, float), (len(losses),))[:, None]
    raised = np.where(np.isnan(losses), np.inf, np.maximum(losses, np.maximum(floors, np.finfo(float).tiny)))
    best = raised.min(axis=1, keepdims=True)
    return np.where(np.isinf(raised), np.inf, raised / np.where(np.isinf(best), 1.0, best))


def performance_profile(ratios: Any) -> tuple[np.ndarray, np.ndarray]:
    """The profile of each candidate: the share of the datasets on which its ratio is at most a factor.

    Args:
        ratios: from :func:`ratios_to_best`.

    Returns:
        The factors at which a profile rises, ascending, shape (m,), the first 1; and the shares, shape (m, candidates).

    Example:
        >>> factors, shares = performance_profile([[1.0, 2.0], [1.0, 30.0]])
        >>> factors.tolist(), shares.tolist()
        ([1.0, 2.0, 30.0], [[1.0, 0.0], [1.0, 0.5], [1.0, 1.0]])
    """
    ratios = np.asarray(ratios, float)
    factors = np.unique(np.append(1.0, ratios[np.isfinite(ratios)]))
    return factors, (ratios[None] <= factors[:, None, None]).mean(axis=1)
