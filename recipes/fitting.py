"""Fitting: how a training runs: over whole epochs or, where these would not give the same, by Keras' ``fit``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.inside.fit_end import fit_is_patched
from .shared_steps import SharedStep
from .whole_epochs.arrays import EpochArrays
from .whole_epochs.epochs import WholeEpochs

if TYPE_CHECKING:
    from .data import Data

__all__ = ["Fitting", "epoch_arrays"]


@dataclasses.dataclass(frozen=True)
class Fitting:
    """How the epochs of one kind of training run.

    Args:
        augment: what changes the training batches; None for nothing.
        steps_per_epoch: batches per epoch; None for one pass.
    """

    augment: Callable[..., Any] | None
    steps_per_epoch: int | None

    def over_whole_epochs(
        self, model: keras.Model, data: Data, own: Sequence[Any] = (), others: Sequence[Any] = ()
    ) -> bool:
        """Whether :class:`WholeEpochs` gives what Keras' ``fit`` on pipelines gives.

        Args:
            model: compiled.
            data: to train on.
            own: callbacks of the recipe, which may listen to batches.
            others: the other ones.
        """
        return (
            self.steps_per_epoch is None
            and self.augment is None
            and not data.on_disk
            and not fit_is_patched()
            and not model.jit_compile
            and WholeEpochs.suit(model, own, batch_hooks=True)
            and WholeEpochs.suit(model, others)
        )

    def fit(
        self,
        shared: SharedStep,
        data: Data,
        callbacks: Sequence[keras.callbacks.Callback],
        *,
        whole_epochs: bool,
        stride: int,
        seed: int,
        epochs: int,
        validate: bool,
        verbose: int | str,
        first_epoch: int,
    ) -> dict[str, list[Any]]:
        """Trains the model of a step.

        Args:
            shared: the compiled step.
            data: to train on.
            callbacks: all of them, in order.
            whole_epochs: what :meth:`over_whole_epochs` says.
            stride: batches per call of a compiled function.
            seed: of the data order.
            epochs, verbose: as in Keras' ``fit``.
            validate: whether to validate after each epoch.
            first_epoch: the first whose order is drawn, from 0.

        Returns:
            The history: name -> a value per epoch.
        """
        options: dict[str, Any] = {"seed": seed, "epochs": epochs, "validate": validate, "verbose": verbose}
        options |= {"first_epoch": first_epoch}
        if whole_epochs:
            arrays = epoch_arrays(data, **options)
            return shared.made(WholeEpochs).fit(arrays, callbacks, stride=stride).history
        return self._by_keras(shared.model, data, callbacks, **options).history

    def _by_keras(
        self,
        model: keras.Model,
        data: Data,
        callbacks: Sequence[keras.callbacks.Callback],
        *,
        seed: int,
        epochs: int,
        validate: bool,
        verbose: int | str,
        first_epoch: int,
    ) -> keras.callbacks.History:
        """Keras' ``fit`` on the pipelines of the data."""
        steps = self.steps_per_epoch or data.steps_per_epoch
        # MLflow's autologging reads the data from start to end before Keras does: all epochs, and then again.
        passes = -(-epochs * steps // data.steps_per_epoch) - first_epoch if fit_is_patched() else None
        batches = data.batches("train", seed=seed, first_epoch=first_epoch, epochs=passes, augment=self.augment)
        # An endless dataset needs one iterator for the whole fit; creating one costs as much as ten small steps.
        endless = self.steps_per_epoch is not None or model.steps_per_execution == steps
        return model.fit(
            batches.repeat() if endless and passes is None else batches,
            steps_per_epoch=steps if endless or passes is not None else None,
            epochs=epochs,
            validation_data=data.validation if validate else None,
            shuffle=False,  # the data are shuffled already
            callbacks=callbacks,
            verbose=verbose,
        )


def epoch_arrays(
    data: Data,
    *,
    seed: int,
    epochs: int = 1,
    validate: bool = False,
    verbose: int | str = 0,
    first_epoch: int = 0,
) -> EpochArrays:
    """The training split, and if asked for the validation split, as :class:`WholeEpochs` takes them."""
    x, y, weights = data.tensors("train")
    return EpochArrays(
        x=x,
        y=y,
        weights=weights,
        validation=data.tensors("validation") if validate else None,
        batch_size=data.batch_size,
        evaluation_batch_size=data.evaluation_batch_size,
        seed=seed,
        first_epoch=first_epoch,
        epochs=epochs,
        verbose=verbose,
        drop_remainder=True,
    )
