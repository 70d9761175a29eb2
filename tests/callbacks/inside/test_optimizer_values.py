"""Hyperparameters: live values behind every wrapper, and what cannot be set."""

import keras
import numpy as np
import pytest

from callbacks.inside.optimizer_values import (
    check_settable,
    get_learning_rate,
    get_momentum,
    has_live_momentum,
    leaves,
    range_test_divisor,
    rate_source,
    set_learning_rate,
    set_momentum,
    spares_from_decay,
)
from recipes.optimizers import SGD, Adadelta, AdaGrad, Adam, Momentum, RAdam, RMSProp

K = keras.optimizers


def several(*optimizers):
    """An optimizer of several; one for each of so many variables."""
    left = list(optimizers)
    together = K.MultiOptimizer(lambda variable: left.pop(0))
    together.build([keras.Variable(np.zeros(2, "float32")) for _ in optimizers])
    return together


def test_leaves():
    first, second = K.SGD(0.1), Momentum(0.2)
    assert leaves(first) == [first]
    assert leaves(K.LossScaleOptimizer(first)) == [first]
    assert sorted(map(id, leaves(several(first, second)))) == sorted(map(id, (first, second)))
    assert sorted(map(id, leaves(K.LossScaleOptimizer(several(first, second))))) == sorted(map(id, (first, second)))


@pytest.mark.parametrize("wrap", [lambda o: o, K.LossScaleOptimizer, several], ids=["plain", "scaled", "several"])
def test_learning_rate_and_momentum_through_a_wrapper(wrap):
    inner = Momentum(0.1)
    optimizer = wrap(inner)
    check_settable(optimizer, "Test")
    set_learning_rate(optimizer, 0.25)
    assert float(inner.learning_rate) == get_learning_rate(optimizer) == 0.25
    assert has_live_momentum(optimizer)
    set_momentum(optimizer, 0.5)
    assert float(inner.momentum) == get_momentum(optimizer) == 0.5


def test_every_one_of_several_is_set():
    both = Momentum(0.1), Momentum(0.2)
    set_learning_rate(several(*both), 0.5)
    set_momentum(several(*both), 0.25)
    assert [float(o.learning_rate) for o in both] == [0.5, 0.5]
    assert [float(o.momentum) for o in both] == [0.25, 0.25]


def test_one_whose_momentum_is_fixed_among_several():
    optimizer = several(Momentum(), K.SGD(momentum=0.9))
    assert not has_live_momentum(optimizer)
    with pytest.raises(ValueError, match=r"SGD keeps the momentum .* recipes\.optimizers\.Momentum.*momentum=0\.8"):
        set_momentum(optimizer, 0.8)


@pytest.mark.parametrize("optimizer", [K.SGD(momentum=0.9), K.Adam(), K.RMSprop(), K.LossScaleOptimizer(K.SGD())])
def test_fixed_momentum_is_refused(optimizer):
    assert not has_live_momentum(optimizer)
    with pytest.raises(ValueError, match=r"recipes\.optimizers\.Momentum"):
        set_momentum(optimizer, 0.8)


@pytest.mark.parametrize("value", [1.0, -0.1, "0.9", None])
def test_momentum_out_of_range(value):
    for optimizer in (Momentum(), K.SGD(momentum=0.9)):
        with pytest.raises(ValueError, match="momentum must be a number >= 0 and < 1"):
            set_momentum(optimizer, value)


@pytest.mark.parametrize("wrap", [lambda o: o, K.LossScaleOptimizer, several], ids=["plain", "scaled", "several"])
@pytest.mark.parametrize("rate", [K.schedules.CosineDecay(0.1, 10), lambda: 0.1], ids=["schedule", "callable"])
def test_a_schedule_or_a_function_as_rate_is_refused(wrap, rate):
    with pytest.raises(ValueError, match=r"^OneCycle sets the learning rate .* made with a number\. Received: learn"):
        check_settable(wrap(K.SGD(rate)), "OneCycle")


def test_optimizers_not_known_yet():
    chosen = K.SGD(0.1)
    optimizer = K.MultiOptimizer(lambda variable: chosen)
    with pytest.raises(ValueError, match=r"OneCycle finds no optimizer .* call optimizer\.build"):
        check_settable(optimizer, "OneCycle")
    optimizer.build([keras.Variable(np.zeros(2, "float32"))])
    check_settable(optimizer, "OneCycle")


def test_the_rate_of_a_schedule_can_be_read():
    assert get_learning_rate(K.SGD(K.schedules.PiecewiseConstantDecay([5], [0.5, 0.25]))) == 0.5


@pytest.mark.parametrize(
    ("kind", "divisor"), [("SGD", 4), ("Adam", 10), ("RMSprop", 10), ("Lion", 10), ("Adagrad", 2), ("Adadelta", 2)]
)
def test_range_test_divisor(kind, divisor):
    optimizer = getattr(keras.optimizers, kind)(0.1)
    assert range_test_divisor(optimizer) == divisor
    assert range_test_divisor(keras.optimizers.LossScaleOptimizer(optimizer)) == divisor


def test_range_test_divisor_of_the_optimizers_here():
    kinds = {Momentum: 4, SGD: 4, RMSProp: 10, Adam: 10, RAdam: 10, AdaGrad: 2, Adadelta: 2}
    assert {kind: range_test_divisor(kind(0.1)) for kind in kinds} == kinds


def chance():
    return 0.1


def test_what_a_rate_comes_from():
    optimizer, schedule = K.Adam(0.25), K.schedules.CosineDecay(0.1, 10)
    variable = rate_source(optimizer)
    assert isinstance(variable, keras.Variable)
    optimizer.learning_rate = 0.5
    assert float(variable) == 0.5
    assert rate_source(K.SGD(schedule)) is schedule
    assert rate_source(K.SGD(chance)) is chance


@pytest.mark.parametrize("spared", [{"var_names": ["bias"]}, {"var_list": [keras.Variable(1.0)]}])
def test_what_is_spared_from_weight_decay_is_seen(spared):
    optimizer = K.AdamW()
    assert not spares_from_decay(optimizer)
    optimizer.exclude_from_weight_decay(**spared)
    assert spares_from_decay(optimizer)
