"""description: what the inputs and outputs of an exported model mean, as every format holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..data.spec import Spec
from ..stored.json_files import parse

__all__ = ["by_argument", "described", "description", "output_name", "spec_of"]


def description(spec: Spec) -> dict[str, str | list[str]]:
    """What the inputs and outputs of a model mean.

    Args:
        spec: of its data.

    Returns:
        "task"; "class_names", none for a regression; "columns", their names, if they have names; "arguments", of a
        record: the name of the model's input for each column; "spec", the Spec as JSON.

    Example:
        >>> spec = Spec("shapes", "tabular", "binary", (2,), "float32", 1, input_mean=(0.0, 1.0),
        ...             input_variance=(1.0, 4.0), class_names=("round", "square"), feature_names=("a", "b"))
        >>> list(description(spec).values())[:4]
        ['binary', ['round', 'square'], ['a', 'b'], []]
    """
    arguments = spec.names.arguments if spec.record else {}
    return {
        "task": spec.task,
        "class_names": list(spec.class_names),
        "columns": list(arguments or spec.feature_names),
        "arguments": list(arguments.values()),
        "spec": json.dumps(spec.to_config()),
    }


def described(spec: Spec) -> dict[str, str]:
    """:func:`description` for formats whose metadata are strings: lists as JSON.

    Example:
        >>> described(spec)["class_names"]                                           # doctest: +SKIP
        '["round", "square"]'
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in description(spec).items()
    }


def spec_of(metadata: Mapping[str, Any]) -> Spec:
    """The Spec in what :func:`description` or :func:`described` returns.

    Raises:
        ValueError: if there is none, or a damaged one.
    """
    return Spec.from_config(parse(metadata.get("spec", "")))


def output_name(spec: Spec) -> str:
    """The name of the output in formats other than a SavedModel: "probabilities", or "values" of a regression."""
    return "values" if spec.task == "regression" else "probabilities"


def by_argument(arrays: Any, spec: Spec, argument: str) -> dict[str, Any]:
    """Raw inputs by the names of an exported model's inputs.

    Args:
        arrays: an array; of a record, several by the model's names.
        spec: of the data.
        argument: the name of the single input, for anything but a record.
    """
    if not spec.record:
        return {argument: arrays}
    return {spec.names.arguments[spec.names.outer[name]]: values for name, values in arrays.items()}
