"""Refused: a format cannot hold a model; and the reasons that are known before any conversion."""

from __future__ import annotations

import re

import keras

from ....callbacks.inside.layers import all_layers
from ...data.spec import Spec

__all__ = ["Refused", "check_portable", "in_a_line"]


class Refused(ValueError):
    """Why a format cannot hold a model, in one line."""


def check_portable(model: keras.Model, spec: Spec) -> None:
    """Raises Refused for what no format but a SavedModel holds: strings that are taken apart, and half precision.

    Args:
        model: the trained model.
        spec: of its data.
    """
    for feature in spec.features:
        if feature.dtype == "string" and (feature.kind == "text" or feature.format):
            what = f"column {feature.name!r} holds" if spec.record else "the inputs are"
            kind = "texts" if feature.kind == "text" else f"{feature.kind}s as strings"
            raise Refused(f"{what} {kind}, which are taken apart by operations that only a SavedModel has")
    half = {layer.compute_dtype for layer in all_layers(model)} & {"float16", "bfloat16"}
    if half:
        raise Refused(
            f"the model computes in {half.pop()}, which its runtime rounds in other places than TensorFlow; train with"
            " the dtype policy 'float32'"
        )


def in_a_line(error: BaseException, limit: int = 160) -> str:
    """The message of a converter's error, without its many lines and source locations.

    Example:
        >>> in_a_line(ValueError("no such operation\\n  in loc(7)"))
        'no such operation in loc(7)'
    """
    text = re.sub(r"<unknown>:0: (error|note): |loc\(.*?\): ", "", " ".join(str(error).split()))
    return text[:limit] or type(error).__name__
