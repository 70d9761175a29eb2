"""A functional model with two inputs, an image and numbers, beside a recipe for the same data."""

import keras
import numpy as np
from sklearn.datasets import load_digits

import recipes

digits, y = load_digits(n_class=3, return_X_y=True)
images = digits[:240].reshape(-1, 8, 8, 1).astype("uint8")
numbers = np.random.default_rng(0).normal(size=(240, 4)).astype("float32")
y = y[:240]


def two_inputs():
    image = keras.Input(shape=(8, 8, 1), name="image")
    number = keras.Input(shape=(4,), name="numbers")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 16)(image))
    x = keras.layers.Concatenate()([keras.layers.Dense(16, activation="relu")(x), number])
    model = keras.Model([image, number], keras.layers.Dense(3, activation="softmax")(x))
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(**options):
    data = recipes.Data.from_arrays({"image": images, "numbers": numbers}, y)
    return recipes.compare({"mine": two_inputs, "default": recipes.Recipe()}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
