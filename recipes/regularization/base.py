"""Regularizer: where a regularizer may act. Each overrides only the places it needs."""

from __future__ import annotations

from typing import Any

import keras

from callbacks.step_schedule import StepSchedule

__all__ = ["Regularizer"]


class Regularizer:
    """A choice against overfitting, acting on the kernels, after the activations, or around the training.

    The model factories ask for the first two, :meth:`recipes.Recipe.callbacks` for the last. Several regularizers in
    one recipe act together.
    """

    name = ""
    """The name in the catalogue."""

    def to_choice(self) -> dict[str, Any]:
        """This object as a mapping of its name and options, which a Recipe takes and JSON can hold."""
        return {"name": self.name, **vars(self)}

    def kernel_regularizer(self) -> keras.regularizers.Regularizer | None:
        """A penalty on the kernel of every hidden and output layer (never on biases or normalization), or None."""
        return None

    def after_activation(self) -> keras.layers.Layer | None:
        """A new layer to put after each hidden activation (never after the output), or None."""
        return None

    def callbacks(self, *, epochs: int, schedule: StepSchedule | None) -> list[keras.callbacks.Callback]:
        """Callbacks for one training of ``epochs`` epochs under this schedule; None where the rate is constant."""
        return []
