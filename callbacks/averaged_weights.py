"""AveragedWeights, StochasticWeightAveraging: validation, checkpoints and the trained model have averaged weights."""

from __future__ import annotations

import contextlib
from typing import Any

import keras
import numpy as np

from .batch_norm import BatchNormPass, NotFinite
from .callback import Callback
from .checks import InvalidArgument, check_integer, check_number
from .fit_data import FitData
from .inside.backend import check_tensorflow
from .inside.copying import copy_sharing
from .inside.fit_end import fit_runs
from .inside.model_optimizers import optimizers_of
from .inside.optimizer_values import averages_of, leaves
from .taken import taken_by

__all__ = ["AveragedWeights", "StochasticWeightAveraging"]


class AveragedWeights(Callback):
    """Between the last step of an epoch and the first of the next, the model has its averaged weights.

    So validation, early stopping, checkpoints and other callbacks at the end of an epoch, and the trained model, have
    the average; the steps go on from the trained weights. It is an optimizer's: Keras' exponential moving average
    (``use_ema=True``), or that of an optimizer with the methods ``to_average`` and ``to_trained``, such as
    :class:`recipes.optimizers.ScheduleFreeAdamW`. Place it anywhere in the list, if there is validation data, else
    before callbacks that need the average.

    Keras alone gives the average to the model at the end of a training; its ``SwapEMAWeights`` gives it to validation
    or to callbacks, not to ``EarlyStopping(restore_best_weights=True)``.

    **Batch normalization.** Its moving averages belong to the trained weights. With ``data``, its statistics are
    recomputed for the averaged weights at each such point, in one forward pass through them: some 2,000 examples are
    enough of large data.

    Args:
        data: training data for the statistics, as in :func:`callbacks.recalibrate_batch_norm`. None (default): they
            stay those of the trained weights.
        batch_size: of arrays. Default 256.

    Raises:
        InvalidArgument: at the start of training, for an optimizer without an average; for a batch size < 1.
        ValueError: outside Keras' ``fit``.

    Source: Polyak and Juditsky 1992; Izmailov et al. 2018, arXiv:1803.05407, for the statistics.

    Example:
        >>> model.compile(keras.optimizers.Adam(use_ema=True), "mse")                        # doctest: +SKIP
        >>> stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
        >>> model.fit(x, y, validation_split=0.1, callbacks=[callbacks.AveragedWeights(data=x), stop])
    """

    def __init__(self, data: Any = None, *, batch_size: int = 256):
        super().__init__()
        self.batch_size = check_integer("batch_size", batch_size, low=1)
        self.sample: FitData | None = None
        if data is not None:
            self.use(data)
        self.trained: list[np.ndarray] | None = None  # the trained weights, while the model has their average
        self._pass: BatchNormPass | None = None

    def use(self, data: Any) -> None:
        """Sets the data for the statistics of batch normalization."""
        self.sample = FitData(data, batch_size=self.batch_size, targets=False).check_passes()

    def __deepcopy__(self, memo: dict[int, Any]) -> AveragedWeights:
        return copy_sharing(self, memo, "sample", "_pass")

    def on_train_begin(self, logs: Any = None) -> None:
        check_tensorflow(type(self).__name__)
        self.trained = None
        self._pass = BatchNormPass(self.model)
        self.check(self.model)

    def check(self, model: keras.Model) -> None:
        """Raises if there will be no average."""
        for optimizer in _optimizers(model):
            if not _averages(optimizer):
                accepted = "one with use_ema=True, or that averages its weights itself"
                raise InvalidArgument("optimizer", optimizer.name, accepted)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        for optimizer in _optimizers(self.model):
            if hasattr(optimizer, "to_trained") and optimizer.built:
                optimizer.to_trained()
        if self.trained is not None:
            for variable, value in zip(self._kept(), self.trained, strict=True):
                variable.assign(value)
            self.trained = None

    def on_test_begin(self, logs: Any = None) -> None:
        if fit_runs(self.model):
            self._average()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._average()

    def on_train_end(self, logs: Any = None) -> None:
        self.trained = self._pass = None

    def _kept(self) -> list[Any]:
        """The variables that averages take the place of, and that the next step needs as they were."""
        statistics = [] if self._pass is None else self._pass.statistics
        return [*self.replaced(self.model), *statistics]

    def _average(self) -> None:
        if self.trained is not None:
            return
        kept = [np.array(variable.numpy()) for variable in self._kept()]
        if not self.give_average(self.model):
            return
        self.trained = kept
        if self.sample is not None and self._pass is not None:
            sample = self.sample
            with contextlib.suppress(NotFinite), taken_by(self.model, sample.argument, sample.batches):
                self._pass(sample)  # not finite: of a training that has diverged

    # --- what is averaged -------------------------------------------------------------------------------------------

    def replaced(self, model: keras.Model) -> list[Any]:
        """The trained variables that get averages, except those that the optimizer itself sets back."""
        own = [optimizer for optimizer in _optimizers(model) if not hasattr(optimizer, "to_average")]
        return [variable for optimizer in own for variable, _ in averages_of(optimizer)]

    def give_average(self, model: keras.Model) -> bool:
        """Gives the averages to the model; returns whether there are any yet."""
        for optimizer in _optimizers(model):
            if hasattr(optimizer, "to_average"):
                optimizer.to_average()
            else:
                for variable, average in averages_of(optimizer):
                    variable.assign(average)
        return True


