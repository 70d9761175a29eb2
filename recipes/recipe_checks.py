"""What contradicts what among the choices of a recipe, whatever the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import keras

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.layers import all_layers
from ..callbacks.inside.optimizer_values import has_live_momentum
from ..callbacks.schedules.base import StepSchedule
from ..callbacks.schedules.performance_decay import PerformanceDecay
from ..callbacks.warning import warn
from .choice import Choice, options_of
from .idle_choices import idle_styles
from .optimizer_choice import averages_weights, build_optimizer, has_average, has_own_momentum, replaced_regularizers
from .precision import is_half
from .regularization.alpha_dropout import AlphaDropout
from .regularization.early_stopping import EarlyStopping

if TYPE_CHECKING:
    from .recipe import Recipe

__all__ = [
    "check_patience",
    "check_rate",
    "check_together",
    "check_updates",
    "missing_from",
    "warn_of_missing",
    "warn_of_self_normalization",
]


def check_rate(learning_rate: float | None, optimizer: Choice) -> None:
    """Raises for a learning rate that the options of the optimizer contradict.

    Raises:
        InvalidArgument: naming both.

    Example:
        >>> check_rate(0.1, {"name": "adam", "learning_rate": 0.2})
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: learning_rate must be 0.2, as in the optimizer's options, or given once. \
Received: learning_rate=0.1
    """
    own = options_of(optimizer).get("learning_rate", learning_rate)
    if learning_rate is not None and own != learning_rate:
        accepted = f"{own}, as in the optimizer's options, or given once"
        raise InvalidArgument("learning_rate", learning_rate, accepted)


def check_updates(optimizer: keras.optimizers.Optimizer, steps: int) -> None:
    """Raises for a training of so few steps that an optimizer that accumulates gradients never updates the weights.

    Raises:
        InvalidArgument: naming ``gradient_accumulation_steps``.

    Example:
        >>> check_updates(keras.optimizers.SGD(gradient_accumulation_steps=10), steps=9)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: gradient_accumulation_steps must be <= 9, the steps of the training: there \
would be no update. Received: gradient_accumulation_steps=10
    """
    accumulated = optimizer.gradient_accumulation_steps or 1
    if accumulated > steps:
        accepted = f"<= {steps}, the steps of the training: there would be no update"
        raise InvalidArgument("gradient_accumulation_steps", accumulated, accepted)


def check_patience(schedule: StepSchedule | None, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Raises for a training that early stopping ends before the schedule would first lower the rate.

    Raises:
        InvalidArgument: naming the patience that is too long.
    """
    if not isinstance(schedule, PerformanceDecay):
        return
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping) and callback.patience <= schedule.patience:
            accepted = f"an integer below {callback.patience}, the patience of early_stopping, which stops first"
            raise InvalidArgument("patience", schedule.patience, accepted)


def missing_from(recipe: Recipe, model: keras.Model) -> list[str]:
    """The names of the recipe's regularizers that act inside a model, where this model has nothing of them.

    Example:
        >>> own = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        >>> missing_from(Recipe(regularizer="l2+early_stopping"), own)           # doctest: +SKIP
        ['l2']
    """
    return [
        regularizer.name
        for regularizer in recipe.regularizers()
        if regularizer.acts_in_model and not regularizer.is_part_of(model)
    ]


def warn_of_missing(recipe: Recipe, model: keras.Model) -> None:
    """Warns of :func:`missing_from`, and of what the function that makes the recipe's model does not ask for."""
    absent = [*missing_from(recipe, model), *idle_styles(recipe)]
    if absent:
        text = (
            f"{', '.join(absent)} act{'s' if len(absent) == 1 else ''} inside the model, which was not made by a "
            "factory of this package: put it there, or leave it out of the recipe"
        )
        warn(text)


