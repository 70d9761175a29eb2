"""sparsity: how many weights of a model are nearly zero. sparsify: a run whose smallest weights are exactly zero."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_number
from ..callbacks.inside.layers import is_functional
from .model_files import set_weights
from .run import Run

__all__ = ["Sparsity", "sparsify", "sparsity"]

BELOW = 1e-3
"""The size below which a weight counts as zero: next to inputs of variance 1 it moves an output by a thousandth."""


@dataclass(frozen=True)
class Sparsity:
    """The share of a model's kernels that is nearly zero. ``str(sparsity)`` says it in words.

    Attributes:
        share: of all weights of the kernels, in [0, 1].
        weights: their number.
        layers: the same share for each kernel, by its path, in the model's order.
        below: the size below which a weight counts.
    """

    share: float
    weights: int
    layers: Mapping[str, float]
    below: float

    def __str__(self) -> str:
        zero = f"{self.share:.1%} of {self.weights:,} weights are {'' if self.below else 'exactly '}0"
        near = f" to within {self.below:g}" if self.below else ""
        most = max(self.layers, key=lambda name: self.layers[name])
        return f"{zero}{near}; most in {most} ({self.layers[most]:.1%})"


@checked
def sparsity(model: keras.Model, *, below: float = BELOW) -> Sparsity:
    """How many weights of a model's kernels are nearly zero, as an L1 penalty makes them.

    Biases and normalizations do not count, nor do weights that are not trained.

    Args:
        model: with trainable kernels: ``run.model``.
        below: weights smaller than this in size count, >= 0; 0 for those that are exactly 0. Default 0.001.

    Raises:
        InvalidArgument: for a model without kernels, or a number out of range.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.set_weights([np.array([[0.5], [0.0], [2e-4], [-1.0]]), np.zeros(1)])
        >>> sparsity(model).share, sparsity(model, below=0).share
        (0.5, 0.25)
    """
    below = check_number("below", below, low=0)
    kernels = {variable.path: np.abs(np.asarray(variable)) for variable in _kernels(model)}
    small = {path: (values < below) | (values == 0) for path, values in kernels.items()}
    count = sum(values.size for values in small.values())
    share = sum(int(values.sum()) for values in small.values()) / count
    return Sparsity(share, count, {path: float(values.mean()) for path, values in small.items()}, below)


@checked
def sparsify(run: Run, *, below: float | None = None, share: float | None = None) -> Run:
    """The same run with a model whose smallest weights are zero: those that training has made useless.

    ``result.evaluate()`` says what they were worth. After an L1 penalty (``recipes.preset("sparse")``) most weights can
    go; a file of the model shrinks when it is compressed.

    Args:
        run: of :func:`recipes.fit`; its model does not change.
        below: weights smaller than this in size become 0, > 0; None (default) for 0.001, or where ``share`` is given.
        share: instead of ``below``: the share of the weights of all kernels together that become 0, the smallest ones,
            in [0, 1).

    Returns:
        A :class:`recipes.Run` with a model of its own.

    Raises:
        InvalidArgument: for both, a number out of range, or a run whose model Keras cannot copy.

    Source: Géron 2019, chapter 11; Han et al. 2015, arXiv:1506.02626.

    Example:
        >>> small = recipes.sparsify(recipes.fit(data, recipes.preset("sparse")), share=0.8)    # doctest: +SKIP
        >>> small.evaluate()["accuracy"], str(recipes.sparsity(small.model, below=0))
    """
    if not isinstance(run, Run):
        raise InvalidArgument("run", run, "a recipes.Run, as recipes.fit returns it")
    if share is not None and below is not None:
        raise InvalidArgument("below", below, "None where share is given")
    if not is_functional(run.model):
        raise InvalidArgument("run", run.model.name, "a run whose model Keras can copy: a functional or sequential one")
    model = keras.models.clone_model(run.model)
    set_weights(model, run.model.get_weights())
    kernels = _kernels(model)
    if share is not None:
        share = check_number("share", share, low=0, below=1)
        sizes = np.sort(np.concatenate([np.abs(np.asarray(kernel)).ravel() for kernel in kernels]))
        count = int(share * len(sizes))
        below = float(np.nextafter(sizes[count - 1], np.inf)) if count else 0.0
    else:
        below = check_number("below", BELOW if below is None else below, above=0)
    for kernel in kernels:
        values = np.asarray(kernel)
        kernel.assign(np.where(np.abs(values) < below, 0, values))
    options: dict[str, Any] = {"spec": run.data.spec, "weighted_metrics": run.data.weighted}
    run.recipe.compile(model, **options)
    model.optimizer.build(model.trainable_variables)  # Keras does not load a file with one that is not built
    return dataclasses.replace(run, model=model)


def _kernels(model: keras.Model) -> list[Any]:
    """The trainable variables with inputs and outputs: kernels and embeddings."""
    kernels = [variable for variable in model.trainable_variables if len(variable.shape) > 1]
    if not kernels:
        raise InvalidArgument("model", model.name, "one with trainable kernels")
    return kernels
