"""Random numbers that TensorFlow draws inside the compiled step from a state of its own, which nobody can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from .backend import on_jax

__all__ = ["hidden_draws"]

HIDDEN = frozenset(
    (
        *("Multinomial", "ParameterizedTruncatedNormal", "RandomGamma", "RandomPoisson", "RandomPoissonV2"),
        *("RandomShuffle", "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "TruncatedNormal"),
    )
)
"""TensorFlow's operations behind ``tf.random.normal``, ``tf.nn.dropout``, ``tf.image.random_crop``, ..."""
DEPTH = 6
"""Maximum number of functions around the compiled one."""


def hidden_draws(model: keras.Model) -> list[str]:
    """The operations of the model's compiled training step, as far as it is traced, whose random state is hidden.

    Keras' own random numbers and ``tf.random.Generator`` keep their state in variables and are none of these; nor is
    what a model that runs eagerly draws, which leaves no trace.

    Example:
        >>> model.fit(x, y)                                                # doctest: +SKIP
        >>> hidden_draws(model)                                            # doctest: +SKIP
        ['RandomStandardNormal']
    """
    if on_jax():
        return []
    found: set[str] = set()
    for function in _compiled(model.train_function, DEPTH):
        for concrete in function._list_all_concrete_functions():
            graph = concrete.graph.as_graph_def()
            for nodes in (graph.node, *(inner.node_def for inner in graph.library.function)):
                found.update(node.op for node in nodes if node.op in HIDDEN)
    return sorted(found)


def _compiled(function: Any, depth: int) -> Iterator[Any]:
    """The outermost ``tf.function`` in a Python function or what it closes over."""
    if hasattr(function, "_list_all_concrete_functions"):
        yield function
    elif depth and getattr(function, "__closure__", None):
        for cell in function.__closure__:
            try:
                inside = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            if callable(inside) and not isinstance(inside, (type, keras.Model)):
                yield from _compiled(inside, depth - 1)
