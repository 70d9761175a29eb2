"""OPTIMIZERS: the optimizers by name, collected from this folder.

To add one, write a module here with ``ENTRIES``, and its reference in ``tests/recipes/optimizers/references.py``. Its
class can be imported from this package too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from ..catalogue import Catalogue, entries_of

if TYPE_CHECKING:  # for editors only: at run time every module is found, listed here or not
    from .adadelta import Adadelta as Adadelta
    from .adafactor import Adafactor as Adafactor
    from .adagrad import AdaGrad as AdaGrad
    from .adam import Adam as Adam
    from .adamax import AdaMax as AdaMax
    from .conjugate_gradient import ConjugateGradient as ConjugateGradient
    from .delta_bar_delta import DeltaBarDelta as DeltaBarDelta
    from .hessian_free import HessianFree as HessianFree
    from .lamb import Lamb as Lamb
    from .line_search import LineSearch as LineSearch
    from .lion import Lion as Lion
    from .lookahead import Lookahead as Lookahead
    from .momentum import Momentum as Momentum
    from .muon import Muon as Muon
    from .nadam import Nadam as Nadam
    from .newton import Newton as Newton
    from .radam import RAdam as RAdam
    from .rmsprop import RMSProp as RMSProp
    from .schedule_free import ScheduleFreeAdamW as ScheduleFreeAdamW
    from .sgd import SGD as SGD

    def __getattr__(name: str) -> Any: ...  # classes not listed above


OPTIMIZERS = Catalogue("optimizer", entries_of(__name__), objects=keras.Optimizer, makes=keras.Optimizer)

globals().update(OPTIMIZERS.classes)

__all__ = ["OPTIMIZERS", *OPTIMIZERS.classes]
