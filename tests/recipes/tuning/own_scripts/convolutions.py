"""A small convolutional network with one-hot labels, beside the same network without dropout."""

import keras
from sklearn.datasets import load_digits

import recipes

x, y = load_digits(n_class=5, return_X_y=True)
x = x[:300].reshape(-1, 8, 8, 1).astype("float32") / 16
y = y[:300]


def make_model(dropout=0.5):
    model = keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1)),
            keras.layers.Conv2D(8, kernel_size=3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def no_dropout():
    return make_model(dropout=0.0)


def main(**options):
    data = recipes.Data.from_arrays(x, y)
    return recipes.compare({"dropout": make_model, "none": no_dropout}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
