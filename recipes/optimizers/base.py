"""Optimizer: what all optimizers here share on top of Keras' own base class."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from ...callbacks.inside.optimizer_base import KerasOptimizer
from ...callbacks.inside.training import under_xla

__all__ = ["Live", "Optimizer", "cast", "handles", "is_fusible"]


class Live:
    """A hyperparameter in [0, 1) that may be assigned while training: an attribute over a Keras variable.

    Keras bakes an optimizer's other hyperparameters into the compiled step: assigning them later changes nothing. Give
    it its first value in ``__init__`` by ``self.add_live(name, value)``; reading it gives the variable.

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
        except KeyError:  # Keras' bookkeeping of attributes asks before there is a variable
            raise AttributeError(self._name) from None

    def __set__(self, optimizer: Any, value: Any) -> None:
        getattr(optimizer, self._name).assign(check_number(self._name, value, low=0, below=1))


class Optimizer(KerasOptimizer):
    """Keras' optimizer with checked arguments, weight decay that spares biases, and an end to NaN gradients.

    **Weight decay** is decoupled: ``w <- w - learning_rate weight_decay w`` before the step, so that a schedule of the
    rate moves it too. By default kernels and embeddings decay; biases, and the scale and shift of normalization, do
    not. (Keras' own optimizers decay everything, and forget on reload what was excluded.)

    **A gradient that is NaN or infinite** stops the training with an error that names the layer, before any weight
    changes. Where ``raises_on_nan`` is False no error is raised, and NaN spreads as in Keras; ``callbacks.StopOnNaN``
    and the range test, which deal with it themselves, set it so for as long as they run, and to True after that. It
    needs the TensorFlow backend; under XLA, which has no errors, it only notes the layer in ``nan_gradient``.

    **Sparse gradients** (of embeddings) are summed into dense ones: the result is exactly that of a dense gradient.

    Args:
        learning_rate: a number >= 0, or a Keras ``LearningRateSchedule``.
        decay: which variables ``weight_decay`` shrinks: "kernels" (default: those with two or more dimensions that are
            no bias) or "all".
        never_decayed: regular expressions, searched in a variable's path ("block/dense_1/kernel"), of more that are
            left alone. Default none. :meth:`exclude_from_weight_decay` adds to them.
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
        for name in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"):
            if options.get(name) is not None:
                bound = {"low": 0} if name == "weight_decay" else {"above": 0}
                options[name] = check_number(name, options[name], **bound)
        if options.get("gradient_accumulation_steps") is not None:
            check_integer("gradient_accumulation_steps", options["gradient_accumulation_steps"], low=2)
        check_bool("use_ema", options.get("use_ema", False))
        check_choice("decay", decay, ("kernels", "all"))
        super().__init__(learning_rate=_checked_rate(learning_rate), **options)
        self.decay = decay
        self._never_decayed = [_checked_pattern(each) for each in never_decayed]
        self._decayed: list[bool] = []
        self._shared: dict[Any, Any]
        object.__setattr__(self, "_shared", {})  # past Keras' tracking of attributes
        self._raises: Any = None
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            # A copy a replica, which it can write inside a tf.cond; read is the first one's.
            kind = {
                "trainable": False,
                "synchronization": tf.VariableSynchronization.ON_READ,
                "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
            }
            self._raises, self._culprit = tf.Variable(True, **kind), tf.Variable(-1, **kind)
            self._layers: tuple[str, ...] = ()

    # --- live hyperparameters ---------------------------------------------------------------------------------------

    def add_live(self, name: str, value: Any) -> None:
        """Makes the variable behind a :class:`Live` attribute."""
        check_number(name, value, low=0, below=1)
        with keras.name_scope(self.name, caller=self):
            variable = self.add_variable((), aggregation="only_first_replica", name=f"{name}_value")
        variable.assign(value)
        setattr(self, f"_{name}", variable)

    # --- weight decay -----------------------------------------------------------------------------------------------

    @property
    def never_decayed(self) -> tuple[str, ...]:
        """Regular expressions of the paths of variables that never decay."""
        return tuple(self._never_decayed)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Excludes more variables from weight decay; it survives saving, unlike with Keras' own optimizers.

        Args:
            var_list: Keras variables.
            var_names: regular expressions, searched in a variable's path.

        Raises:
            ValueError: once the optimizer is built.
        """
        if self.built:
            raise ValueError(
                "exclude_from_weight_decay must be called before the optimizer is built. Received: built=True"
            )
        for each in var_list or ():  # the model's name in front is not there on every reload
            inner = each.path.split("/", 1)[1] if each.path.count("/") > 1 else each.path
            self._never_decayed.append(f"(^|/){re.escape(inner)}$")
        self._never_decayed += [_checked_pattern(each) for each in var_names or ()]

    def decays(self, variable: Any) -> bool:
        """Whether weight decay shrinks this variable; known once the optimizer is built."""
        return self._decayed[self.index_of(variable)]

    def build(self, variables: list[Any]) -> None:
        """Makes what belongs to each variable."""
        if self.built:
            return
        super().build(variables)
        for each in variables:
            kernel = self.decay == "all" or (len(each.shape) > 1 and not each.path.rsplit("/", 1)[-1].endswith("bias"))
            spared = any(re.search(pattern, each.path) for pattern in self._never_decayed)
            self._decayed.append(kernel and not spared)

    # --- gradients --------------------------------------------------------------------------------------------------

    @property
    def raises_on_nan(self) -> bool:
        """Whether a gradient that is not finite is an error; it may be assigned at any time."""
        return self._raises is not None and bool(self._raises.numpy())

    @raises_on_nan.setter
    def raises_on_nan(self, value: bool) -> None:
        if self._raises is not None:
            self._raises.assign(bool(value))
            self._culprit.assign(-1)

    @property
    def nan_gradient(self) -> str | None:
        """The layer whose gradient was not finite since ``raises_on_nan`` was assigned, or None.

        Of several at the same step, the one nearest to the output: the others got it from there.
        """
        found = -1 if self._raises is None else int(self._culprit.numpy())
        return self._layers[found] if found >= 0 else None

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> Any:
        """Updates the variables by their gradients; see Keras' ``Optimizer.apply``."""
        variables = self.trained_variables if trainable_variables is None else list(trainable_variables)
        grads = list(grads)
        if keras.backend.backend() != "tensorflow" or len(grads) != len(variables):
            return super().apply(grads, trainable_variables)
        import tensorflow as tf

        if not self.built:  # now: variables cannot be made in what waits for the check
            with keras.name_scope(self.name, caller=self):
                self.build(variables)
        grads = [None if each is None else tf.convert_to_tensor(each) for each in grads]  # dense
        with tf.control_dependencies(self._checked(grads, variables)):  # nothing is updated before
            return super().apply(grads, trainable_variables)

    def _checked(self, gradients: list[Any], variables: list[Any]) -> list[Any]:
        """The operation, if there is anything to look at, that finds a gradient which is NaN or infinite."""
        import tensorflow as tf

        pairs = [(each, variable) for each, variable in zip(gradients, variables, strict=True) if each is not None]
        if not pairs:
            return []
        # A sum is NaN or infinite if anything in it is: one pass over each gradient, and one number to look at. In a
        # precision in which finite numbers do not sum to infinity: half precision ends at 65,504.
        wide = tf.float64 if any(each.dtype == tf.float64 for each, _ in pairs) else tf.float32
        sums = tf.stack([tf.reduce_sum(tf.cast(each, wide)) for each, _ in pairs])
        paths = [getattr(variable, "path", variable.name) for _, variable in pairs]
        self._layers = tuple(path.rsplit("/", 1)[0] for path in paths)
        xla = under_xla()

        def fine() -> Any:
            return tf.constant(True)

        def bad() -> Any:
            positions = tf.range(len(pairs))
            culprit = tf.reduce_max(tf.where(tf.math.is_finite(sums), tf.zeros_like(positions), positions))
            known = tf.convert_to_tensor(self._culprit)
            self._culprit.assign(tf.where(known >= 0, known, culprit))
            if not xla:
                tf.debugging.Assert(
                    tf.logical_not(tf.convert_to_tensor(self._raises)),
                    [
                        "the gradient is NaN or infinite, and no weight was changed; try a lower learning rate or "
                        "gradient clipping. The first layer of the backward pass with such a gradient:",
                        tf.constant(self._layers)[culprit],
                    ],
                )
            return tf.constant(False)

        return [tf.cond(tf.math.is_finite(tf.reduce_sum(sums)), fine, bad)]

    # --- the step ---------------------------------------------------------------------------------------------------

    def update(self, gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        """Updates the variables, with the numbers that :meth:`once` shares between them."""
        self._shared.clear()
        super().update(gradients, variables, learning_rate)
        self._shared.clear()

    def once(self, name: str, dtype: Any, make: Callable[[], Any]) -> Any:
        """A number that is the same for all variables of a step, in this precision; worked out once."""
        key = (name, keras.backend.standardize_dtype(dtype))
        if key not in self._shared:
            self._shared[key] = ops.cast(make(), dtype)
        return self._shared[key]

    def get_config(self) -> dict[str, Any]:
        """Everything needed to make this optimizer again; live hyperparameters as floats."""
        config = {**super().get_config(), "decay": self.decay, "never_decayed": list(self._never_decayed)}
        for kind in type(self).__mro__:
            for name, each in vars(kind).items():
                if isinstance(each, Live):
                    value = vars(self).get(f"_{name}")
                    config[name] = None if value is None else _short(value)
        return config


def is_fusible(gradient: Any, variable: Any, least: int = 0) -> bool:
    """Whether TensorFlow's one kernel for a whole update is to be used for this variable.

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
    return [variable.handle, *(each.value.handle for each in state)]


def cast(dtype: Any, *values: Any) -> list[Any]:
    """The values, numbers or tensors of any shape, as tensors of this type, in the order given.

    Example:
        >>> [each.dtype.name for each in cast("float64", 0.5, ops.ones(3))]
        ['float64', 'float64']
    """
    return [ops.cast(each, dtype) for each in values]


def _checked_rate(rate: Any) -> Any:
    if callable(rate) or isinstance(rate, dict):
        return rate
    return check_number("learning_rate", rate, low=0)


def _checked_pattern(pattern: Any) -> str:
    try:
        re.compile(pattern)
    except (re.error, TypeError):
        raise InvalidArgument("never_decayed", pattern, "a sequence of regular expressions") from None
    return str(pattern)


def _short(variable: Any) -> float:
    return float(str(np.asarray(variable)))  # the shortest number that gives it again: 0.9
