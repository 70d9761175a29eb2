"""What a user's own TensorBoard and CSVLogger show of our callbacks, and the warning where they cannot."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import callbacks
from recipes.optimizers import Momentum

X, Y = np.ones((16, 2), "float32"), np.ones((16, 1), "float32")


def fit(*used):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="last")])
    model.compile(Momentum(0.01), "mse")
    return model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=list(used), validation_data=(X, Y)).history


def curves(folder):
    events = EventAccumulator(str(folder)).Reload()
    names = [name for name in events.Tags()["tensors"] if name.startswith("epoch_")]
    return {
        name.removeprefix("epoch_"): [float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(name)]
        for name in names
    }


@pytest.mark.thorough
def test_rates_momenta_gradient_norms_and_activation_scales_are_shown(tmp_path):
    ours = [callbacks.OneCycle(0.1), callbacks.GradientMonitor(1)]
    history = fit(*ours, keras.callbacks.TensorBoard(tmp_path), keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    shown = curves(tmp_path / "train")
    names = {"learning_rate", "momentum", "gradient_norm", "gradient_norm/last", "activation_scale/last"}
    assert names <= set(shown)
    for name in names:
        assert shown[name] == pytest.approx(history[name], rel=1e-6)
    with open(tmp_path / "log.csv") as file:
        (row, *_) = csv.DictReader(file)
    assert names <= set(row)


@pytest.mark.thorough
@pytest.mark.parametrize("make", [lambda: callbacks.OneCycle(0.1), lambda: callbacks.GradientMonitor(1)])
def test_behind_them_it_warns(make, tmp_path):
    name = type(make()).__name__
    with pytest.warns(UserWarning, match=f"CSVLogger does not see what {name} logs: put {name} before it in the list"):
        fit(keras.callbacks.CSVLogger(tmp_path / "log.csv"), make())
