"""blend_with_linear: a network for tables and linear regression in one model, in the shares that do best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_number
from .choice import NONE
from .evaluation import evaluate
from .linear_fit import linear_weights
from .models.linear_part import linear_part_of
from .training_checks import check_shapes

if TYPE_CHECKING:
    from .data import Data

__all__ = ["blend_with_linear", "set_linear_share"]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the linear regression."""

OUTPUTS = "outputs"
"""The name of the layer that gives the network's own logits or numbers."""


@checked
def blend_with_linear(model: keras.Model, data: Data, *, class_weight: Any = NONE) -> float:
    """Blends a trained network for tables with linear regression, in the share with the least validation loss.

    The regression is a ridge regression, or a logistic one for classes. On few examples, on relations that are nearly
    linear and with columns that are nearly the same, it is often the better model, and a blend better than both. What
    is blended are logits, or numbers before they get the unit of the target. The result is the same Keras model with
    other weights. :func:`recipes.fit` does so by itself for recipes with early stopping, whose validation data choose
    the weights; call this after a ``model.fit`` of your own.

    Args:
        model: of :func:`recipes.mlp`, :func:`recipes.tabular` or :func:`recipes.mixed` with a Spec; trained, compiled
            and not blended before.
        data: that the model is for. The regression is fitted on the training split.
        class_weight: as in :class:`recipes.Recipe`. Default "none".

    Returns:
        The share of the regression: 0, 0.25, 0.5, 0.75 or 1. Other models have no linear part: 0.

    Raises:
        InvalidArgument: for a model that is blended already.

    Source: Wolpert 1992, "Stacked generalization".

    Example:
        >>> data = recipes.load("diabetes")
        >>> model = recipes.Recipe().compile(recipes.mlp(data.spec))
        >>> history = model.fit(data.train, epochs=1, shuffle=False, verbose=0)
        >>> recipes.blend_with_linear(model, data) > 0
        True
    """
    layer = linear_part_of(model)
    if layer is None:
        return 0.0
    check_shapes(model, data.spec)
    if any(np.any(values) for values in layer.get_weights()):
        raise InvalidArgument("model", model.name, "a model that is not yet blended with linear regression")
    own, linear = model.get_layer(OUTPUTS).get_weights(), linear_weights(model, layer, data, class_weight)
    losses = []
    for share in SHARES:
        _blend(model, own, layer, linear, share)
        # Of the kernels. Those of activities, left by a traced step, do not depend on the share.
        penalties = sum(float(penalty) for penalty in model.losses if hasattr(penalty, "numpy"))
        losses.append(float(evaluate(model, data, "validation")["loss"]) - penalties)
    share = SHARES[int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))]
    _blend(model, own, layer, linear, share)
    return share


def set_linear_share(model: keras.Model, data: Data, share: float, *, class_weight: Any = NONE) -> None:
    """Blends a trained network for tables with linear regression, in a share that is known.

    Args:
        model, data, class_weight: as for :func:`blend_with_linear`.
        share: of the regression, 0 to 1; with 0 nothing is done.

    Example:
        >>> set_linear_share(model, recipes.load("diabetes"), 0.5)        # doctest: +SKIP
    """
    share = check_number("share", share, low=0, high=1)
    layer = linear_part_of(model)
    if share and layer is not None:
        own = model.get_layer(OUTPUTS).get_weights()
        _blend(model, own, layer, linear_weights(model, layer, data, class_weight), share)


def _blend(
    model: keras.Model,
    own: list[np.ndarray],
    layer: keras.layers.Layer,
    linear: tuple[np.ndarray, np.ndarray],
    share: float,
) -> None:
    model.get_layer(OUTPUTS).set_weights([(1.0 - share) * values for values in own])
    layer.set_weights([share * values for values in linear])