def warn_of_self_normalization(recipes: Iterable[tuple[Recipe, keras.Model]]) -> None:
    """Warns of SELU and alpha dropout where they do not keep the mean and the variance, of each case once.

    Args:
        recipes: recipes and their models, made by this package.
    """
    texts = dict[str, None]()
    for recipe, model in recipes:
        alpha = any(isinstance(regularizer, AlphaDropout) and regularizer.rate for regularizer in recipe.regularizers())
        if recipe.activation == "selu" and any(hasattr(layer, "kernel_size") for layer in all_layers(model)):
            text = (
                f"activation='selu' keeps mean and variance in stacks of dense layers; {model.name!r} has convolutions:"
                " take model='mlp', or another activation with batch normalization"
            )
            texts[text] = None
        elif recipe.activation != "selu" and alpha:
            text = (
                f"regularizer={AlphaDropout.name!r} keeps mean and variance after activation='selu', not after "
                f"{recipe.activation!r}: take 'dropout' with it"
            )
            texts[text] = None
    for text in texts:
        warn(text)


def check_together(recipe: Recipe) -> None:
    """Raises for choices that do not work with one another.

    Raises:
        InvalidArgument: naming the field to change.
    """
    _check_regularizers(recipe)
    _check_schedule(recipe)
    _check_averages(recipe)
    if is_half(recipe.precision) and recipe.finds_its_own_step:
        accepted = (
            f"None or 'float32' for {recipe.optimizer_name!r}, which compares losses too close for half precision"
        )
        raise InvalidArgument("precision", recipe.precision, accepted)


def _check_regularizers(recipe: Recipe) -> None:
    regularizers = recipe.regularizers()
    for regularizer in regularizers:
        if regularizer.needs_one_gradient and recipe.finds_its_own_step:
            accepted = f"one that {recipe.optimizer_name!r}, which evaluates the loss again within a step, can follow"
            raise InvalidArgument("regularizer", regularizer.name, accepted)
    mixing = [regularizer.name for regularizer in regularizers if regularizer.mixes_examples]
    if len(mixing) > 1:
        accepted = f"given alone of {', '.join(mixing)}: each makes training examples with a loss of its own"
        raise InvalidArgument("regularizer", mixing[-1], accepted)
    options = [regularizer for regularizer in regularizers if regularizer.optimizer_options()]
    if options and recipe.finds_its_own_step:
        accepted = (
            f"one that acts by the loss, as l2 does, for {recipe.optimizer_name!r}, which has no options for others"
        )
        raise InvalidArgument("regularizer", options[0].name, accepted)
    for regularizer in options:
        try:
            build_optimizer(recipe.optimizer, 1.0, [regularizer])
        except InvalidArgument as error:  # of an option that the user has not given
            if error.argument not in regularizer.optimizer_options():
                raise
            accepted = f"one that {recipe.optimizer_name!r} can have ({error})"
            raise InvalidArgument("regularizer", regularizer.name, accepted) from None
    if options:
        recipe.build_optimizer()  # raises for options that the optimizer has already


def _check_schedule(recipe: Recipe) -> None:
    schedule = recipe.build_schedule(1.0)
    if schedule is None or not schedule.needs_momentum:
        return
    accepted = f"one that leaves the momentum alone, as that of {recipe.optimizer_name!r}"
    if has_own_momentum(recipe.optimizer):
        raise InvalidArgument("schedule", recipe.schedule, f"{accepted} is given with the optimizer")
    if not has_live_momentum(recipe.build_optimizer()):
        raise InvalidArgument("schedule", recipe.schedule, f"{accepted} cannot change")


def _check_averages(recipe: Recipe) -> None:
    averaging = [regularizer.name for regularizer in recipe.regularizers() if regularizer.averages_weights]
    if len(averaging) > 1 or (averaging and (averages_weights(recipe.optimizer) or has_average(recipe.optimizer))):
        accepted = "given once, here or by the optimizer: it averages the weights"
        raise InvalidArgument("regularizer", averaging[0], accepted)
    stopping = any(isinstance(regularizer, EarlyStopping) for regularizer in recipe.regularizers())
    if stopping and EarlyStopping.name in replaced_regularizers(recipe.optimizer):
        accepted = "given without early_stopping, which puts back weights of an epoch in place of the averaged ones"
        raise InvalidArgument("regularizer", recipe.regularizer_name, f"{accepted} (use_ema=True)")
