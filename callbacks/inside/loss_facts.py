"""What the compiled loss of a model takes: classes or values, logits or probabilities; and its value by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from .training import compute_loss, forward, step_loss

__all__ = ["LossFacts", "as_tensors", "chance_losses", "data_loss", "loss_facts", "lowest_loss", "stateless"]


@dataclass(frozen=True)
class LossFacts:
    """What the loss of a model with one output takes.

    Attributes:
        crossentropy: whether it is one, or a focal loss.
        sparse: whether targets are numbers of classes.
        binary: whether each output is a yes or no of its own.
        from_logits: whether it applies the softmax or sigmoid itself.
        ignored: the number of a class that does not count; None if there is none.
    """

    crossentropy: bool
    sparse: bool = False
    binary: bool = False
    from_logits: bool = False
    ignored: int | None = None


def loss_facts(loss: Any) -> LossFacts:
    """Reads a loss as it was given to ``compile``: a name, a function or an object, also one that wraps another.

    Example:
        >>> loss_facts(keras.losses.BinaryCrossentropy(from_logits=True))
        LossFacts(crossentropy=True, sparse=False, binary=True, from_logits=True, ignored=None)
        >>> loss_facts("mse").crossentropy
        False
    """
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    while isinstance(getattr(loss, "loss", None), keras.losses.Loss):
        loss = loss.loss
    kinds = [kind.__name__ for kind in type(loss).__mro__] if isinstance(loss, keras.losses.Loss) else []
    names = " ".join([*kinds, getattr(loss, "__name__", "")]).lower().replace("_", "")
    if "crossentropy" not in names and "focal" not in names:
        return LossFacts(False)
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    sparse = "sparse" in names or "smoothedcrossentropy" in names
    binary, from_logits = "binary" in names, bool(config.get("from_logits", False))
    return LossFacts(True, sparse, binary, from_logits, config.get("ignore_class"))


def as_tensors(batch: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """The parts (x, y, sample weights) of a batch as tensors of the backend; one that is None stays None."""
    x, y, weights = (
        None if part is None else keras.tree.map_structure(keras.ops.convert_to_tensor, part) for part in batch
    )
    return x, y, weights


def data_loss(model: keras.Model, batch: tuple[Any, Any, Any]) -> float:
    """The loss of a batch in training mode without penalties on weights; nothing is changed.

    Args:
        model: built and compiled.
        batch: (x, y, sample weights) of tensors.
    """
    weights = model.trainable_weights
    result = step_loss(model, keras.utils.pack_x_y_sample_weight(*batch), weights, [w.value for w in weights])
    return float(result.loss) - (0.0 if result.penalties is None else float(result.penalties))


def chance_losses(model: keras.Model, batches: Sequence[tuple[Any, Any, Any]]) -> tuple[float, float] | None:
    """The loss of the best constant prediction, and that of a model that deems all classes equally likely.

    For cross-entropy these are the entropy of the classes' shares and log K; for squared errors the variance of the
    targets, twice. None for a model with several outputs or a loss that takes no such prediction.

    Args:
        model: with one output.
        batches: (x, y, sample weights) of tensors.
    """
    facts = loss_facts(model.loss)
    x, y, _ = batches[0]
    if y is None or keras.tree.is_nested(y):
        return None
    output = forward(model, x)
    if keras.tree.is_nested(output) or not hasattr(output, "shape"):
        return None
    units = output.shape[-1]
    targets = [np.asarray(keras.ops.convert_to_numpy(labels)) for _, labels, _ in batches]
    if facts.sparse:
        labels = np.concatenate([part.reshape(-1) for part in targets]).astype(np.int64)
        labels = labels if facts.ignored is None else labels[labels != facts.ignored]
        shares = np.bincount(labels, minlength=units)[:units] / max(1, len(labels))
        constants = [shares, np.full(units, 1 / units)]
    else:
        flat = np.concatenate([part.reshape(len(part), -1).astype(np.float64) for part in targets])
        mean = flat.mean(axis=0)
        even = np.full_like(mean, 0.5 if facts.binary else 1 / units)
        constants = [mean, even if facts.crossentropy else mean]
    losses = []
    for constant in constants:
        values = np.clip(constant, 1e-6, 1 - 1e-6) if facts.crossentropy else constant
        if facts.from_logits:
            values = np.log(values / (1 - values)) if facts.binary else np.log(values)
        try:
            losses.append(np.mean([_loss_of(model, batch, values, output) for batch in batches]))
        except Exception:  # of a loss of the user's own, which may need another form
            return None
    return float(losses[0]), float(losses[1])


def lowest_loss(model: keras.Model, batch: tuple[Any, Any, Any]) -> float:
    """The data loss of a perfect answer: above 0 for the cross-entropy of targets between 0 and 1, such as pixels."""
    x, y, weights = batch
    facts = loss_facts(model.loss)
    if y is None or keras.tree.is_nested(y) or not facts.binary or facts.from_logits:
        return 0.0
    output = forward(model, x)
    if tuple(output.shape) != tuple(y.shape):
        return 0.0
    with stateless(model):
        return float(compute_loss(model, x, y, keras.ops.cast(y, output.dtype), weights)) - _penalty(model)


def _loss_of(model: keras.Model, batch: tuple[Any, Any, Any], values: np.ndarray, output: Any) -> float:
    """The data loss of one batch for a constant prediction, one value a unit or one for each entry of a target."""
    x, y, weights = batch
    shape = tuple(y.shape) if values.size > 1 and values.size == np.prod(y.shape[1:]) else None
    if shape is None:  # one value a unit, for all positions
        positions = tuple(y.shape) if len(y.shape) == len(output.shape) - 1 else tuple(y.shape)[:-1]
        predicted = np.broadcast_to(values, (*positions, output.shape[-1]))
    else:
        predicted = np.broadcast_to(values.reshape(shape[1:]), shape)
    with stateless(model):
        tensor = keras.ops.convert_to_tensor(np.ascontiguousarray(predicted), dtype=output.dtype)
        return float(compute_loss(model, x, y, tensor, weights)) - _penalty(model)


def stateless(model: keras.Model) -> keras.StatelessScope:
    """A scope in which nothing changes, and penalties on weights find their values."""
    return keras.StatelessScope([(weight, weight.value) for weight in model.trainable_weights])


def _penalty(model: keras.Model) -> float:
    return float(sum(float(keras.ops.sum(penalty)) for penalty in model.losses))
