"""KerasOptimizer, KerasAdadelta: base classes with public names for internals of Keras' optimizers.

Within a ``keras.StatelessScope`` Keras' optimizers fail on TensorFlow, since they assign to the ``tf.Variable`` inside
a Keras variable. A :class:`KerasOptimizer` assigns to the Keras variable there, whose value the scope keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.backend.common.stateless_scope import in_stateless_scope
from keras.src.optimizers.base_optimizer import BaseOptimizer

__all__ = ["KerasAdadelta", "KerasOptimizer", "in_stateless_scope"]


class KerasOptimizer(keras.optimizers.Optimizer):
    """Keras' ``Optimizer`` with more methods to override: :meth:`update`, :meth:`decays` and
    :meth:`shrinks_before_step`.

    Example:
        >>> class Counting(KerasOptimizer):
        ...     def build(self, variables):
        ...         super().build(variables)
        ...         self.counts = [0 for _ in variables]
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.counts[self.index_of(variable)] += 1
        >>> optimizer, weights = Counting(0.1), [keras.Variable(1.0), keras.Variable(2.0)]
        >>> optimizer.build(weights)
        >>> optimizer.apply([keras.ops.ones(())], weights[1:])
        >>> optimizer.counts
        [0, 1]
    """

    @property
    def trained_variables(self) -> list[Any]:
        """The variables that the optimizer was built for."""
        return list(self._trainable_variables)

    def index_of(self, variable: Any) -> int:
        """The index of a variable in :attr:`trained_variables`, and of its state in lists of state variables."""
        return self._get_variable_index(variable)

    def update(self, gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        """Called once per step, after clipping and weight decay; calls ``update_step`` for each variable."""
        if in_stateless_scope():
            BaseOptimizer._backend_update_step(self, gradients, variables, learning_rate)
        else:
            super()._backend_update_step(gradients, variables, learning_rate)

    def decays(self, variable: Any) -> bool:
        """Whether weight decay applies to a variable: by default unless ``exclude_from_weight_decay`` named it."""
        return super()._use_weight_decay(variable)

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        self.update(grads, trainable_variables, learning_rate)

    def shrinks_before_step(self, variable: Any) -> bool:
        """Whether Keras shrinks a variable that decays before its step; otherwise the step itself must."""
        return self.decays(variable)

    def decay_of_average(self) -> Any:
        """The decay of the moving average of the weights (``use_ema``) at this step, between 0 and 1."""
        return self.ema_momentum

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        constant: Any = self.ema_momentum  # type: ignore[has-type]
        try:
            self.ema_momentum = self.decay_of_average()
            super()._update_model_variables_moving_average(trainable_variables)
        finally:
            self.ema_momentum = constant

    def _use_weight_decay(self, variable: Any) -> bool:
        return self.shrinks_before_step(variable)

    def stateless_apply(self, optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
        """The weights and the optimizer's variables after a step, as tensors; nothing is assigned.

        Args:
            optimizer_variables: the values of ``optimizer.variables``.
            grads: the gradients, one per weight.
            trainable_variables: the values of the weights that the optimizer was built for.

        Example:
            >>> from recipes.optimizers import SGD
            >>> optimizer = SGD(0.1)
            >>> optimizer.build([keras.Variable(0.0)])
            >>> state = [variable.numpy() for variable in optimizer.variables]
            >>> (weight,), _ = optimizer.stateless_apply(state, [keras.ops.array(2.0)], [keras.ops.array(1.0)])
            >>> round(float(weight), 3)
            0.8
        """
        return BaseOptimizer.stateless_apply(self, optimizer_variables, grads, trainable_variables)

    def assign(self, variable: Any, value: Any) -> None:
        """Assigns a value to a variable; in a ``keras.StatelessScope``, to its value there."""
        if in_stateless_scope():
            BaseOptimizer.assign(self, variable, value)
        else:
            super().assign(variable, value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds a value to a variable, as :meth:`assign`."""
        if in_stateless_scope():
            BaseOptimizer.assign_add(self, variable, value)
        else:
            super().assign_add(variable, value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts a value from a variable, as :meth:`assign`."""
        if in_stateless_scope():
            BaseOptimizer.assign_sub(self, variable, value)
        else:
            super().assign_sub(variable, value)

    def _apply_weight_decay(self, variables: Any) -> None:
        if in_stateless_scope():
            BaseOptimizer._apply_weight_decay(self, variables)
        else:
            super()._apply_weight_decay(variables)

    def _var_key(self, variable: Any) -> Any:
        # TensorFlow keys by the inner variable; in the scope, `variable.value` is the tensor that stands for it.
        tensorflow = keras.backend.backend() == "tensorflow"
        inner = tensorflow and in_stateless_scope() and isinstance(variable, keras.Variable)
        return super()._var_key(variable._value if inner else variable)


class KerasAdadelta(keras.optimizers.Adadelta):
    """Keras' ``Adadelta`` with public names for its state.

    Example:
        >>> optimizer = KerasAdadelta()
        >>> optimizer.build([keras.Variable([1.0, 2.0])])
        >>> [tuple(average.shape) for average in (*optimizer.squares, *optimizer.squared_steps)]
        [(2,), (2,)]
    """

    @property
    def squares(self) -> list[Any]:
        """The running averages of the squared gradients, one per variable."""
        return self._accumulated_grads

    @property
    def squared_steps(self) -> list[Any]:
        """The running averages of the squared steps, before the learning rate, one per variable."""
        return self._accumulated_delta_vars
