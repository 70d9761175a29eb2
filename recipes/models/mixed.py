"""mixed: a network for records of images, texts, sequences, numbers and categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from .mlp import mlp

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["mixed"]


@checked
def mixed(
    spec: Spec,
    *,
    hidden: Sequence[int] = (128, 64),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    name: str = "mixed",
) -> keras.Model:
    """A network with one branch per input, concatenated before the dense layers.

    Images pass through three convolutions of 16, 32 and 64 filters with pooling and are averaged; sequences pass
    through an LSTM of 32 units; texts are averages of their word vectors; numbers and categories are encoded as in
    :func:`recipes.tabular`. The model takes a dictionary of raw inputs.

    Args:
        spec: of the data (``data.spec``), which must be records.
        hidden: units of the dense layers after the branches. Default (128, 64).
        activation, initializer, bias, normalization, regularizer, preprocessing, name: as in :func:`recipes.mlp`; only
            the dense layers count towards "deep".

    Returns:
        A model from a dictionary of inputs to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for data other than records, and where :func:`recipes.mlp` raises it.

    Source: networks for several kinds of input: Ngiam et al. 2011.

    Example:
        >>> x = {"image": np.zeros((40, 8, 8, 1), "uint8"), "age": np.arange(40.0)}
        >>> mixed(recipes.Data.from_arrays(x, np.arange(40) % 2).spec).output_shape
        (None, 1)
    """
    if not spec.record:
        raise InvalidArgument("spec", spec.kind, "of records: several inputs by name")
    return mlp(
        spec,
        hidden=hidden,
        activation=activation,
        initializer=initializer,
        bias=bias,
        normalization=normalization,
        regularizer=regularizer,
        preprocessing=preprocessing,
        name=name,
    )
