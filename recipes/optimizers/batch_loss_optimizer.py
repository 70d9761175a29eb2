"""BatchLossOptimizer: base class of optimizers that evaluate the loss themselves, on the current batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument, check_name
from ...callbacks.inside.backend import check_tensorflow
from ...callbacks.inside.optimizer_base import KerasOptimizer
from ...callbacks.inside.running_step import left_alone, running_step
from .base import checked_rate, checked_variables
from .batch_loss import BatchLoss, FunctionLoss, unflatten

__all__ = ["NOT_SUPPORTED", "BatchLossOptimizer"]

GRADIENTS = 2.0
"""Gradient evaluations at the start of every step: Keras' own, and that of the loss evaluated here."""

NOT_SUPPORTED = {
    "decay": "'kernels', the default elsewhere: there is no weight decay to say the variables of",
    "never_decayed": "(): there is no weight decay to be left out of",
    "weight_decay": "None: an L2 regularizer belongs to the loss",
    "clipnorm": "None: the step has the length that the loss asks for",
    "clipvalue": "None: the step has the length that the loss asks for",
    "global_clipnorm": "None: the step has the length that the loss asks for",
    "use_ema": "False: the averaged weights would not be those whose loss was measured",
    "ema_overwrite_frequency": "None: the averaged weights would not be those whose loss was measured",
    "loss_scale_factor": "None: the loss is evaluated here, without a scale",
    "gradient_accumulation_steps": "None: a step uses one batch; make the batch larger",
}

OFF = {"use_ema": False, "decay": "kernels", "never_decayed": ()}
"""The values that switch them off; None for the others."""


