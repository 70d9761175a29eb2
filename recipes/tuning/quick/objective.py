"""The objective of a search by KerasTuner: its names in the logs, and what is checked before the first trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf

from ....callbacks.checks import InvalidArgument
from ....callbacks.fit_data import FitData
from ....callbacks.inside.logs import numbers

__all__ = [
    "MissingObjective",
    "check_direction",
    "check_logged",
    "check_validation",
    "directions_of",
    "logged_names",
    "only_keras",
    "two_examples",
]

HIGHER_IS_BETTER = (
    "binary_io_u",
    "concordance_correlation",
    "f1_score",
    "pearson_correlation",
    "r2_score",
)
"""Metrics of Keras that KerasTuner minimizes if given by name; not the cosine similarity, which is also a loss."""


class MissingObjective(InvalidArgument, keras_tuner.errors.FatalValueError):
    """An objective that the logs do not have; it ends the search, where other errors end a trial."""


def directions_of(objective: Any) -> dict[str, str]:
    """The name of each value that the objective needs, with "min" or "max"; none if it was left out."""
    several = getattr(objective, "name_to_direction", None)  # a list of objectives
    if several is not None:
        return dict(several)
    return {} if objective.name == "default_objective" else {objective.name: objective.direction}


def check_direction(objective: Any) -> None:
    """Raises for an objective whose direction KerasTuner has guessed wrong.

    Raises:
        InvalidArgument: with the objective to pass in its place.
    """
    for name, direction in directions_of(objective).items():
        if direction == "min" and name.removeprefix("val_") in HIGHER_IS_BETTER:
            accepted = f'keras_tuner.Objective("{name}", "max"), since KerasTuner minimizes what it knows by name alone'
            raise InvalidArgument("objective", name, accepted)


def check_validation(objective: Any, arguments: Mapping[str, Any]) -> None:
    """Raises if the objective is measured on validation data and there are none.

    Args:
        objective: of the oracle.
        arguments: of ``fit``, by name.

    Raises:
        InvalidArgument: for an objective that is left out, too.
    """
    names = directions_of(objective)
    if not names:
        accepted = 'the name of a metric, such as "val_loss", unless HyperModel.fit returns a number'
        raise InvalidArgument("objective", None, accepted)
    measured = next((name for name in names if name.startswith("val_")), None)
    if measured and arguments.get("validation_data") is None and not arguments.get("validation_split"):
        accepted = f"given, or validation_split, since the objective is {measured!r}"
        raise InvalidArgument("validation_data", arguments.get("validation_data"), accepted)


def check_logged(objective: Any, names: Iterable[str]) -> None:
    """Raises if some value that the objective needs is not among the names in the logs.

    Raises:
        MissingObjective: with the names; a vector has one name for each of its values: "f1[0]", "f1[1]", ...
    """
    known = list(names)
    for name in directions_of(objective):
        if name not in known:
            shown = ", ".join(map(repr, known)) or "nothing"
            accepted = f"what a training logs, which is {shown}"
            if any(other.startswith(f"{name}[") for other in known):
                accepted = f"one number ({name!r} is a vector) of {shown}"
            raise MissingObjective("objective", name, accepted)


def logged_names(model: keras.Model, objective: Any, batch: Any, *, validated: bool) -> list[str] | None:
    """What a training of ``model`` would log, from a step on a batch; None if that cannot be told.

    Args:
        model: compiled. Its weights are not changed; do not train it afterwards.
        objective: a step of training is run only if an evaluation does not log what this needs.
        batch: as a step takes it.
        validated: whether there are validation data.
    """
    evaluated = _logs_of(model.test_step, batch)
    if evaluated is None:
        return None
    of_validation = [f"val_{name}" for name in evaluated] if validated else []
    if {*evaluated, *of_validation} >= {*directions_of(objective)}:
        return evaluated + of_validation
    before = [(variable, np.array(variable)) for variable in model.variables]
    trained = _logs_of(model.train_step, batch)
    for variable, value in before:  # it may share layers with other models
        variable.assign(value)
    return None if trained is None else trained + of_validation


def _logs_of(step: Any, batch: Any) -> list[str] | None:
    try:
        return list(numbers(step(batch)))
    except Exception:  # a step of the user's own may raise anything, and so will the first trial
        return None


def two_examples(data: Any, targets: Any) -> Any:
    """A batch of two examples as a step takes it; of a tf.data.Dataset zeros of its types, since reading may change it.

    Args:
        data, targets: the arguments ``x`` and ``y`` of ``fit``.
    """
    source = FitData(data, targets, batch_size=2, argument="x", targets=False)
    if source.kind == "dataset":
        return tf.nest.map_structure(_of_spec, data.element_spec)
    batch = keras.tree.map_structure(lambda array: array[:2], source.first())
    return keras.tree.map_structure(_as_keras_takes_it, batch)


def _of_spec(spec: tf.TensorSpec) -> tf.Tensor:
    shape = [2 if size is None else size for size in spec.shape]
    return tf.fill(shape, "") if spec.dtype == tf.string else tf.zeros(shape, spec.dtype)


def _as_keras_takes_it(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def only_keras(callbacks: Sequence[Any]) -> bool:
    """Whether all callbacks are Keras' own, which add nothing to the logs that could be an objective."""
    return all(type(callback).__module__.partition(".")[0] == "keras" for callback in callbacks)
