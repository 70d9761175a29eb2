"""Recipe: the table of choices that everything else is a map to or from."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ..callbacks.inside.optimizer_values import rate_source
from ..callbacks.schedules.base import StepSchedule
from ..callbacks.stop_on_nan import StopOnNaN
from .activations import ACTIVATIONS
from .catalogue import Catalogue, UnknownName
from .initializers import INITIALIZERS, bias_initializer
from .losses import compile_options
from .models import MODELS, model_for
from .optimizers import OPTIMIZERS
from .optimizers.capabilities import finds_its_own_step
from .regularization import REGULARIZERS, Regularizer
from .schedules import SCHEDULES

if TYPE_CHECKING:
    from .data.dataset import Data
    from .data.spec import Spec

__all__ = ["Recipe"]

Choice = Any
"""A name; a mapping with a "name" and options, ``{"name": "dropout", "rate": 0.3}``; or an object."""


AUTO = "auto"
"""As a model: the one that suits the data."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How to train a network. ``Recipe()`` is the default setup of 2019-20; every field can be replaced.

    Where a field takes a choice, that is a name (``recipes list`` shows them), a mapping of a name and options such as
    ``{"name": "dropout", "rate": 0.3}``, or an object. A Recipe is a value: compare it, copy it with
    :func:`dataclasses.replace`, write it as JSON.

    Args:
        model: "mlp", "cnn", ... or a function from a Spec to a Keras model. Default "auto": what suits the data, see
            :func:`recipes.models.model_for`.
        initializer: of the hidden kernels: a name, "auto" (the one for the activation) or a Keras initializer. Default
            "he_normal".
        activation: of the hidden layers, by name. Default "elu".
        normalization: "auto" (default: batch normalization when deep, none when shallow), "batch" or "none".
        regularizer: a choice, several joined by "+" ("l2+dropout"), a sequence of choices, or "none".
            Default "early_stopping".
        optimizer: a name or a Keras optimizer. Default "momentum".
        learning_rate: the (peak) rate, > 0; None (default): the rate that the optimizer was given, as an object or in a
            mapping, or else the one that :func:`recipes.fit` finds by a range test.
        schedule: "one_cycle", "constant", "cosine", "step", ...; lengths among its options are fractions of the
            training: ``{"name": "step", "every": 0.25, "warm_up": 0.05}``. Default "auto": "one_cycle", or "constant"
            for an optimizer that finds its own step (line search, Newton, Hessian-free), whose rate then is 1.
        bias: where the hidden biases start: a number, "auto" (0.1 for ReLU, else 0) or a Keras initializer. Default 0.

    Raises:
        InvalidArgument: for a value outside its range or an unknown name, with the nearest known one.

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
    regularizer: Any = ("early_stopping",)
    optimizer: Choice = "momentum"
    learning_rate: float | None = None
    schedule: Choice = "auto"
    bias: Any = 0.0

    def __post_init__(self) -> None:
        ACTIVATIONS[self.activation]
        check_choice("normalization", self.normalization, ("auto", "batch", "none"))
        if self.learning_rate is not None:
            object.__setattr__(self, "learning_rate", check_number("learning_rate", self.learning_rate, above=0))
        object.__setattr__(self, "regularizer", _regularization(self.regularizer))
        if self.model != AUTO:
            object.__setattr__(self, "model", _choice(MODELS, self.model, "callable"))
        if self.initializer != AUTO:
            object.__setattr__(
                self, "initializer", _choice(INITIALIZERS, self.initializer, keras.initializers.Initializer)
            )
        bias_initializer(self.bias, self.activation)
        object.__setattr__(self, "optimizer", _choice(OPTIMIZERS, self.optimizer, keras.optimizers.Optimizer))
        if self.schedule == "auto":
            object.__setattr__(self, "schedule", "constant" if self.finds_its_own_step else "one_cycle")
        object.__setattr__(self, "schedule", _choice(SCHEDULES, self.schedule, ()))
        # Options are checked by building with them, now rather than when training starts.
        if isinstance(self.optimizer, Mapping):
            _build(OPTIMIZERS, self.optimizer)
        if isinstance(self.initializer, Mapping):
            _build(INITIALIZERS, self.initializer)
        if isinstance(self.schedule, Mapping):
            if "peak" in self.schedule:
                raise InvalidArgument("schedule", self.schedule, "given without the peak, which is learning_rate")
            _build(SCHEDULES, self.schedule, peak=1.0)
        self._take_rate()
        self._check_together()

    def _take_rate(self) -> None:
        """Moves a rate that the optimizer brings into ``learning_rate``, unless one is there, which wins."""
        rate = 1.0 if self.finds_its_own_step else None
        if isinstance(self.optimizer, Mapping) and "learning_rate" in self.optimizer:
            options = {key: value for key, value in self.optimizer.items() if key != "learning_rate"}
            rate = check_number("learning_rate", self.optimizer["learning_rate"], above=0)
            object.__setattr__(self, "optimizer", _choice(OPTIMIZERS, options, ()))
        elif isinstance(self.optimizer, keras.optimizers.Optimizer):
            given = rate_source(self.optimizer)
            if not isinstance(given, keras.Variable):
                raise InvalidArgument("optimizer", given, "made with a number as its learning rate")
            rate = check_number("learning_rate", _short(float(given.numpy())), above=0)
        if self.learning_rate is None and rate is not None:
            object.__setattr__(self, "learning_rate", rate)

    def _check_together(self) -> None:
        """Raises for regularizers that the optimizer contradicts."""
        regularizers = self.regularizers()
        for each in regularizers:
            if each.needs_one_gradient and self.finds_its_own_step:
                accepted = f"one that {self.optimizer_name!r}, which evaluates the loss again within a step, can follow"
                raise InvalidArgument("regularizer", each.name, accepted)
        if any(each.optimizer_options() for each in regularizers):
            self.build_optimizer()

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> str:
        """All choices as text, objects by what Keras writes about them and all others by identity."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        # {"name": "dropout"} is {"name": "dropout", "rate": 0.2} is Dropout(0.2)
        values["regularizer"] = tuple(
            built.to_choice() if isinstance(given, (str, Mapping)) else given
            for given, built in zip(self.regularizer, self.regularizers(), strict=True)
        )
        return json.dumps({name: _plain(name, value, comparing=True) for name, value in values.items()})

    # --- parts ------------------------------------------------------------------------------------------------------

    @property
    def regularizer_name(self) -> str:
        """The regularizers' names joined by "+", or "none"."""
        return "+".join(_name(each) for each in self.regularizer) or "none"

    @property
    def optimizer_name(self) -> str:
        """The optimizer's name."""
        return _name(self.optimizer)

    @property
    def finds_its_own_step(self) -> bool:
        """Whether the optimizer finds the length of its step itself, and needs no range test."""
        if isinstance(self.optimizer, (str, Mapping)):
            return finds_its_own_step(OPTIMIZERS[_name(self.optimizer)])
        return bool(getattr(self.optimizer, "finds_its_own_step", False))

    def regularizers(self) -> list[Regularizer]:
        """The regularizer objects."""
        return [_build(REGULARIZERS, each) for each in self.regularizer]

    def build_model(self, spec: Spec | None = None, **options: Any) -> keras.Model:
        """A new, uncompiled model made by this recipe's factory.

        Args:
            spec: of the data; or give ``input_shape`` and ``outputs`` among the options.
            **options: of the factory, e.g. ``hidden=(50,)``; they win over those of the recipe.
        """
        if isinstance(self.model, str) and self.model == AUTO:
            shape = spec.input_shape if spec is not None else options.get("input_shape") or ()
            return dataclasses.replace(self, model=model_for(spec, shape)).build_model(spec, **options)
        if not isinstance(self.model, (str, Mapping)):
            return self.model(spec, **options) if spec is not None else self.model(**options)
        style = {
            "activation": self.activation,
            "initializer": self.initializer,
            "bias": self.bias,
            "normalization": self.normalization,
            "regularizer": self.regularizers(),
        }
        name = _name(self.model)
        given = {} if isinstance(self.model, str) else {k: v for k, v in self.model.items() if k != "name"}
        return MODELS.build(name, spec=spec, **{**style, **given, **options})

    def resolved(self, spec: Spec) -> Recipe:
        """This recipe with the model that suits the data, where it leaves that open."""
        open_ = isinstance(self.model, str) and self.model == AUTO
        return dataclasses.replace(self, model=model_for(spec)) if open_ else self

    def build_optimizer(self) -> keras.optimizers.Optimizer:
        """A new optimizer, at this recipe's learning rate or, where it is None, the optimizer's usual one."""
        options = {name: value for each in self.regularizers() for name, value in each.optimizer_options().items()}
        if not isinstance(self.optimizer, (str, Mapping)):
            config = self.optimizer.get_config()
            given = [name for name in options if config.get(name) is not None]
        else:
            given = [name for name in options if isinstance(self.optimizer, Mapping) and name in self.optimizer]
        if given:
            raise InvalidArgument("regularizer", self.regularizer_name, f"given once: the optimizer has {given}")
        if not isinstance(self.optimizer, (str, Mapping)):
            optimizer = type(self.optimizer).from_config({**config, **options})
            optimizer.learning_rate = self._rate()
            return optimizer
        return _build(OPTIMIZERS, self.optimizer, learning_rate=self._rate(), **options)

    def build_schedule(self, peak: float) -> StepSchedule | None:
        """A new schedule with this peak rate, > 0, or None where the rate is constant."""
        return _build(SCHEDULES, self.schedule, peak=peak)

    def _rate(self) -> float:
        if self.learning_rate is not None:
            return self.learning_rate
        ranges = {each.name: each for each in OPTIMIZERS[_name(self.optimizer)].hyperparameters}
        return ranges["learning_rate"].default or 0.01

    def compile(self, model: keras.Model, **options: Any) -> keras.Model:
        """Compiles ``model`` with this recipe's optimizer and the loss and metrics that its output calls for.

        Args:
            model: a built Keras model: softmax outputs for integer classes, one sigmoid output for 0/1 labels, or
                linear outputs for numbers; or several of these, by name.
            **options: of ``keras.Model.compile``; they win over what the recipe would choose. For a model with several
                outputs, ``loss_weights`` maps names of outputs to numbers, 1 where one is left out.

        Returns:
            The same model.

        Example:
            >>> model = Recipe().compile(mlp(input_shape=(64,), outputs=10))      # doctest: +SKIP
        """
        chosen = {"optimizer": self.build_optimizer(), **compile_options(model, options)}
        for each in self.regularizers():
            chosen["loss"] = keras.tree.map_structure(each.loss, chosen["loss"])
        model.compile(**chosen)
        return model

    def check(self, spec: Spec) -> None:
        """Raises ``InvalidArgument`` if a choice makes no sense for data of this kind; before anything is built."""
        for each in self.regularizers():
            each.check(spec)

    def augment(self, data: Data) -> Callable[[Any, Any], Any] | None:
        """What the input pipeline does to the inputs of training batches: see :meth:`recipes.Data.batches`, or None."""
        parts = [part for part in (each.augment(data) for each in self.regularizers()) if part is not None]

        def augment(x: Any, seed: Any) -> Any:
            for part in parts:
                x = part(x, seed)
            return x

        return augment if parts else None

    def callbacks(
        self,
        *,
        steps_per_epoch: int | None = None,
        epochs: int,
        learning_rate: float | None = None,
        spec: Spec | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callbacks of this recipe: stop on NaN, the schedule, and what the regularizers need.

        Early stopping looks at "val_loss": give ``validation_data`` to ``fit``.

        Args:
            steps_per_epoch: batches an epoch; None (default): what ``fit`` tells, if the data's length is known.
            epochs: number of epochs of the training.
            learning_rate: the peak rate; by default the recipe's own, or the optimizer's usual one.
            spec: of the data; it tells adversarial training the range of the images.

        Raises:
            InvalidArgument: for a number out of range.
        """
        check_integer("epochs", epochs, low=1)
        if steps_per_epoch is not None:
            check_integer("steps_per_epoch", steps_per_epoch, low=1)
        rate = check_number("learning_rate", learning_rate, above=0) if learning_rate is not None else self._rate()
        schedule = self.build_schedule(rate)
        if schedule is not None and schedule.total_steps is None and steps_per_epoch is not None:
            schedule.total_steps = steps_per_epoch * epochs
        extra = [c for each in self.regularizers() for c in each.callbacks(epochs=epochs, schedule=schedule, spec=spec)]
        return [StopOnNaN(), *([schedule] if schedule is not None else []), *extra]

    # --- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """This recipe as JSON text; objects among the choices are written as Keras writes them.

        Raises:
            InvalidArgument: when a field holds a function, which JSON cannot.
        """
        values = {field.name: _plain(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)}
        return json.dumps({"recipe": 1, **values}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The recipe that :meth:`to_json` wrote; a file of a later version, or with unknown fields, is refused."""
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, TypeError) as error:
            raise InvalidArgument("text", text, f"JSON as Recipe.to_json writes it ({error})") from None
        if not isinstance(values, dict) or values.pop("recipe", None) != 1:
            raise InvalidArgument("text", text, 'JSON as Recipe.to_json writes it, with "recipe": 1')
        if "regularization" in values and "regularizer" not in values:  # as version 0.1 called it
            values["regularizer"] = values.pop("regularization")
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            check_choice("field", name, known)
        return cls(**{name: _object(value) for name, value in values.items()})


