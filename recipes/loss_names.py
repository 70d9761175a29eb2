"""LOSSES: losses by name, in place of the task's; NamedLoss for targets in another form than Keras takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ..callbacks.checks import InvalidArgument, check_signature
from .catalogue import Catalogue, Entry, Range
from .choice import Choice, name_of, options_of
from .class_losses import Focal, MulticlassHinge

__all__ = ["LOSSES", "NamedLoss", "OwnLoss", "build_loss", "check_loss_suits", "loss_weight"]

CLASSES = ("binary", "multiclass", "multilabel")
YES_OR_NO = ("binary", "multilabel")

ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge")
"""Losses of one-hot vectors, which integer labels are made."""

UNTOLD = "huber"
"""The loss whose ``get_config()`` lacks its option, so that Keras 3.15 saves it without."""

TASKS = {
    "sparse_categorical_crossentropy": ("multiclass",),
    **dict.fromkeys(ONE_HOT, ("multiclass",)),
    "binary_crossentropy": YES_OR_NO,
    "binary_focal_crossentropy": YES_OR_NO,
    "mean_squared_error": ("binary", "multilabel", "regression"),
    "mean_absolute_error": ("regression",),
    "mean_absolute_percentage_error": ("regression",),
    "mean_squared_logarithmic_error": ("regression",),
    "huber": ("regression",),
    "log_cosh": ("regression",),
    "poisson": ("regression",),
    "focal": CLASSES,
    "multiclass_hinge": ("multiclass",),
}
"""Name -> the tasks that it suits. Those that are registered suit any."""

DEGREES = {"mean_squared_error": 2, "mean_absolute_error": 1, "huber": 1, "log_cosh": 1, "poisson": 1}
"""Name -> by which power of the targets' unit the loss grows; 0 for others."""


