"""fresh_start: the state from which every trial of a search begins."""

from __future__ import annotations

import random

import keras
import numpy as np
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
from keras.src.utils.naming import reset_uids
from keras.src.utils.rng_utils import GLOBAL_RANDOM_SEED

__all__ = ["fresh_start"]


def fresh_start(seed: int, *, keep_functions: bool = False) -> None:
    """Names of layers count from 1 again, and all randomness starts from ``seed``.

    This is Keras' ``clear_session`` and ``set_random_seed``. What makes these slow is TensorFlow's seed: setting it
    throws away all that TensorFlow has prepared, so that a traced function is optimized once more, which on small data
    takes as long as ten epochs. Layers and initializers of Keras do not use that seed.

    Args:
        seed: >= 0.
        keep_functions: leave TensorFlow's own seed alone, and what is compiled ready to run.
    """
    if not keep_functions:
        keras.backend.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)
        return
    reset_uids()
    global_state.set_global_attribute(GLOBAL_RANDOM_SEED, seed)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)
    random.seed(seed)
    np.random.seed(seed)