def _name(choice: Choice) -> str:
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Mapping):
        return str(choice["name"])
    # Keras counts its own objects: "adam", "adam_1", ...
    return re.sub(r"_\d+$", "", getattr(choice, "name", None) or type(choice).__name__.lower())


def _choice(catalogue: Catalogue, value: Choice, kind: Any) -> Choice:
    """``value``, if it is a name, a mapping with a name, or an object of the right kind."""
    if isinstance(value, Mapping):
        catalogue[value.get("name", None)]
        options = {key: tuple(each) if isinstance(each, list) else each for key, each in value.items()}
        return options if len(options) > 1 else value["name"]
    if isinstance(value, Regularizer) and value.name in catalogue and catalogue[value.name].build is type(value):
        return value.to_choice()
    if not isinstance(value, str) and (callable(value) if kind == "callable" else isinstance(value, kind)):
        return value
    catalogue[value]
    return value


def _build(catalogue: Catalogue, value: Choice, **more: Any) -> Any:
    if isinstance(value, Mapping):
        options = {**more, **{key: option for key, option in value.items() if key != "name"}}
        return catalogue.build(value["name"], **options)
    return catalogue.build(value, **more) if isinstance(value, str) else value


def _regularization(value: Any) -> tuple[Choice, ...]:
    if value is None:
        value = ()
    elif isinstance(value, str):
        value = value.split("+")
    elif isinstance(value, (Mapping, Regularizer)) or not isinstance(value, Sequence):
        value = (value,)
    names = [part.strip() if isinstance(part, str) else part for part in value]
    if names == ["none"]:
        return ()
    if len(names) == 1 and isinstance(names[0], str) and names[0] not in REGULARIZERS:
        raise UnknownName("regularizer", names[0], ["none", *REGULARIZERS])
    choices = tuple(_choice(REGULARIZERS, each, Regularizer) for each in names)
    labels = [_name(each) for each in choices]
    if len(set(labels)) != len(labels):
        raise InvalidArgument("regularizer", "+".join(labels), "given each regularizer at most once")
    return choices


def _plain(field: str, value: Any, comparing: bool = False) -> Any:
    if value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, tuple):
        return [_plain(field, each, comparing) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(f"{field}[{key!r}]", each, comparing) for key, each in value.items()}
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (keras.optimizers.Optimizer, keras.initializers.Initializer)):
        written = keras.saving.serialize_keras_object(value)
        if comparing:
            written["config"].pop("name", None)  # Keras counts: "adam", "adam_1", ...
        return written
    if comparing:
        return f"object {id(value)}"
    raise InvalidArgument(field, value, "a name, a mapping or a Keras object to be written as JSON")


def _object(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_object(each) for each in value)
    if isinstance(value, dict) and "class_name" in value:
        try:
            return keras.saving.deserialize_keras_object(value)
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise InvalidArgument("text", value, f"JSON of Keras objects that can be made here ({reason})") from None
    return value


def _short(number: float) -> float:
    """The float with fewest digits that is the same in single precision: 0.01, not 0.009999999776482582."""
    return next(
        short for digits in range(1, 18) if np.float32(short := float(f"{number:.{digits}g}")) == np.float32(number)
    )
