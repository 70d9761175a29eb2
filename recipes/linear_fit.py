"""fit_linear_part: ridge or logistic regression as the start of a network for tables."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from .models.linear_part import linear_part_of

if TYPE_CHECKING:
    from .data import Data

__all__ = ["fit_linear_part", "is_fitted"]

MOST_VALUES = 2e7
"""At most so many values of encoded columns times outputs are fitted; of more examples a part is drawn."""

FOLDS, FEW = 5, 1000
"""Logistic regression on fewer examples chooses its penalty by cross-validation in so many folds."""

RIDGE = np.logspace(-7, 1, 17)
"""Penalties of the ridge regression, per example, of targets with a variance of 1."""

LOGISTIC = np.logspace(-3, 3, 7)
"""The inverse penalties ``C`` of the logistic regression."""

MOST_STEPS = 300
BATCH = 4096

_fitted: WeakKeyDictionary[Data, dict[Any, tuple[np.ndarray, np.ndarray]]] = WeakKeyDictionary()
"""The weights by data: the trainings of a search share them."""


def fit_linear_part(model: keras.Model, data: Data) -> bool:
    """Fits the linear part of a network for tables on the training split, so that training starts from it.

    Ridge regression for numbers, logistic regression for classes and labels. The penalty comes from the training split
    (leave-one-out, or five folds), or with 1,000 examples and more for classes from the validation split. The hidden
    layers, whose output is nearly 0 at first, then learn what is not linear. :func:`recipes.fit` does this by itself;
    call it before a ``model.fit`` of your own.

    Args:
        model: of :func:`recipes.mlp`, :func:`recipes.tabular` or :func:`recipes.mixed`, with a Spec.
        data: that the model is for.

    Returns:
        Whether the model has a linear part; if not, nothing is done.

    Source: Cheng et al. 2016, arXiv:1606.07792, whose wide part is trained; Hoerl and Kennard 1970 on ridge regression.

    Example:
        >>> data = recipes.load("diabetes")
        >>> model = recipes.mlp(data.spec)
        >>> recipes.fit_linear_part(model, data)
        True
    """
    layer = linear_part_of(model)
    if layer is None:
        return False
    known = _fitted.setdefault(data, {})
    key = tuple(layer.kernel.shape)
    if key not in known:
        columns = keras.Model(model.input, layer.input)
        known[key] = _regression(columns, data) if data.spec.task == "regression" else _logistic(columns, data)
    layer.set_weights(list(known[key]))
    return True


def is_fitted(model: keras.Model) -> bool:
    """Whether a model has a linear part whose weights are not all 0."""
    layer = linear_part_of(model)
    return layer is not None and bool(np.any(layer.get_weights()[0]))


def _encoded(columns: keras.Model, data: Data, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The encoded columns, targets and sample weights of a split, or of as many of its examples as are fitted."""
    import tensorflow as tf

    x, y = data.arrays(split)
    weights = data.sample_weight(split)
    most = max(1, int(MOST_VALUES / (columns.output_shape[-1] * data.spec.outputs)))
    drawn = np.random.default_rng(0).permutation(len(y))[:most] if len(y) > most else np.arange(len(y))
    chosen = keras.tree.map_structure(lambda values: values[drawn], x)
    batches = tf.data.Dataset.from_tensor_slices(chosen).batch(BATCH)
    encoded = np.concatenate([np.asarray(columns(batch, training=False)) for batch in batches])
    return encoded.astype(np.float64), np.asarray(y)[drawn], None if weights is None else weights[drawn]


def _regression(columns: keras.Model, data: Data) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import RidgeCV

    x, y, weights = _encoded(columns, data, "train")
    spec = data.spec
    y = (y.reshape(len(y), -1) - np.atleast_1d(spec.target_mean)) / np.sqrt(np.atleast_1d(spec.target_variance))
    kernel, bias = np.zeros((x.shape[1], spec.outputs)), y.mean(axis=0)
    if len(y) > 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of nearly singular matrices
            for number, target in enumerate(y.T):
                ridge = RidgeCV(RIDGE * len(y)).fit(x, target, sample_weight=weights)
                kernel[:, number], bias[number] = ridge.coef_, ridge.intercept_
    return _finite(kernel, bias)


def _logistic(columns: keras.Model, data: Data) -> tuple[np.ndarray, np.ndarray]:
    x, y, weights = _encoded(columns, data, "train")
    more_x, more_y, _ = _encoded(columns, data, "validation")
    outputs = data.spec.outputs
    if data.spec.task == "multiclass":
        return _finite(*_classifier(x, y, weights, more_x, more_y, outputs))
    y, more_y = y.reshape(len(y), -1), more_y.reshape(len(more_y), -1)
    parts = [_classifier(x, y[:, k], weights, more_x, more_y[:, k], 1) for k in range(outputs)]
    return _finite(np.concatenate([kernel for kernel, _ in parts], axis=1), np.concatenate([bias for _, bias in parts]))


def _classifier(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray | None, more_x: np.ndarray, more_y: np.ndarray, outputs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the best logistic regression: of a class and the other, or of all classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    kernel, bias = np.zeros((x.shape[1], outputs)), np.zeros(outputs)
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) < 2:
        return kernel, bias
    folds = min(FOLDS, int(counts.min()))
    if len(y) < FEW and folds > 1:
        parts = [
            (x[fit], y[fit], None if weights is None else weights[fit], x[rest], y[rest])
            for fit, rest in StratifiedKFold(folds, shuffle=True, random_state=0).split(x, y)
        ]
    else:
        parts = [(x, y, weights, more_x, more_y)]
    losses = np.zeros(len(LOGISTIC))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of solvers that stop before they converge
        for fit_x, fit_y, fit_weights, rest_x, rest_y in parts:
            regression = LogisticRegression(max_iter=MOST_STEPS, warm_start=True)
            for number, inverse in enumerate(LOGISTIC):
                regression.set_params(C=inverse).fit(fit_x, fit_y, sample_weight=fit_weights)
                losses[number] += _log_loss(regression, rest_x, rest_y) * len(rest_y)
        best = float(LOGISTIC[int(np.argmin(losses))])
        regression = LogisticRegression(C=best, max_iter=MOST_STEPS).fit(x, y, sample_weight=weights)
    if outputs == 1:
        return regression.coef_.T, regression.intercept_
    if len(labels) == 2:  # of several classes: the logit is the difference of theirs
        half = np.concatenate([-regression.coef_, regression.coef_]) / 2
        kernel[:, labels.astype(int)] = half.T
        bias[labels.astype(int)] = np.array([-1.0, 1.0]) * regression.intercept_ / 2
    else:
        kernel[:, labels.astype(int)], bias[labels.astype(int)] = regression.coef_.T, regression.intercept_
    return kernel, bias


def _log_loss(regression: Any, x: np.ndarray, y: np.ndarray) -> float:
    """The mean log loss of the labels that the regression knows; 0 without any."""
    known = np.isin(y, regression.classes_)
    if not known.any():
        return 0.0
    places = np.searchsorted(regression.classes_, y[known])
    return float(-np.mean(regression.predict_log_proba(x[known])[np.arange(known.sum()), places]))


def _finite(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights in the precision of the layer, or zeros if some are too large for it."""
    kernel, bias = kernel.astype(np.float32), bias.astype(np.float32)
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        return np.zeros_like(kernel), np.zeros_like(bias)
    return kernel, bias
