"""AlphaDropout: dropout that keeps the mean and the variance, for self-normalizing networks."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "AlphaDropout"]


class AlphaDropout(Regularizer):
    """Sets a random fraction of each hidden layer's outputs to SELU's lowest value during training, not to zero.

    What it drops becomes -1.758, the limit of SELU on the left; a scale and a shift then restore mean 0 and variance 1,
    which SELU networks keep by themselves and ordinary dropout would change. It is meant for ``activation="selu"``:
    after other activations, whose mean and variance are not 0 and 1, it is noise without that property. It does nothing
    at inference. As with :class:`recipes.regularization.Dropout`, whole channels are dropped after convolutions, the
    same units at all steps of a sequence, and none before a batch normalization.

    Args:
        rate: fraction of the hidden units dropped, in [0, 1). Default 0.1; the paper has 0.05 and 0.1.

    Raises:
        InvalidArgument: for a rate outside its range.

    Source: Klambauer et al. 2017, arXiv:1706.02515; Géron 2019, table 11-4.

    Example:
        >>> recipes.preset("self_normalizing", learning_rate=0.01).regularizer_name     # doctest: +SKIP
        'early_stopping+alpha_dropout'
    """

    name = "alpha_dropout"

    def __init__(self, rate: float = 0.1):
        self.rate = check_number("rate", rate, low=0, below=1)

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """Keras' AlphaDropout; None at rate 0, and before a batch normalization."""
        if not self.rate or normalized:
            return None
        inner = (1,) * (rank - 2)  # the steps or the pixels
        return keras.layers.AlphaDropout(self.rate, noise_shape=(None, *inner, None) if inner else None)


ENTRIES = (
    Entry(
        "alpha_dropout",
        AlphaDropout,
        "Dropout for SELU: dropped outputs take its lowest value, so that mean and variance stay.",
        "Klambauer et al. 2017",
        (Range("rate", 0.02, 0.3, 0.1, log=False),),
        when="With SELU and lecun_normal, which it does not disturb. With any other activation take dropout.",
    ),
)
