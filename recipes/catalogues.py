"""All catalogues, by the plural of their kind, in the order in which the command line lists them."""

from __future__ import annotations

from typing import Any

from .catalogue import Lookup

__all__ = ["catalogues"]


def catalogues() -> dict[str, Lookup[Any]]:
    """Plural -> catalogue.

    Example:
        >>> "adam" in catalogues()["optimizers"]
        True
    """
    from .activations import ACTIVATIONS
    from .callback_names import CALLBACKS
    from .data.augmentation import TRANSFORMATIONS
    from .data.tfds.datasets import DATASETS
    from .initializers import INITIALIZERS
    from .loss_names import LOSSES
    from .metrics import METRICS
    from .models import MODELS
    from .normalizations import NORMALIZATIONS
    from .optimizers import OPTIMIZERS
    from .regularization import REGULARIZERS
    from .schedules import SCHEDULES

    return {
        "models": MODELS,
        "optimizers": OPTIMIZERS,
        "regularizers": REGULARIZERS,
        "transformations": TRANSFORMATIONS,
        "schedules": SCHEDULES,
        "callbacks": CALLBACKS,
        "initializers": INITIALIZERS,
        "activations": ACTIVATIONS,
        "normalizations": NORMALIZATIONS,
        "losses": LOSSES,
        "metrics": METRICS,
        "datasets": DATASETS,
    }
