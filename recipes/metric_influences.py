"""The influence of each example on a metric: how the score changes with the example's weight, in float64.

Each function takes the arguments of the metric of the same name in :mod:`recipes.metric_functions`, with weights w, and
returns the derivatives of the score with respect to w, of shape (n,). Their sum with weights w is 0, since a score does
not change if all weights are doubled. They give the noise of a finite test split for any metric, as the values of the
examples give that of a mean (the infinitesimal jackknife).

Source: Efron 1981, "Nonparametric estimates of standard error"; for the AUC DeLong et al. 1988.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .metric_functions import answers, by_threshold, decide, errors, log_losses, questions

__all__ = ["INFLUENCES"]


def _of_mean(values: Any, w: Any) -> np.ndarray:
    return (values - np.average(values, weights=w)) / w.sum()


def accuracy(y: Any, predicted: Any, w: Any) -> np.ndarray:
    return _of_mean((decide(y, predicted) == y).reshape(len(y), -1).mean(axis=1), w)


def balanced_accuracy(y: Any, predicted: Any, w: Any) -> np.ndarray:
    decided = decide(y, predicted)
    if y.ndim == 2:
        labels = range(y.shape[1])
        return np.mean([balanced_accuracy(y[:, k], predicted[:, k], w) for k in labels], axis=0)
    classes, influence = np.unique(y), np.zeros(len(y))
    for label in classes:
        members = y == label
        influence[members] = _of_mean(decided[members] == label, w[members]) / len(classes)
    return influence


def auc(y: Any, predicted: Any, w: Any) -> np.ndarray:
    influences = []
    for truth, values in questions(y, predicted):
        true, false = by_threshold(truth, values, w)
        place = np.unique(-values, return_inverse=True)[1]
        below = (false.sum() - np.cumsum(false) + false / 2) / false.sum()  # shares of the no's below a yes
        above = (np.cumsum(true) - true / 2) / true.sum()  # shares of the yes's above a no
        area = (true @ below) / true.sum()
        influences.append(
            np.where(truth, (below[place] - area) / true.sum(), (above[place] - area) / false.sum()),
        )
    return np.mean(influences, axis=0)


def pr_auc(y: Any, predicted: Any, w: Any) -> np.ndarray:
    influences = []
    for truth, values in questions(y, predicted):
        true, false = by_threshold(truth, values, w)
        place = np.unique(-values, return_inverse=True)[1]
        all_true, all_above = np.cumsum(true), np.cumsum(true + false)
        precision = all_true / all_above
        area = (true @ precision) / true.sum()
        # An example counts in the precision at every threshold from its own down.
        of_yes = np.cumsum((true * (all_above - all_true) / all_above**2)[::-1])[::-1]
        of_no = np.cumsum((-true * all_true / all_above**2)[::-1])[::-1]
        influences.append(np.where(truth, precision[place] - area + of_yes[place], of_no[place]) / true.sum())
    return np.mean(influences, axis=0)


def _of_shares(part: Callable[..., Any], whole: Callable[..., Any]) -> Callable[[Any, Any, Any], np.ndarray]:
    """The influence on a mean over classes of sum(part) / sum(whole), both of masks of the true and the yes answers."""

    def influence(y: Any, predicted: Any, w: Any) -> np.ndarray:
        influences = []
        for truth, yes in answers(y, predicted):
            counted, of = part(truth, yes).astype(float), whole(truth, yes).astype(float)
            total = w @ of
            influences.append((counted - of * (w @ counted) / total) / total if total else np.zeros(len(y)))
        return np.mean(influences, axis=0)

    return influence


def log_loss(y: Any, predicted: Any, w: Any) -> np.ndarray:
    return _of_mean(log_losses(y, predicted), w)


def _squares(y: Any, predicted: Any) -> np.ndarray:
    return errors(y, predicted) ** 2


def root_mean_squared_error(y: Any, predicted: Any, w: Any) -> np.ndarray:
    squares = _squares(y, predicted).mean(axis=1)
    score = np.sqrt(np.average(squares, weights=w))
    return _of_mean(squares, w) / (2 * score) if score else np.zeros(len(y))


def mean_absolute_error(y: Any, predicted: Any, w: Any) -> np.ndarray:
    return _of_mean(np.abs(errors(y, predicted)).mean(axis=1), w)


def _unexplained(y: Any, predicted: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    """The mean squared error of each target over its variance, and the influences on it: (targets,), (n, targets)."""
    targets = y.astype(np.float64).reshape(len(y), -1)
    squares, around = _squares(y, predicted), (targets - np.average(targets, axis=0, weights=w)) ** 2
    error, variance = (np.average(values, axis=0, weights=w) for values in (squares, around))
    share = error / variance
    return share, ((squares - error) - share * (around - variance)) / (variance * w.sum())


def standardized_error(y: Any, predicted: Any, w: Any) -> np.ndarray:
    share, influence = _unexplained(y, predicted, w)
    root = np.sqrt(share)
    return np.divide(influence, 2 * root, out=np.zeros_like(influence), where=root > 0).mean(axis=1)


def r2(y: Any, predicted: Any, w: Any) -> np.ndarray:
    return -_unexplained(y, predicted, w)[1].mean(axis=1)


INFLUENCES: dict[str, Callable[[Any, Any, Any], np.ndarray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "auc": auc,
    "pr_auc": pr_auc,
    "f1": _of_shares(lambda truth, yes: 2 * (truth & yes), lambda truth, yes: 1 * truth + 1 * yes),
    "precision": _of_shares(lambda truth, yes: truth & yes, lambda truth, yes: yes),
    "recall": _of_shares(lambda truth, yes: truth & yes, lambda truth, yes: truth),
    "log_loss": log_loss,
    "root_mean_squared_error": root_mean_squared_error,
    "standardized_error": standardized_error,
    "mean_absolute_error": mean_absolute_error,
    "r2": r2,
}
"""The influence functions by the name of the metric."""
