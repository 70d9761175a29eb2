"""mc_dropout: predictions with dropout left on, and how uncertain a model is of each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_integer
from ..callbacks.fit_data import FitData
from ..callbacks.inside.layers import all_layers, is_functional
from ..callbacks.taken import taken_by
from .data.named_arrays import apply, length, take
from .model_inputs import inputs_for
from .model_output import ends_in
from .trainer import LARGEST_SEED

__all__ = ["Uncertain", "mc_dropout"]

RANDOM = "seed_generator_state"
"""Keras' name of the variable that random layers draw by: their seed, and how often they have drawn."""

APART = 1_000_003
"""The distance of the seeds of two layers."""

DRAWS = 64
"""How often a layer may draw in one call."""

TINY = 1e-12
"""Added to probabilities within logarithms."""


@dataclass(frozen=True)
class Uncertain:
    """Predictions by :func:`mc_dropout` for n examples.

    Attributes:
        mean: of the samples, shape (n, outputs): the probabilities or numbers to report.
        std: their standard deviation, (n, outputs).
        entropy: of the mean probabilities in nats, (n,): how uncertain each answer is, for whatever reason; None for
            numbers. Of several labels the sum over these.
        information: the part of the entropy that comes from the weights, (n,): the mutual information between them and
            the answer, high where the samples contradict each other, as on inputs unlike those of the training. The
            rest is noise in the data, which no more data would remove. None for numbers.
        samples: how many were drawn.
    """

    mean: np.ndarray
    std: np.ndarray
    entropy: np.ndarray | None
    information: np.ndarray | None
    samples: int


@checked
def mc_dropout(model: keras.Model, x: Any, *, samples: int = 100, seed: int = 0, batch_size: int = 256) -> Uncertain:
    """Predicts several times with the model's dropout and noise left on: the mean, and how far the samples lie apart.

    Each sample is the answer of another thinned network, drawn as in training, so their mean averages over the noise
    and their spread tells how sure the model is. Batch normalization uses its moving averages, as in any prediction.
    The model does not change, nor do the random numbers of a later training.

    It takes as long as ``samples`` predictions. Without dropout in training the spread means little: see
    ``recipes.preset("uncertain")``.

    Args:
        model: with dropout, noise, or recurrent dropout: ``run.model``.
        x: raw inputs, as for ``model.predict``: an array, or a dictionary of arrays, of n examples.
        samples: >= 2. Default 100.
        seed: of the noise, >= 0. Default 0: the same seed and batch size give the same numbers.
        batch_size: examples per batch, >= 1. Default 256.

    Returns:
        An :class:`Uncertain`.

    Raises:
        InvalidArgument: for a model that is subclassed, or has several outputs or no random layer; for a number out
            of range.

    Source: Gal and Ghahramani 2016, arXiv:1506.02142; the mutual information: Houlsby et al. 2011, arXiv:1112.5745.

    Example:
        >>> run = recipes.fit(data, recipes.preset("uncertain"))        # doctest: +SKIP
        >>> answers = recipes.mc_dropout(run.model, x)
        >>> answers.mean.argmax(axis=1)[answers.entropy < 0.5]
    """
    samples = check_integer("samples", samples, low=2)
    seed = check_integer("seed", seed, low=0, high=LARGEST_SEED)
    batch_size = check_integer("batch_size", batch_size, low=1)
    if not any(variable.name == RANDOM for variable in model.non_trainable_variables):
        raise InvalidArgument(
            "model", model.name, "one with dropout or noise, which is left on: this has no random layer"
        )
    if not is_functional(model) or len(model.outputs) != 1:
        raise InvalidArgument("model", model.name, "a functional or sequential model with one output")
    source = FitData(x, batch_size=batch_size, argument="x", targets=False)
    if source.inputs is None or not isinstance(source.inputs, (np.ndarray, dict)):
        raise InvalidArgument("x", type(x), "an array, or a dictionary of arrays")
    x = source.inputs
    kind = ends_in(model)
    with _frozen_statistics(model), taken_by(model, "x", lambda: [(inputs_for(model, x), None, None)]):
        sample = _sampler(model, seed)
        joined: list[Any] = []
        count = length(x)
        for number, start in enumerate(range(0, count, batch_size)):
            rows = np.arange(start, min(start + batch_size, count))
            batch = apply(tf.convert_to_tensor, take(x, rows))
            drawn = [sample(inputs_for(model, batch), number * samples + k).numpy() for k in range(samples)]
            parts = summed_up(np.stack(drawn).astype(np.float64), kind)
            if not joined:  # all at once: what does not fit into memory shows now
                joined = [None if part is None else np.empty((count, *part.shape[1:])) for part in parts]
            for whole, part in zip(joined, parts, strict=True):
                if part is not None:
                    whole[rows] = part
    mean, std, entropy, information = joined
    return Uncertain(mean, std, entropy, information, samples)


@contextlib.contextmanager
def _frozen_statistics(model: keras.Model) -> Iterator[None]:
    """A context in which batch normalization uses its moving averages even in training mode."""
    kind = keras.layers.BatchNormalization
    layers = [layer for layer in all_layers(model) if isinstance(layer, kind) and layer.trainable]
    try:
        for layer in layers:
            layer.trainable = False
        yield
    finally:
        for layer in layers:
            layer.trainable = True


def _sampler(model: keras.Model, seed: int) -> Any:
    """A compiled function from inputs and the number of a sample to the answers of a model with its noise."""
    trained, others = model.trainable_variables, model.non_trainable_variables
    places = [place for place, variable in enumerate(others) if variable.name == RANDOM]

    @tf.function(reduce_retracing=True)
    def sample(x: Any, number: Any) -> Any:
        values = [variable.value for variable in others]
        for layer, place in enumerate(places):
            state = [(seed + layer * APART) % (LARGEST_SEED + 1), number * DRAWS]
            values[place] = tf.cast(tf.stack(state), values[place].dtype)
        answers, _ = model.stateless_call([variable.value for variable in trained], values, x, training=True)
        return answers

    return lambda x, number: sample(x, tf.constant(number, tf.int64))


def summed_up(drawn: np.ndarray, kind: str) -> tuple[Any, Any, Any, Any]:
    """Mean, standard deviation, entropy of the mean and mutual information.

    Args:
        drawn: samples for n examples, (samples, n, outputs).
        kind: "softmax" or "sigmoid" for probabilities.
    """
    mean, std = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    if kind not in ("softmax", "sigmoid"):
        return mean, std, None, None
    entropy = _entropy(mean, kind)
    return mean, std, entropy, np.maximum(entropy - _entropy(drawn, kind).mean(axis=0), 0.0)


def _entropy(values: np.ndarray, kind: str) -> np.ndarray:
    """The entropy of probabilities (..., outputs) in nats, (...)."""
    terms = -values * np.log(values + TINY)
    if kind == "sigmoid":
        terms -= (1 - values) * np.log(1 - values + TINY)
    return terms.sum(axis=-1)
