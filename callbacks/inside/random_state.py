"""The random states of a process: Python's, NumPy's, and the generator that Keras shares among all layers."""

from __future__ import annotations

import random
from collections.abc import Mapping
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
        "keras": None if generator is None else np.array(generator.state.numpy()),
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Puts back what :func:`random_state` returned, in this process or in another; "python" and "numpy" may be missing.

    A generator that Keras has made since is dropped: Keras then makes the one that it would have made. Steps that were
    compiled with the old one draw the same numbers.
    """
    generator = seed_generator(make=state["keras"] is not None)  # first, because making it draws from Python's state
    if "numpy" in state:
        np.random.set_state(state["numpy"])
    _set_python(state)
    if generator is not None and state["keras"] is not None:
        generator.state.assign(state["keras"])
    elif generator is not None:
        generator.state.assign(keras.random.SeedGenerator().state)
        _set_python(state)
        restart_seed_generator()


def _set_python(state: Mapping[str, Any]) -> None:
    if "python" in state:
        version, words, gauss = state["python"]
        random.setstate((version, tuple(map(int, words)), gauss))
