"""The data as a compiled model takes them, in batches or as arrays: its inputs, and classes as its loss takes them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras

from ..model_inputs import inputs_for
from ..registration.origins import is_of_keras

if TYPE_CHECKING:
    from ..data.spec import Spec
    from ..whole_epochs.arrays import Split

__all__ = ["batches_for", "split_for", "takes_one_hot"]


def takes_one_hot(model: keras.Model, spec: Spec) -> bool:
    """Whether the loss takes classes as one-hot vectors: Keras' losses of several outputs do, but for the sparse ones.

    A loss of one's own gets classes as the data have them, as numbers.

    Args:
        model: compiled and built.
        spec: of the data.
    """
    loss, outputs = getattr(model, "loss", None), getattr(model, "outputs", None) or ()
    width = outputs[0].shape[-1] if outputs else spec.outputs
    if spec.task not in ("multiclass", "binary") or width < 2:
        return False
    if isinstance(loss, str):
        return not loss.lower().startswith("sparse")
    if loss is None or isinstance(loss, (list, tuple, dict)) or not is_of_keras(loss):
        return False
    named = loss if inspect.isfunction(loss) or isinstance(loss, type) else type(loss)
    return not named.__name__.lower().startswith("sparse")


def batches_for(model: keras.Model, batches: Any, spec: Spec) -> Any:
    """Batches of the data as the model and its loss take them.

    Args:
        model: compiled and built.
        batches: a tf.data.Dataset of (x, y) or (x, y, weight).
        spec: of the data.
    """
    columns = batches.element_spec[0]
    if inputs_for(model, columns) is not columns:
        batches = batches.map(lambda x, *rest: (_as_tuple(inputs_for(model, x)), *rest))
    if not takes_one_hot(model, spec):
        return batches
    return batches.map(lambda x, y, *weight: (x, _one_hot(y, spec), *weight))


def split_for(model: keras.Model, split: Split, spec: Spec) -> Split:
    """A split as the loss takes it, of a model that takes the columns as they are.

    Args:
        model: compiled and built.
        split: x, y and weights, as tensors.
        spec: of the data.
    """
    x, y, weights = split
    return x, _one_hot(y, spec) if takes_one_hot(model, spec) else y, weights


def _one_hot(y: Any, spec: Spec) -> Any:
    import tensorflow as tf

    return tf.one_hot(tf.cast(tf.reshape(y, [-1]), tf.int32), max(spec.outputs, 2))


def _as_tuple(x: Any) -> Any:
    """Lists would become one tensor in tf.data."""
    return tuple(x) if isinstance(x, list) else x