class StochasticWeightAveraging(AveragedWeights):
    """Stochastic weight averaging: the mean of the weights at the ends of the last epochs, for optimizers without one.

    As :class:`AveragedWeights`, from the first averaged epoch on. It suits a rate that stays high to the end, as under
    "constant" or "cosine_restarts", so that the weights that are averaged differ. The moving averages of batch
    normalization are averaged too, unless ``data`` recomputes them.

    Args:
        start: from which fraction of the training on epochs are averaged, in [0, 1). Default 0.75.
        data, batch_size: as in :class:`AveragedWeights`.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for an optimizer that averages the
            weights itself (``use_ema=True``).

    Source: Izmailov et al. 2018, arXiv:1803.05407, algorithm 1, with one average an epoch.

    Example:
        >>> model.fit(x, y, epochs=20, callbacks=[callbacks.StochasticWeightAveraging(data=x)])     # doctest: +SKIP
    """

    def __init__(self, start: float = 0.75, data: Any = None, *, batch_size: int = 256):
        super().__init__(data, batch_size=batch_size)
        self.start = check_number("start", start, low=0, below=1)
        self.epoch = self.count = 0
        self.mean: list[np.ndarray] = []

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self.epoch = self.count = 0
        self.mean = []

    def check(self, model: keras.Model) -> None:
        """Raises for an optimizer whose own average would take the place of this one."""
        for optimizer in _optimizers(model):
            if _averages(optimizer):
                accepted = "one that does not average the weights itself, as with use_ema=True"
                raise InvalidArgument("optimizer", optimizer.name, accepted)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self.epoch = epoch

    def replaced(self, model: keras.Model) -> list[Any]:
        """All trained variables."""
        return list(model.trainable_variables)

    def give_average(self, model: keras.Model) -> bool:
        """Counts the epoch, and gives the mean so far to the model."""
        if self.epoch < int(self.start * self.params["epochs"]):
            return False
        self.count += 1
        variables = self._kept()
        values = [np.asarray(variable.numpy(), np.float64) for variable in variables]
        if self.count == 1:
            self.mean = values
        else:
            pairs = zip(self.mean, values, strict=True)
            self.mean = [mean + (value - mean) / self.count for mean, value in pairs]
        for variable, mean in zip(variables, self.mean, strict=True):
            variable.assign(mean.astype(variable.dtype))
        return True


def _averages(optimizer: Any) -> bool:
    return hasattr(optimizer, "to_average") or bool(getattr(optimizer, "use_ema", False))


def _optimizers(model: keras.Model) -> list[Any]:
    return [leaf for optimizer in optimizers_of(model).values() for leaf in leaves(optimizer)]
