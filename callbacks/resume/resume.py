"""Resume: continues a killed training as if it had not been interrupted, to the last bit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..callback import Callback
from ..checked import checked
from ..checks import InvalidArgument, check_bool, check_integer
from ..inside.backend import on_jax, sync_variables
from ..inside.callback_list import callback_list
from ..inside.fit_end import at_end_of_fit, check_fit_runs, drawn_by_data
from ..inside.layers import all_layers
from ..inside.optimizer_values import raise_on_nan, raises_on_nan
from ..inside.random_operations import hidden_draws
from ..inside.state import check_visible, set_training_state, training_state
from ..inside.training import set_initial_epoch
from .callback_state import callback_state, changed, set_callback_state
from .checkpoints import Checkpoints, is_plain
from .columns import filled_up, renamed
from .identity import check_same, identity
from .lock import DirectoryLock

__all__ = ["Resume"]


class Resume(Callback):
    """Saves the whole state of a training, and continues from it when the same ``fit`` is started again.

    The state is every variable reachable from the model (weights, running metrics, its optimizer and any others among
    its attributes), the random states of Keras, NumPy and Python, History, the position in the epoch, and the state of
    every other callback of the ``fit`` (early stopping's patience and best weights, a plateau's cooldown, the position
    in 1cycle, ...). The same program, started again, gives bit-identical weights and History. A training that had
    finished, or stopped early, ends at once with its result.

    *Another program* is refused, with the first difference: other weights, optimizers and their settings (a lower
    rate), loss, metrics, schedules and their settings, batches. More epochs go on where the training had finished, if
    the rates of the first ones stay what they were, as under :class:`callbacks.ConstantRate`; 1cycle spreads over all.

    *Weights that are not finite* are no state to go on from, and are not saved: after a divergence the newest
    checkpoint is the last one before it.

    Keras' ``BackupAndRestore`` saves only weights, optimizer and epoch.

    *Data.* The order of the batches may depend on all earlier epochs (arrays with ``shuffle=True``, ``tf.data``'s
    ``shuffle``). With ``replay=True`` the earlier batches are therefore read again without training on them, which
    costs the time of reading; the program must set its seeds (``keras.utils.set_random_seed``), or the order differs.
    ``replay=False`` reads again only those of the present epoch: for data whose order does not depend on earlier
    epochs. A generator may draw from Python's or NumPy's global state; nothing else should beside it.

    *Random numbers in the training step* have to come from ``keras.random`` or a ``tf.random.Generator`` of the model.
    ``tf.random.normal``, ``tf.nn.dropout`` and the like keep a state within TensorFlow that cannot be saved: they are
    refused in a compiled step, and go unnoticed in one that runs eagerly.

    *Other callbacks.* Their plain attributes (numbers, strings, containers, arrays), variables and random generators
    are restored after their ``on_train_begin``, and then ``seek(epoch, batch)`` is called on those that define it. They
    continue their own files themselves: give ``CSVLogger`` its ``append=True``. The place of ``Resume`` in the list
    does not matter.

    Args:
        directory: for the checkpoints; new, or of the same training. Other files in it are left alone.
        every: "epoch" (default) saves after each epoch. An integer >= 1 also saves every so many steps, rounded up to a
            multiple of ``steps_per_execution``.
        keep: number of checkpoints to keep, >= 2. Default 2: if the newest is damaged, the one before is used. Each
            holds the weights, the optimizer's state and the callbacks' state.
        replay: see above. Default True.
        settings: plain values that must be the same when the training is resumed (a seed, the name of the data, ...).

    Raises:
        InvalidArgument: for a value outside its range; before any step, for a directory that cannot be written, in
            which another process trains, that holds another training (the message names the difference) or checkpoints
            of another version of this package.
        ValueError: before any step, if the model is not built or holds a state that cannot be saved (an iterator, an
            optimizer without a configuration), the list has another ``Resume``, or the loop is not Keras' ``fit``.
            After the first step, if it draws random numbers by ``tf.random.normal`` or the like.
        OSError: before any step, if with ``replay=False`` the training is no longer where :meth:`position` said.

    Example:
        >>> keras.utils.set_random_seed(0)                                                        # doctest: +SKIP
        >>> model.fit(x, y, epochs=50, callbacks=[OneCycle(0.1), EarlyStopping(), Resume("run")])
    """

    @checked
    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every: int | str = "epoch",
        keep: int = 2,
        replay: bool = True,
        settings: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        if isinstance(every, str) and every != "epoch":
            raise InvalidArgument("every", every, '"epoch" or a whole number of steps')
        self.every: Any = every if isinstance(every, str) else check_integer("every", every, low=1)
        replay = check_bool("replay", replay)
        if settings is not None and not is_plain(dict(settings)):
            raise InvalidArgument("settings", settings, "a mapping of names to plain values")
        self.replay, self.settings = replay, dict(settings or {})
        self.directory = os.fspath(directory)
        self.keep = check_integer("keep", keep, low=2)
        self._list: Any = None
        self._others: list[keras.callbacks.Callback] = []
        self.stands_for: list[keras.callbacks.Callback] = []
        self._checkpoint: dict[str, Any] | None = None  # not restored yet
        self._lock: DirectoryLock | None = None
        self._told: tuple[int, int] | None = None  # by position(), since the last fit

    def position(self) -> tuple[int, int]:
        """(epoch, batch) at which a ``fit`` started now would continue, counted from 0; (0, 0) for a new training."""
        newest = self._files().newest()
        self._told = (0, 0) if newest is None else newest[0]
        return self._told

    def saved_settings(self) -> dict[str, Any]:
        """The ``settings`` with which the training in the directory was begun; empty for a new training.

        What was found before it, such as the rate of a range test that was not seeded, need not be found again.

        Example:
            >>> peak = Resume("run").saved_settings().get("peak")             # doctest: +SKIP
            >>> peak = peak or callbacks.find_learning_rate(model, data)
            >>> model.fit(data, epochs=9, callbacks=[OneCycle(peak), Resume("run", settings={"peak": peak})])
        """
        newest = self._files().newest()
        return {} if newest is None else newest[1]["settings"]

    def _files(self) -> Checkpoints:
        return Checkpoints(self.directory, self.keep, _is_whole)

    # --- the start --------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        self._list = callback_list(self)
        if self._list is None:
            raise ValueError("Resume works in the list of callbacks given to fit. Received: callbacks=None")
        check_fit_runs(self.model, type(self).__name__)
        self._all, self.stands_for = self._list.callbacks, []
        self._others = [callback for callback in self._all if callback is not self]
        self._stateful: dict[str, keras.callbacks.Callback] = {}  # "EarlyStopping 1" -> the first of that class, ...
        for callback in self._others:
            if not isinstance(callback, (keras.callbacks.ProgbarLogger, keras.callbacks.History)):
                count = 1 + sum(_kind(earlier) == _kind(callback) for earlier in self._stateful.values())
                self._stateful[f"{_kind(callback)} {count}"] = callback
        if any(isinstance(callback, Resume) for callback in self._others):
            raise ValueError(
                f"Resume must be the only one of its kind in a fit. Received: callbacks={[*map(_kind, self._all)]}"
            )
        check_visible(self.model)
        self._release()
        self._lock = DirectoryLock(self.directory)
        at_end_of_fit(self.model, self._release)
        files = self._files()
        files.clean()
        newest = files.newest()
        position, self._checkpoint = newest or ((0, 0), None)
        told, self._told = self._told, None
        if not self.replay and told not in (None, position):  # the data begin where it was
            raise OSError(
                f"another process has changed the checkpoints in {self.directory}: the training was at (epoch, batch) "
                f"{told}, and is at {position}; the same call goes on from there"
            )
        self._identity = identity(self.model, self.params, self._others, self.settings)
        if self._checkpoint is not None:
            check_same(self.directory, self._checkpoint["identity"], self._identity, position, self._others)
        elif files.positions():
            raise InvalidArgument(
                "directory", self.directory, "one in which a checkpoint can be read (all are damaged)"
            )
        if self._checkpoint is None:  # a full disk shows now and not after an epoch
            files.write((0, 0), self._state())
        self._from_epoch, self._from_batch = position
        self._train_function: Any = None
        self._calls = 0
        self._drawn = False
        self._raises = False
        self._base: Any = None
        self._restored_epochs = 0
        self._columns: dict[str, int] | None = None  # of the History that was restored, with their lengths
        self._logs: dict[str, Any] = {}
        self._begin = self._since = 0
        set_initial_epoch(self.model, None)
        epochs = int(self.params["epochs"])
        if self._checkpoint is not None and self._checkpoint["stopped"]:
            set_initial_epoch(self.model, epochs)
        elif self._checkpoint is not None and not self.replay:
            set_initial_epoch(self.model, self._from_epoch)
        if self._checkpoint is not None and self.params.get("verbose") and position > (0, 0):
            ended = self._checkpoint["stopped"] or position[0] >= epochs
            place = "after its end" if ended else f"at epoch {position[0] + 1}"
            print(f"Resume: continuing {place}" + (f", step {position[1]}" if position[1] else ""))
        # From here on Keras calls only this callback, which calls the others: it must act after them, and hide from
        # them the batches that are read again.
        self._list.callbacks, self.stands_for = [self], self._all

    def _check_draws(self) -> None:
        """Refuses, in the first step, random numbers that a resumed training would begin anew."""
        if self._drawn:
            return
        self._drawn = True
        if draws := hidden_draws(self.model):
            raise ValueError(
                "Resume needs random numbers whose state can be saved: in the training step draw with keras.random and "
                "a keras.random.SeedGenerator of the model, or with a tf.random.Generator of the model, not with "
                f"tf.random.normal and the like. Received: model={self.model.name!r} with {', '.join(draws)}"
            )

    # --- saving -----------------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        return {
            "identity": self._identity,
            "settings": self.settings,
            "names": self._names(),
            "training": training_state(self.model),
            "stopped": bool(self.model.stop_training),
        }

    def _names(self) -> list[str]:
        """The names that logs can contain, and that Keras numbers from model to model in one process."""
        return [*getattr(self.model, "output_names", ()), *(layer.name for layer in all_layers(self.model))]

    def _save(self, epoch: int, batch: int) -> None:
        if self._lock is not None:
            self._lock.check()
        self._since = 0
        sync_variables(self.model)
        if not all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in self.model.trainable_variables):
            return
        history = self._history()
        states = {name: callback_state(callback) for name, callback in self._stateful.items()}
        self._files().write(
            (epoch, batch),
            {
                **self._state(),
                "callbacks": {name: changed(state, self._base[name]) for name, state in states.items()},
                "history": {name: list(values) for name, values in history.history.items()},
                "epochs": list(history.epoch),
                "logs": dict(self._logs),
            },
        )

    def _history(self) -> keras.callbacks.History:
        return next(callback for callback in self._others if isinstance(callback, keras.callbacks.History))

    # --- restoring --------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Restores the training to the state of the checkpoint, if that was not done yet."""
        checkpoint, self._checkpoint = self._checkpoint, None
        if checkpoint is None:
            return
        sync_variables(self.model)
        training = checkpoint["training"]
        if self.replay:  # such states are where the batches that were read again have left them
            drawn = drawn_by_data(self.model)
            training = {**training, "random": {name: s for name, s in training["random"].items() if name not in drawn}}
        set_training_state(self.model, training)
        if "callbacks" in checkpoint:
            for name, state in checkpoint["callbacks"].items():
                if name in self._stateful:  # the program may have another list now
                    set_callback_state(self._stateful[name], state)
            history = self._history()
            columns = renamed(checkpoint["history"], checkpoint["names"], self._names())
            history.history = {name: list(values) for name, values in columns.items()}
            history.epoch = list(checkpoint["epochs"])
            self._restored_epochs = len(history.epoch)
            self._columns = {name: len(values) for name, values in columns.items()}
            self._logs = checkpoint["logs"]
        self.model.stop_training = checkpoint["stopped"]

    def _begin_skipping(self) -> None:
        """Makes Keras read the batches of its loop without training on them."""
        model = self.model
        at_end_of_fit(model, self._end_skipping)  # an interrupted program may still use the model
        self._train_function = model.train_function
        model.train_function = self._skip
        self._raises = raises_on_nan(model.optimizer)
        raise_on_nan(model.optimizer, False)  # the results of the one real call are discarded
        model.evaluate = lambda *_, **__: {}

    def _end_skipping(self) -> None:
        if self._train_function is not None:
            self.model.train_function, self._train_function = self._train_function, None
            del self.model.evaluate
            raise_on_nan(self.model.optimizer, self._raises)

    def _skip(self, *arguments: Any) -> Any:
        """Reads the batches of one call of the compiled step. The first call is a real one, for what Keras builds.

        Keras passes an iterator and takes the logs; on JAX it passes the state before it and takes a state too.
        """
        *state, iterator = arguments
        self._calls += 1
        if self._calls == 1:
            result = self._train_function(*arguments)
            self._logs, *state = result if on_jax() else (result,)
        elif not len(list(zip(range(self.model.steps_per_execution), iterator, strict=False))):
            raise StopIteration
        # Keras takes the logs of an epoch from its last step, unless they are all metrics.
        logs = (self._checkpoint or {}).get("logs") or self._logs
        return (logs, *state) if on_jax() else logs

    @property
    def _skipping(self) -> bool:
        return self._train_function is not None

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # --- hooks ------------------------------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        set_initial_epoch(self.model, None)
        self._epoch = epoch
        if self._base is None:
            self._base = {name: callback_state(callback) for name, callback in self._stateful.items()}
        target = (self._from_epoch, self._from_batch)
        if self._checkpoint is not None and (epoch, 0) < target:
            if not self._skipping:
                self._begin_skipping()
            return
        self._end_skipping()
        if self._checkpoint is not None:
            self._restore()
            self.model.reset_metrics()  # as Keras has done for this epoch
        for callback in self._others:
            callback.on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._begin = batch
        if not self._skipping:
            for callback in self._others:
                callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        steps = self.params.get("steps")
        done = min(self._begin + self.model.steps_per_execution, steps or np.inf)
        if self._skipping:
            if (self._epoch, done) == (self._from_epoch, self._from_batch):
                self._end_skipping()
                self._restore()
                for callback in self._others:
                    if isinstance(callback, keras.callbacks.ProgbarLogger):
                        callback.on_epoch_begin(self._epoch)
                    elif hasattr(callback, "seek"):
                        callback.seek(self._epoch, int(done))
            return
        self._check_draws()
        self._logs = dict(logs or {})
        for callback in self._others:
            callback.on_train_batch_end(batch, logs)
        self._since += done - self._begin
        if self.every != "epoch" and self._since >= self.every:
            self._save(self._epoch, int(done))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._skipping:
            return
        for callback in self._others:
            callback.on_epoch_end(epoch, logs)
        if self._columns is not None:
            filled_up(self._history(), self._columns, self._restored_epochs)
        self._save(epoch + 1, 0)

    def on_train_end(self, logs: Any = None) -> None:
        set_initial_epoch(self.model, None)
        self._end_skipping()
        if self._checkpoint is not None:  # the training had ended before: nothing was trained now
            self._restore()
            self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        for callback in self._others:
            callback.on_train_end(logs)
        self._release()
        self._list.callbacks, self._list, self.stands_for = self._all, None, []


PARTS = {"identity": dict, "settings": dict, "names": list, "training": dict, "stopped": bool}
LATER_PARTS = {"callbacks": dict, "history": dict, "epochs": list, "logs": dict}
"""What a checkpoint holds: always, and after the first."""


def _is_whole(value: Any) -> bool:
    """Whether a checkpoint has its parts, whoever wrote it."""
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), kind) for name, kind in PARTS.items())
        and len(value.keys() & LATER_PARTS.keys()) in (0, len(LATER_PARTS))
        and all(isinstance(value[name], kind) for name, kind in LATER_PARTS.items() if name in value)
    )


def _forwarded(name: str) -> Any:
    def hook(self: Resume, *arguments: Any, **options: Any) -> None:
        for callback in self._others:
            getattr(callback, name)(*arguments, **options)

    hook.__name__ = name
    return hook


for _name in ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end"):
    setattr(Resume, _name, _forwarded(_name))


def _kind(value: Any) -> str:
    return type(value).__name__
