"""The loss as a function of the weights on the batch of the running training step, and optimizers that evaluate it."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import keras

from callbacks.checks import InvalidArgument, check_number

__all__ = ["BatchLoss", "BatchLossOptimizer", "FunctionLoss", "Product", "epsilon", "flatten", "unflatten"]

Product = Callable[[Sequence[Any]], list[Any]]

LOSS = 1 / 3
"""What one evaluation of the loss costs, in gradient evaluations."""

HESSIAN_PRODUCT = 2.0
"""What one product of the Hessian with a vector costs, in gradient evaluations: 6 matrix products a layer, not 3."""

GAUSS_NEWTON_PRODUCT = 4 / 3
"""What one product of the Gauss-Newton matrix costs: 4 matrix products a layer, 2 for J and 2 for its transpose."""

GRADIENTS = 2.0
"""The gradient evaluations that every step begins with: Keras' own, and that of the loss function used here."""

NOT_SUPPORTED = {
    "weight_decay": "None: an L2 regularizer belongs to the loss",
    "clipnorm": "None: the step has the length that the loss asks for",
    "clipvalue": "None: the step has the length that the loss asks for",
    "global_clipnorm": "None: the step has the length that the loss asks for",
    "use_ema": "False: the averaged weights would not be those whose loss was measured",
    "ema_overwrite_frequency": "None: the averaged weights would not be those whose loss was measured",
    "loss_scale_factor": "None: the loss is evaluated here, without a scale",
    "gradient_accumulation_steps": "None: a step uses one batch; make the batch larger",
}


def flatten(values: Sequence[Any], dtype: Any = None) -> Any:
    """Tensors of any shapes as one vector, shape (n,), of ``dtype`` or of the widest type among them.

    Example:
        >>> flatten([keras.ops.ones((2, 2)), keras.ops.zeros(3)]).shape
        TensorShape([7])
    """
    import tensorflow as tf

    dtype = dtype or keras.backend.result_type(*(keras.backend.standardize_dtype(each.dtype) for each in values))
    return tf.concat([tf.reshape(tf.cast(each, dtype), [-1]) for each in values], 0)


def unflatten(vector: Any, like: Sequence[Any]) -> list[Any]:
    """The inverse of :func:`flatten`: tensors with the shapes and types of those in ``like``."""
    import tensorflow as tf

    parts = tf.split(vector, [each.shape.num_elements() for each in like])
    return [tf.cast(tf.reshape(part, each.shape), each.dtype) for part, each in zip(parts, like, strict=True)]


def epsilon(dtype: Any) -> float:
    """The relative rounding error of a floating-point type: 1.2e-07 for float32.

    Example:
        >>> epsilon("float64")
        2.220446049250313e-16
    """
    digits = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}
    return 2.0 ** -digits[keras.backend.standardize_dtype(dtype)]


