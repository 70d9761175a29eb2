"""Regularizer: the base class, with one method for each place where a regularizer may act."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.inside.layers import all_layers
from ...callbacks.schedules.base import StepSchedule

if TYPE_CHECKING:
    from ..data.dataset import Data
    from ..data.spec import Spec
    from ..metric import Metric

__all__ = ["Regularizer"]

IN_MODEL = ("kernel_regularizer", "kernel_constraint", "on_input", "after_activation")
"""The methods that the model factories call."""

RANKS = (2, 3, 4)
"""Of tables, sequences and images, with the batch axis."""

OUTSIDE = ("optimizer_options", "loss", "augment", "callbacks")
"""The methods that act outside the model."""


class Regularizer:
    """A method against overfitting. Several in one recipe act together, each in its own places.

    - In the model, built by a factory: on the kernels, on the preprocessed input, after each hidden activation.
    - When the model is compiled, by :meth:`recipes.Recipe.compile`: in the optimizer, in the loss.
    - During training: in the input pipeline, by :func:`recipes.fit`, and in callbacks, by
      :meth:`recipes.Recipe.callbacks`.

    A subclass overrides only the methods it needs. By default nothing is added: a method that returns None leaves no
    trace in the graph.
    """

    name = ""
    """The name in the catalogue."""

    averages_weights = False
    """Whether the model has other weights while it is trained than when it is used."""

    mixes_examples = False
    """Whether it makes training examples of several ones, with a loss of its own."""

    acts_in_step = False
    """Whether its callbacks change the training step; a range test then uses them too."""

    acts_outside_step = False
    """Whether the compiled training step is the same without it: trainings with and without it then share one."""

    needs_one_gradient = False
    """Whether it changes the step in a way that is invisible to an optimizer that evaluates the loss again."""

    augments_last = False
    """Whether its changes of images follow those of the others, in whatever order they are named."""

    def to_choice(self) -> dict[str, Any]:
        """The name and the options as a mapping, which a Recipe accepts and JSON can hold."""
        return {"name": self.name, **vars(self)}

    @property
    def acts_in_model(self) -> bool:
        """Whether it is part of the model, so that a factory must put it there."""
        return any(getattr(type(self), place) is not getattr(Regularizer, place) for place in IN_MODEL)

    @property
    def places(self) -> set[str]:
        """The methods for places in the model that add something, with the options that this object has."""
        made = {
            "kernel_regularizer": [self.kernel_regularizer()],
            "kernel_constraint": map(self.kernel_constraint, RANKS),
            "on_input": map(self.on_input, RANKS),
            "after_activation": map(self.after_activation, RANKS),
        }
        return {place for place, added in made.items() if any(one is not None for one in added)}

    @property
    def acts_in_model_alone(self) -> bool:
        """Whether it acts only in the model, so that the model alone describes it."""
        return not any(getattr(type(self), place) is not getattr(Regularizer, place) for place in OUTSIDE)

    def is_part_of(self, model: keras.Model) -> bool:
        """Whether a model has what this regularizer puts into models, if anything: a penalty, a constraint or a layer.

        Example:
            >>> from recipes import mlp
            >>> from recipes.regularization import Dropout
            >>> linear, deep = (mlp(input_shape=(4,), outputs=3, hidden=h, regularizer="dropout") for h in ((), (5,)))
            >>> [Dropout().is_part_of(model) for model in (linear, deep)]
            [False, True]
        """
        weights = model.trainable_variables + model.non_trainable_variables
        if self.kernel_regularizer() is not None:
            return any(getattr(weight, "regularizer", None) is not None for weight in weights)
        if type(self).kernel_constraint is not Regularizer.kernel_constraint:
            return any(getattr(weight, "constraint", None) is not None for weight in weights)
        made = [make(rank) for rank in RANKS for make in (self.on_input, self.after_activation)]
        kinds = tuple({type(layer) for layer in made if layer is not None})
        return not kinds or any(isinstance(layer, kinds) for layer in all_layers(model, include_self=False))

    def check(self, spec: Spec) -> None:
        """Raises ``InvalidArgument`` if it does not suit the data. Called before anything is built."""

    # --- in the model -----------------------------------------------------------------------------------------------

    def kernel_regularizer(self) -> keras.regularizers.Regularizer | None:
        """A penalty on the kernel of every hidden and output layer (never on biases or normalization), or None."""
        return None

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint | None:
        """A constraint on the kernel of every hidden and output layer, applied after each step, or None.

        Args:
            rank: of the kernel: 2 for dense layers, 4 for convolutions of images. The last axis is that of the units.
        """
        return None

    def on_input(self, rank: int) -> keras.layers.Layer | None:
        """A new layer to put after the preprocessing, or None.

        Args:
            rank: of the input with its batch axis: 2 for tables, 3 for sequences, 4 for images.
        """
        return None

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """A new layer to put after a hidden activation (never after the output), or None.

        Args:
            rank: of the activation with its batch axis: 2 after dense layers, 4 after convolutions of images.
            normalized: whether a batch normalization follows later, whose statistics the new layer would affect.
        """
        return None

    # --- when it is compiled ----------------------------------------------------------------------------------------

    def optimizer_options(self) -> dict[str, Any]:
        """Arguments for the optimizer."""
        return {}

    def loss(self, loss: Any) -> Any:
        """The loss to train with instead of ``loss``, which is anything that Keras' ``compile`` accepts."""
        return loss

    # --- while it is trained ----------------------------------------------------------------------------------------

    def augment(self, data: Data) -> Callable[[Any, Any], Any] | None:
        """A function for the input pipeline, from a training batch's inputs and a seed to the new inputs, or None."""
        return None

    def monitored(self) -> Metric | None:
        """A metric of the validation split that its callbacks need in the logs of each epoch, or None."""
        return None

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """Callbacks for one training.

        Args:
            epochs: length of the training in epochs.
            schedule: the learning rate's schedule; None if the rate is constant.
            spec: of the data, if known.
            validation_examples: how many examples the validation loss is the mean of, if known.
        """
        return []
