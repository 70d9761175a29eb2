"""parts_of, is_batched: what an element of a tf.data pipeline holds: input, target and weight, of one or many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import InvalidArgument

__all__ = ["Parts", "check_components", "is_batched", "parts_of"]

ACCEPTED = "a tf.data.Dataset of (x, y) or (x, y, weight), where x is a tensor or a dictionary of tensors"


@dataclass(frozen=True)
class Parts:
    """The components of an element, or their specs.

    Args:
        x: components by name; "" is the name of a single input.
        y: the target.
        weight: the sample weight, or None.
    """

    x: dict[str, Any]
    y: Any
    weight: Any = None

    def items(self) -> Iterator[tuple[str, Any]]:
        """(name for messages, component) pairs."""
        for name, value in self.x.items():
            yield (f"x[{name!r}]" if name else "x"), value
        yield "y", self.y
        if self.weight is not None:
            yield "the weight", self.weight


def parts_of(argument: str, element: Any, target: str | None) -> Parts:
    """The components of an element or of its spec.

    Args:
        argument: name of the pipeline, for messages.
        element: (x, y), (x, y, weight), or with a target a dictionary.
        target: the key of the target in a dictionary; None for pairs.

    Raises:
        InvalidArgument: for other elements.

    Example:
        >>> parts_of("train", {"age": 3, "name": {"first": "a"}, "label": 1}, "label")
        Parts(x={'age': 3, 'name.first': 'a'}, y=1, weight=None)
    """
    if isinstance(element, Mapping):
        names = ", ".join(map(str, element))
        if target is None:
            raise InvalidArgument(argument, f"dictionaries of {names}", f"{ACCEPTED}, or dictionaries and target=KEY")
        if target not in element:
            raise InvalidArgument("target", target, f"a key of the dictionaries in {argument}: {names}")
        x = _flat({key: value for key, value in element.items() if key != target})
        parts = Parts(x, element[target])
    elif isinstance(element, (tuple, list)) and len(element) in (2, 3):
        if target is not None:
            raise InvalidArgument("target", target, f"None, since {argument} has pairs (x, y), not dictionaries")
        x = _flat(element[0]) if isinstance(element[0], Mapping) else {"": element[0]}
        parts = Parts(x, *element[1:])
    else:
        held = type(element).__name__
        if isinstance(element, (tuple, list)):
            held = f"{len(element)} component{'s' * (len(element) != 1)}"
        raise InvalidArgument(argument, f"elements of {held}", ACCEPTED)
    for name, value in parts.items():
        if isinstance(value, (tuple, list, Mapping)):
            several = "several inputs named by a dictionary" if name.startswith("x") else "one target"
            raise InvalidArgument(argument, f"{type(value).__name__} in {name}", f"{ACCEPTED}: {several}")
    if not parts.x:
        raise InvalidArgument(argument, f"dictionaries of {target}", "dictionaries with inputs besides the target")
    return parts


def check_components(argument: str, specs: Parts) -> None:
    """Refuses components other than dense and ragged tensors.

    Args:
        argument: name of the pipeline, for messages.
        specs: what :func:`parts_of` makes of the pipeline's ``element_spec``.
    """
    import tensorflow as tf

    for name, spec in specs.items():
        if isinstance(spec, tf.SparseTensorSpec):
            raise InvalidArgument(argument, f"sparse {name}", "dense: .map(tf.sparse.to_dense) on that component")
        if not isinstance(spec, (tf.TensorSpec, tf.RaggedTensorSpec)):
            raise InvalidArgument(argument, f"{type(spec).__name__} for {name}", ACCEPTED)


def is_batched(argument: str, specs: Parts) -> bool:
    """Whether elements hold several examples, as the shapes of their components say.

    Args:
        argument: name of the pipeline, for messages.
        specs: components with ``shape`` and ``dtype``, all of known rank.

    Raises:
        InvalidArgument: where both are possible.
    """
    shapes = {name: tuple(spec.shape) for name, spec in specs.items()}
    if any(not shape for shape in shapes.values()):
        return False
    first = {shape[0] for shape in shapes.values()}
    if first == {None}:
        return True
    if None not in first:
        if len(first) > 1:
            return False
        # An example has at most one dimension in y, none in its weight and three in x, and no list of strings.
        inputs = [spec for _, spec in specs.items()][: len(specs.x)]
        if specs.weight is not None or len(shapes["y"]) > 1:
            return True
        if any(len(spec.shape) > 3 or spec.dtype.name == "string" for spec in inputs):
            return True
        if "" in specs.x and len(shapes["x"]) == 1:
            return False
    shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    accepted = f"True or False, since the shapes of {argument} do not tell: {shown} may be one example or a batch"
    raise InvalidArgument("batched", None, accepted)


def _flat(x: Mapping[Any, Any]) -> dict[str, Any]:
    """Nested dictionaries as one, keys joined by "."."""
    flat: dict[str, Any] = {}
    for key, value in x.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{name}": inner for name, inner in _flat(value).items()}
        else:
            flat[str(key)] = value
    return flat
