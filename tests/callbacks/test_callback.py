"""Hooks that a training loop of one's own calls too early."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks.callback import BEGIN, LATER, WITHIN, Callback
from callbacks.checks import InvalidArgument

X, Y = np.zeros((8, 3), "float32"), np.zeros((8, 1), "float32")

MADE = {
    "Resume": lambda kind, folder: kind(folder),
    "LivePlot": lambda kind, folder: kind(folder / "a.png"),
    "MicroBatches": lambda kind, folder: kind(2),
    "RecalibrateBatchNorm": lambda kind, folder: kind(X),
    "SeveralValidations": lambda kind, folder: kind((X, Y)),
}
KINDS = [
    name
    for name in callbacks.__all__
    if isinstance(getattr(callbacks, name), type) and issubclass(getattr(callbacks, name), keras.callbacks.Callback)
]


def made(name, folder):
    kind = getattr(callbacks, name)
    if issubclass(kind, callbacks.StepSchedule):
        return kind(0.1) if name != "StepSchedule" else kind()
    return MADE.get(name, lambda kind, _: kind())(kind, folder)


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    return model


@pytest.mark.parametrize("name", KINDS)
def test_before_there_is_a_model(name, tmp_path):
    callback = made(name, tmp_path)
    assert isinstance(callback, Callback)
    for hook in (BEGIN, *LATER, *WITHIN):
        if getattr(type(callback), hook) is getattr(keras.callbacks.Callback, hook):
            continue
        arguments = (0,) if "batch" in hook or "epoch" in hook else ()
        if name == "Resume" and hook in WITHIN:
            getattr(callback, hook)(*arguments)  # forwarded to no callbacks
            continue
        with pytest.raises(InvalidArgument, match=rf"^model must be set before {hook} is called, by fit"):
            getattr(callback, hook)(*arguments)


@pytest.mark.parametrize("name", KINDS)
def test_before_the_training_begins(name, tmp_path, model):
    callback = made(name, tmp_path)
    callback.set_model(model)
    for hook in LATER:
        if getattr(type(callback), hook) is getattr(keras.callbacks.Callback, hook):
            continue
        with pytest.raises(InvalidArgument, match=rf"^hook must be called after on_train_begin.*hook='{hook}'$"):
            getattr(callback, hook)(*(() if hook == "on_train_end" else (0,)))


def test_an_evaluation_needs_no_training(tmp_path, model):
    model.evaluate(X, Y, verbose=0, callbacks=[made(name, tmp_path) for name in KINDS])


def test_a_subclass_of_ones_own_is_checked_too():
    class Mine(callbacks.StopOnNaN):
        def on_epoch_end(self, epoch, logs=None):
            raise AssertionError

    mine = Mine()
    with pytest.raises(InvalidArgument, match=r"by fit\(callbacks=\[Mine\(\.\.\.\)\]\)"):
        mine.on_epoch_end(0)
