"""GradientMonitor: gradient norms and activation scales of every layer during training."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ..callback import Callback
from ..checks import check_bool, check_integer
from ..inside.backend import on_jax
from ..inside.callback_list import siblings, warn_if_too_late
from ..inside.step_hooks import StepHooks, has_own_step
from .measurement import NOT_MEASURED, check_visible_gradients
from .plot import heat_maps
from .probes import JaxProbe, StepProbe
from .verdict import judge_gradients, settled

__all__ = ["GradientMonitor"]


class GradientMonitor(Callback):
    """Measures the gradient norm and the activation scale of every layer, every ``every`` steps.

    The norm is the L2 norm of the loss gradient, sqrt(sum of g^2), over all trainable weights of the model or of a
    layer. Penalties are part of the loss; loss scaling is undone. The scale is the standard deviation of a layer's
    output over the batch and its units. Both are measured on the training batch, with the weights before the step,
    inside the compiled step (on JAX, just before it): exact for any ``steps_per_execution``, at the cost of about one
    more training step per measurement. Nothing else changes: weights, metrics, moving averages and random states are,
    bit by bit, what they would be without the monitor.

    With a ``train_step`` of its own, a model has the gradients that its optimizers are given in the step itself, with
    no penalty or loss of ``compile``, and the activations of the layers that it calls; of a weight that is updated
    several times in a step, the last gradient.

    Each epoch's logs get the means over the epoch's measurements, for callbacks later in the list: "gradient_norm" and,
    unless ``per_layer=False``, "gradient_norm/LAYER" and "activation_scale/LAYER". Epochs without a measurement get
    NaN. (Keras' progress bar, ``verbose=1``, shows them all: prefer ``verbose=2`` or ``per_layer=False`` for deep
    models.)

    Layers of nested models are named "inner/layer"; a layer made of layers (``Bidirectional``) counts as one.
    Subclassed models work too; what their ``call`` computes outside of layers has no scale. Of several replicas the
    gradient is that of the whole batch, and a scale the mean of theirs.

    Args:
        every: steps between measurements, >= 1, counted from the first step of epoch 0. Default 50.
        per_layer: whether the logs get the values of each layer too. Default True. :meth:`plot`, :meth:`verdict` and
            the attributes always have them.

    Attributes:
        steps: the measured optimizer steps, counted from 0, shape (m,).
        norms: norm of the whole gradient, shape (m,).
        layers: names of the layers with trainable weights, from input to output, length n.
        layer_norms: gradient norm of each of ``layers``, shape (m, n).
        activation_layers: names of the layers with a floating-point output, from input to output, length k.
        activation_scales: standard deviation of the output of each of ``activation_layers``, shape (m, k).

    A second ``fit`` from epoch 0 starts afresh; one with ``initial_epoch`` adds to the measurements before that epoch.
    If the data's size is unknown, steps are counted as they come. Under loss scaling, steps that overflow (and change
    no weight) are recorded as not finite but left out of the means. In a layer that uses TensorFlow's own random
    numbers (``tf.random.normal`` under a global seed), one more operation in the graph changes the numbers; Keras' own
    are safe.

    Raises:
        InvalidArgument: if ``every`` is not an integer >= 1.
            At the start of training on JAX, for a model with a ``train_step`` of its own.
        ValueError: in the first step, for a ``train_step`` of its own that applies gradients inside a loop or condition
            of TensorFlow; at the start of a training loop of the user's own.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks" (figures 6
    and 7 show activations and gradients by layer and time); Pascanu et al. 2013, arXiv:1211.5063, for exploding ones.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "elu"), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> monitor = GradientMonitor(every=2)
        >>> history = model.fit(np.ones((40, 4)), np.ones((40, 1)), batch_size=8, verbose=0, callbacks=[monitor])
        >>> monitor.steps.tolist(), monitor.layer_norms.shape
        ([0, 2, 4], (3, 2))
        >>> monitor.verdict().split(":")[0]
        'healthy'
    """

    def __init__(self, every: int = 50, *, per_layer: bool = True):
        super().__init__()
        self.every = check_integer("every", every, low=1)
        self.per_layer = check_bool("per_layer", per_layer)
        self.layers: list[str] = []
        self.activation_layers: list[str] = []
        self._rows: list[list[float]] = []  # one per measurement: step, norm, layer norms, activation scales
        self._position = 0  # the next step
        self._epoch_begin = 0
        self._begun = False
        self.probe: StepProbe | JaxProbe | None = None

    # --- measurements -----------------------------------------------------------------------------------------------

    def _columns(self, begin: int, end: int) -> np.ndarray:
        rows = np.array(self._rows, float).reshape(len(self._rows), 2 + len(self.layers) + len(self.activation_layers))
        return rows[:, begin:end]

    @property
    def steps(self) -> np.ndarray:
        """The measured steps, counted from 0, shape (m,)."""
        return self._columns(0, 1)[:, 0].astype(np.int64)

    @property
    def norms(self) -> np.ndarray:
        """The norm of the whole gradient, shape (m,)."""
        return self._columns(1, 2)[:, 0]

    @property
    def layer_norms(self) -> np.ndarray:
        """The gradient norm of each of ``layers``, shape (m, n)."""
        return self._columns(2, 2 + len(self.layers))

    @property
    def activation_scales(self) -> np.ndarray:
        """The standard deviation of the output of each of ``activation_layers``, shape (m, k)."""
        first = 2 + len(self.layers)
        return self._columns(first, first + len(self.activation_layers))

    def verdict(self) -> str:
        """The measurements in words: exploding, vanishing or healthy, with the place, the numbers and the remedy.

        See :func:`callbacks.gradients.verdict.judge_gradients` for the definitions.
        """
        return judge_gradients(
            self.steps, self.norms, self.layers, self.layer_norms, self.activation_layers, self.activation_scales
        )

    def plot(self) -> Any:
        """A figure of two heat maps over steps and layers: log10 of the gradient norm and of the activation scale.

        Values that are zero or not finite stay grey.

        Returns:
            A matplotlib ``Figure``.
        """
        maps = [("gradient norm", self.layers, self.layer_norms)]
        if self.activation_layers:
            maps.append(("activation scale", self.activation_layers, self.activation_scales))
        return heat_maps(self.steps, maps)

    # --- the callback -----------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        check_visible_gradients(self.model)
        warn_if_too_late(self)
        probe: Any = (JaxProbe if on_jax() else StepProbe)(self.model, self.every)
        self.probe = probe
        self._begun = False
        hooks = StepHooks.of(self.model)
        if has_own_step(self.model):
            hooks.add(self.model, self._hook_name(), at_start=probe.rest, around_step=probe.around_step)
        else:
            hooks.add(self.model, self._hook_name(), probe.before_step, at_start=probe.rest)

    def _hook_name(self) -> str:
        """The same in every ``fit``, so that the hook of an interrupted one is replaced."""
        monitors = [callback for callback in siblings(self) if isinstance(callback, GradientMonitor)]
        return f"GradientMonitor {next((i for i, monitor in enumerate(monitors) if monitor is self), 0)}"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        steps = self.params.get("steps")
        if steps:
            self._epoch_begin = epoch * int(steps)
        elif self._begun and self.probe is not None:
            self._epoch_begin = self.probe.position()
        else:
            self._epoch_begin = self._position if epoch else 0
        self._begun = True
        self._continue_at(self._epoch_begin)

    def seek(self, epoch: int, batch: int) -> None:
        """Continues at this batch of this epoch, both counted from 0, and forgets later measurements."""
        steps = self.params.get("steps")
        if steps:
            self._epoch_begin = epoch * int(steps)
        self._begun = True
        self._continue_at(self._epoch_begin + batch)

    def _continue_at(self, position: int) -> None:
        self._position = position
        self._rows = [row for row in self._rows if row[0] < position]
        if self.probe is not None:
            self.probe.seek(position)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # Not in on_train_batch_end: for a callback that has it, Keras waits for the results of every step.
        position = self._epoch_begin + batch
        due = -(-self._position // self.every) * self.every
        self._position = max(position, self._position)
        if due < position:
            self._take()

    def get_state(self) -> None:
        """Called before the attributes are saved: adds the measurements since the last batch began."""
        self._take()

    def _take(self) -> None:
        """Fetches the new measurements from the compiled step."""
        if self.probe is None:
            return
        position, rows = self.probe.take()
        self._position = max(position, self._position)
        if not rows:
            return
        measured = [value != NOT_MEASURED for value in rows[0]]
        first_scale = 2 + len(self.probe.layers)
        layers = list(itertools.compress(self.probe.layers, measured[2:first_scale]))
        activation_layers = list(itertools.compress(self.probe.activation_layers, measured[first_scale:]))
        if (len(layers), len(activation_layers)) != (len(self.layers), len(self.activation_layers)):
            self._rows = []  # they belong to another model
        self.layers, self.activation_layers = layers, activation_layers  # Keras may rename a resumed model's layers
        self._rows += [list(itertools.compress(row, measured)) for row in rows]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._take()
        if logs is None:
            return
        steps, norms = self.steps, self.norms
        rows = steps >= self._epoch_begin
        if rows.any():
            rows[rows] = settled(norms[rows])

        def mean(values: np.ndarray) -> float:
            return float(values[rows].mean()) if rows.any() else math.nan

        logs["gradient_norm"] = mean(norms)
        if self.per_layer:
            for name, values in zip(self.layers, self.layer_norms.T, strict=True):
                logs[f"gradient_norm/{name}"] = mean(values)
            for name, values in zip(self.activation_layers, self.activation_scales.T, strict=True):
                logs[f"activation_scale/{name}"] = mean(values)

    def on_train_end(self, logs: Any = None) -> None:
        self._take()
        self.probe = None  # it belongs to this model; a copy of the callback may serve another
        StepHooks.of(self.model).remove(self.model, self._hook_name())
