"""model_for: the default model factory for the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..data.spec import SMALL_IMAGE

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["model_for"]


def model_for(spec: Spec | None, shape: Sequence[Any] = ()) -> str:
    """The name of the factory that suits the data.

    Images: "cnn", or "mlp" below 16 pixels a side. Tables of numbers: "mlp". Records of numbers and categories:
    "tabular"; with texts, images or sequences among them: "mixed". Texts: "text". Sequences: "rnn".

    Args:
        spec: of the data.
        shape: of one example, if there is no Spec.

    Example:
        >>> model_for(None, (28, 28, 1)), model_for(None, (30,))
        ('cnn', 'mlp')
    """
    if spec is None:
        kind = {3: "image", 2: "sequence"}.get(len(shape), "tabular")
    else:
        kind, shape = spec.kind, spec.input_shape
    if kind == "image":
        return "mlp" if min(shape[:2]) < SMALL_IMAGE else "cnn"
    if kind == "tabular":
        return "tabular" if spec is not None and spec.record else "mlp"
    return {"text": "text", "sequence": "rnn", "mixed": "mixed"}[kind]
