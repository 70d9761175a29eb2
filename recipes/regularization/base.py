"""Regularizer: where a regularizer may act. Each overrides only the places it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.schedules.base import StepSchedule

if TYPE_CHECKING:
    from ..data.dataset import Data
    from ..data.spec import Spec

__all__ = ["Regularizer"]

IN_MODEL = ("kernel_regularizer", "kernel_constraint", "on_input", "after_activation")
"""The methods that the factories call."""

OUTSIDE = ("optimizer_options", "loss", "augment", "callbacks")
"""The methods for all that is not in the model."""


class Regularizer:
    """A choice against overfitting. Several in one recipe act together, each in its own places.

    - In the model, which the factories make: on the kernels, on the preprocessed input, after each hidden activation.
    - When it is compiled, by :meth:`recipes.Recipe.compile`: in the optimizer, in the loss.
    - While it is trained: in the input pipeline, by :func:`recipes.fit`, and callbacks, by
      :meth:`recipes.Recipe.callbacks`.

    What overrides nothing adds nothing: a place that answers None leaves no trace in the graph.
    """

    name = ""
    """The name in the catalogue."""

    acts_in_step = False
    """Whether its callbacks change what a training step does: then a range test has them too."""

    needs_one_gradient = False
    """Whether it changes the step in a way that an optimizer which evaluates the loss again would not see."""

    def to_choice(self) -> dict[str, Any]:
        """This object as a mapping of its name and options, which a Recipe takes and JSON can hold."""
        return {"name": self.name, **vars(self)}

    @property
    def acts_in_model(self) -> bool:
        """Whether it is a part of the model, which a factory has to put there."""
        return any(getattr(type(self), place) is not getattr(Regularizer, place) for place in IN_MODEL)

    @property
    def acts_in_model_alone(self) -> bool:
        """Whether the model that it is a part of tells all that it does."""
        return not any(getattr(type(self), place) is not getattr(Regularizer, place) for place in OUTSIDE)

    def check(self, spec: Spec) -> None:
        """Raises ``InvalidArgument`` if it makes no sense for this data; before anything is built."""

    # --- in the model -----------------------------------------------------------------------------------------------

    def kernel_regularizer(self) -> keras.regularizers.Regularizer | None:
        """A penalty on the kernel of every hidden and output layer (never on biases or normalization), or None."""
        return None

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint | None:
        """What the kernel of every hidden and output layer is brought back to after each step, or None.

        Args:
            rank: of the kernel: 2 for dense layers, 4 for convolutions of images. Its last axis is that of the units.
        """
        return None

    def on_input(self, rank: int) -> keras.layers.Layer | None:
        """A new layer to put after the preprocessing, or None.

        Args:
            rank: of the input with its batch: 2 for tables, 3 for sequences, 4 for images.
        """
        return None

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """A new layer to put after a hidden activation (never after the output), or None.

        Args:
            rank: of the activation with its batch: 2 after dense layers, 4 after convolutions of images.
            normalized: whether a batch normalization comes later, which would see what the new layer does.
        """
        return None

    # --- when it is compiled ----------------------------------------------------------------------------------------

    def optimizer_options(self) -> dict[str, Any]:
        """Arguments for the optimizer."""
        return {}

    def loss(self, loss: Any) -> Any:
        """The loss to train with in place of ``loss``, which is what Keras' ``compile`` takes."""
        return loss

    # --- while it is trained ----------------------------------------------------------------------------------------

    def augment(self, data: Data) -> Callable[[Any, Any], Any] | None:
        """A function from a training batch's inputs and a seed to those trained on, for the input pipeline, or None."""
        return None

    def callbacks(
        self, *, epochs: int, schedule: StepSchedule | None, spec: Spec | None = None
    ) -> list[keras.callbacks.Callback]:
        """Callbacks for one training.

        Args:
            epochs: of the training.
            schedule: of the learning rate; None where that is constant.
            spec: of the data, where it is known.
        """
        return []
