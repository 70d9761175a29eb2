"""A model with two outputs, of which each has its own loss: it is refused, and one output at a time is compared."""

import keras
import numpy as np

import recipes

x = np.random.default_rng(0).normal(size=(240, 6)).astype("float32")
price = x[:, 0] + 0.1 * x[:, 1]
priority = price + np.random.default_rng(1).normal(size=240) > 0.5


def two_outputs():
    inputs = keras.Input(shape=(6,))
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    price = keras.layers.Dense(1, name="price")(hidden)
    priority = keras.layers.Dense(1, activation="sigmoid", name="priority")(hidden)
    model = keras.Model(inputs, {"price": price, "priority": priority})
    model.compile("adam", {"price": "mse", "priority": "binary_crossentropy"})
    return model


def one_output(width=16):
    inputs = keras.Input(shape=(6,))
    hidden = keras.layers.Dense(width, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="priority")(hidden))
    model.compile("adam", "binary_crossentropy")
    return model


def main(candidates=None, **options):
    data = recipes.Data.from_arrays(x, priority)
    candidates = candidates or {"mine": one_output, "narrow": lambda: one_output(width=4)}
    return recipes.compare(candidates, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
