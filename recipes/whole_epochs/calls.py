"""steps_for: how many batches one call of a compiled step runs."""

from __future__ import annotations

import math

import keras

__all__ = ["EXECUTION_FLOPS", "steps_for"]

EXECUTION_FLOPS = 1e11
"""The largest amount of work per call of the compiled training step: about a second on one core."""


def steps_for(model: keras.Model, batch_size: int, steps_per_epoch: int) -> int:
    """The number of batches per call of the compiled step: about a second of work.

    Fewer calls mean less Python between steps; more calls update the progress bar and react to Ctrl-C more often. The
    calls divide the epoch evenly.

    Args:
        model: a built model.
        batch_size: examples per batch.
        steps_per_epoch: batches per epoch.
    """
    flops = 0.0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            positions = math.prod(n or 1 for n in layer.output.shape[1:-1])
            flops += 6.0 * math.prod(kernel.shape) * positions * batch_size  # forward, and backward twice
    calls = max(1, math.ceil(steps_per_epoch * flops / EXECUTION_FLOPS))
    return max(1, math.ceil(steps_per_epoch / calls))
