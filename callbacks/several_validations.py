"""SeveralValidations: validates several times per epoch, for early stopping and best weights within an epoch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from .callback import Callback
from .checks import InvalidArgument, check_integer
from .fit_data import FitData
from .inside.backend import sync_variables
from .inside.callback_list import warn_if_too_late
from .inside.copying import copy_sharing
from .inside.logs import plain_log
from .inside.state import evaluation_state, set_evaluation_state
from .taken import taken_by

__all__ = ["SeveralValidations"]


class SeveralValidations(Callback):
    """Evaluates the model ``times`` times per epoch, evenly spaced, the last time at the epoch's end.

    The k-th validation of an epoch comes after ``ceil(k * steps / times)`` steps; with ``steps_per_execution=N``, where
    Keras calls callbacks only every N steps, at the first such call from there on. An epoch that is stopped early is
    validated where it stops. The training itself does not change: the same weights and the same training entries in
    ``History``, to the last bit.

    ``callbacks`` see a validation as the end of an epoch: ``keras.callbacks.EarlyStopping``, ``ModelCheckpoint``,
    ``CSVLogger``, ``ReduceLROnPlateau``, ... Their patience counts validations, and so do ``epoch`` in a file name and
    ``best_epoch``: the k-th validation of epoch e, both from 0, has the index ``e * times + k``. They get the ``val_``
    logs and the epoch's training logs so far, and the hooks ``on_train_begin``, ``on_epoch_begin``, ``on_epoch_end``
    and ``on_train_end``, but none for batches. If one of them stops the training, it stops at once.

    The logs of each epoch get the ``val_`` values of its last validation, for ``History`` and for callbacks later in
    the list of ``fit``. If ``fit`` has ``validation_data`` too, the logs keep its values.

    Args:
        validation_data: as for Keras' ``fit``: arrays (x, y) or (x, y, sample weights), each an array or a list or
            dictionary of several; or a finite ``tf.data.Dataset``, ``keras.utils.PyDataset`` or PyTorch ``DataLoader``
            of such batches.
        times: validations per epoch, >= 1. Default 4.
        callbacks: Keras callbacks for which each validation is an epoch. Default none. Learning-rate schedules belong
            in the list of ``fit``.
        batch_size: batch size for arrays, >= 1. Default 32, as in Keras.

    Attributes:
        validations: name -> one value per validation of the last ``fit``: "step" and "epoch" (its position since the
            start of training; 0.25 is a quarter of the first epoch), "loss" and the metrics (of training, since the
            epoch's start), "val_loss" and so on; a list where a metric has several values, as one per class.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for more validations than Keras calls
            callbacks per epoch.
        ValueError: at the start of training, if the number of steps per epoch is unknown.

    Source: validating inside the epoch is common where epochs are long (Lightning's ``val_check_interval``).

    Example:
        >>> stop = keras.callbacks.EarlyStopping(patience=6, restore_best_weights=True)     # doctest: +SKIP
        >>> often = callbacks.SeveralValidations((x_val, y_val), times=4, callbacks=[stop])
        >>> model.fit(x, y, epochs=20, callbacks=[often])
        >>> often.plot()
    """

    def __init__(
        self,
        validation_data: Any,
        times: int = 4,
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        batch_size: int = 32,
    ):
        super().__init__()
        self.times = check_integer("times", times, low=1)
        self.batch_size = check_integer("batch_size", batch_size, low=1)
        self.validation_data = validation_data
        self._readable()
        if not isinstance(callbacks, (list, tuple)):
            raise InvalidArgument("callbacks", callbacks, "a list of Keras callbacks")
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback) or isinstance(callback, SeveralValidations):
                accepted = "a list of Keras callbacks, none of them SeveralValidations"
                raise InvalidArgument("callbacks", callback, accepted)
            if getattr(callback, "sets_learning_rate", False):
                accepted = "without learning-rate schedules: give those to fit itself"
                raise InvalidArgument("callbacks", callback, accepted)
        self.callbacks = list(callbacks)
        self.validations: dict[str, list[Any]] = {}
        self._epoch = self._done = 0
        self._last: dict[str, Any] = {}
        self._validated_at = -1

    def __deepcopy__(self, memo: dict[int, Any]) -> SeveralValidations:
        return copy_sharing(self, memo, "validation_data")

    def _readable(self) -> FitData:
        return FitData(self.validation_data, batch_size=self.batch_size, argument="validation_data").check_passes()

    # --- positions --------------------------------------------------------------------------------------------------

    def positions(self, steps: int, steps_per_execution: int = 1) -> list[int]:
        """The number of steps of an epoch before each validation.

        Args:
            steps: steps per epoch.
            steps_per_execution: of the compiled model.

        Raises:
            InvalidArgument: for steps < 1; if Keras calls callbacks fewer times per epoch than there are validations.

        Example:
            >>> SeveralValidations((x, y), times=4).positions(10)      # doctest: +SKIP
            [3, 5, 8, 10]
        """
        steps = check_integer("steps", steps, low=1)
        steps_per_execution = check_integer("steps_per_execution", steps_per_execution, low=1)
        calls = math.ceil(steps / steps_per_execution)
        if self.times > calls:
            accepted = f"at most {calls}, the number of times that Keras calls callbacks in an epoch of {steps} steps"
            if steps_per_execution > 1:
                accepted += f" with steps_per_execution={steps_per_execution}; compile with fewer for more validations"
            raise InvalidArgument("times", self.times, accepted)
        ideal = (math.ceil(k * steps / self.times) for k in range(1, self.times + 1))
        return [min(math.ceil(step / steps_per_execution) * steps_per_execution, steps) for step in ideal]

    # --- the callback -----------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        steps = self.params.get("steps")
        if not steps:
            raise ValueError(
                "SeveralValidations must know the number of steps per epoch. Give `steps_per_epoch` to fit, or data "
                "of known length (tf.data: `dataset.apply(tf.data.experimental.assert_cardinality(n))`). "
                f"Received: steps={steps}"
            )
        self.positions(int(steps), self.model.steps_per_execution)
        warn_if_too_late(self)
        self.validations = {}
        epochs = self.params.get("epochs")
        for callback in self.callbacks:
            callback.set_model(self.model)
            callback.set_params({**self.params, "epochs": epochs and epochs * self.times})
            callback.on_train_begin()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch, self._done, self._validated_at, self._last = epoch, 0, -1, {}
        self._begin_inner_epoch(epoch * self.times)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        steps, execution = int(self.params["steps"]), self.model.steps_per_execution
        self._done = min(batch + 1, steps)  # Keras' own index can pass the last batch
        positions = self.positions(steps, execution)
        if self._done in positions:
            k = positions.index(self._done)
            self._validate(k, logs)
            if k + 1 < self.times and not self.model.stop_training:
                self._begin_inner_epoch(self._epoch * self.times + k + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._validated_at != self._done:  # another callback has stopped the epoch, or its data ended
            positions = self.positions(int(self.params["steps"]), self.model.steps_per_execution)
            k = next(index for index, position in enumerate(positions) if position > self._done)
            self._validate(k, {name: value for name, value in (logs or {}).items() if not name.startswith("val_")})
        if logs is not None and not any(name.startswith("val_") for name in logs):
            logs.update(self._last)

    def on_train_end(self, logs: Any = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def _begin_inner_epoch(self, index: int) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(index)

    def _validate(self, k: int, logs: dict[str, Any] | None) -> None:
        """Runs the k-th validation of the epoch, records it and tells the inner callbacks."""
        self._last = {f"val_{name}": value for name, value in self._evaluate().items()}
        self._validated_at = self._done
        training = {name: plain_log(value) for name, value in (logs or {}).items()}
        steps = int(self.params["steps"])
        position = {"step": self._epoch * steps + self._done, "epoch": self._epoch + self._done / steps}
        for name, value in {**position, **training, **self._last}.items():
            self.validations.setdefault(name, []).append(value)
        for callback in self.callbacks:
            callback.on_epoch_end(self._epoch * self.times + k, {**training, **self._last})

    def _evaluate(self) -> dict[str, Any]:
        """Runs ``model.evaluate``, which resets the metrics, and restores all that it changes for the training."""
        sync_variables(self.model)
        before, data = evaluation_state(self.model), self._readable()
        try:
            with warnings.catch_warnings(), taken_by(self.model, data.argument, data.batches):
                warnings.filterwarnings("ignore", "Your input ran out of data")  # a false alarm for unknown sizes
                results = self.model.evaluate(**data.evaluation(), verbose=0, return_dict=True)
        finally:
            set_evaluation_state(before)
        return {name: plain_log(value) for name, value in results.items()}

    # --- plot -------------------------------------------------------------------------------------------------------

    def plot(self) -> Any:
        """A figure of the losses, and of each metric, against epochs; the best validation loss is marked.

        A metric of several values has a line for each.

        Returns:
            A matplotlib ``Figure``.

        Raises:
            ValueError: before the first validation.
        """
        from matplotlib.figure import Figure

        if not self.validations:
            raise ValueError("there is nothing to plot before the first validation. Received: validations={}")
        metrics = sorted(
            (name[4:] for name in self.validations if name.startswith("val_")), key=lambda name: name != "loss"
        )
        figure = Figure(figsize=(7, 2.6 * len(metrics)), layout="constrained")
        panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
        epochs = np.array(self.validations["epoch"])
        losses = np.array(self.validations.get("val_loss", [np.nan]))  # a test_step of its own may have no such loss
        for panel, name in zip(panels, metrics, strict=True):
            values = self.validations["val_" + name]
            if len(self.validations.get(name, ())) == len(epochs):
                label = "training, since the epoch's start"
                panel.plot(epochs, self.validations[name], marker=".", color="0.7", label=label)
            panel.plot(epochs, values, marker=".", label="validation")
            if np.isfinite(losses).any():
                best = int(np.nanargmin(losses))
                label = f"lowest loss, epoch {epochs[best]:.3g}"
                height = np.ravel(values[best])
                panel.plot([epochs[best]] * len(height), height, "o", color="tab:red", label=label)
            panel.set_ylabel(name.replace("_", " "))
        panels[0].legend()
        panels[-1].set_xlabel("epoch")
        return figure
