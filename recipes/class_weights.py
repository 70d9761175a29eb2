"""Class weights: how much the examples of each class count in the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ..callbacks.checks import InvalidArgument, check_number
from .choice import NONE, name_of, options_of
from .class_losses import Focal, MulticlassHinge
from .regularization.label_smoothing import SmoothedCrossentropy

if TYPE_CHECKING:
    from .data.spec import Spec

__all__ = [
    "BALANCED",
    "EFFECTIVE",
    "ClassWeighted",
    "balanced",
    "chance_loss",
    "check_class_weight",
    "class_weights",
    "effective",
    "weighted",
]

BALANCED, EFFECTIVE = "balanced", "effective"

BETA = 0.999
"""Of effective numbers: an example beyond about the 1 / (1 - beta)-th of its class adds little."""

CROSSENTROPIES = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
}


BY_CLASS = (keras.losses.SparseCategoricalCrossentropy, SmoothedCrossentropy, MulticlassHinge)
"""Losses of integer classes."""


def check_class_weight(value: Any) -> Any:
    """A recipe's choice of class weights in its shortest form: "none", "balanced", "effective", or label -> weight.

    Raises:
        InvalidArgument: for anything else, for negative weights, and where all are 0.

    Example:
        >>> check_class_weight({0: 1, 1: 20}), check_class_weight(None)
        ({'0': 1.0, '1': 20.0}, 'none')
    """
    if value is None or (isinstance(value, str) and value in (NONE, BALANCED)):
        return value or NONE
    if isinstance(value, str) and name_of(value) == EFFECTIVE and set(options_of(value)) <= {"beta"}:
        beta = check_number("beta", options_of(value).get("beta", BETA), low=0, below=1)
        return EFFECTIVE if beta == BETA else f"{EFFECTIVE}(beta={beta!r})"
    if not isinstance(value, Mapping) or not value:
        accepted = f"{NONE!r}, {BALANCED!r}, {EFFECTIVE!r} or a mapping from labels to weights"
        raise InvalidArgument("class_weight", value, accepted)
    weights = {
        _label(label): check_number(f"class_weight[{label!r}]", weight, low=0) for label, weight in value.items()
    }
    if len(weights) < len(value):
        raise InvalidArgument("class_weight", value, "a mapping with one weight a label")
    if not any(weights.values()):
        raise InvalidArgument("class_weight", value, "a mapping with a weight above 0")
    return weights


def _label(label: Any) -> str:
    """A label as the name of its class: 1, 1.0 and "1" are "1"."""
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return str(int(label))
    return str(label)


def balanced(shares: Sequence[float]) -> list[float]:
    """The weights at which all classes count alike: n / (k count) for each of k classes, 1 for one without examples.

    Args:
        shares: of the examples, by class.

    Source: King and Zeng 2001; scikit-learn's ``compute_class_weight``.

    Example:
        >>> balanced([0.9, 0.1])
        [0.5555555555555556, 5.0]
    """
    present = sum(share > 0 for share in shares)
    return [1 / (present * share) if share else 1.0 for share in shares]


def effective(counts: Sequence[float], beta: float = BETA) -> list[float]:
    """The weights of each of k classes by the inverse of its effective number, with a sum of k.

    The effective number of n examples is ``(1 - beta^n) / (1 - beta)``: each adds less than the one before, since it is
    more likely to be like one of those. With a beta near 1 it is n, and the weights are nearly those of
    :func:`balanced` but for a factor; with 0 all classes have weight 1. A class without examples has weight 1.

    Args:
        counts: examples of each class.
        beta: in [0, 1).

    Source: Cui et al. 2019, arXiv:1901.05555.

    Example:
        >>> [round(weight, 3) for weight in effective([9000, 100])]
        [0.174, 1.826]
    """
    sizes = np.asarray(counts, np.float64)
    present = sizes > 0
    numbers = -np.expm1(sizes[present] * np.log(beta)) / (1 - beta) if beta else np.ones(int(present.sum()))
    weights = np.ones(len(sizes))
    weights[present] = 1 / numbers * len(numbers) / (1 / numbers).sum()
    return weights.tolist()


def class_weights(choice: Any, spec: Spec) -> list[Any]:
    """The weights of a choice: one a class, or for multilabel two a label, of no and of yes.

    Args:
        choice: what :func:`check_class_weight` returns, not "none". "balanced" and "effective" take the classes'
            shares of the training split; for multilabel they balance yes and no, label by label. A mapping has labels
            as the user calls them; for multilabel its weights are those of a yes. Labels that it leaves out have weight
            1.
        spec: of the data.

    Raises:
        InvalidArgument: for regression, an unknown label, and "balanced" or "effective" with a Spec without shares.

    Example:
        >>> class_weights("balanced", data.spec)        # doctest: +SKIP
        [0.5555555555555556, 5.0]
    """
    if spec.task == "regression":
        raise InvalidArgument("class_weight", choice, f"{NONE!r} for a regression: {spec.name!r} has no classes")
    if isinstance(choice, str):
        by_numbers = name_of(choice) == EFFECTIVE
        if not spec.class_shares or (by_numbers and not spec.examples):
            missing = "class_shares" if not spec.class_shares else "number of examples"
            raise InvalidArgument("class_weight", choice, f"a mapping: the Spec of {spec.name!r} has no {missing}")

        def of(shares: Sequence[float]) -> list[float]:
            if not by_numbers:
                return balanced(shares)
            beta = options_of(choice).get("beta", BETA)
            return effective([spec.examples * share for share in shares], beta)

        if spec.task == "multilabel":
            return [of([1 - share, share]) for share in spec.class_shares]
        return of(spec.class_shares)
    by_class = _by_class(choice, spec.class_names)
    return [[1.0, weight] for weight in by_class] if spec.task == "multilabel" else by_class


def chance_loss(spec: Spec, choice: Any = NONE, epsilon: float = 0.0) -> float:
    """The cross-entropy of the best prediction that is the same for all examples: that of the classes' shares.

    It is the entropy of the shares; for multilabel, their mean over the labels.

    Args:
        spec: of the data; without shares, all classes are taken for equally frequent.
        choice: of class weights, as :func:`check_class_weight` returns it.
        epsilon: of label smoothing.

    Example:
        >>> round(chance_loss(data.spec), 3)      # doctest: +SKIP
        0.325
    """
    classes = 2 if spec.task == "multilabel" else max(2, spec.outputs)
    if not spec.class_shares:
        return math.log(classes)
    shares = np.array(spec.class_shares)
    rows = np.stack([1 - shares, shares], axis=1) if spec.task == "multilabel" else shares[None]
    if choice != NONE:
        rows = rows * np.reshape(class_weights(choice, spec), rows.shape)
    total = rows.sum(axis=1, keepdims=True)
    rows = rows * (1 - epsilon) + (total - rows) * epsilon / (classes - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.where(rows > 0, -rows * np.log(rows / total), 0.0)
    return float(losses.sum(axis=1).mean())


def _by_class(choice: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """The weights in the order of the classes. Whole numbers none of which is a name are positions."""
    if not set(choice) & set(names) and set(choice) <= set(map(str, range(len(names)))):
        names = list(map(str, range(len(names))))
    unknown = [label for label in choice if label not in names]
    if unknown:
        shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
        raise InvalidArgument("class_weight", unknown[0], f"a mapping from labels of the data: {shown}")
    return [float(choice.get(name, 1.0)) for name in names]


def weighted(loss: Any, choice: Any, model: keras.Model, spec: Spec | None = None) -> ClassWeighted:
    """The loss with class weights.

    Args:
        loss: a cross-entropy for integer classes, or for yes and no; or a focal or hinge loss of classes.
        choice: what :func:`check_class_weight` returns, not "none".
        model: with one output of shape (n, outputs), which the loss is for.
        spec: of the data; without it the labels are 0, 1, ..., and "balanced" and "effective" are refused.

    Raises:
        InvalidArgument: as :func:`class_weights`; for several outputs, and for another loss.
    """
    if isinstance(loss, str) and loss in CROSSENTROPIES:
        loss = CROSSENTROPIES[loss]()
    shape = model.output_shape
    if isinstance(shape, (list, dict)) or len(shape) != 2:
        raise InvalidArgument("class_weight", choice, f"{NONE!r} for a model with outputs of shape {shape}")
    sparse = isinstance(loss, BY_CLASS) or (isinstance(loss, Focal) and (shape[-1] == 1 or _has_classes(spec)))
    if not sparse and not isinstance(loss, keras.losses.BinaryCrossentropy):
        accepted = (
            f"{NONE!r} for the loss {getattr(loss, 'name', loss)!r} of these targets: weights are for classes that are "
            "numbers, with a cross-entropy, focal or multiclass hinge loss, and for labels with a binary one"
        )
        raise InvalidArgument("class_weight", choice, accepted)
    if spec is not None:
        return ClassWeighted(loss, class_weights(choice, spec))
    if isinstance(choice, str):
        accepted = "a mapping, or used with compile(model, spec=data.spec), which knows how often each class occurs"
        raise InvalidArgument("class_weight", choice, accepted)
    single = shape[-1] == 1
    by_class = _by_class(choice, list(map(str, range(2 if single else shape[-1]))))
    return ClassWeighted(loss, by_class if sparse or single else [[1.0, weight] for weight in by_class])


def _has_classes(spec: Spec | None) -> bool:
    return spec is None or spec.task != "multilabel"


@keras.saving.register_keras_serializable(package="recipes")
class ClassWeighted(keras.losses.Loss):
    """A cross-entropy in which each class has a weight: the mean of ``weights[y] loss(y, p)`` over the examples.

    It equals Keras' ``fit(class_weight=...)``, and is the validation loss too, so that early stopping watches what is
    trained.

    Args:
        loss: a ``keras.losses.Loss`` for integer classes or for yes and no.
        weights: one a class; or, for several yes-or-no labels, two a label: of no and of yes.
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: labels (n,) or (n, 1) of integers, or (n, labels) of 0 and 1; probabilities (n, outputs).

    Example:
        >>> loss = ClassWeighted(keras.losses.BinaryCrossentropy(), [1.0, 10.0])
        >>> round(float(loss(ops.array([1, 0]), ops.array([[0.5], [0.5]]))), 4)   # 11 / 2 log 2
        3.8123
    """

    def __init__(
        self,
        loss: Any,
        weights: Sequence[Any],
        name: str = "class_weighted",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.loss = keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss
        self.weights = np.asarray(weights, np.float64).tolist()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        weights = ops.convert_to_tensor(self.weights, dtype=y_pred.dtype)
        if len(weights.shape) == 1:
            labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
            return self.loss.call(y_true, y_pred) * ops.take(weights, labels)
        yes = ops.cast(y_true, y_pred.dtype)
        options = self.loss.get_config()
        smoothing = options["label_smoothing"]
        target = yes * (1 - smoothing) + 0.5 * smoothing if smoothing else yes
        losses = ops.binary_crossentropy(target, y_pred, from_logits=options["from_logits"])
        return ops.mean(losses * (weights[:, 1] * yes + weights[:, 0] * (1 - yes)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": loss, "weights": self.weights}
