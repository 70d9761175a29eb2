"""LayerRates: an optimizer that trains some layers at a fraction of the rate."""

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
    """An optimizer that trains some layers at a fraction of the rate.

    What the optimizer inside does to the weights of such a layer is multiplied by the layer's factor. For a constant
    factor that is the same as a learning rate multiplied by it, weight decay included, whatever the optimizer makes of
    the gradient; a smaller gradient would be no smaller step to Adam. The rate itself, the schedules that move it and
    the momentum stay the inner optimizer's.

    Args:
        inner_optimizer: a Keras optimizer that is given its rate, without averaging of weights (``use_ema``).
        factors: from the name of a layer to a number in (0, 1]; all others have 1.
        name: of this optimizer.

    Raises:
        InvalidArgument: for another optimizer or a factor out of range.

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
        if not isinstance(factors, Mapping):
            raise InvalidArgument("factors", factors, "a mapping from names of layers to numbers")
        factors = {layer: check_number(f"factors[{layer!r}]", each, above=0, high=1) for layer, each in factors.items()}
        rate = rate_source(inner_optimizer)
        # Not followed by schedules: the inner one is what counts. A Recipe reads the first rate here.
        super().__init__(learning_rate=float(rate.numpy()) if isinstance(rate, keras.Variable) else 0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.factors = dict(factors)

    def build(self, variables: list[Any]) -> None:
        """Makes what belongs to each variable, in the optimizer inside."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)

    def factor(self, variable: Any) -> float:
        """That of the layer that has this variable, or in which the layer is that has it."""
        layers = variable.path.split("/")[:-1]
        return next((self.factors[layer] for layer in layers if layer in self.factors), 1.0)

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Updates the variables by their gradients; see Keras' ``Optimizer.apply``."""
        variables = self.trained_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            with keras.name_scope(self.name, caller=self):
                self.build(variables)
        slow = [(each, factor) for each in variables if (factor := self.factor(each)) != 1.0]
        before = [ops.copy(ops.convert_to_tensor(each)) for each, _ in slow]
        self.inner_optimizer.apply(grads, variables)
        for (variable, factor), old in zip(slow, before, strict=True):
            variable.assign(old + ops.cast(factor, variable.dtype) * (ops.convert_to_tensor(variable) - old))

    @property
    def variables(self) -> list[Any]:
        """Those of the optimizer inside, after this one's own."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """That of the optimizer inside: the one of layers without a factor."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """The steps made so far."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss as the optimizer inside wants it."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Any) -> None:
        """What the optimizer inside does at the end of training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to make this optimizer again."""
        inner = keras.saving.serialize_keras_object(self.inner_optimizer)
        return {"inner_optimizer": inner, "factors": dict(self.factors), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LayerRates:
        """The optimizer that :meth:`get_config` described; any other keys are options of the one inside.

        Raises:
            InvalidArgument: for an option that the one inside has already.
        """
        own = {key: config[key] for key in ("inner_optimizer", "factors", "name") if key in config}
        inner = keras.saving.deserialize_keras_object(own["inner_optimizer"], custom_objects=custom_objects)
        more = {key: value for key, value in config.items() if key not in own}
        if more:
            given = inner.get_config()
            for key in more:
                if given.get(key) is not None:
                    raise InvalidArgument(key, more[key], "given once: the optimizer has it already")
            inner = type(inner).from_config({**given, **more})
        return cls(**{**own, "inner_optimizer": inner})
