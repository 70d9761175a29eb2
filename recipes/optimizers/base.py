"""Optimizer: the base class of the optimizers here, on top of Keras' own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ...callbacks.checks import (
    InvalidArgument,
    check_bool,
    check_choice,
    check_integer,
    check_name,
    check_names,
    check_number,
)
from ...callbacks.inside.backend import widest_float
from ...callbacks.inside.optimizer_base import KerasOptimizer, in_stateless_scope
from ...callbacks.inside.training import under_xla
from ...callbacks.inside.weights import is_kernel
from ...callbacks.taken import in_one_line

__all__ = [
    "Live",
    "Optimizer",
    "cast",
    "checked_patterns",
    "checked_rate",
    "checked_variables",
    "handles",
    "is_fusible",
    "power_rest",
]


CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
"""The options that clip gradients, of which an optimizer takes one."""

NOT_FINITE = (
    "the gradient is NaN or infinite, and no weight was changed; try a lower learning rate or gradient clipping."
    " The first layer of the backward pass with such a gradient:"
)


class Live:
    """A hyperparameter in [0, 1) that may be assigned during training: an attribute backed by a Keras variable.

    Keras bakes an optimizer's other hyperparameters into the compiled step; assigning them later has no effect. Set the
    first value in ``__init__`` by ``self.add_live(name, value)``. Reading the attribute returns the variable.

    Example:
        >>> class Heavy(Optimizer):
        ...     momentum = Live()
        ...     def __init__(self, learning_rate=0.01, momentum=0.9, **options):
        ...         super().__init__(learning_rate, **options)
        ...         self.add_live("momentum", momentum)
        >>> optimizer = Heavy()
        >>> optimizer.momentum = 0.5
        >>> optimizer.get_config()["momentum"]
        0.5
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name, self._slot = name, f"_{name}"

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        try:
            return vars(optimizer)[self._slot]
        except KeyError:  # Keras' attribute tracking reads it before the variable exists
            raise AttributeError(self._name) from None

    def __set__(self, optimizer: Any, value: Any) -> None:
        getattr(optimizer, self._name).assign(check_number(self._name, value, low=0, below=1))


