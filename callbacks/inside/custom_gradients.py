"""Gradients that TensorFlow registers for each traced function, released with the graph that they belong to."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

__all__ = ["release_custom_gradients"]

PREFIX = "CustomGradient-"
"""How the names begin under which ``tf.custom_gradient`` registers the gradient of one call in a graph."""


def release_custom_gradients() -> None:
    """Makes the gradients of functions with ``tf.custom_gradient`` live as long as the graphs that use them.

    TensorFlow keeps such a gradient, and with it the graph of the whole training step, until the process ends. The
    swish activation has one, so each newly traced step costs about a megabyte for good.
    """
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry._registry
    for name in [name for name in list(registered) if name.startswith(PREFIX)]:
        entry = registered[name]
        gradient = entry["type"]
        graph = None if isinstance(gradient, _OfGraph) else _graph_of(gradient)
        if graph is not None:
            graph.keras_recipes_gradients = [*getattr(graph, "keras_recipes_gradients", ()), gradient]
            weakref.finalize(gradient, registered.pop, name, None).atexit = False
            entry["type"] = _OfGraph(gradient)


class _OfGraph:
    """A gradient that its graph keeps alive."""

    def __init__(self, gradient: Callable[..., Any]):
        self._gradient = weakref.ref(gradient)

    def __call__(self, operation: Any, *gradients: Any) -> Any:
        gradient = self._gradient()
        if gradient is None:
            raise LookupError("the graph of this gradient is gone")
        return gradient(operation, *gradients)


def _graph_of(gradient: Any) -> Any:
    """The graph of the results of the function whose gradient this is; None where that is unknown."""
    import tensorflow as tf

    try:
        inner = inspect.getclosurevars(gradient).nonlocals["tape_grad_fn"]
        results = tf.nest.flatten(inspect.getclosurevars(inner).nonlocals["result"])
    except (KeyError, TypeError):
        return None
    return next((tensor.graph for tensor in results if hasattr(tensor, "graph")), None)
