"""Keras training recipes: good defaults in one call, every alternative by name, and fair comparisons of them.

All public names are listed here and imported on first use, so that ``import recipes`` is nearly free.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if __name__ == "recipes":  # the short name of keras_recipes.recipes
    from keras_recipes.names import use_full_name

    use_full_name(globals())

if TYPE_CHECKING:
    from ..callbacks.checks import InvalidArgument as InvalidArgument
    from .catalogue import Range as Range
    from .data import Data as Data
    from .data import Spec as Spec
    from .data import load as load
    from .data import load_images as load_images
    from .data.example_pairs import pairs as pairs
    from .diagnosis.diagnose import Diagnosis as Diagnosis
    from .diagnosis.diagnose import diagnose as diagnose
    from .diagnosis.distance_in_time import gradient_over_time as gradient_over_time
    from .diagnosis.hessian_spectrum import curvature as curvature
    from .dropout_sampling import mc_dropout as mc_dropout
    from .ensemble import bagging as bagging
    from .linear_blend import blend_with_linear as blend_with_linear
    from .models import application as application
    from .models import autoencoder as autoencoder
    from .models import cnn as cnn
    from .models import densenet as densenet
    from .models import encoder_decoder as encoder_decoder
    from .models import mixed as mixed
    from .models import mlp as mlp
    from .models import multitask as multitask
    from .models import resnet as resnet
    from .models import resnet9 as resnet9
    from .models import rnn as rnn
    from .models import siamese as siamese
    from .models import tabular as tabular
    from .models import text as text
    from .optimizers import Momentum as Momentum
    from .presets import preset as preset
    from .random_labels import random_label_test as random_label_test
    from .recipe import Recipe as Recipe
    from .refitting import refit as refit
    from .registration.registered import register as register
    from .regularization.tying import tie as tie
    from .regularization.tying import untie as untie
    from .robustness import adversarial_accuracy as adversarial_accuracy
    from .run import Run as Run
    from .run import load_run as load_run
    from .serving.export import export as export
    from .serving.predictor import Predictor as Predictor
    from .training import fit as fit
    from .transfer_learning import fine_tune as fine_tune
    from .transfer_learning import pretrain as pretrain
    from .transfer_learning import transfer as transfer
    from .transfer_learning import unfreeze as unfreeze
    from .tuning.bench import bench as bench
    from .tuning.benchmark import Benchmark as Benchmark
    from .tuning.compare import compare as compare
    from .tuning.comparison import Comparison as Comparison
    from .tuning.hypermodel import hypermodel as hypermodel
    from .tuning.merging import merge_searches as merge_searches
    from .tuning.quick.quick_tuner import QuickTuner as QuickTuner
    from .tuning.search import search as search
    from .weight_sparsity import sparsify as sparsify
    from .weight_sparsity import sparsity as sparsity


_MODULES = {
    "__version__": ".environment",
    "Benchmark": ".tuning.benchmark",
    "Comparison": ".tuning.comparison",
    "Data": ".data",
    "Diagnosis": ".diagnosis",
    "InvalidArgument": "..callbacks.checks",
    "Momentum": ".optimizers",
    "Predictor": ".serving.predictor",
    "QuickTuner": ".tuning.quick.quick_tuner",
    "Range": ".catalogue",
    "Recipe": ".recipe",
    "Run": ".run",
    "Spec": ".data",
    "adversarial_accuracy": ".robustness",
    "application": ".models",
    "autoencoder": ".models",
    "bagging": ".ensemble",
    "bench": ".tuning.bench",
    "blend_with_linear": ".linear_blend",
    "cnn": ".models",
    "compare": ".tuning.compare",
    "curvature": ".diagnosis.hessian_spectrum",
    "densenet": ".models",
    "diagnose": ".diagnosis",
    "encoder_decoder": ".models",
    "export": ".serving.export",
    "fine_tune": ".transfer_learning",
    "fit": ".training",
    "gradient_over_time": ".diagnosis.distance_in_time",
    "hypermodel": ".tuning.hypermodel",
    "load": ".data",
    "load_images": ".data",
    "load_run": ".run",
    "mc_dropout": ".dropout_sampling",
    "merge_searches": ".tuning.merging",
    "mixed": ".models",
    "mlp": ".models",
    "multitask": ".models",
    "pairs": ".data.example_pairs",
    "preset": ".presets",
    "pretrain": ".transfer_learning",
    "random_label_test": ".random_labels",
    "refit": ".refitting",
    "register": ".registration.registered",
    "resnet": ".models",
    "resnet9": ".models",
    "rnn": ".models",
    "search": ".tuning.search",
    "siamese": ".models",
    "sparsify": ".weight_sparsity",
    "sparsity": ".weight_sparsity",
    "tabular": ".models",
    "text": ".models",
    "tie": ".regularization.tying",
    "transfer": ".transfer_learning",
    "unfreeze": ".transfer_learning",
    "untie": ".regularization.tying",
}

__all__ = [*_MODULES]


_OTHERS = ("..callbacks", ".optimizers", ".regularization")
"""Packages whose classes are found here too: ``from recipes import RAdam, LRFinder``."""


_NEEDS_TENSORFLOW = {
    "Benchmark",
    "Comparison",
    "Data",
    "Diagnosis",
    "Predictor",
    "QuickTuner",
    "Run",
    "adversarial_accuracy",
    "bagging",
    "bench",
    "blend_with_linear",
    "compare",
    "curvature",
    "diagnose",
    "export",
    "fine_tune",
    "fit",
    "gradient_over_time",
    "hypermodel",
    "load",
    "load_images",
    "load_run",
    "mc_dropout",
    "merge_searches",
    "mixed",
    "pairs",
    "pretrain",
    "random_label_test",
    "refit",
    "search",
    "sparsify",
    "sparsity",
    "text",
    "tie",
    "transfer",
    "unfreeze",
    "untie",
}
"""What reads data by ``tf.data`` or writes models for TensorFlow. On Keras' other backends it says so when called."""


def _refusing(name: str) -> Any:
    """A function in place of ``name``, which raises in one line."""
    from ..callbacks.inside.backend import check_tensorflow

    def refuse(*_arguments: Any, **_options: Any) -> None:
        check_tensorflow(name)

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _on_tensorflow() -> bool:
    import keras

    return keras.backend.backend() == "tensorflow"


def __getattr__(name: str) -> Any:
    if name in _NEEDS_TENSORFLOW and not _on_tensorflow():
        globals()[name] = _refusing(name)
        return globals()[name]
    home = _MODULES.get(name)
    if home is None and name[:1].isupper():
        others = (package for package in _OTHERS if name in importlib.import_module(package, __name__).__all__)
        home = next(others, None)
    if home is None:
        raise AttributeError(f"module 'recipes' has no attribute {name!r}")
    value = getattr(importlib.import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
