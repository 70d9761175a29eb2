"""set_seeds: the state of all randomness from which a training begins."""

from __future__ import annotations

import random

import keras
import numpy as np

from ..callbacks.checks import check_bool
from ..callbacks.inside.training import restart_seed_generator

__all__ = ["set_seeds"]


def set_seeds(seed: int, *, keep_functions: bool = False) -> None:
    """Keras' ``set_random_seed``, and a quick way for who trains again and again.

    What makes ``set_random_seed`` slow is TensorFlow's seed: setting it throws away all that TensorFlow has prepared,
    so that a traced function is optimized once more, which on small data takes as long as ten epochs. Layers,
    initializers and data of Keras and of this package do not use that seed.

    Args:
        seed: of Python, NumPy and Keras, >= 0; and of TensorFlow.
        keep_functions: leave TensorFlow's own seed alone, and what is compiled ready to run. Default False.
    """
    if not check_bool("keep_functions", keep_functions):
        keras.utils.set_random_seed(seed)
        return
    restart_seed_generator(seed)
    random.seed(seed)
    np.random.seed(seed)
