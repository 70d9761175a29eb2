"""All catalogues by the plural of their kind, as the command line lists them."""

from __future__ import annotations

from recipes.catalogue import Catalogue

__all__ = ["catalogues"]


def catalogues() -> dict[str, Catalogue]:
    """Plural -> catalogue.

    Example:
        >>> "adam" in catalogues()["optimizers"]
        True
    """
    from recipes.activations import ACTIVATIONS
    from recipes.data.augmentation import TRANSFORMATIONS
    from recipes.data.datasets import DATASETS
    from recipes.initializers import INITIALIZERS
    from recipes.models import MODELS
    from recipes.monitors import CALLBACKS
    from recipes.optimizers import OPTIMIZERS
    from recipes.regularization import REGULARIZERS
    from recipes.schedules import SCHEDULES

    return {
        "models": MODELS,
        "optimizers": OPTIMIZERS,
        "regularizers": REGULARIZERS,
        "transformations": TRANSFORMATIONS,
        "schedules": SCHEDULES,
        "callbacks": CALLBACKS,
        "initializers": INITIALIZERS,
        "activations": ACTIVATIONS,
        "datasets": DATASETS,
    }
