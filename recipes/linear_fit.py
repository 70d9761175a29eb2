"""linear_weights: ridge or logistic regression on what a network for tables sees."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import keras
import numpy as np

from .choice import NONE
from .class_weights import check_class_weight, class_weights

if TYPE_CHECKING:
    from .data import Data

__all__ = ["linear_weights"]

MOST_VALUES = 2e7
"""At most so many values of encoded columns times outputs are fitted; of more examples a part is drawn."""

FOLDS, FEW, FEW_VALUES = 5, 1000, 3e5
"""Logistic regression on fewer examples, and fewer values of columns times outputs, chooses its penalty in folds."""

RIDGE = np.logspace(-7, 1, 17)
"""Penalties of the ridge regression, per example, of targets with a variance of 1."""

LOGISTIC = np.logspace(-3, 2, 6)
"""The inverse penalties ``C`` of the logistic regression."""

MOST_STEPS = 300
BATCH = 4096

_fitted: WeakKeyDictionary[Data, dict[Any, tuple[np.ndarray, np.ndarray]]] = WeakKeyDictionary()
"""The weights by data: the trainings of a search share them."""


def linear_weights(
    model: keras.Model, layer: keras.layers.Layer, data: Data, class_weight: Any = NONE
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the linear part of a network for tables, fitted on the training split.

    Ridge regression for numbers, logistic regression for classes and labels. The penalty comes from the training split
    (leave-one-out, or five folds), or with 1,000 examples and more for classes from the validation split.

    Args:
        model: a network for tables.
        layer: its linear part.
        data: that the model is for. Sample weights count.
        class_weight: as in :class:`recipes.Recipe`. Default "none".

    Source: Hoerl and Kennard 1970 on ridge regression.
    """
    known = _fitted.setdefault(data, {})
    class_weight = check_class_weight(class_weight)
    key = (tuple(layer.kernel.shape), str(class_weight))
    if key not in known:
        columns = keras.Model(model.input, layer.input)
        regression = data.spec.task == "regression"
        known[key] = _regression(columns, data) if regression else _logistic(columns, data, class_weight)
    return known[key]


def _encoded(columns: keras.Model, data: Data, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The encoded columns, targets and sample weights of a split, or of as many of its examples as are fitted."""
    import tensorflow as tf

    x, y = data.arrays(split)
    weights = data.sample_weight(split)
    most = max(1, int(MOST_VALUES / (columns.output_shape[-1] * data.spec.outputs)))
    drawn = np.random.default_rng(0).permutation(len(y))[:most] if len(y) > most else np.arange(len(y))
    chosen = keras.tree.map_structure(lambda values: values[drawn], x)
    batches = tf.data.Dataset.from_tensor_slices(chosen).batch(BATCH)
    encoded = np.concatenate([np.asarray(columns(batch, training=False)) for batch in batches])
    drawn_weights = np.ones(len(drawn)) if weights is None else np.asarray(weights, np.float64)[drawn]
    return encoded.astype(np.float64), np.asarray(y)[drawn], drawn_weights


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
                ridge = RidgeCV(RIDGE * len(y)).fit(x, target, sample_weight=weights / weights.mean())
                kernel[:, number], bias[number] = ridge.coef_, ridge.intercept_
    return _finite(kernel, bias)


def _logistic(columns: keras.Model, data: Data, class_weight: Any) -> tuple[np.ndarray, np.ndarray]:
    splits = [_encoded(columns, data, split) for split in ("train", "validation")]
    spec = data.spec
    by_class = None if class_weight == NONE else class_weights(class_weight, spec)
    if spec.task == "multiclass":
        examples = [Examples(x, y, weights).weighted(by_class) for x, y, weights in splits]
        return _finite(*_classifier(spec.outputs, *examples))
    parts = []
    for k in range(spec.outputs):
        of_label = by_class[k] if by_class is not None and spec.task == "multilabel" else by_class
        columns_of = [(x, y.reshape(len(y), -1)[:, k], weights) for x, y, weights in splits]
        parts.append(_classifier(1, *(Examples(*part).weighted(of_label) for part in columns_of)))
    return _finite(np.concatenate([kernel for kernel, _ in parts], axis=1), np.concatenate([bias for _, bias in parts]))


class Examples(NamedTuple):
    """Encoded columns (n, size), classes (n,) and weights (n,)."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    def weighted(self, by_class: Sequence[float] | None) -> Examples:
        """The same with the weights of their classes, and a mean weight of 1."""
        weights = self.weights if by_class is None else self.weights * np.asarray(by_class)[self.y.astype(int)]
        return self._replace(weights=weights / max(weights.mean(), 1e-30))

    def taken(self, places: np.ndarray) -> Examples:
        """The examples at these places."""
        return Examples(*(values[places] for values in self))


def _classifier(outputs: int, train: Examples, validation: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the best logistic regression: of a class and the other, or of all classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    kernel, bias = np.zeros((train.x.shape[1], outputs)), np.zeros(outputs)
    labels, counts = np.unique(train.y, return_counts=True)
    if len(labels) < 2:
        return kernel, bias
    axes = None
    if train.x.shape[1] > len(train.x):  # the penalty sees only the space that the examples span
        axes = np.linalg.svd(train.x, full_matrices=False)[2]
        train, validation = (examples._replace(x=examples.x @ axes.T) for examples in (train, validation))
    folds = min(FOLDS, int(counts.min()))
    if len(train.y) < FEW and train.x.size * outputs < FEW_VALUES and folds > 1:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
        parts = [(train.taken(fit), train.taken(rest)) for fit, rest in splitter.split(train.x, train.y)]
    else:
        parts = [(train, validation)]
    losses = np.zeros(len(LOGISTIC))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of solvers that stop before they converge
        for fit, rest in parts:
            regression = LogisticRegression(max_iter=MOST_STEPS, warm_start=True)
            for number, inverse in enumerate(LOGISTIC):
                regression.set_params(C=inverse).fit(fit.x, fit.y, sample_weight=fit.weights)
                losses[number] += _log_loss(regression, rest)
        best = float(LOGISTIC[int(np.argmin(losses))])
        regression = LogisticRegression(C=best, max_iter=MOST_STEPS).fit(train.x, train.y, sample_weight=train.weights)
    coefficients = regression.coef_ if axes is None else regression.coef_ @ axes
    if outputs == 1:
        return coefficients.T, regression.intercept_
    if len(labels) == 2:  # of several classes: the logit is the difference of theirs
        half = np.concatenate([-coefficients, coefficients]) / 2
        kernel[:, labels.astype(int)] = half.T
        bias[labels.astype(int)] = np.array([-1.0, 1.0]) * regression.intercept_ / 2
    else:
        kernel[:, labels.astype(int)], bias[labels.astype(int)] = coefficients.T, regression.intercept_
    return kernel, bias


def _log_loss(regression: Any, examples: Examples) -> float:
    """The weighted sum of the log losses of the labels that the regression knows."""
    known = examples.taken(np.isin(examples.y, regression.classes_))
    if not len(known.y):
        return 0.0
    places = np.searchsorted(regression.classes_, known.y)
    return float(-known.weights @ regression.predict_log_proba(known.x)[np.arange(len(places)), places])


def _finite(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights in the precision of the layer, or zeros if some are too large for it."""
    kernel, bias = kernel.astype(np.float32), bias.astype(np.float32)
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        return np.zeros_like(kernel), np.zeros_like(bias)
    return kernel, bias