class OwnLoss:
    """A loss of one's own: a function of targets and predictions, or a class of :class:`keras.losses.Loss`.

    Args:
        function: either.
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def __call__(self, **options: Any) -> Callable[[Any, Any], Any]:
        """A function of targets and predictions to a value for each example."""
        if isinstance(self.function, type):
            made = self.function(**options)
            if not callable(made):
                accepted = "a class of keras.losses.Loss, or a function of targets and predictions"
                raise InvalidArgument("loss", self.function.__name__, accepted)
            return made
        signature = check_signature("loss", self.function)
        try:
            signature.bind(None, None, **options)
        except TypeError as error:
            name = getattr(self.function, "__name__", type(self.function).__name__)
            raise InvalidArgument("loss", name, f"a function of targets and predictions ({error})") from error
        return lambda y, predicted: self.function(y, predicted, **options)


OF_KERAS = {
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy",
        "Of several classes.",
        "Good 1952",
        "For one of several classes: the default. Not for several labels at once, which are questions of yes or no.",
    ),
    "categorical_crossentropy": (
        "CategoricalCrossentropy",
        "The same, with its options.",
        "Good 1952",
        "For the options that the sparse form lacks, such as label_smoothing. Otherwise the two are equal.",
    ),
    "categorical_focal_crossentropy": (
        "CategoricalFocalCrossentropy",
        "Of several classes; examples that are nearly right count little.",
        "Lin et al. 2017",
        "For several classes of which the rare ones are missed. Not where probabilities are used: it "
        "makes them too cautious; focal has fewer options.",
    ),
    "categorical_hinge": (
        "CategoricalHinge",
        "Of several classes: a margin.",
        "Crammer and Singer 2001",
        "To repeat models of Keras that have it. Otherwise multiclass_hinge, whose margin is between "
        "logits as in a support vector machine.",
    ),
    "binary_crossentropy": (
        "BinaryCrossentropy",
        "Of yes-or-no answers.",
        "Good 1952",
        "For yes or no, one answer or several: the default. Not for classes that exclude each other.",
    ),
    "binary_focal_crossentropy": (
        "BinaryFocalCrossentropy",
        "Of yes-or-no answers; examples that are nearly right count little.",
        "Lin et al. 2017",
        "For a few yes among very many easy no, as in detection. Not where probabilities must be calibrated.",
    ),
    "mean_squared_error": (
        "MeanSquaredError",
        "Of numbers; of yes-or-no answers the Brier score.",
        "Brier 1950",
        "For numbers whose mean is wanted: the default. Not with outliers: an error ten times as "
        "large counts a hundred times.",
    ),
    "mean_absolute_error": (
        "MeanAbsoluteError",
        "Of numbers: towards the median.",
        "Koenker and Bassett 1978",
        "For numbers with outliers, and where the median is wanted. Not at a constant rate: its "
        "gradient does not shrink near the minimum.",
    ),
    "mean_absolute_percentage_error": (
        "MeanAbsolutePercentageError",
        "Of numbers above 0.",
        "Keras",
        "Where relative errors count and no target is near 0. Not for amounts that should add up: it "
        "favours answers that are too low.",
    ),
    "mean_squared_logarithmic_error": (
        "MeanSquaredLogarithmicError",
        "Of numbers >= 0.",
        "Keras",
        "For amounts that span powers of ten; too low costs more than too high. Not for targets below 0.",
    ),
    "huber": (
        "Huber",
        "Of numbers: squared up to delta, then absolute.",
        "Huber 1964",
        "For numbers with some outliers, mostly errors of measurement. Not where the rare large "
        "values are what counts.",
    ),
    "log_cosh": (
        "LogCosh",
        "Of numbers: a smooth absolute error.",
        "Keras",
        "As huber, but smooth everywhere and without a threshold. Not where the threshold should be "
        "chosen: huber's delta.",
    ),
    "poisson": (
        "Poisson",
        "Of counts.",
        "Nelder and Wedderburn 1972",
        "For counts, whose spread grows with their mean. Not for counts with far more zeros or spread than that.",
    ),
}
"""Name -> class, summary, source and when to use it."""

OWN = [
    Entry(
        "focal",
        Focal,
        "Of classes or yes-or-no answers; those that are nearly right count little.",
        "Lin et al. 2017",
        (Range("gamma", 0.5, 5.0, 2.0),),
        when="For rare classes among easy examples, of any number of classes. Not before "
        'class_weight="balanced" was tried, nor where probabilities must be calibrated.',
    ),
    Entry(
        "multiclass_hinge",
        MulticlassHinge,
        "Of several classes: a margin between logits.",
        "Crammer and Singer 2001",
        (Range("margin", 0.25, 4.0, 1.0),),
        when="Where only the answer counts, as of a support vector machine. Not where its probability is "
        "used, in thresholds or costs.",
    ),
]
"""Losses that are written here."""

LOSSES = Catalogue(
    "loss",
    [
        *(
            Entry(name, getattr(keras.losses, kind), summary, source, when=when)
            for name, (kind, summary, source, when) in OF_KERAS.items()
        ),
        *OWN,
    ],
    objects=keras.losses.Loss,
)
"""Losses by name."""


def build_loss(choice: Choice, dtype: str | None = None) -> keras.losses.Loss:
    """A loss by name, for models that return probabilities or numbers, computed in this type.

    Raises:
        InvalidArgument: for unknown options, and for ``from_logits``.

    Example:
        >>> build_loss({"name": "binary_focal_crossentropy", "gamma": 3.0}).get_config()["gamma"]
        3.0
    """
    name, options = name_of(choice), options_of(choice)
    if options.get("from_logits"):
        raise InvalidArgument("loss", choice, "one of probabilities: models end in a softmax or sigmoid")
    LOSSES.build(name, **options)  # raises for its options
    if name in ONE_HOT or name == UNTOLD or name in LOSSES.added:
        return NamedLoss(name, options, dtype=dtype)
    return LOSSES.build(name, **{"dtype": dtype, **options})


def check_loss_suits(choice: Choice, task: str) -> None:
    """Raises for a loss of another task.

    Raises:
        InvalidArgument: with those that suit the task.
    """
    name = name_of(choice)
    if task not in TASKS.get(name, (task,)):
        suiting = [known for known, tasks in TASKS.items() if task in tasks]
        raise InvalidArgument("loss", name, f"one for {task}: {', '.join(suiting)}; or one of your own")


def loss_weight(choice: Choice, scale: float) -> float:
    """The factor after which a loss does not depend on the unit of the targets.

    Args:
        choice: of a loss. Of one's own it is found out whether it grows by a power of the unit; otherwise it is 1.
        scale: of the targets.

    Example:
        >>> loss_weight("mean_absolute_error", 50.0)
        0.02
    """
    name = name_of(choice)
    return 1.0 / scale ** (_degree(choice, scale) if name in LOSSES.added else DEGREES.get(name, 0))


def _degree(choice: Choice, scale: float) -> float:
    """By which power of the unit a loss grows, from its values in three units; 0 if by none."""
    random = np.random.default_rng(0)
    y, predicted = scale * random.uniform(0.5, 2.0, (2, 32, 1))
    loss = build_loss(choice, "float64")
    try:
        values = [float(loss(unit * y, unit * predicted)) for unit in (1.0, 2.0, 8.0)]
    except Exception:  # it is of targets of another form
        return 0.0
    with np.errstate(all="ignore"):
        degrees = np.log2(np.divide(values[1:], values[0])) / [1, 3]
    return round(float(degrees[0]), 3) if np.isfinite(degrees).all() and abs(np.diff(degrees)[0]) < 1e-3 else 0.0


@keras.saving.register_keras_serializable(package="recipes")
class NamedLoss(keras.losses.Loss):
    """A loss of :data:`LOSSES` on targets in the form in which data have them; saved by its name.

    Args:
        loss: its name.
        options: of the loss.
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: targets of the predictions' shape, or without their last axis: of size 1, or for one-hot losses the classes.

    Example:
        >>> loss = NamedLoss("categorical_hinge")
        >>> float(loss(ops.array([1]), ops.array([[0.25, 0.75]])))
        0.5
    """

    def __init__(
        self,
        loss: str,
        options: Mapping[str, Any] | None = None,
        name: str | None = None,
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name or loss, reduction=reduction, dtype=dtype)
        self.loss_name, self.options = loss, dict(options or {})
        built = LOSSES.build(loss, **self.options)
        self._function = built.call if isinstance(built, keras.losses.Loss) else built

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true)
        if self.loss_name in ONE_HOT and len(y_true.shape) < len(y_pred.shape):
            y_true = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        elif len(y_true.shape) < len(y_pred.shape) and y_pred.shape[-1] == 1:
            y_true = ops.expand_dims(y_true, -1)
        losses = self._function(y_true, y_pred)
        if losses is None or len(getattr(losses, "shape", ())) == 0:
            accepted = "one with a value for each example, shape (batch,): a mean of them cannot be weighted"
            raise InvalidArgument("loss", self.loss_name, accepted)
        return losses

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        return {**super().get_config(), "loss": self.loss_name, "options": self.options}