class FunctionLoss:
    """A loss given as a function, with its derivatives.

    Args:
        function: takes a list of TensorFlow tensors, one a weight, returns a scalar tensor.

    All methods take ``values``, a list of tensors, one a weight, and can be called eagerly, in a ``tf.function``, in
    loops and under XLA. A weight on which the loss does not depend has the gradient zero.

    Example:
        >>> bowl = FunctionLoss(lambda values: keras.ops.sum(values[0] ** 2))
        >>> loss, (gradient,) = bowl.loss_and_gradient([keras.ops.array([3.0, 4.0])])
        >>> float(loss), gradient.numpy().tolist()
        (25.0, [6.0, 8.0])
        >>> bowl.hessian_vector([keras.ops.array([3.0, 4.0])], [keras.ops.array([1.0, 0.0])])[0].numpy().tolist()
        [2.0, 0.0]
    """

    gauss_newton_cost = HESSIAN_PRODUCT
    """What a product of :meth:`gauss_newton_at` costs, in gradient evaluations."""

    def __init__(self, function: Callable[[list[Any]], Any]):
        if not callable(function):
            raise InvalidArgument("loss_function", function, "a function that takes a list of tensors")
        self._function = function

    def _forward(self, values: list[Any]) -> tuple[Any, Any, list[Any]]:
        """The whole loss; its part that does not pass through the outputs, or None; the model's outputs."""
        return self._function(values), None, []

    def loss(self, values: Sequence[Any]) -> Any:
        """The loss, shape ()."""
        return self._forward(list(values))[0]

    def loss_and_gradient(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The loss, shape (), and its gradient, one tensor a weight."""
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = self.loss(values)
        return loss, _derivative(tape, loss, values)

    def hessian_at(self, values: Sequence[Any]) -> tuple[Any, list[Any], Product]:
        """The loss, its gradient, and the function v -> H v: exact products with the matrix of second derivatives.

        The network is run and differentiated once, here; each product differentiates that once more.
        """
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, gradient = self.loss_and_gradient(values)
        return loss, gradient, lambda vectors: _derivative(tape, gradient, values, list(vectors))

    def gauss_newton_at(self, values: Sequence[Any]) -> tuple[Any, list[Any], Product]:
        """The loss, its gradient, and the function v -> J' H_L J v + H_P v, the generalized Gauss-Newton product.

        J is the derivative of the network's outputs with respect to the weights, H_L the Hessian of the data's loss
        with respect to these outputs, and H_P that of the rest of the loss: L2 and the other penalties. Where the loss
        is computed from the logits before a final softmax or sigmoid, as Keras does for cross-entropy, the outputs
        are those logits. So H_L is positive semi-definite for cross-entropy and squared error, and the whole is if the
        penalties are convex. A loss given as a function has no outputs: there it is the exact Hessian.
        """
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
            outer.watch(values)
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as inner:
                inner.watch(values)
                loss, penalty, outputs = self._forward(values)
                data_loss = loss if penalty is None else loss - penalty
            gradient = _derivative(inner, loss, values)
            if not outputs:
                return loss, gradient, lambda vectors: _derivative(outer, gradient, values, list(vectors))
            outputs = _where_the_loss_begins(inner, loss, penalty, outputs)
            seeds = [tf.zeros_like(each) for each in outputs]
            outer.watch(seeds)
            transposed = _derivative(inner, outputs, values, seeds)  # J' u is linear in u: its derivative is J
            slopes = _derivative(inner, data_loss, outputs)
            penalty_gradient = None if penalty is None else _derivative(inner, penalty, values)

        def product(vectors: Sequence[Any]) -> list[Any]:
            vectors = list(vectors)
            forward = _derivative(outer, transposed, seeds, vectors)
            curved = _derivative(outer, slopes, outputs, forward)
            back = _derivative(inner, outputs, values, curved)
            if penalty_gradient is None:
                return back
            penalized = _derivative(outer, penalty_gradient, values, vectors)
            return [a + b for a, b in zip(back, penalized, strict=True)]

        return loss, gradient, product

    def part(self, fraction: float) -> FunctionLoss:
        """The same on the first ``fraction`` of the examples; a loss given as a function has none, and is itself."""
        return self

    def hessian_vector(self, values: Sequence[Any], vectors: Sequence[Any]) -> list[Any]:
        """H v for one v; for several at the same values :meth:`hessian_at` costs less."""
        return self.hessian_at(values)[2](vectors)

    def gauss_newton_vector(self, values: Sequence[Any], vectors: Sequence[Any]) -> list[Any]:
        """The product of :meth:`gauss_newton_at` for one v."""
        return self.gauss_newton_at(values)[2](vectors)


class BatchLoss(FunctionLoss):
    """The loss of a compiled model on one batch, as a function of its weights.

    It is what the training step minimizes: ``model.compute_loss`` in training mode, with sample weights and all
    penalties. Evaluating it moves no weight, random state, moving average or metric, so every evaluation draws the
    same dropout masks and random augmentation, as far as they come from Keras' seed generators. Batch normalization
    uses the batch's statistics.

    Args:
        model: a compiled and built Keras model on the TensorFlow backend.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
        variables: the weights that the values stand for; the others keep theirs. Default: all trainable weights.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(loss="mse")
        >>> loss = BatchLoss(model, (keras.ops.ones((4, 2)), keras.ops.zeros((4, 1))))
        >>> float(loss.loss([weight.value for weight in model.trainable_weights]))
        4.0
    """

    gauss_newton_cost = GAUSS_NEWTON_PRODUCT

    def __init__(self, model: keras.Model, data: Any, variables: Sequence[Any] | None = None):
        if not isinstance(model, keras.Model) or not model.compiled:
            raise InvalidArgument("model", model, "a compiled keras.Model")
        if keras.backend.backend() != "tensorflow":
            raise InvalidArgument("backend", keras.backend.backend(), "'tensorflow'")
        self._model, self._data = model, data
        self._variables = list(model.trainable_weights if variables is None else variables)

    def part(self, fraction: float) -> BatchLoss:
        """The loss on the first ``fraction`` of the batch, at least one example. ``fit`` shuffles: they are random."""
        if fraction == 1:
            return self
        import tensorflow as tf

        def first(each: Any) -> Any:
            if each is None:
                return None
            if each.shape[0] is not None:  # XLA has to know
                return each[: math.ceil(fraction * each.shape[0])]
            return each[: tf.cast(tf.math.ceil(fraction * tf.cast(tf.shape(each)[0], tf.float64)), tf.int32)]

        return BatchLoss(self._model, keras.tree.map_structure(first, self._data), self._variables)

    def _forward(self, values: list[Any]) -> tuple[Any, Any, list[Any]]:
        model = self._model
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(self._data)
        # Regularizers ask the scope for each weight's value, and the tape has to see it: hence the explicit values.
        with keras.StatelessScope(list(zip(self._variables, values, strict=True)), collect_losses=True):
            predicted = model(x, training=True) if model._call_has_training_arg else model(x)
            loss = model._compute_loss(x=x, y=y, y_pred=predicted, sample_weight=sample_weight, training=True)
            penalties = [keras.ops.cast(keras.ops.sum(each), loss.dtype) for each in model.losses]
            model._clear_losses()
        return loss, sum(penalties[1:], penalties[0]) if penalties else None, keras.tree.flatten(predicted)


def _where_the_loss_begins(tape: Any, loss: Any, penalty: Any, outputs: list[Any]) -> list[Any]:
    """For each output itself, or the logits before it if the loss was computed from those."""
    found = []
    for output in outputs:
        logits = getattr(output, "_keras_logits", None)
        through = tape.gradient(loss, output) is not None
        if through and penalty is not None:  # only an activity regularizer may look at the output
            through = tape.gradient(penalty, output) is None
        found.append(output if logits is None or through else logits)
    return found


def _derivative(tape: Any, targets: Any, sources: list[Any], output_gradients: Any = None) -> list[Any]:
    import tensorflow as tf

    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(targets, sources, output_gradients=output_gradients, unconnected_gradients=zero)
    return [tf.convert_to_tensor(each) for each in found]


class BatchLossOptimizer(keras.optimizers.Optimizer):
    """Base of the optimizers that evaluate the loss themselves, on the batch of the training step that is being run.

    They work in ``model.compile`` and ``fit``, eagerly, compiled, with any ``steps_per_execution`` and under XLA:
    ``apply`` finds Keras' ``train_step`` on the Python call stack, and in it the model and the batch. The gradients
    that Keras passes serve only to tell which weights take part: with dropout they belong to other random numbers
    than later evaluations do, so loss and gradient are computed again. In a loop of one's own there is
    :meth:`minimize`.

    A subclass defines ``new_values``. If loss or gradient is not finite, or no step is found, the weights stay.

    State, readable after ``fit``: ``gradient_evaluations``, the work of all steps so far, and
    ``last_gradient_evaluations``, that of the last step, both in gradient evaluations. These count each gradient as 1,
    a loss as 1/3 (the forward pass alone), a product of the Hessian with a vector as 2 and one of the Gauss-Newton
    matrix as 4/3: the matrix products in them over those of a gradient, and an upper bound of the time they take.
    Each step begins with 2: the gradient of Keras' training step, whose backward pass TensorFlow drops in compiled mode
    because nobody uses it, and that of the loss evaluated here. ``last_step``: what the direction was multiplied by;
    0 is no step.

    Args:
        learning_rate: the step's factor, or where the search for it starts; >= 0. Default 1.0.
        name: the optimizer's name.
        **kwargs: those of every Keras optimizer are accepted only at the values that switch them off.

    Raises:
        InvalidArgument: for an argument of Keras that does not go with such a step, by name.
        ValueError: in ``apply``, where there is no Keras training step whose model this optimizer trains.
    """

    finds_its_own_step = True

    def __init__(self, learning_rate: Any = 1.0, name: str | None = None, **kwargs: Any):
        if not callable(learning_rate) and not isinstance(learning_rate, dict):
            learning_rate = check_number("learning_rate", learning_rate, low=0)
        for key, accepted in NOT_SUPPORTED.items():
            if kwargs.get(key) is not None and kwargs[key] is not False:
                raise InvalidArgument(key, kwargs[key], accepted)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self._function_loss: FunctionLoss | None = None

    def build(self, variables: list[Any]) -> None:
        """Makes the counters."""
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
            variables: the Keras variables; not to be assigned here.
            values: their values, TensorFlow tensors.
            learning_rate: shape (), float64.

        Returns:
            The new weights as one vector (see :func:`flatten`), the step's factor (0 for no step), and the gradient
            evaluations it took beyond the first two; the last two of shape (), float64.
        """
        raise NotImplementedError

    def minimize(self, loss_function: Any, variables: Sequence[Any]) -> Any:
        """One step that lowers ``loss_function``, for a training loop of one's own or a function of a few numbers.

        Args:
            loss_function: takes a list of tensors, one a variable, and returns a scalar; or a :class:`BatchLoss`.
            variables: the Keras variables to change. Always the same ones.

        Returns:
            The loss before the step, shape (). May be called in a ``tf.function``, which makes many steps faster.

        Raises:
            InvalidArgument: for a loss_function that is neither.

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
        before = loss.loss([tf.convert_to_tensor(each.value) for each in variables])
        self._function_loss = loss
        try:
            self.apply([tf.zeros_like(each.value) for each in variables], list(variables))
        finally:
            self._function_loss = None
        return before

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        """Called by Keras once a step, for all variables together."""
        if keras.backend.backend() != "tensorflow":
            raise InvalidArgument("backend", keras.backend.backend(), f"'tensorflow' for {type(self).__name__}")
        import tensorflow as tf

        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            kind = type(self).__name__
            raise InvalidArgument("replicas", replicas, f"1 for {kind}, which needs the whole batch in one place")
        variables = list(trainable_variables)
        loss = self._function_loss or self._loss_of_the_training_step(variables)
        values = [tf.convert_to_tensor(each.value) for each in variables]
        vector, step, work = self.new_values(loss, variables, values, tf.cast(learning_rate, tf.float64))
        for variable, old, new in zip(variables, values, unflatten(vector, values), strict=True):
            self.assign(variable, tf.where(step > 0, new, old))
        work = tf.cast(work, tf.float64) + GRADIENTS
        self.assign(self.last_step, step)
        self.assign(self.last_gradient_evaluations, work)
        self.assign_add(self.gradient_evaluations, work)

    def _loss_of_the_training_step(self, variables: list[Any]) -> BatchLoss:
        frame: types.FrameType | None = sys._getframe(1)
        own = keras.Model.train_step.__code__
        seen = "no train_step"
        while frame is not None:
            model = frame.f_locals.get("self")
            if isinstance(model, keras.Model) and frame.f_code.co_name == "train_step":
                if frame.f_code is own and model.optimizer is self:
                    return BatchLoss(model, frame.f_locals["data"], variables)
                custom = frame.f_code is not own
                seen = f"{type(model).__name__}.train_step" if custom else type(model.optimizer).__name__
            frame = frame.f_back
        name = type(self).__name__
        raise ValueError(
            f"{name} evaluates the loss several times a step and so needs the batch: train with model.compile({name}("
            f"...), auto_scale_loss=False) and Keras' own train_step, or call optimizer.minimize(loss_function, "
            f"variables), where loss_function takes a list of tensors or is a BatchLoss(model, data). "
            f"Received: caller={seen}"
        )
