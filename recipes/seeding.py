"""set_seeds: seeds all random states at the start of a training."""

from __future__ import annotations

import random

import keras
import numpy as np

from ..callbacks.checks import check_bool
from ..callbacks.inside.training import restart_layer_names, restart_seed_generator

__all__ = ["set_seeds"]


def set_seeds(seed: int, *, keep_functions: bool = False) -> None:
    """Keras' ``set_random_seed``, with a faster variant for repeated trainings.

    ``set_random_seed`` is slow because of TensorFlow's seed: setting it discards TensorFlow's optimized functions, so
    that each is optimized again, which on small data takes as long as ten epochs. Layers, initializers and data of
    Keras and of this package do not use that seed. The numbers in default layer names start again, too: TensorFlow
    keeps a kernel for each name of a variable for good.

    Args:
        seed: of Python, NumPy, Keras and TensorFlow, >= 0.
        keep_functions: leave TensorFlow's seed alone, and its compiled functions ready to run. Default False.
    """
    if not check_bool("keep_functions", keep_functions):
        keras.utils.set_random_seed(int(seed))
        return
    restart_layer_names()
    restart_seed_generator(seed)
    random.seed(seed)
    np.random.seed(seed)