class BatchLossOptimizer(KerasOptimizer):
    """Base class of optimizers that evaluate the loss themselves, on the batch of the current training step.

    They work in ``model.compile`` and ``fit``, eagerly, compiled, with any ``steps_per_execution`` and under XLA:
    ``apply`` gets the model and the batch from :func:`callbacks.inside.running_step.running_step`. The gradients that
    Keras passes only say which weights take part. With dropout they belong to other random numbers than the later
    evaluations, so loss and gradient are computed again. In your own training loop, use :meth:`minimize`.

    A subclass defines ``new_values``. If the loss or the gradient is not finite, or no step is found, the weights do
    not change.

    State, readable after ``fit``: ``gradient_evaluations``, the work of all steps so far, and
    ``last_gradient_evaluations``, that of the last step. A gradient counts as 1, a loss as 1/3 (the forward pass
    alone), a product of the Hessian with a vector as 2 and one of the Gauss-Newton matrix as 4/3, by the number of
    their matrix products. Each step starts at 2: the gradient of Keras' training step, whose unused backward pass
    TensorFlow prunes in compiled mode, and that of the loss evaluated here. ``last_step`` is the factor on the
    direction; 0 is no step.

    Args:
        learning_rate: the factor on the step, or the start of the search for it; >= 0. Default 1.0.
        name: the optimizer's name.
        **kwargs: the arguments of every Keras optimizer, accepted only at the values that switch them off.

    Raises:
        InvalidArgument: for an argument of Keras that does not suit such a step; it names the argument.
        ValueError: in ``apply``, outside a Keras training step of a model that is compiled with this optimizer.
    """

    finds_its_own_step = True

    def __init__(self, learning_rate: Any = 1.0, name: str | None = None, **kwargs: Any):
        check_tensorflow(type(self).__name__)
        check_name(name)
        learning_rate = checked_rate(learning_rate)
        for key, accepted in NOT_SUPPORTED.items():
            if key in kwargs and not _is(kwargs[key], OFF.get(key)):
                raise InvalidArgument(key, kwargs[key], accepted)
        kwargs = {key: value for key, value in kwargs.items() if key not in ("decay", "never_decayed")}  # not Keras'
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self._function_loss: FunctionLoss | None = None

    def build(self, variables: list[Any]) -> None:
        """Creates the counters."""
        if self.built:
            return
        super().build(variables)
        names = ("gradient_evaluations", "last_gradient_evaluations", "last_step")
        for name in names:
            setattr(self, name, self._scalar(name))

    def _scalar(self, name: str, initializer: Any = "zeros", dtype: str = "float64") -> Any:
        return self.add_variable((), initializer, dtype=dtype, aggregation="only_first_replica", name=name)

    def new_values(
        self, loss: FunctionLoss, variables: list[Any], values: list[Any], learning_rate: Any
    ) -> tuple[Any, Any, Any]:
        """One step.

        Args:
            loss: the loss as a function of the weights.
            variables: the Keras variables. Do not assign them here.
            values: their values, TensorFlow tensors.
            learning_rate: shape (), float64.

        Returns:
            The new weights as one vector (see :func:`flatten`), the factor on the step (0 for no step), and the
            gradient evaluations beyond the first two; the last two of shape (), float64.
        """
        raise NotImplementedError

    def minimize(self, loss_function: Any, variables: Sequence[Any]) -> Any:
        """One step that lowers ``loss_function``, for your own training loop or a function of a few numbers.

        It may be called in a ``tf.function``, which makes many steps faster.

        Args:
            loss_function: takes a list of tensors, one per variable, and returns a scalar; or a :class:`BatchLoss`.
            variables: the Keras variables to change, the same at every call.

        Returns:
            The loss before the step, shape ().

        Raises:
            InvalidArgument: for a loss_function that is neither, and for anything but Keras variables.

        Example:
            >>> from recipes.optimizers.newton import Newton
            >>> point = keras.Variable([-1.2, 1.0])
            >>> rosenbrock = lambda v: (1 - v[0][0]) ** 2 + 100 * (v[0][1] - v[0][0] ** 2) ** 2
            >>> optimizer = Newton()
            >>> losses = [float(optimizer.minimize(rosenbrock, [point])) for _ in range(25)]
            >>> point.numpy().round(3).tolist()
            [1.0, 1.0]
        """
        import tensorflow as tf

        loss = loss_function if isinstance(loss_function, FunctionLoss) else FunctionLoss(loss_function)
        variables = checked_variables("variables", variables)
        if not variables:
            raise InvalidArgument("variables", variables, "a list of at least one Keras variable")
        before = loss.loss([tf.convert_to_tensor(variable.value) for variable in variables])
        self._function_loss = loss
        try:
            self.apply([tf.zeros_like(variable.value) for variable in variables], list(variables))
        finally:
            self._function_loss = None
        return before

    def update(self, gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        """One step for all variables together."""
        import tensorflow as tf

        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            name = type(self).__name__
            raise InvalidArgument("replicas", replicas, f"1 for {name}, which needs the whole batch in one place")
        variables = list(variables)
        loss = self._function_loss or self._loss_of_the_training_step(variables)
        values = [tf.convert_to_tensor(variable.value) for variable in variables]
        vector, step, work = self.new_values(loss, variables, values, tf.cast(learning_rate, tf.float64))
        for variable, old, new in zip(variables, values, unflatten(vector, values), strict=True):
            self.assign(variable, tf.where(step > 0, new, old))
        work = tf.cast(work, tf.float64) + GRADIENTS
        self.assign(self.last_step, step)
        self.assign(self.last_gradient_evaluations, work)
        self.assign_add(self.gradient_evaluations, work)

    def _loss_of_the_training_step(self, variables: list[Any]) -> BatchLoss:
        step = running_step()
        if step is not None and step.model.optimizer is self:
            return BatchLoss(step.model, step.data, variables)
        caller = "no train_step of Keras" if step is None else type(step.model.optimizer).__name__
        name = type(self).__name__
        error = ValueError(
            f"{name} evaluates the loss several times a step and so needs the batch: train with model.compile({name}("
            f"...), auto_scale_loss=False) and Keras' own train_step, or call optimizer.minimize(loss_function, "
            f"variables), where loss_function takes a list of tensors or is a BatchLoss(model, data). "
            f"Received: caller={caller}"
        )
        raise left_alone(error)


def _is(value: Any, off: Any) -> bool:
    if isinstance(off, tuple):
        return isinstance(value, (tuple, list)) and not value
    return value is off or (isinstance(off, str) and isinstance(value, str) and value == off)
