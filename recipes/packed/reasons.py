"""reason_against: why a training cannot be packed with others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.inside.layers import all_layers
from ...callbacks.inside.weights import bytes_of
from ...callbacks.schedules.base import StepSchedule
from ...callbacks.stop_on_nan import StopOnNaN
from ..regularization.early_stopping import BestEpoch, BestOrLast

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["LARGEST", "LAYERS", "reason_against"]

LAYERS = {
    keras.layers.Activation,
    keras.layers.ActivityRegularization,
    keras.layers.Add,
    keras.layers.AlphaDropout,
    keras.layers.Attention,
    keras.layers.Average,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.BatchNormalization,
    keras.layers.Bidirectional,
    keras.layers.Concatenate,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.Cropping2D,
    keras.layers.Dense,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dropout,
    keras.layers.ELU,
    keras.layers.Embedding,
    keras.layers.Flatten,
    keras.layers.GRU,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GroupNormalization,
    keras.layers.InputLayer,
    keras.layers.LSTM,
    keras.layers.LayerNormalization,
    keras.layers.LeakyReLU,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.Maximum,
    keras.layers.MultiHeadAttention,
    keras.layers.Multiply,
    keras.layers.Normalization,
    keras.layers.PReLU,
    keras.layers.Permute,
    keras.layers.RMSNormalization,
    keras.layers.ReLU,
    keras.layers.RepeatVector,
    keras.layers.Rescaling,
    keras.layers.Reshape,
    keras.layers.SeparableConv2D,
    keras.layers.SimpleRNN,
    keras.layers.Softmax,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.Subtract,
    keras.layers.UnitNormalization,
    keras.layers.UpSampling2D,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
}
"""Keras' layers that are known to give the same alone and packed: ``tests/recipes/packed`` compares each. Those of this
package may be used too."""

INSIDE = (keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell)
"""Parts of these layers."""

LARGEST = 2**26
"""The largest number of bytes for the weights of a pack and what the optimizer keeps of them."""


def reason_against(trainer: Trainer, callbacks: Iterable[Any], size: int) -> str | None:
    """Why a trainer's trainings cannot be packed, in words; None if they can.

    Args:
        trainer: with its compiled model at hand.
        callbacks: of the recipe.
        size: the number of members.
    """
    model, optimizer = trainer.model, trainer.model.optimizer
    if not _is_own(optimizer) or getattr(optimizer, "finds_its_own_step", False):
        return f"the optimizer {optimizer.name}"
    if optimizer.use_ema or optimizer.gradient_accumulation_steps:
        return "averaged weights or accumulated gradients"
    other = next((layer for layer in all_layers(model, include_self=False) if not _is_known(layer)), None)
    if other is not None:
        return f"the layer {type(other).__name__}"
    if any(variable.dtype not in ("float32", "int32", "uint32", "int64") for variable in model.variables):
        return "weights that are not float32"
    callback = next((callback for callback in callbacks if not _is_simple(callback)), None)
    if callback is not None:
        return f"the callback {type(callback).__name__}"
    variables = [*model.variables, *optimizer.variables]
    if size * bytes_of(variables) > LARGEST:
        return f"more than {LARGEST // 2**20} MiB of weights"
    return None


def _is_own(part: Any) -> bool:
    """Whether a layer or an optimizer comes with this package; another's may keep what it knows in Python."""
    return type(part).__module__.partition(".")[0] == "keras_recipes"


def _is_known(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, (keras.layers.RNN, *INSIDE)) and getattr(layer, "stateful", False):
        return False
    return _is_own(layer) or type(layer) in LAYERS or type(layer) in INSIDE or isinstance(layer, keras.Model)


def _is_simple(callback: Any) -> bool:
    """Whether a callback needs of the model no more than its weights, and of the training no more than its logs."""
    if isinstance(callback, StepSchedule):
        kind = type(callback)
        return (
            kind.on_epoch_end is StepSchedule.on_epoch_end
            and kind.on_train_begin is StepSchedule.on_train_begin
            and callback.optimizer is None
        )
    return type(callback) in (StopOnNaN, BestEpoch, BestOrLast)
