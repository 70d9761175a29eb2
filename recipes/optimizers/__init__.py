"""The optimizers by name."""

from __future__ import annotations

import functools
from typing import Any

from ..catalogue import Catalogue, Entry, Range
from .adadelta import Adadelta as Adadelta
from .adagrad import AdaGrad as AdaGrad
from .adam import Adam as Adam
from .adamax import AdaMax as AdaMax
from .delta_bar_delta import DeltaBarDelta as DeltaBarDelta
from .hessian_free import HessianFree as HessianFree
from .line_search import LineSearch as LineSearch
from .momentum import Momentum as Momentum
from .nadam import Nadam as Nadam
from .newton import Newton as Newton
from .radam import RAdam as RAdam
from .rmsprop import RMSProp as RMSProp
from .sgd import SGD as SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AdaGrad",
    "AdaMax",
    "Adadelta",
    "Adam",
    "DeltaBarDelta",
    "HessianFree",
    "LineSearch",
    "Momentum",
    "Nadam",
    "Newton",
    "RAdam",
    "RMSProp",
]


def _entry(name: str, build: Any, summary: str, source: str, low: float, high: float, default: float) -> Entry:
    return Entry(name, build, summary, source, (Range("learning_rate", low, high, default),))


OPTIMIZERS = Catalogue(
    "optimizer",
    [
        _entry(
            "momentum",
            Momentum,
            "Gradient descent with classical momentum.",
            "Polyak 1964",
            3e-3,
            0.3,
            0.01,
        ),
        _entry(
            "nesterov",
            functools.partial(Momentum, nesterov=True, name="nesterov"),
            "Momentum with the gradient taken where the velocity leads.",
            "Nesterov 1983; Sutskever et al. 2013",
            3e-3,
            0.3,
            0.01,
        ),
        _entry(
            "rmsprop",
            RMSProp,
            "Each weight's step divided by a running root mean square of its gradient.",
            "Hinton 2012, lecture 6e",
            1e-4,
            1e-2,
            1e-3,
        ),
        _entry(
            "rmsprop_nesterov",
            functools.partial(RMSProp, momentum=0.9, nesterov=True, name="rmsprop_nesterov"),
            "RMSProp with Nesterov momentum.",
            "Goodfellow et al. 2016, algorithm 8.6",
            1e-5,
            1e-3,
            1e-4,
        ),
        _entry(
            "adam",
            Adam,
            "RMSProp and momentum together, both corrected for their start at zero.",
            "Kingma and Ba 2015",
            3e-4,
            3e-2,
            1e-3,
        ),
        _entry(
            "amsgrad",
            functools.partial(Adam, amsgrad=True, name="amsgrad"),
            "Adam that divides by the largest mean square so far.",
            "Reddi et al. 2018",
            3e-4,
            3e-2,
            1e-3,
        ),
        _entry(
            "adamax",
            AdaMax,
            "Adam with the largest recent gradient in place of the root mean square.",
            "Kingma and Ba 2015",
            6e-4,
            6e-2,
            2e-3,
        ),
        _entry(
            "nadam",
            Nadam,
            "Adam with Nesterov's momentum.",
            "Dozat 2016",
            3e-4,
            3e-2,
            1e-3,
        ),
        _entry(
            "radam",
            RAdam,
            "Adam that divides only once the mean square can be trusted.",
            "Liu et al. 2019",
            3e-4,
            3e-2,
            1e-3,
        ),
        _entry(
            "adagrad",
            AdaGrad,
            "Each weight's step divided by the root of the sum of all its squared gradients.",
            "Duchi et al. 2011",
            3e-3,
            0.3,
            0.01,
        ),
        _entry(
            "adadelta",
            Adadelta,
            "Steps in the unit of the weights; needs no rate of its own.",
            "Zeiler 2012",
            0.1,
            10.0,
            1.0,
        ),
        _entry(
            "sgd",
            SGD,
            "Plain gradient descent on minibatches.",
            "Robbins and Monro 1951",
            3e-2,
            3.0,
            0.01,
        ),
        _entry(
            "delta_bar_delta",
            DeltaBarDelta,
            "A rate for every weight, that grows while its gradient keeps its sign; for full batches.",
            "Jacobs 1988",
            1e-3,
            0.1,
            0.01,
        ),
        _entry(
            "line_search",
            LineSearch,
            "Gradient descent whose step is halved until the batch's loss has fallen enough.",
            "Armijo 1966",
            0.1,
            10.0,
            1.0,
        ),
        _entry(
            "exact_line_search",
            functools.partial(LineSearch, method="exact", name="exact_line_search"),
            "Gradient descent to the minimum of the batch's loss along the gradient.",
            "Cauchy 1847",
            0.1,
            10.0,
            1.0,
        ),
        _entry(
            "newton",
            Newton,
            "Newton's method with the batch's whole Hessian, for up to 5,000 weights.",
            "Newton; Gill, Murray and Wright 1981",
            0.1,
            1.0,
            1.0,
        ),
        _entry(
            "hessian_free",
            HessianFree,
            "Conjugate gradients on Gauss-Newton products, never forming the Hessian; for large batches.",
            "Martens 2010",
            0.1,
            1.0,
            1.0,
        ),
    ],
)
