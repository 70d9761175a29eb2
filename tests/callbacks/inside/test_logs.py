"""Arrays in the logs: whoever reads numbers from them gets one per name."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import InvalidArgument
from callbacks.inside.logs import number_columns, numbers
from callbacks.range_test.lr_finder import run_range_test


class PerClass(keras.metrics.Metric):
    """The mean of each of two targets."""

    def __init__(self):
        super().__init__(name="means")
        self.total, self.count = (self.add_weight(shape, "zeros") for shape in ((2,), ()))

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.sum(keras.ops.cast(y_true, "float32"), axis=0))
        self.count.assign_add(keras.ops.cast(keras.ops.shape(y_true)[0], "float32"))

    def result(self):
        return self.total / self.count


X = np.arange(8, dtype="float32").reshape(4, 2)


def made():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=[PerClass()])
    return model


def test_one_name_for_each_number():
    assert numbers(None) == {}
    assert numbers({"a": np.float32(1), "m": np.eye(2)}) == {
        "a": 1,
        "m[0][0]": 1,
        "m[0][1]": 0,
        "m[1][0]": 0,
        "m[1][1]": 1,
    }
    assert number_columns({"v": [[1, 2], [3, 4]], "loss": []}) == {"v[0]": [1, 3], "v[1]": [2, 4]}


def test_a_metric_per_class_in_every_callback(tmp_path):
    seen = []
    inner = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_means"]))
    often = callbacks.SeveralValidations((X, X), 2, callbacks=[inner])
    used = [often, callbacks.StopOnNaN(), callbacks.GradientMonitor(every=1), callbacks.OneCycle(0.01)]
    history = made().fit(X, X, batch_size=2, epochs=2, verbose=0, callbacks=[*used, callbacks.Resume(tmp_path)]).history
    assert often.validations["val_means"] == [[3.0, 4.0]] * 4 == seen
    np.testing.assert_array_equal(history["means"], [[3.0, 4.0]] * 2)
    assert len(often.plot().axes) == 2
    again = made().fit(X, X, batch_size=2, epochs=2, verbose=0, callbacks=[*used, callbacks.Resume(tmp_path)]).history
    np.testing.assert_array_equal(again["means"], history["means"])
    run_range_test(made(), (X, X), callbacks.LRFinder(steps=10))
    callbacks.read_curves({name: values * 2 for name, values in history.items()})
    with pytest.raises(InvalidArgument, match="monitor must be a single number in the logs"):
        made().fit(X, X, verbose=0, callbacks=[callbacks.PerformanceDecay(0.1, monitor="means", mode="max")])


def test_validations_without_a_loss_are_drawn():
    class Scores(keras.Sequential):
        def test_step(self, data):
            return {"score": keras.ops.mean(data[1])}

    model = Scores([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    often = callbacks.SeveralValidations((X, X), 1)
    model.fit(X, X, verbose=0, callbacks=[often])
    assert often.validations["val_score"] == [3.5]
    assert len(often.plot().axes) == 1
