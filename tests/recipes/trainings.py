"""What tests of trainings compare."""

import numpy as np


def same(a, b):
    """Whether two trainings gave the same numbers to the last bit: everything but the seconds and the random state."""
    return a.history == b.history and all(np.array_equal(v, w) for v, w in zip(weights(a), weights(b), strict=True))


def weights(run):
    return [np.array(each.value) for each in run.model.weights]
