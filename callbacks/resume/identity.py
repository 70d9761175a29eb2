"""What must be the same when a training is resumed: its model, optimizers, loss, metrics, schedules and settings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ..checks import InvalidArgument, shown
from ..inside.callback_list import sets_learning_rate
from ..inside.model_optimizers import optimizers_of
from ..inside.optimizer_values import leaves
from ..inside.reachable import Reachable
from ..inside.training import compile_arguments
from ..schedules.base import StepSchedule
from .checkpoints import is_plain

__all__ = ["check_same", "identity"]

DRIVEN = ("learning_rate", "momentum")
"""Settings of an optimizer that do not matter where a callback sets them at every step."""


def identity(
    model: keras.Model,
    params: Mapping[str, Any],
    callbacks: Sequence[keras.callbacks.Callback],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """What makes a training what it is: name -> plain value.

    Args:
        model: built and compiled.
        params: those that Keras gives to callbacks.
        callbacks: the others of the ``fit``, of which those that set the learning rate matter.
        settings: of the user.
    """
    schedules = [callback for callback in callbacks if sets_learning_rate(callback)]
    return {
        "weights": [f"{tuple(variable.shape)} {variable.dtype}" for variable in model.variables],
        "optimizer": ", ".join(type(value).__name__ for value in Reachable(model).outermost_optimizers().values()),
        **_optimizer_settings(model, schedules),
        **{name: _described(value) for name, value in compile_arguments(model).items()},
        "schedule": ", ".join(type(schedule).__name__ for schedule in schedules),
        **_schedule_settings(schedules),
        "epochs": int(params["epochs"]),
        "steps per epoch": params.get("steps"),
        "steps_per_execution": model.steps_per_execution,
        "replicas": model.distribute_strategy.num_replicas_in_sync if hasattr(model, "distribute_strategy") else 1,
        **settings,
    }


def check_same(
    directory: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    position: tuple[int, int],
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Raises if a checkpoint in ``directory`` is of another training.

    The number of epochs may differ if no schedule spreads over them and they are not fewer than were trained.

    Raises:
        InvalidArgument: naming the first difference.
    """
    for name in {**before, **now}:
        saved: Any = before.get(name)
        current: Any = now.get(name)
        if saved == current:
            continue
        consequence = ""
        if name == "weights" and len(saved) != len(current):
            saved, current = f"{len(saved)} variables", len(current)
        elif name == "weights":
            saved, current = next(pair for pair in zip(saved, current, strict=True) if pair[0] != pair[1])
        elif name == "epochs":
            steps = now["steps per epoch"]
            changed = [callback for callback in callbacks if _depends_on_epochs(callback, saved, current, steps)]
            if not changed and position <= (current, 0):
                continue
            if changed:
                consequence = f", which changes the rates of {type(changed[0]).__name__} from the start"
            else:
                consequence = f", and {position[0]} are trained"
        difference = f"this one has {name}: {_short(saved)}, not {_short(current)}{consequence}"
        raise InvalidArgument("directory", directory, f"a new directory, or that of the same training ({difference})")


def _short(value: Any) -> str:
    return value if isinstance(value, str) and len(value) < 200 else shown(value)


def _depends_on_epochs(callback: keras.callbacks.Callback, before: int, now: int, steps: int | None) -> bool:
    if not isinstance(callback, StepSchedule):
        return False
    return steps is None or not callback.begins_alike(before * steps, now * steps, steps)


def _optimizer_settings(model: keras.Model, schedules: Sequence[keras.callbacks.Callback]) -> dict[str, Any]:
    """ "learning_rate of optimizer" -> 0.1, ..., for each optimizer that may train, without those that are driven."""
    plateau = keras.callbacks.ReduceLROnPlateau  # it multiplies the rate that there is
    driven = [getattr(schedule, "optimizer", None) for schedule in schedules if not isinstance(schedule, plateau)]
    settings = {}
    for name, optimizer in optimizers_of(model).items():
        members = leaves(optimizer)
        for place, leaf in enumerate(members):
            whose = name if len(members) < 2 else f"{name}[{place}]"
            try:
                configuration = leaf.get_config()
            except Exception:  # a user's class can raise anything
                continue
            for setting, value in configuration.items():
                free = setting not in DRIVEN or not (name in driven or None in driven)
                if free and setting != "name" and is_plain(value):
                    settings[f"{setting} of {whose}"] = _nameless(value)
    return settings


def _schedule_settings(schedules: Sequence[keras.callbacks.Callback]) -> dict[str, Any]:
    """ "peak of OneCycle" -> 0.1, ...: the constructor's arguments, as far as they are plain attributes."""
    settings = {}
    for place, schedule in enumerate(schedules):
        whose = type(schedule).__name__ + (f" {place + 1}" if len(schedules) > 1 else "")
        constructors = [vars(kind)["__init__"] for kind in type(schedule).__mro__ if "__init__" in vars(kind)]
        names = [name for constructor in constructors for name in inspect.signature(constructor).parameters]
        for name in dict.fromkeys(names):
            if name in vars(schedule) and name != "min_delta" and is_plain(vars(schedule)[name]):
                settings[f"{name} of {whose}"] = vars(schedule)[name]
    return settings


def _nameless(value: Any) -> Any:
    """A configuration without the names, which Keras numbers from object to object."""
    if isinstance(value, dict):
        return {key: _nameless(item) for key, item in value.items() if key != "name"}
    return type(value)(map(_nameless, value)) if isinstance(value, (list, tuple)) else value


def _described(value: Any) -> str:
    """A loss, a metric or a structure of them in words, without the names of outputs, which Keras numbers."""
    if isinstance(value, Mapping):
        return _described(list(value.values()))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_described, value))}]"
    if not hasattr(value, "get_config"):
        return str(getattr(value, "__name__", value) if callable(value) else value)
    try:
        configuration = value.get_config()
    except Exception:  # a user's class can raise anything
        configuration = {}
    settings = [
        f"{name}={_described(item)}" for name, item in configuration.items() if is_plain(item) and name != "name"
    ]
    return f"{type(value).__name__}({', '.join(settings)})"
