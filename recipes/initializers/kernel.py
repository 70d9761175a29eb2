"""kernel_initializer: a new initializer for one layer, from what the user chose and the activation."""

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

    An initializer object gives the same numbers each time that it is called, also where it was given no seed; layers
    that share one begin with equal weights. So each layer needs a call of this function, with a ``number`` of its own.

    Args:
        choice: a name of ``recipes list initializers``; "auto" for the one of the activation
            (:func:`recipes.initializers.initializer_for`); a mapping of one of these names and options,
            ``{"name": "sparse", "connections": 10}``; or a Keras initializer, of which a copy is made. "orthogonal"
            without a gain has that of the activation (:func:`recipes.initializers.gain_for`).
        activation: the one that follows, by name.
        number: >= 0, which layer of the model it is. An integer seed, and that of a ``keras.random.SeedGenerator``, is
            taken as it is for layer 0, and another one made of seed and number for the others.

    Raises:
        InvalidArgument: for an unknown name, or anything else.

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
    """The choice in its shortest form; Keras' global stream of seeds stays where it is.

    Raises:
        InvalidArgument: where :func:`kernel_initializer` would.

    Example:
        >>> check_kernel_initializer({"name": "he_normal"}, "elu")
        'he_normal'
    """
    state = random.getstate()  # from which Keras draws the seeds of whatever is given none
    try:
        kernel_initializer(choice, activation)
    finally:
        random.setstate(state)
    return parse(INITIALIZERS, choice, (AUTO,))


def _of_layer(initializer: keras.initializers.Initializer, number: int) -> keras.initializers.Initializer:
    """A copy, with a seed of its own where there is a seed and the number is not 0."""
    config = initializer.get_config()
    seed = config.get("seed")
    if isinstance(seed, Mapping):  # a SeedGenerator, as Keras writes it
        seed = seed["config"]["seed"]
    if seed is None or number == 0:
        return initializer.clone()
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return type(initializer).from_config({**config, "seed": int.from_bytes(digest[:4], "big") >> 1})