class Optimizer(KerasOptimizer):
    """Keras' optimizer with checked arguments, weight decay that excludes biases, and an error on NaN gradients.

    **Weight decay** is decoupled: ``w <- w - learning_rate weight_decay w`` before the step, so a schedule of the rate
    applies to it too. By default kernels and embeddings decay; biases, the scale and shift of normalization and the
    slopes of PReLU do not. (Keras' own optimizers decay everything, and forget exclusions on reload.)

    **A NaN or infinite gradient** stops the training with an error that names the layer, before any weight changes.
    With ``raises_on_nan = False`` there is no error, and NaN spreads as in Keras. ``callbacks.StopOnNaN`` and the range
    test handle NaN themselves: they set it to False while they run, and to True afterwards. The check needs the
    TensorFlow backend. XLA cannot raise errors; there the layer is only recorded in ``nan_gradient``.

    **Averages of the weights** (``use_ema``) forget their start: at step t the decay is ``min(ema_momentum, (1 + t) /
    (10 + t))``. Keras' is constant, and keeps the initial weights in the average of a short training.

    **Sparse gradients** (of embeddings) are summed into dense ones: the result is exactly that of a dense gradient.

    Args:
        learning_rate: a number >= 0, or a Keras ``LearningRateSchedule``.
        decay: the variables that ``weight_decay`` shrinks: "kernels" (default: kernels and embeddings, by
            :func:`callbacks.inside.weights.is_kernel`) or "all".
        never_decayed: regular expressions, searched in a variable's path ("block/dense_1/kernel"), for further
            variables to exclude. Default none. :meth:`exclude_from_weight_decay` adds to them.
        **options: of every Keras optimizer: ``weight_decay``, ``clipnorm``, ``clipvalue``, ``global_clipnorm``,
            ``use_ema``, ``ema_momentum``, ``ema_overwrite_frequency``, ``loss_scale_factor``,
            ``gradient_accumulation_steps``, ``name``.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: decoupled weight decay: Loshchilov and Hutter 2019, arXiv:1711.05101.

    Example:
        >>> from recipes.optimizers import SGD
        >>> SGD(0.1, weight_decay=0.01, never_decayed=["embeddings"]).never_decayed
        ('embeddings',)
    """

    def __init__(
        self, learning_rate: Any, *, decay: str = "kernels", never_decayed: Sequence[str] = (), **options: Any
    ) -> None:
        check_names(type(self), options)
        check_name(options.get("name"))
        for name in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"):
            if options.get(name) is not None:
                bound: dict[str, Any] = {"low": 0} if name == "weight_decay" else {"above": 0}
                options[name] = check_number(name, options[name], **bound)
        clipping = {name: options[name] for name in CLIPPING if options.get(name) is not None}
        if len(clipping) > 1:
            raise InvalidArgument("clipping", clipping, f"one of {', '.join(CLIPPING)}")
        if options.get("gradient_accumulation_steps") is not None:
            check_integer("gradient_accumulation_steps", options["gradient_accumulation_steps"], low=2)
        if check_bool("use_ema", options.get("use_ema", False)) and getattr(self, "averages_weights", False):
            raise InvalidArgument("use_ema", True, f"False: {type(self).__name__} averages the weights itself")
        if "ema_momentum" in options:
            options["ema_momentum"] = check_number("ema_momentum", options["ema_momentum"], low=0, high=1)
        if options.get("ema_overwrite_frequency") is not None:
            check_integer("ema_overwrite_frequency", options["ema_overwrite_frequency"], low=1)
        check_choice("decay", decay, ("kernels", "all"))
        super().__init__(learning_rate=checked_rate(learning_rate), **options)
        self.decay = decay
        self._never_decayed = checked_patterns("never_decayed", never_decayed)
        self._decayed: list[bool] = []
        self._shared: dict[Any, Any]
        object.__setattr__(self, "_shared", {})  # bypasses Keras' attribute tracking
        self._raises: Any = None
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            # One copy per replica, so that each can write its own inside a tf.cond; reading returns the first copy.
            options = {
                "trainable": False,
                "synchronization": tf.VariableSynchronization.ON_READ,
                "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
            }
            self._raises = tf.Variable(True, **options)
            self._culprit = tf.Variable(
                -1, dtype=tf.int64, **options
            )  # int32 stays on the processor, out of XLA's reach
            self._layers: tuple[str, ...] = ()

    # --- live hyperparameters ---------------------------------------------------------------------------------------

    def add_live(self, name: str, value: Any) -> None:
        """Creates the variable behind a :class:`Live` attribute."""
        check_number(name, value, low=0, below=1)
        with keras.name_scope(self.name, caller=self):
            variable = self.add_variable((), aggregation="only_first_replica", name=f"{name}_value")
        variable.assign(value)
        setattr(self, f"_{name}", variable)

    # --- weight decay -----------------------------------------------------------------------------------------------

    @property
    def never_decayed(self) -> tuple[str, ...]:
        """Regular expressions for the paths of variables that never decay."""
        return tuple(self._never_decayed)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Excludes more variables from weight decay. Unlike in Keras, the exclusion survives saving.

        Args:
            var_list: Keras variables.
            var_names: regular expressions, searched in a variable's path.

        Raises:
            InvalidArgument: for anything else.
            ValueError: once the optimizer is built.
        """
        if self.built:
            raise ValueError(
                "exclude_from_weight_decay must be called before the optimizer is built. Received: built=True"
            )
        for variable in (
            () if var_list is None else checked_variables("var_list", var_list)
        ):  # without the model's name, which a reloaded model may lack
            path = variable.path.split("/", 1)[1] if variable.path.count("/") > 1 else variable.path
            self._never_decayed.append(f"(^|/){re.escape(path)}$")
        self._never_decayed += checked_patterns("var_names", () if var_names is None else var_names)

    def decays(self, variable: Any) -> bool:
        """Whether weight decay shrinks this variable. The optimizer must be built."""
        return self._decayed[self.index_of(variable)]

    def build(self, variables: list[Any]) -> None:
        """Creates the state for these variables and decides which of them decay."""
        if self.built:
            return
        super().build(variables)
        for variable in variables:
            kernel = self.decay == "all" or is_kernel(variable)
            excluded = any(re.search(pattern, variable.path) for pattern in self._never_decayed)
            self._decayed.append(kernel and not excluded)

    # --- gradients --------------------------------------------------------------------------------------------------

    @property
    def raises_on_nan(self) -> bool:
        """Whether a NaN or infinite gradient is an error. May be assigned at any time."""
        return self._raises is not None and bool(self._raises.numpy())

    @raises_on_nan.setter
    def raises_on_nan(self, value: bool) -> None:
        if self._raises is not None:
            self._raises.assign(bool(value))
            self._culprit.assign(-1)

    @property
    def nan_gradient(self) -> str | None:
        """The first layer with a NaN or infinite gradient since ``raises_on_nan`` was last assigned, or None.

        Of several at the same step it is the one nearest to the output, from which the others got it.
        """
        index = -1 if self._raises is None else int(self._culprit.numpy())
        return self._layers[index] if index >= 0 else None

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> Any:
        """Updates the variables by their gradients, once checked; see Keras' ``Optimizer.apply``."""
        variables = self.trained_variables if trainable_variables is None else list(trainable_variables)
        grads = list(grads)
        if keras.backend.backend() != "tensorflow" or len(grads) != len(variables) or in_stateless_scope():
            return super().apply(grads, trainable_variables)
        import tensorflow as tf

        if not self.built:  # before the check: no variable can be created under control dependencies
            with keras.name_scope(self.name, caller=self):
                self.build(variables)
        grads = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]  # dense
        with tf.control_dependencies(self._checked(grads, variables)):  # no update before the check
            return super().apply(grads, trainable_variables)

    def _checked(self, gradients: list[Any], variables: list[Any]) -> list[Any]:
        """The operation that checks the gradients, in a list; an empty list if there are none."""
        import tensorflow as tf

        pairs = [(grad, variable) for grad, variable in zip(gradients, variables, strict=True) if grad is not None]
        if not pairs:
            return []
        # A sum is NaN or infinite if any of its terms is: one pass over each gradient and one number to test. It is not
        # taken in half precision, which ends at 65,504: finite numbers could sum to infinity.
        wide = tf.float64 if any(grad.dtype == tf.float64 for grad, _ in pairs) else tf.float32
        sums = tf.stack([tf.reduce_sum(tf.cast(grad, wide)) for grad, _ in pairs])
        paths = [getattr(variable, "path", variable.name) for _, variable in pairs]
        self._layers = tuple(path.rsplit("/", 1)[0] for path in paths)
        xla = under_xla()

        def fine() -> Any:
            return tf.constant(True)

        def bad() -> Any:
            positions = tf.range(len(pairs), dtype=tf.int64)
            culprit = tf.reduce_max(tf.where(tf.math.is_finite(sums), tf.zeros_like(positions), positions))
            known = tf.convert_to_tensor(self._culprit)
            self._culprit.assign(tf.where(known >= 0, known, culprit))
            if tf.executing_eagerly():
                if bool(self._raises):
                    raise tf.errors.InvalidArgumentError(None, None, f"{NOT_FINITE} {self._layers[int(culprit)]!r}")
            elif not xla:
                of = [NOT_FINITE, tf.constant(self._layers)[culprit]]
                tf.debugging.Assert(tf.logical_not(tf.convert_to_tensor(self._raises)), of)
            return tf.constant(False)

        return [tf.cond(tf.math.is_finite(tf.reduce_sum(sums)), fine, bad)]

    def decay_of_average(self) -> Any:
        """``ema_momentum``, or at first less: min(ema_momentum, (1 + t) / (10 + t)) at step t."""
        step = ops.cast(self.iterations, "float32")
        return ops.minimum((1.0 + step) / (10.0 + step), self.ema_momentum)

    # --- the step ---------------------------------------------------------------------------------------------------

    def update(self, gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        """Updates the variables. Values computed by :meth:`once` are shared between them."""
        self._shared.clear()
        super().update(gradients, variables, learning_rate)
        self._shared.clear()

    def once(self, name: str, dtype: Any, make: Callable[[], Any]) -> Any:
        """A number that all variables of a step share, computed once per step and dtype."""
        key = (name, keras.backend.standardize_dtype(dtype))
        if key not in self._shared:
            self._shared[key] = ops.cast(make(), dtype)
        return self._shared[key]

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with live hyperparameters as floats."""
        config = {**super().get_config(), "decay": self.decay, "never_decayed": list(self._never_decayed)}
        for cls in type(self).__mro__:
            for name, attribute in vars(cls).items():
                if isinstance(attribute, Live):
                    value = vars(self).get(f"_{name}")
                    config[name] = None if value is None else _short(value)
        return config


def is_fusible(gradient: Any, variable: Any, least: int = 0) -> bool:
    """Whether to update this variable by TensorFlow's fused kernel.

    Not in half precision, where 1 - 0.999 would be 0, and not for fewer than ``least`` weights.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    wide = gradient.dtype in (tf.float32, tf.float64)
    large = (variable.shape.num_elements() or 0) >= least
    return wide and large and isinstance(gradient, tf.Tensor) and hasattr(variable, "handle")


def handles(variable: Any, *state: Any) -> list[Any]:
    """The resource handles of a TensorFlow variable and of its Keras state variables, for TensorFlow's kernels."""
    return [variable.handle, *(slot.value.handle for slot in state)]


def cast(dtype: Any, *values: Any) -> list[Any]:
    """The values, numbers or tensors of any shape, as tensors of this dtype, in the same order.

    Example:
        >>> [tensor.dtype.name for tensor in cast("float64", 0.5, ops.ones(3))]
        ['float64', 'float64']
    """
    return [ops.cast(value, dtype) for value in values]


def power_rest(beta: float, step: Any) -> Any:
    """1 - beta^step, in double precision where the backend has it: by how much an average from 0 is too small.

    Args:
        beta: in [0, 1).
        step: the number of the step, from 1.

    Example:
        >>> round(float(power_rest(0.9, ops.array(2))), 6)
        0.19
    """
    return -ops.expm1(ops.multiply(ops.cast(step, widest_float()), math.log(max(beta, 1e-300))))


def checked_rate(rate: Any) -> Any:
    """A learning rate, or raises unless it is a number >= 0, a schedule or the configuration of one."""
    if isinstance(rate, dict):  # as Keras saves a schedule
        try:
            return keras.optimizers.schedules.deserialize(rate)
        except (AttributeError, KeyError, TypeError, ValueError):
            accepted = "a number >= 0, or a Keras LearningRateSchedule or its configuration"
            raise InvalidArgument("learning_rate", rate, accepted) from None
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return rate
    if callable(rate) and not isinstance(rate, type):
        try:
            value = rate()
        except TypeError as error:
            accepted = f"a number >= 0, a LearningRateSchedule, or a function without arguments ({in_one_line(error)})"
            raise InvalidArgument("learning_rate", rate, accepted) from error
        check_number("learning_rate", value, low=0)
        return rate
    return check_number("learning_rate", rate, low=0)


def checked_patterns(name: str, patterns: Any) -> list[str]:
    """Regular expressions, or raises unless they are a sequence of such, naming the first that is none."""
    accepted = "a sequence of regular expressions"
    if not isinstance(patterns, (list, tuple)):
        raise InvalidArgument(name, patterns, accepted)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            raise InvalidArgument(name, pattern, accepted) from None
    return [re.compile(pattern).pattern for pattern in patterns]


def checked_variables(name: str, variables: Any) -> list[Any]:
    """Keras variables, or raises unless they are a sequence of such."""
    if not isinstance(variables, (list, tuple)) or not all(isinstance(one, keras.Variable) for one in variables):
        raise InvalidArgument(name, variables, "a list of Keras variables")
    return list(variables)


def _short(variable: Any) -> float:
    return float(str(np.asarray(variable)))  # the shortest decimal that rounds to it: 0.9
