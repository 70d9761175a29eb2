"""A recipe's choice of optimizer: its learning rate, whether it needs one, and the optimizer that it builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_number
from ..callbacks.inside.optimizer_values import get_momentum, has_live_momentum, leaves, rate_source
from . import choice
from .choice import Choice
from .optimizers import OPTIMIZERS, capabilities
from .regularization import Regularizer

__all__ = [
    "averages_weights",
    "build_optimizer",
    "finds_its_own_step",
    "has_average",
    "has_own_momentum",
    "replaced_regularizers",
    "schedules_in_words",
    "separate_rate",
    "usual_rate",
    "usual_schedule",
]


MOMENTA = ("momentum", "beta_1")
"""The options of optimizers that set what schedules of the momentum change."""


def finds_its_own_step(optimizer: Choice) -> bool:
    """Whether the chosen optimizer finds its step length itself, as a line search does, and needs no range test.

    Example:
        >>> finds_its_own_step("newton"), finds_its_own_step("adam")
        (True, False)
    """
    if choice.is_named(optimizer):
        return capabilities.finds_its_own_step(OPTIMIZERS[choice.name_of(optimizer)])
    return bool(getattr(optimizer, "finds_its_own_step", False))


def has_own_momentum(optimizer: Choice) -> bool:
    """Whether the choice says what the momentum is, other than by default, so that no schedule may change it unasked.

    Example:
        >>> has_own_momentum({"name": "adam", "beta_1": 0.8}), has_own_momentum("adam")
        (True, False)
    """
    if choice.is_named(optimizer):
        return any(name in choice.options_of(optimizer) for name in MOMENTA)
    if not has_live_momentum(optimizer):
        return False
    leaf = leaves(optimizer)[0]
    usual = type(leaf)()
    return not has_live_momentum(usual) or get_momentum(leaf) != get_momentum(usual)


def replaced_regularizers(optimizer: Choice) -> set[str]:
    """The regularizers that "auto" leaves out for this optimizer: its own weight decay, or an average of its weights.

    Example:
        >>> replaced_regularizers({"name": "adam", "weight_decay": 0.1}), replaced_regularizers("adam")
        ({'weight_decay'}, set())
    """
    config = _settings(optimizer)
    replaced = {"weight_decay"} if config.get("weight_decay") is not None else set()
    return replaced | ({"early_stopping"} if has_average(optimizer) else set())


def has_average(optimizer: Choice) -> bool:
    """Whether Keras' moving average of the weights was asked for with the optimizer.

    Example:
        >>> has_average({"name": "adam", "use_ema": True}), has_average("adam")
        (True, False)
    """
    return bool(_settings(optimizer).get("use_ema"))


def _settings(optimizer: Choice) -> dict[str, Any]:
    """The options of a named choice and of its entry, or the configuration of an object."""
    if not choice.is_named(optimizer):
        return optimizer.get_config()
    build = OPTIMIZERS[choice.name_of(optimizer)].build
    return {**getattr(build, "keywords", {}), **choice.options_of(optimizer)}


def separate_rate(optimizer: Choice) -> tuple[Choice, float | None]:
    """The choice without its learning rate, and that rate: 1 for one that finds its own step, None without one.

    Raises:
        InvalidArgument: for a rate <= 0; for an object made with a schedule in place of a number, or one that only
            scales the loss for another.

    Example:
        >>> separate_rate({"name": "adam", "learning_rate": 0.1})
        ('adam', 0.1)
        >>> separate_rate("adam"), separate_rate("newton")
        (('adam', None), ('newton', 1.0))
    """
    options = choice.options_of(optimizer)
    if "learning_rate" in options:
        rate = check_number("learning_rate", options.pop("learning_rate"), above=0)
        return choice.named(choice.name_of(optimizer), options), rate
    if choice.is_named(optimizer):
        return optimizer, 1.0 if finds_its_own_step(optimizer) else None
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        accepted = "the one inside it: compile scales the loss by itself where the precision needs it"
        raise InvalidArgument("optimizer", type(optimizer).__name__, accepted)
    variable = rate_source(optimizer)
    if not isinstance(variable, keras.Variable):
        raise InvalidArgument("optimizer", variable, "made with a number as its learning rate")
    shortest = str(np.float32(variable.numpy()))  # 0.01, not 0.009999999776482582
    return optimizer, check_number("learning_rate", float(shortest), above=0)


def usual_schedule(optimizer: Choice) -> Choice:
    """The schedule that "auto" stands for: 1cycle, or a constant rate where the optimizer does without a schedule.

    Example:
        >>> usual_schedule("adam"), usual_schedule("newton"), usual_schedule("schedule_free_adamw")
        ('one_cycle', 'constant', {'name': 'constant', 'warm_up': 0.05})
    """
    if finds_its_own_step(optimizer):
        return "constant"
    if _trait(optimizer, "needs_no_schedule"):
        return {"name": "constant", "warm_up": 0.05}
    return "one_cycle"


def schedules_in_words(schedule: Choice, optimizer: Choice, factors: Mapping[str, Sequence[str]]) -> str | None:
    """Which optimizers of a comparison do not train with the schedule of its base recipe; None if all do.

    Args:
        schedule, optimizer: of the base recipe.
        factors: the levels that are compared, by the factor's plural.

    Example:
        >>> schedules_in_words("one_cycle", "momentum", {"optimizers": ["momentum", "newton"]})
        'The schedule is one_cycle, but for newton with constant: what is usual there.'
    """
    if "schedules" in factors or schedule != usual_schedule(optimizer):
        return None
    usual = {
        level: usual_schedule(level) for level in factors.get("optimizers", ()) if choice.name_of(level) in OPTIMIZERS
    }
    others = [f"{level} with {choice.text_of(own)}" for level, own in usual.items() if own != schedule]
    return (
        f"The schedule is {choice.text_of(schedule)}, but for {', '.join(others)}: what is usual there."
        if others
        else None
    )


def averages_weights(optimizer: Choice) -> bool:
    """Whether the model has other weights while it is trained than when it is used: averages of them.

    Example:
        >>> averages_weights("schedule_free_adamw"), averages_weights("adam")
        (True, False)
    """
    return _trait(optimizer, "averages_weights")


def _trait(optimizer: Choice, name: str) -> bool:
    """A class attribute of the optimizer that is chosen."""
    named = choice.is_named(optimizer)
    return bool(getattr(OPTIMIZERS[choice.name_of(optimizer)].factory if named else optimizer, name, False))


def usual_rate(optimizer: str) -> float:
    """The default rate of an optimizer of the catalogue, 0.01 if it has none.

    Example:
        >>> usual_rate("adam")
        0.001
    """
    ranges = {tunable.name: tunable for tunable in OPTIMIZERS[optimizer].hyperparameters}
    return ranges["learning_rate"].default or 0.01


def build_optimizer(
    optimizer: Choice, learning_rate: float, regularizers: Sequence[Regularizer] = ()
) -> keras.optimizers.Optimizer:
    """A new optimizer at this rate, with the options that regularizers such as weight decay give it.

    Raises:
        InvalidArgument: for an option that the optimizer has already.

    Example:
        >>> build_optimizer("adam", 0.25).learning_rate.numpy().item()
        0.25
    """
    options: dict[str, Any] = {}
    for regularizer in regularizers:
        options |= regularizer.optimizer_options()
    named = choice.is_named(optimizer)
    config = _settings(optimizer)
    averages = named or config.get("use_ema")  # an object has values for averages that it does not take
    given = {key for key, value in config.items() if named or (value is not None and (averages or "ema" not in key))}
    twice = [key for key in options if key in given]
    if twice:
        accepted = f"given once: the optimizer has {twice}"
        raise InvalidArgument("regularizer", choice.join_names(regularizers), accepted)
    if named:
        return choice.build(OPTIMIZERS, optimizer, learning_rate=learning_rate, **options)
    built = type(optimizer).from_config({**config, **options})
    built.learning_rate = learning_rate
    return built
