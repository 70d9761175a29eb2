"""LabelSmoothing: targets of 1 - eps and eps / (K - 1) instead of 1 and 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_number
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "LabelSmoothing", "SmoothedCrossentropy"]

OBJECTS = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.CategoricalCrossentropy,
    keras.losses.BinaryCrossentropy,
)


class LabelSmoothing(Regularizer):
    """Trains towards ``[1 - eps, eps / (K - 1), ...]`` instead of ``[1, 0, ...]``, for K classes.

    It assumes that each label is right with probability 1 - eps. For two classes the targets are 1 - eps and eps.
    Keras' ``label_smoothing=s`` spreads s over all K classes, the right one included: that is ``eps = s (K - 1) / K``
    here, and ``eps = s / 2`` for two classes.

    It changes the training loss and the validation loss, but not predictions and accuracy.

    Args:
        epsilon: eps, in [0, 1). Default 0.1. At (K - 1) / K all classes have the same target.

    Raises:
        InvalidArgument: for a value outside its range, and for regression.

    Source: Szegedy et al. 2016; Goodfellow et al. 2016, section 7.5.1.

    Example:
        >>> recipes.Recipe(regularizer={"name": "label_smoothing", "epsilon": 0.05})   # doctest: +SKIP
    """

    name = "label_smoothing"

    def __init__(self, epsilon: float = 0.1):
        self.epsilon = check_number("epsilon", epsilon, low=0, below=1)

    def check(self, spec: Spec) -> None:
        """Raises for regression, which has no labels, and for an epsilon of (K - 1) / K or more."""
        if spec.task == "regression":
            raise InvalidArgument("regularizer", self.name, f"one for numbers: {spec.name!r} has no classes")
        classes = 2 if spec.task == "multilabel" else max(2, spec.outputs)
        check_number("epsilon", self.epsilon, low=0, below=(classes - 1) / classes)

    def loss(self, loss: Any) -> Any:
        """The cross-entropy with smoothed labels."""
        if not self.epsilon:
            return loss
        name = loss if isinstance(loss, str) else getattr(loss, "name", loss)
        if type(loss) in OBJECTS and type(loss)(name=name).get_config() != loss.get_config():
            accepted = f"used with a loss that has no options of its own, not {loss.get_config()}"
            raise InvalidArgument("regularizer", self.name, accepted)
        if name == "binary_crossentropy":
            check_number("epsilon", self.epsilon, low=0, below=0.5)
            return keras.losses.BinaryCrossentropy(label_smoothing=2 * self.epsilon)
        if name in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
            return SmoothedCrossentropy(self.epsilon)
        raise InvalidArgument("regularizer", self.name, f"used with a cross-entropy, which {name!r} is not")


@keras.saving.register_keras_serializable(package="recipes")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy of class probabilities with smoothed labels, which may be integers or one-hot.

    Args:
        epsilon: total probability of the wrong classes, in [0, 1).
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: labels (batch,) or (batch, 1) of integers, or (batch, K); probabilities (batch, K).

    Example:
        >>> loss = SmoothedCrossentropy(0.2)
        >>> round(float(loss(keras.ops.array([0]), keras.ops.array([[0.5, 0.25, 0.25]]))), 4)
        0.8318
    """

    def __init__(
        self,
        epsilon: float,
        name: str = "smoothed_crossentropy",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.epsilon = check_number("epsilon", epsilon, low=0, below=1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        classes = y_pred.shape[-1]
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 and classes > 1):
            y_true = ops.one_hot(ops.cast(ops.reshape(y_true, ops.shape(y_pred)[:-1]), "int32"), classes)
        y_true = ops.cast(y_true, y_pred.dtype)
        wrong = self.epsilon / (classes - 1)
        return keras.losses.categorical_crossentropy(y_true * (1 - self.epsilon - wrong) + wrong, y_pred)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        return {**super().get_config(), "epsilon": self.epsilon}


ENTRIES = (
    Entry(
        "label_smoothing",
        LabelSmoothing,
        "Targets of 1 - epsilon and epsilon / (classes - 1) instead of 1 and 0.",
        "Szegedy et al. 2016",
        (Range("epsilon", 0.01, 0.3, 0.1),),
        when="For classifiers that grow too sure, and for labels with some errors. Not where "
        "probabilities of rare events count, or a student is to learn from the model.",
    ),
)
