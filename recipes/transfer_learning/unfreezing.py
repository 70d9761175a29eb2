"""unfreeze and fine_tune: train the layers below a trained head too, at smaller rates."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer, check_number
from ..optimizers.layer_rates import LayerRates
from ..recipe import Recipe
from ..run import Run
from ..training import fit
from .trunk import HEAD, call_of, has_kernel, input_of, leaves_of, set_trainable

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["fine_tune", "unfreeze"]

FACTOR = 0.1
"""The default factor of the trunk's rate once it is unfrozen."""


@checked
def unfreeze(
    model: keras.Model,
    recipe: Recipe,
    *,
    layers: int | None = None,
    factor: float | tuple[float, float] = FACTOR,
) -> Recipe:
    """Makes layers below the head trainable, and returns a recipe that trains them at smaller rates than the head.

    Batch normalization stays frozen, scale and shift too: with few data its statistics would be worse than the original
    ones, to which the layers above are adapted. Dropout that was removed stays removed. All rates follow the recipe's
    schedule in constant proportion: see :class:`LayerRates`. (Keras' ``MultiOptimizer`` would train all layers at the
    rate that a schedule sets.)

    Args:
        model: of :func:`transfer`, with its head trained; changed in place.
        recipe: with a learning rate, the head's: for example ``run.recipe`` of the training of the head, or of one with
            fewer layers unfrozen. It does not change.
        layers: how many of the upper layers with a kernel to unfreeze, >= 1; None (default) for all.
        factor: of the rate of these layers, in (0, 1]: one number for all (default 0.1), or two for the lowest and the
            uppermost layer, with equal ratios between.

    Returns:
        A Recipe for training this model; it differs in its optimizer only.

    Raises:
        InvalidArgument: for a model without a layer "outputs", a recipe without a rate or whose optimizer finds its
            step itself, and values out of range; the model is then unchanged.

    Source: rates that fall with depth: Howard and Ruder 2018, section 3.2; frozen statistics: Keras' guide "Transfer
    learning and fine-tuning".

    Example:
        >>> gentle = recipes.unfreeze(model, run.recipe, layers=2, factor=(0.03, 0.3))   # doctest: +SKIP
        >>> run = recipes.fit(data, gentle, model=model, epochs=5)
    """
    if HEAD not in {layer.name for layer in model.layers}:
        raise InvalidArgument("model", model.name, "what recipes.transfer returns")
    if recipe.learning_rate is None:
        raise InvalidArgument("recipe", recipe, "one with a learning rate: run.recipe of the training of the head")
    low, high = factor if isinstance(factor, (tuple, list)) and len(factor) == 2 else (factor, factor)
    for bound in (low, high):
        check_number("factor", bound, above=0, high=1)
    trunk = leaves_of(keras.Model(input_of(model), call_of(model, model.get_layer(HEAD)).input_tensors))
    kernels = [number for number, layer in enumerate(trunk) if has_kernel(layer)]
    count = len(kernels) if layers is None else check_integer("layers", layers, low=1)
    kernels = kernels[-count:]
    if not kernels:
        raise InvalidArgument("model", model.name, "one with weights under its head")
    chosen = [layer for layer in trunk[kernels[0] :] if not isinstance(layer, keras.layers.BatchNormalization)]
    factors, below = {}, -1
    for layer in chosen:
        below += has_kernel(layer)
        if layer.weights:
            factors[layer.name] = float(low * (high / low) ** (below / max(1, len(kernels) - 1)))
    # Without regularizers, whose options the optimizer gets when the recipe builds it.
    optimizer = dataclasses.replace(recipe, regularizer=()).build_optimizer()
    if isinstance(optimizer, LayerRates):  # from an earlier unfreezing of fewer layers
        optimizer = optimizer.inner_optimizer
    gentle = dataclasses.replace(recipe, optimizer=LayerRates(optimizer, factors))
    wanted = {id(layer) for layer in chosen}
    set_trainable(model, {id(layer): layer.trainable or id(layer) in wanted for layer in leaves_of(model)})
    return gentle


@checked
def fine_tune(
    model: keras.Model,
    data: Data,
    recipe: Recipe | None = None,
    *,
    epochs: tuple[int, int] = (5, 5),
    layers: int | None = None,
    factor: float | tuple[float, float] = FACTOR,
    seed: int = 0,
    verbose: int | str = "auto",
) -> Run:
    """Both stages in one call: trains the head of a transferred model, then unfreezes the layers below and trains on.

    Args:
        model: of :func:`transfer`; trained in place.
        data: to train on.
        recipe: of both stages; default ``Recipe()``. A range test, if needed, runs once, before the first stage; a
            schedule such as 1cycle runs once per stage.
        epochs: of the first and the second stage, each >= 1. Default (5, 5).
        layers, factor: of the second stage, as in :func:`unfreeze`.
        seed: of both stages, >= 0. Default 0.
        verbose: of Keras' ``fit``. Default "auto".

    Returns:
        The :class:`recipes.Run` of the second stage; of the first if that diverged.

    Raises:
        InvalidArgument: as :func:`unfreeze` and :func:`recipes.fit` do.

    Source: Keras' guide "Transfer learning and fine-tuning"; two stages under 1cycle: Howard and Gugger 2020.

    Example:
        >>> run = recipes.fine_tune(recipes.transfer("runs/digits", letters), letters)   # doctest: +SKIP
        >>> run.evaluate()
    """
    if not isinstance(epochs, (tuple, list)) or len(epochs) != 2:
        raise InvalidArgument("epochs", epochs, "two integers >= 1, one per stage")
    for count in epochs:
        check_integer("epochs", count, low=1)
    options: dict[str, Any] = {"model": model, "seed": seed, "verbose": verbose}
    head = fit(data, recipe, epochs=epochs[0], **options)
    if head.diverged:
        return head
    return fit(data, unfreeze(model, head.recipe, layers=layers, factor=factor), epochs=epochs[1], **options)
