"""hypermodel: the search space of a comparison as a HyperModel for any tuner of KerasTuner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras_tuner

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ..recipe import Recipe
from ..regularization import Regularizer
from ..training_checks import check_data, check_recipe
from .arms import Arm
from .designs import arms_of, base_of
from .idle_levels import check_levels_act
from .setting_factor import BATCH_SIZE
from .space import Space

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["ArmHyperModel", "hypermodel"]


@checked
def hypermodel(data: Data, recipe: Recipe | None = None, **factors: Sequence[str]) -> ArmHyperModel:
    """A ``keras_tuner.HyperModel`` whose space is that of :func:`recipes.search`, for KerasTuner's own tuners.

    Its space has a choice for each factor and, in conditional scopes, the learning rate of the chosen optimizer and the
    strengths of the chosen regularizers, so a trial has only values that it uses; what the recipe fixes is not tuned.
    ``tuner.search`` takes the arguments of Keras' ``fit``; the recipe's callbacks (schedule, early stopping) run before
    those passed there. The objective is
    ``"val_" + data.spec.metric``, with ``data.spec.direction`` ("max" or "min"); for several targets of unlike units
    ``"val_loss"``, in which each counts alike.

    Args:
        data: from :func:`recipes.load`; the model is built for it.
        recipe: sets what is not compared. Default ``Recipe()``.
        **factors: names to compare, as for :func:`recipes.search`: ``optimizers=["momentum", "adam"]``,
            ``regularizers=``, ``schedules=``, ``initializers=``, ``activations=``, ``normalizations=``, ``models=``,
            ``class_weights=``.

    Returns:
        A :class:`ArmHyperModel`.

    Raises:
        InvalidArgument: for an empty list, an unknown name, or a regularizer that acts in the input pipeline
            (augmentation), which is KerasTuner's here.

    Example:
        >>> data = recipes.load("digits")                                             # doctest: +SKIP
        >>> tuner = keras_tuner.Hyperband(
        ...     recipes.hypermodel(data, optimizers=["momentum", "adam"]), "val_accuracy", max_epochs=9
        ... )
        >>> tuner.search(data.train, validation_data=data.validation)
    """
    check_data(data)
    chosen = check_recipe(recipe)
    base = base_of(chosen, factors, data.spec)
    if BATCH_SIZE in factors:
        raise InvalidArgument(BATCH_SIZE, factors[BATCH_SIZE], "left out: KerasTuner's search takes one batch size")
    arms = arms_of(base, factors)
    for arm in arms:
        for regularizer in Recipe(regularizer=arm.regularizer).regularizers():
            if type(regularizer).augment is not Regularizer.augment:
                accepted = (
                    f"without {regularizer.name!r}, which acts in the input pipeline passed to KerasTuner's search"
                )
                raise InvalidArgument("regularizers", arm.regularizer, accepted)
    space = Space.of(chosen, base)
    check_levels_act([arm.recipe(base, space.default(arm)) for arm in arms], data.spec)
    return ArmHyperModel(data, base, arms, space)


class ArmHyperModel(keras_tuner.HyperModel):
    """Builds, compiles and fits the model of an arm at KerasTuner's values.

    Args:
        data: the data that the models are built for.
        base: the recipe that the arms share.
        arms: the arms to compare.
        space: what is tuned for each of them. Default: the ranges of the catalogues.
    """

    def __init__(self, data: Data, base: Recipe, arms: Sequence[Arm], space: Space | None = None):
        super().__init__(name="arm")
        self.data, self.base, self.arms = data, base, list(arms)
        self.space = Space() if space is None else space

    def recipe(self, hp: Any) -> Recipe:
        """The recipe at the values of a ``keras_tuner.HyperParameters``."""
        arm, values = self.space.arm_at(hp, self.arms)
        return arm.recipe(self.base, values)

    def build(self, hp: Any) -> Any:
        """Declares the space and returns a new compiled model."""
        recipe = self.recipe(self.space.declare(hp, self.arms))
        model = recipe.build_model(self.data.spec)
        recipe.compile(model, spec=self.data.spec, weighted_metrics=self.data.weighted)
        model.optimizer.build(model.trainable_variables)  # so that Hyperband's checkpoints contain its state
        return model

    def fit(self, hp: Any, model: Any, *args: Any, callbacks: Sequence[Any] = (), **options: Any) -> Any:
        """Keras' ``fit`` with the recipe's callbacks before ``callbacks``."""
        recipe, epochs = self.recipe(hp), options.get("epochs", 1)
        # Hyperband resumes a model at a later epoch: the schedule spans all epochs.
        recipe_callbacks = recipe.callbacks(epochs=epochs, spec=self.data.spec)
        if hasattr(args[0] if args else options.get("x"), "element_spec"):
            options.setdefault("shuffle", False)  # a tf.data.Dataset shuffles itself
        return model.fit(*args, callbacks=[*recipe_callbacks, *callbacks], **options)
