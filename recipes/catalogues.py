"""All catalogues, by the plural of their kind, in the order in which the command line lists them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from .catalogue import Lookup

__all__ = ["KINDS", "Kind", "catalogue_of", "catalogues"]


@dataclass(frozen=True)
class Kind:
    """A kind of choice.

    Args:
        summary: what is chosen, and the argument or function that takes the name; one line.
        module, attribute: where its catalogue is, imported where it is used.
    """

    summary: str
    module: str
    attribute: str


KINDS = {
    "presets": Kind("Recipes for a need: recipes.preset(...), --preset.", ".presets", "PRESETS"),
    "models": Kind("The network: Recipe(model=...).", ".models", "MODELS"),
    "architectures": Kind("Models for scripts of your own: recipes.autoencoder(...).", ".models", "ARCHITECTURES"),
    "optimizers": Kind("What makes a step of a gradient: Recipe(optimizer=...).", ".optimizers", "OPTIMIZERS"),
    "regularizers": Kind('Against overfitting: Recipe(regularizer="l2+dropout").', ".regularization", "REGULARIZERS"),
    "transformations": Kind(
        "Random changes of images, of the regularizer augmentation(transformations=...).",
        ".data.augmentation",
        "TRANSFORMATIONS",
    ),
    "schedules": Kind("The learning rate over a training: Recipe(schedule=...).", ".schedules", "SCHEDULES"),
    "initializers": Kind("The first weights: Recipe(initializer=...).", ".initializers", "INITIALIZERS"),
    "activations": Kind("Of the hidden layers: Recipe(activation=...).", ".activations", "ACTIVATIONS"),
    "normalizations": Kind("Of the hidden layers: Recipe(normalization=...).", ".normalizations", "NORMALIZATIONS"),
    "losses": Kind("What is minimized, if not the task's own: Recipe(loss=...).", ".loss_names", "LOSSES"),
    "precisions": Kind("In which the layers compute: Recipe(precision=...).", ".precision", "PRECISIONS"),
    "metrics": Kind("What a model is judged by: run.evaluate(metrics=...), --metric.", ".metrics", "METRICS"),
    "datasets": Kind("Those known by name: recipes.load(...); TFDS has more.", ".data.tfds.datasets", "DATASETS"),
    "callbacks": Kind(
        "For fit, here and in any Keras script: callbacks.LRFinder(...).", ".callback_names", "CALLBACKS"
    ),
    "methods": Kind(
        "Functions that train, combine or use whole models: recipes.bagging(...).", ".training_methods", "METHODS"
    ),
    "refits": Kind("Training on the validation data too: recipes.refit(run, how=...).", ".refitting", "WAYS"),
    "rules": Kind(
        "How a range test's curve suggests a rate: LRFinder.suggest(rule).", ".learning_rate", "RANGE_TEST_RULES"
    ),
    "designs": Kind("Which combinations a search compares: --design.", ".tuning.designs", "DESIGNS"),
    "tunings": Kind("How often a search tunes an arm: --tunings.", ".tuning.repeats", "TUNINGS"),
    "prunings": Kind("How a search ends poor trials early: --prune.", ".tuning.pruning", "PRUNING"),
    "formats": Kind("Of an exported model: recipes.export(formats=...).", ".serving.formats.catalogue", "ALL_FORMATS"),
}
"""By plural."""


def catalogue_of(plural: str) -> Lookup[Any]:
    """The catalogue of a kind.

    Example:
        >>> "adam" in catalogue_of("optimizers")
        True
    """
    kind = KINDS[plural]
    return getattr(importlib.import_module(kind.module, __package__), kind.attribute)


def catalogues() -> dict[str, Lookup[Any]]:
    """Plural -> catalogue, of all kinds.

    Example:
        >>> list(catalogues())[:2]
        ['presets', 'models']
    """
    return {plural: catalogue_of(plural) for plural in KINDS}
