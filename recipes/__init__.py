"""Keras training recipes: good defaults in one call, every alternative by name, and fair comparisons of them.

Everything public stands here and is imported when it is first used, so that ``import recipes`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callbacks.checks import InvalidArgument as InvalidArgument
    from recipes.data import Data as Data
    from recipes.data import Spec as Spec
    from recipes.data import load as load
    from recipes.data.pairs import pairs as pairs
    from recipes.ensemble import bagging as bagging
    from recipes.models import autoencoder as autoencoder
    from recipes.models import cnn as cnn
    from recipes.models import densenet as densenet
    from recipes.models import encoder_decoder as encoder_decoder
    from recipes.models import mixed as mixed
    from recipes.models import mlp as mlp
    from recipes.models import multitask as multitask
    from recipes.models import resnet as resnet
    from recipes.models import rnn as rnn
    from recipes.models import siamese as siamese
    from recipes.models import tabular as tabular
    from recipes.models import text as text
    from recipes.optimizers import Momentum as Momentum
    from recipes.random_labels import random_label_test as random_label_test
    from recipes.recipe import Recipe as Recipe
    from recipes.refitting import refit as refit
    from recipes.regularization.tying import tie as tie
    from recipes.regularization.tying import untie as untie
    from recipes.robustness import adversarial_accuracy as adversarial_accuracy
    from recipes.run import Run as Run
    from recipes.serving.export import export as export
    from recipes.training import fit as fit
    from recipes.transfer_learning import fine_tune as fine_tune
    from recipes.transfer_learning import pretrain as pretrain
    from recipes.transfer_learning import transfer as transfer
    from recipes.transfer_learning import unfreeze as unfreeze
    from recipes.tuning.comparison import Comparison as Comparison
    from recipes.tuning.hypermodel import hypermodel as hypermodel
    from recipes.tuning.quick_tuner import QuickTuner as QuickTuner
    from recipes.tuning.search import search as search

__version__ = "0.1.0"

_WHERE = {
    "Comparison": "recipes.tuning.comparison",
    "Data": "recipes.data",
    "InvalidArgument": "callbacks.checks",
    "Momentum": "recipes.optimizers",
    "QuickTuner": "recipes.tuning.quick_tuner",
    "Recipe": "recipes.recipe",
    "Run": "recipes.run",
    "Spec": "recipes.data",
    "adversarial_accuracy": "recipes.robustness",
    "autoencoder": "recipes.models",
    "bagging": "recipes.ensemble",
    "cnn": "recipes.models",
    "densenet": "recipes.models",
    "encoder_decoder": "recipes.models",
    "export": "recipes.serving.export",
    "fine_tune": "recipes.transfer_learning",
    "fit": "recipes.training",
    "hypermodel": "recipes.tuning.hypermodel",
    "load": "recipes.data",
    "mixed": "recipes.models",
    "mlp": "recipes.models",
    "multitask": "recipes.models",
    "pairs": "recipes.data.pairs",
    "pretrain": "recipes.transfer_learning",
    "random_label_test": "recipes.random_labels",
    "refit": "recipes.refitting",
    "resnet": "recipes.models",
    "rnn": "recipes.models",
    "search": "recipes.tuning.search",
    "siamese": "recipes.models",
    "tabular": "recipes.models",
    "text": "recipes.models",
    "tie": "recipes.regularization.tying",
    "transfer": "recipes.transfer_learning",
    "unfreeze": "recipes.transfer_learning",
    "untie": "recipes.regularization.tying",
}

__all__ = [*_WHERE, "__version__"]


def _check_callbacks() -> None:
    """Raises if another module called ``callbacks`` stands in front of ours."""
    spec = importlib.util.find_spec("callbacks")
    ours = Path(__file__).resolve().parent.parent / "callbacks" / "__init__.py"
    found = spec.origin if spec is not None else None
    if found is None or Path(found).resolve() != ours:
        raise ImportError(
            f"recipes needs its own package 'callbacks' ({ours}), but Python finds {found} under that name: "
            "rename that file or folder, or take its folder off the module search path"
        )


_check_callbacks()


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'recipes' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
