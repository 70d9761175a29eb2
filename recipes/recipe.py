"""Recipe: the choices that define a training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.checked import checked
from ..callbacks.checks import check_choice, check_integer, check_names, check_number
from ..callbacks.schedules.base import StepSchedule
from . import choice
from .activations import ACTIVATIONS
from .choice import AUTO, NONE, OWN, Choice
from .class_weights import check_class_weight, class_weights
from .idle_choices import idle_regularizers
from .initializers import bias_initializer
from .initializers.kernel import check_kernel_initializer
from .loss_names import check_loss_suits
from .model_choice import build_model, resolved_model
from .models import MODELS
from .normalizations import NORMALIZATIONS
from .optimizer_choice import (
    build_optimizer,
    finds_its_own_step,
    has_own_momentum,
    replaced_regularizers,
    separate_rate,
    usual_rate,
    usual_schedule,
)
from .optimizers import OPTIMIZERS
from .precision import check_precision, in_precision
from .recipe_callbacks import callbacks_for
from .recipe_checks import check_rate, check_together, warn_of_missing
from .recipe_compile import compile_by
from .recipe_json import read, write
from .registration.named_choices import named_choice
from .registration.named_losses import named_loss
from .registration.origins import is_of_keras
from .registration.own_entries import own_entries, stand_in
from .registration.registered import CATALOGUES
from .regularization import REGULARIZERS, Regularizer
from .regularization.by_data import regularizers_for
from .regularization.combined import combined_augmentation
from .schedules import SCHEDULES, parse_schedule

if TYPE_CHECKING:
    from .data.dataset import Data
    from .data.spec import Spec

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False)
class Recipe:
    """How to train a network. ``Recipe()`` is the default setup of 2019-20; every field can be replaced.

    A choice is a name (``recipes list`` shows them), or a mapping of a name and options such as
    ``{"name": "dropout", "rate": 0.3}``. Objects of Keras are accepted where it is said below; what is of your own
    gets a name by :func:`recipes.register`. A Recipe is a value: compare it, copy it with :func:`dataclasses.replace`,
    write it as JSON.

    Args:
        model: "mlp", "cnn", ... or a function from a Spec to a Keras model. Default "auto": the model that suits the
            data, see :func:`recipes.models.model_for`. "own" in the recipe of a run says that the training was given a
            model. A layer among the options, ``{"name": "mlp", "preprocessing": layer}``, is copied for each model,
            with what it has adapted to.
        initializer: of the hidden kernels: a name, "auto" (the one for the activation) or a Keras initializer. Default
            "he_normal".
        activation: of the hidden layers, by name. Default "elu".
        normalization: "auto" (default: batch normalization in deep networks, none in shallow ones), "none", or
            "batch", "layer", "group", "rms", "unit" (``recipes list normalizations``). Batch normalization adds
            Keras' 0.001 to the variance (Géron: typically 1e-5); its moving averages have a momentum of 0.9.
        regularizer: a choice, several joined by "+" ("l2+dropout"), a sequence of choices, or "none"; or Keras'
            ``regularizers.L1``, ``L2`` or ``L1L2``, which become the choice with the same penalty. Default "auto":
            early stopping, and with tables dropout (under SELU alpha dropout) and weight decay, see
            :func:`recipes.regularization.by_data.regularizers_for`.
        optimizer: a name or a Keras optimizer. Default "momentum".
        learning_rate: the (peak) rate, > 0; None (default): the rate of the optimizer, if it is an object or a mapping
            with a rate, else the rate that :func:`recipes.fit` finds by a range test. A mapping with another rate is
            refused; the rate of an object is replaced.
        schedule: "one_cycle", "constant", "cosine", "step", ...; lengths among its options are fractions of the
            training: ``{"name": "step", "every": 0.25, "warm_up": 0.05}``. Default "auto": "one_cycle", or "constant"
            for an optimizer that finds its own step (line search, Newton, Hessian-free), whose rate is then 1; after a
            warm-up for one that averages its weights instead (schedule_free_adamw).
        bias: the initial hidden biases: a number, "auto" (0.1 for ReLU, else 0) or a Keras initializer. Default 0.
        class_weight: "none" (default); "balanced": n / (k count), as in scikit-learn, so that rare classes count as
            much as common ones, by their counts in the training split; "effective", or "effective(beta=0.99)": by the
            effective numbers of Cui et al. 2019, which rise more slowly than counts; or a mapping from labels, as the
            data call them, to weights, 1 for those left out. It weighs the loss, in training and validation; metrics
            count every example once. For multilabel, both balance yes and no of each label, and a mapping has the
            weights of yes.
        precision: "mixed_bfloat16" or "mixed_float16" for layers that compute in half precision, with weights, losses
            and outputs in float32; "float32"; or None (default) for Keras' own setting. Faster on GPUs, and on
            processors with bfloat16 units. Not for optimizers that find their own step. A model of one's own has the
            precision in which its layers were made.
        loss: one of Keras' by name (``recipes list losses``), with options ``{"name": "huber", "delta": 2.0}``;
            or a ``keras.losses.Loss`` or function of one's own, which is registered (:func:`recipes.register`). Default
            None: the cross-entropy of classes, the squared error of numbers. Of numbers, a loss that
            grows with the unit of the targets is divided by their scale, so that the same rates suit every unit.

    Raises:
        InvalidArgument: for a value outside its range or an unknown name; it suggests the nearest known name.

    Source: Géron 2019, chapter 11, tables 11-3 and 11-4.

    Example:
        >>> recipe = Recipe(optimizer="nadam", regularizer="l2+dropout")
        >>> Recipe.from_json(recipe.to_json()) == recipe
        True
    """

    model: Choice = AUTO
    initializer: Choice = "he_normal"
    activation: str = "elu"
    normalization: str = "auto"
    regularizer: Any = AUTO
    optimizer: Choice = "momentum"
    learning_rate: float | None = None
    schedule: Choice = "auto"
    bias: Any = 0.0
    class_weight: Any = NONE
    precision: str | None = None
    loss: Any = None

    def __new__(cls, *arguments: Any, **options: Any) -> Recipe:
        check_names(cls, options)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        ACTIVATIONS[self.activation]
        check_choice("normalization", self.normalization, (AUTO, *NORMALIZATIONS, "none"))
        bias_initializer(self.bias, self.activation)
        check_precision(self.precision)
        if self.learning_rate is not None:
            self._set(learning_rate=check_number("learning_rate", self.learning_rate, above=0))
        self._set(
            model=choice.parse(MODELS, self.model, (AUTO, OWN)),
            initializer=check_kernel_initializer(self.initializer, self.activation),
            regularizer=choice.parse_several(REGULARIZERS, self.regularizer, (AUTO,)),
            optimizer=choice.parse(OPTIMIZERS, self.optimizer),
            class_weight=check_class_weight(self.class_weight),
            loss=named_loss(self.loss),
        )
        self._set(schedule=parse_schedule(self.schedule, usual_schedule(self.optimizer)))
        # Options are checked by building with them, now rather than when training starts.
        self.build_schedule(1.0)
        if choice.options_of(self.optimizer):
            choice.build(OPTIMIZERS, self.optimizer)
        optimizer, rate = separate_rate(self.optimizer)
        check_rate(self.learning_rate, self.optimizer)
        self._set(optimizer=optimizer, learning_rate=rate if self.learning_rate is None else self.learning_rate)
        check_together(self)

    def _set(self, **values: Any) -> None:
        """Assigns fields of the frozen dataclass during its construction."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> str:
        """All choices as text: Keras objects by their settings, other objects by identity."""
        chosen = zip(self.regularizer, self.regularizers(), strict=True)
        # {"name": "dropout"} is {"name": "dropout", "rate": 0.2} is Dropout(0.2)
        regularizers = tuple(built.to_choice() if choice.is_named(name) else name for name, built in chosen)
        return json.dumps({k: choice.identity(v) for k, v in {**self._fields(), "regularizer": regularizers}.items()})

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    # --- parts ------------------------------------------------------------------------------------------------------

    @property
    def regularizer_name(self) -> str:
        """The regularizers' names joined by "+", or "none"."""
        return choice.join_names(self.regularizer)

    @property
    def optimizer_name(self) -> str:
        """The optimizer's name."""
        return choice.name_of(self.optimizer)

    @property
    def finds_its_own_step(self) -> bool:
        """Whether the optimizer finds its step length itself and needs no range test."""
        return finds_its_own_step(self.optimizer)

    @property
    def names(self) -> list[tuple[str, str]]:
        """The names of its choices, each with the kind of its catalogue."""
        fields = {"optimizer": self.optimizer, "schedule": self.schedule, "initializer": self.initializer}
        fields |= {"activation": self.activation, "model": self.model}
        fields |= {} if self.loss is None else {"loss": self.loss}
        chosen = [*fields.items(), *(("regularizer", regularizer) for regularizer in self.regularizer)]
        return [(kind, choice.name_of(value)) for kind, value in chosen if choice.is_named(value)]

    def with_names(self) -> Recipe:
        """This recipe with names in place of functions, and of objects whose classes are not Keras'.

        They are registered: see :func:`recipes.register`.
        """
        changes = {}
        for kind in ("optimizer", "schedule", "initializer", "model"):
            value = getattr(self, kind)
            if not choice.is_named(value) and not is_of_keras(value):
                changes[kind] = named_choice(CATALOGUES[kind], value)
        regularizer = tuple(named_choice(CATALOGUES["regularizer"], value) for value in self.regularizer)
        return dataclasses.replace(self, **changes, regularizer=regularizer)

    def regularizers(self) -> list[Regularizer]:
        """The regularizer objects; those of "auto" that suit any data."""
        chosen = self._suited(None) if self.regularizer == (AUTO,) else self.regularizer
        return [choice.build(REGULARIZERS, regularizer) for regularizer in chosen]

    @checked
    def build_model(self, spec: Spec | None = None, **options: Any) -> keras.Model:
        """A new, uncompiled model from this recipe's factory.

        Args:
            spec: of the data; without it, the options must hold ``input_shape`` and ``outputs``.
            **options: of the factory, e.g. ``hidden=(50,)``; they take precedence over the recipe's.
        """
        style = {field: getattr(self, field) for field in ("activation", "initializer", "bias", "normalization")}
        regularizers = self.regularizers() if spec is None else self.resolved(spec).regularizers()
        with in_precision(self.precision):
            return build_model(self.model, spec, {**style, "regularizer": regularizers}, options)

    @checked
    def resolved(self, spec: Spec) -> Recipe:
        """This recipe, with the model and the regularizers that suit the data in place of "auto"."""
        regularizer = self._suited(spec) if self.regularizer == (AUTO,) else self.regularizer
        return dataclasses.replace(self, model=resolved_model(self.model, spec), regularizer=regularizer)

    def _suited(self, spec: Spec | None) -> tuple[Choice, ...]:
        """The regularizers that "auto" stands for with these data and this optimizer."""
        without = replaced_regularizers(self.optimizer)
        selu = self.activation == "selu"  # whose mean and variance ordinary dropout would change
        suited = regularizers_for(spec, noise=not self.finds_its_own_step, without=without, alpha=selu)
        built = [choice.build(REGULARIZERS, regularizer) for regularizer in suited]
        idle = idle_regularizers(self.model, built)
        return tuple(regularizer for regularizer in suited if choice.name_of(regularizer) not in idle)

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """A new optimizer, at this recipe's learning rate or, if it is None, the optimizer's usual one."""
        return build_optimizer(self.optimizer, self._rate(), self.regularizers())

    def build_schedule(self, peak: float) -> StepSchedule | None:
        """A new schedule with this peak rate, > 0, or None for a constant rate.

        1cycle leaves a momentum alone that the optimizer was given, as ``{"name": "adam", "beta_1": 0.8}`` is.
        """
        keep = choice.name_of(self.schedule) == "one_cycle" and has_own_momentum(self.optimizer)
        return choice.build(SCHEDULES, self.schedule, peak=peak, **({"momentum": None} if keep else {}))

    def _rate(self) -> float:
        return usual_rate(self.optimizer_name) if self.learning_rate is None else self.learning_rate

    @checked
    def compile(
        self, model: keras.Model, *, spec: Spec | None = None, weighted_metrics: Any = False, **options: Any
    ) -> keras.Model:
        """Compiles ``model`` with this recipe's optimizer and the loss and metrics that suit its outputs.

        Args:
            model: a built Keras model: softmax outputs for integer classes, sigmoid outputs for 0/1 labels, or linear
                outputs for numbers; or several of these, by name. The graph that makes each output tells which.
            spec: of the data, whose task decides if the graph does not tell; "balanced" class weights need it.
            weighted_metrics: as for ``compile``; or True: sample weights weigh the metrics too, not the loss alone.
            **options: of ``keras.Model.compile``; they take precedence over the recipe's. With ``loss=`` and without
                ``metrics=``, the metrics suit that loss. ``loss_weights`` of several outputs: by name, 1 if left out.

        Returns:
            The same model. A warning names the regularizers that act inside a model, if this one has nothing of them.

        Raises:
            InvalidArgument: without ``loss=`` and ``spec=``, for an output that cannot be read: that of a subclassed
                model, of a custom layer, of a function that Keras cannot look into.

        Example:
            >>> model = Recipe().compile(mlp(input_shape=(64,), outputs=10))      # doctest: +SKIP
        """
        warn_of_missing(self, model)
        return compile_by(self, model, spec, weighted_metrics=weighted_metrics, **options)

    @checked
    def check(self, spec: Spec) -> None:
        """Raises ``InvalidArgument`` if a choice does not suit data of this kind."""
        for regularizer in self.regularizers():
            regularizer.check(spec)
        if self.class_weight != NONE:
            class_weights(self.class_weight, spec)
        if self.loss is not None:
            check_loss_suits(self.loss, spec.task)

    @checked
    def augment(self, data: Data) -> Callable[[Any, Any], Any] | None:
        """The augmentation of training batches, for :meth:`recipes.Data.batches`; None if no regularizer has one."""
        return combined_augmentation(self.regularizers(), data)

    @checked
    def callbacks(
        self,
        epochs: int,
        *,
        steps_per_epoch: int | None = None,
        learning_rate: float | None = None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callbacks of this recipe: stop on NaN, the schedule, and those of the regularizers.

        Early stopping monitors "val_loss": pass ``validation_data`` to ``fit``.

        Args:
            epochs: number of epochs of the training.
            steps_per_epoch: batches per epoch; None (default): taken from ``fit``, if the data's length is known.
            learning_rate: the peak rate; by default the recipe's, or the optimizer's usual one.
            spec: of the data; adversarial training takes the range of the images from it.
            validation_examples: how many examples "val_loss" is the mean of: the fewer, the better an epoch must be for
                early stopping to prefer it to the last. None (default) if unknown: any lower loss counts.

        Raises:
            InvalidArgument: for a number out of range, or choices that a training of this length cannot follow.
        """
        rate = self._rate() if learning_rate is None else check_number("learning_rate", learning_rate, above=0)
        if validation_examples is not None:
            validation_examples = check_integer("validation_examples", validation_examples, low=0)
        facts: dict[str, Any] = {"spec": spec, "validation_examples": validation_examples}
        return callbacks_for(self, rate, epochs=epochs, steps_per_epoch=steps_per_epoch, **facts)

    # --- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """This recipe as JSON text; objects among the choices are serialized by Keras.

        Raises:
            InvalidArgument: for a field with a function, which JSON cannot hold.
        """
        fields = self._fields()
        for name in ("precision", "loss"):  # which the recipes of earlier versions do not have
            if fields[name] is None:
                del fields[name]
        own = own_entries(self.names)
        return write({**fields, "own": own} if own else fields)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The recipe that :meth:`to_json` of this or an earlier version wrote.

        Raises:
            InvalidArgument: for a later version, an unknown field or an invalid value.
        """
        fields = read(text, known=[*(field.name for field in dataclasses.fields(cls)), "own"])
        stand_in(fields.pop("own", ()))
        return cls(**fields)
