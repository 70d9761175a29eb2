"""kernel_initializer: a new initializer for one layer, from the user's choice and the activation."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from typing import Any

import keras

from ...callbacks.checks import check_integer
from ..choice import AUTO, Choice, is_named, name_of, options_of, parse
from . import INITIALIZERS
from .by_activation import initializer_for
from .gain import gain_for

__all__ = ["check_kernel_initializer", "kernel_initializer"]


def kernel_initializer(choice: Any, activation: str, number: int = 0) -> keras.initializers.Initializer:
    """A new initializer for the kernel of one layer.

    An initializer object returns the same numbers at every call, even without a seed: layers that share one start with
    equal weights. Call this function once per layer, each time with a different ``number``.

    Args:
        choice: a name of ``recipes list initializers``; "auto" for the activation's default
            (:func:`recipes.initializers.initializer_for`); a mapping of such a name and options,
            ``{"name": "sparse", "connections": 10}``; or a Keras initializer, which is copied. "orthogonal" without a
            gain uses the activation's (:func:`recipes.initializers.gain_for`).
        activation: the activation that follows, by name.
        number: the position of the layer in the model, >= 0. A seed, given as an integer or as a
            ``keras.random.SeedGenerator``, is used unchanged for layer 0; for the others a new one is derived from
            seed and number.

    Raises:
        InvalidArgument: for an unknown name or any other value.

    Example:
        >>> type(kernel_initializer("auto", "elu")).__name__, type(kernel_initializer("auto", "tanh")).__name__
        ('HeNormal', 'GlorotUniform')
        >>> seeded = keras.initializers.HeNormal(seed=5)
        >>> kernel_initializer(seeded, "elu").seed, kernel_initializer(seeded, "elu", 1).seed
        (5, 212330081)
    """
    number = check_integer("number", number, low=0)
    by_activation = initializer_for(activation)
    choice = parse(INITIALIZERS, choice, (AUTO,))
    if not is_named(choice):
        return _of_layer(choice, number)
    name, options = name_of(choice), options_of(choice)
    if name == "orthogonal":
        options.setdefault("gain", gain_for(activation))
    built = INITIALIZERS.build(by_activation if name == AUTO else name, **options)
    return built if options.get("seed") is None else _of_layer(built, number)


def check_kernel_initializer(choice: Any, activation: str) -> Choice:
    """The choice in its shortest form, once checked. Keras' global stream of seeds does not advance.

    Raises:
        InvalidArgument: where :func:`kernel_initializer` would.

    Example:
        >>> check_kernel_initializer({"name": "he_normal"}, "elu")
        'he_normal'
    """
    state = random.getstate()  # where Keras draws the seeds of objects created without one
    try:
        kernel_initializer(choice, activation)
    finally:
        random.setstate(state)
    return parse(INITIALIZERS, choice, (AUTO,))


def _of_layer(initializer: keras.initializers.Initializer, number: int) -> keras.initializers.Initializer:
    """A copy; its seed, if any, is replaced by one derived from seed and number unless the number is 0."""
    config = initializer.get_config()
    seed = config.get("seed")
    if isinstance(seed, Mapping):  # a SeedGenerator, as Keras writes it
        seed = seed["config"]["seed"]
    if seed is None or number == 0:
        return initializer.clone()
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return type(initializer).from_config({**config, "seed": int.from_bytes(digest[:4], "big") >> 1})
