"""LayerRates: an optimizer that trains some layers at a fraction of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.inside.optimizer_base import KerasOptimizer
from ...callbacks.inside.optimizer_values import rate_source

__all__ = ["LayerRates"]


@keras.saving.register_keras_serializable(package="recipes")
class LayerRates(KerasOptimizer):
    """An optimizer that trains some layers at a fraction of the learning rate.

    It multiplies the inner optimizer's update of such a layer, weight decay included, by the layer's factor. A constant
    factor has the same effect as a learning rate multiplied by it, for every optimizer. (Scaling the gradient would
    not: Adam's step does not shrink with it.) The rate, its schedules and the momentum remain those of the inner
    optimizer.

    Args:
        inner_optimizer: a Keras optimizer with a learning rate of its own and without averaged or slow
            weights of its own.
        factors: from the name of a layer to a number in (0, 1]; all other layers have 1.
        name: of this optimizer.

    Raises:
        InvalidArgument: for any other optimizer or a factor out of range.

    Example:
        >>> optimizer = LayerRates(keras.optimizers.Adam(1e-3), {"dense": 0.1})
        >>> float(optimizer.learning_rate)  # doctest: +ELLIPSIS
        0.001...
    """

    def __init__(self, inner_optimizer: Any, factors: Mapping[str, float], name: str = "layer_rates"):
        if not isinstance(inner_optimizer, keras.optimizers.Optimizer):
            raise InvalidArgument("inner_optimizer", inner_optimizer, "a Keras optimizer")
        if getattr(inner_optimizer, "finds_its_own_step", False):
            accepted = "one that is given its learning rate: this finds its step itself"
            raise InvalidArgument("inner_optimizer", inner_optimizer.name, accepted)
        if getattr(inner_optimizer, "use_ema", False):
            raise InvalidArgument("inner_optimizer", inner_optimizer.name, "one with use_ema=False")
        if getattr(inner_optimizer, "follows_weights", False):
            raise InvalidArgument("inner_optimizer", inner_optimizer.name, "one that keeps no weights of its own")
        if not isinstance(factors, Mapping):
            raise InvalidArgument("factors", factors, "a mapping from names of layers to numbers")
        checked = {
            layer: check_number(f"factors[{layer!r}]", factor, above=0, high=1) for layer, factor in factors.items()
        }
        rate = rate_source(inner_optimizer)
        # Schedules set the inner optimizer's rate, not this one, from which a Recipe reads the initial rate.
        super().__init__(learning_rate=float(rate.numpy()) if isinstance(rate, keras.Variable) else 0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.factors = checked

    def build(self, variables: list[Any]) -> None:
        """Builds the inner optimizer for these variables."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)

    def factor(self, variable: Any) -> float:
        """The factor of the layer that holds this variable, directly or in a layer inside it."""
        layers = variable.path.split("/")[:-1]
        return next((self.factors[layer] for layer in layers if layer in self.factors), 1.0)

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Updates the variables by their gradients; see Keras' ``Optimizer.apply``."""
        variables = self.trained_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            with keras.name_scope(self.name, caller=self):
                self.build(variables)
        slow = [(variable, factor) for variable in variables if (factor := self.factor(variable)) != 1.0]
        before = [ops.copy(ops.convert_to_tensor(variable)) for variable, _ in slow]
        self.inner_optimizer.apply(grads, variables)
        for (variable, factor), old in zip(slow, before, strict=True):
            variable.assign(old + ops.cast(factor, variable.dtype) * (ops.convert_to_tensor(variable) - old))

    @property
    def variables(self) -> list[Any]:
        """This optimizer's variables, then those of the inner one."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's rate, which applies to layers without a factor."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """The steps made so far."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss, scaled by the inner optimizer."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Calls the inner optimizer's method at the end of training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        inner = keras.saving.serialize_keras_object(self.inner_optimizer)
        return {"inner_optimizer": inner, "factors": dict(self.factors), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LayerRates:
        """The optimizer that :meth:`get_config` describes; further keys are options of the inner one.

        Raises:
            InvalidArgument: for an option that the inner optimizer already has.
        """
        arguments = {key: config[key] for key in ("inner_optimizer", "factors", "name") if key in config}
        inner = keras.saving.deserialize_keras_object(arguments["inner_optimizer"], custom_objects=custom_objects)
        extra = {key: value for key, value in config.items() if key not in arguments}
        if extra:
            inner_config = inner.get_config()
            for key in extra:
                if inner_config.get(key) is not None:
                    raise InvalidArgument(key, extra[key], "given once: the optimizer has it already")
            inner = type(inner).from_config({**inner_config, **extra})
        return cls(**{**arguments, "inner_optimizer": inner})
