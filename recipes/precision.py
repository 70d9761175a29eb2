"""Mixed precision as a choice: layers that compute in half precision, with weights in float32."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from ..callbacks.checks import InvalidArgument, check_choice
from ..callbacks.inside.layers import all_layers
from .catalogue import Lookup, Option

__all__ = ["PRECISIONS", "check_built_in", "check_precision", "in_precision", "is_half"]

PRECISIONS = Lookup(
    "precision",
    [
        Option(
            "float32",
            "Layers compute in single precision.",
            "IEEE 754",
            when="On processors without bfloat16, for regression to many digits, and to compare with "
            "published numbers. On accelerators it leaves much of their speed unused.",
        ),
        Option(
            "mixed_bfloat16",
            "Layers compute in bfloat16, with weights in float32: for TPUs, GPUs and processors with such units.",
            "Kalamkar et al. 2019",
            when="On TPUs, GPUs since Ampere and processors with AMX, where convolutions were half as fast "
            "again here. Not on older processors, which have to emulate it.",
        ),
        Option(
            "mixed_float16",
            "Layers compute in float16, with weights in float32 and a scaled loss: for GPUs.",
            "Micikevicius et al. 2018",
            when="On GPUs before Ampere, which lack bfloat16. Not on processors, nor where gradients overflow "
            "in spite of the scaled loss.",
        ),
    ],
)


def check_precision(value: Any) -> str | None:
    """Returns a choice of precision, or raises InvalidArgument. None is Keras' own, ``keras.config.dtype_policy()``."""
    return check_choice("precision", value, (None, *PRECISIONS))


def is_half(precision: str | None) -> bool:
    """Whether layers compute in half precision by this choice.

    Example:
        >>> is_half("mixed_bfloat16"), is_half("float32"), is_half(None)
        (True, False, False)
    """
    return precision is not None and precision.startswith("mixed_")


@contextlib.contextmanager
def in_precision(precision: str | None) -> Iterator[None]:
    """A context in which new layers have this dtype policy; None leaves Keras' own setting.

    Example:
        >>> with in_precision("mixed_bfloat16"):
        ...     layer = keras.layers.Dense(2)
        >>> layer.compute_dtype, keras.layers.Dense(2).compute_dtype
        ('bfloat16', 'float32')
    """
    if precision is None:
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def check_built_in(model: keras.Model, precision: str | None) -> None:
    """Raises for a model of one's own whose layers were made with another policy: it cannot be changed afterwards.

    Raises:
        InvalidArgument: naming a policy of the model.
    """
    if precision is None:
        return
    with_weights = [layer for layer in all_layers(model, include_self=False) if layer.trainable_weights]
    policies = sorted({layer.dtype_policy.name for layer in with_weights})
    if policies and precision not in policies:
        accepted = f"None for a model whose layers were made in {policies[0]}: make them with dtype={precision!r}"
        raise InvalidArgument("precision", precision, accepted)
