"""REGULARIZERS: the regularizers by name, collected from this folder. Join several by "+": "l2+dropout".

To add one, write a module here with ``ENTRIES``, and its case in ``tests/recipes/regularization/references.py``. Its
class can be imported from this package too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..catalogue import Catalogue, entries_of
from .base import Regularizer as Regularizer
from .of_keras import of_keras

if TYPE_CHECKING:  # for editors only: at run time every module is found, listed here or not
    from .activity_l1 import ActivityL1 as ActivityL1
    from .adversarial import Adversarial as Adversarial
    from .alpha_dropout import AlphaDropout as AlphaDropout
    from .aug_mix import AugMix as AugMix
    from .augmentation import Augmentation as Augmentation
    from .cutmix import CutMix as CutMix
    from .dropout import Dropout as Dropout
    from .early_stopping import EarlyStopping as EarlyStopping
    from .elastic_net import ElasticNet as ElasticNet
    from .ema import EMA as EMA
    from .hidden_noise import HiddenNoise as HiddenNoise
    from .input_noise import InputNoise as InputNoise
    from .l1 import L1 as L1
    from .l2 import L2 as L2
    from .label_smoothing import LabelSmoothing as LabelSmoothing
    from .max_norm import MaxNorm as MaxNorm
    from .mixup import MixUp as MixUp
    from .rand_augment import RandAugment as RandAugment
    from .sam import SAM as SAM
    from .swa import SWA as SWA
    from .weight_decay import WeightDecay as WeightDecay
    from .weight_noise import WeightNoise as WeightNoise

    def __getattr__(name: str) -> Any: ...  # classes not listed above


REGULARIZERS = Catalogue("regularizer", entries_of(__name__), objects=Regularizer, makes=Regularizer, convert=of_keras)

globals().update(REGULARIZERS.classes)

__all__ = ["REGULARIZERS", "Regularizer", *REGULARIZERS.classes]
