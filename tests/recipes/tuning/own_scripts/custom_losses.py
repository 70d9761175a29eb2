"""Losses of one's own, a function and a class with logits, for a regression and beside Keras' own."""

import keras
import numpy as np

import recipes

x = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
y = (x @ np.array([1.0, -2.0, 0.5, 0.0, 0.0]) + 3).astype("float32")


def log_cosh_plus(y_true, y_pred):
    error = y_pred - y_true
    return keras.ops.mean(keras.ops.log(keras.ops.cosh(error)) + 0.01 * error**2, axis=-1)


class Pinball(keras.losses.Loss):
    def __init__(self, quantile=0.5):
        super().__init__()
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.maximum(self.quantile * error, (self.quantile - 1) * error), axis=-1)


def make_model(loss):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, metrics=["mae"])
    return model


def function():
    return make_model(log_cosh_plus)


def pinball():
    return make_model(Pinball(0.5))


def squares():
    return make_model("mse")


def main(**options):
    data = recipes.Data.from_arrays(x, y)
    return recipes.compare({"function": function, "class": pinball, "mse": squares}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
