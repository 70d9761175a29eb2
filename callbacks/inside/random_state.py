"""The random states of a process: Python's, NumPy's, and the generator that Keras shares among all layers."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np

from .training import restart_seed_generator, seed_generator

__all__ = ["random_state", "set_random_state"]


def random_state() -> dict[str, Any]:
    """The states from which Python's ``random``, ``numpy.random`` and Keras draw next, as plain values and arrays.

    "keras" is None while Keras has not made its generator.

    Example:
        >>> before = random_state()
        >>> drawn = np.random.random()
        >>> set_random_state(before)
        >>> np.random.random() == drawn
        True
    """
    version, words, gauss = random.getstate()
    generator = seed_generator()
    return {
        "python": (version, np.array(words, np.uint64), gauss),
        "numpy": tuple(np.random.get_state(legacy=True)),
        "keras": None if generator is None else np.array(generator.state),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Puts back what :func:`random_state` returned, in this process or in another.

    A generator that Keras has made since is forgotten, so that the next one is the one that would have come; steps that
    were compiled with it draw the same.
    """
    made = seed_generator(make=state["keras"] is not None)  # first of all: making it draws from Python's
    version, words, gauss = state["python"]
    random.setstate((version, tuple(map(int, words)), gauss))
    np.random.set_state(state["numpy"])
    if made is not None and state["keras"] is not None:
        made.state.assign(state["keras"])
    elif made is not None:
        made.state.assign(keras.random.SeedGenerator().state)
        random.setstate((version, tuple(map(int, words)), gauss))
        restart_seed_generator()
