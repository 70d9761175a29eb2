"""tabular: a network for records of numbers, categories and dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from .mlp import mlp

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["tabular"]

KINDS = ("number", "category", "date", "vector", "text")


@checked
def tabular(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    hidden: Sequence[int] | None = None,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "tabular",
) -> keras.Model:
    """A network for records: columns encoded by Keras' ``FeatureSpace`` and concatenated, then dense layers.

    Numbers are scaled to zero mean and unit variance, or by their median and quartiles where these disagree (see
    :class:`recipes.data.statistics.scaling.Scaling`); a missing value becomes 0, the centre, and is flagged in a
    second number. A date becomes its days and, where they vary, the sine and cosine of its place in the year, the week
    and the day. A category of up to 31 values is one-hot; a larger one has a learned embedding. All values that are not
    in the training data form one extra category. Texts are averages of their word vectors. The model takes a dictionary
    of raw columns, each of shape (batch,).

    Args:
        spec: of the data (``data.spec``); it provides the columns, vocabularies, statistics and task.
        input_shape: (features,), for a plain table of numbers; instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        hidden: units of the hidden layers. Default None: (64, 32) for up to 20 columns, (128, 64) for up to 100, else
            (300, 100).
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`.

    Returns:
        A model from a dictionary of columns, or (batch, features), to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for records with images or sequences, and where :func:`recipes.mlp` raises it.

    Source: embeddings of categories: Guo & Berkhahn 2016, arXiv:1604.06737.

    Example:
        >>> tabular(input_shape=(10,), outputs=1, task="regression").output_shape
        (None, 1)
    """
    if spec is not None:
        columns = len(spec.features) if spec.record else spec.input_shape[0] if spec.kind == "tabular" else 0
        unsuitable = [feature.name for feature in spec.features if feature.kind not in KINDS] if spec.record else []
        if not columns or unsuitable:
            accepted = "of a table: use the model that suits the data, model='auto'"
            raise InvalidArgument("spec", unsuitable or spec.kind, accepted)
    else:
        columns = input_shape[0] if isinstance(input_shape, Sequence) and len(input_shape) == 1 else 0
    if hidden is None:
        hidden = (64, 32) if columns <= 20 else (128, 64) if columns <= 100 else (300, 100)
    return mlp(
        spec,
        input_shape=input_shape,
        outputs=outputs,
        hidden=hidden,
        activation=activation,
        initializer=initializer,
        bias=bias,
        normalization=normalization,
        regularizer=regularizer,
        preprocessing=preprocessing,
        task=task,
        name=name,
    )
