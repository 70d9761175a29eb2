"""A HyperModel of KerasTuner and a build(hp), each with hyperparameters of its own."""

import keras
import keras_tuner
import numpy as np

import recipes

x = np.random.default_rng(0).normal(size=(240, 6)).astype("float32")
y = (x[:, 0] > 0).astype("int64") + (x[:, 1] > 0)


def build_model(hp):
    model = keras.Sequential([keras.Input((6,))])
    for number in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Int(f"units_{number}", 4, 16, step=4), activation="relu"))
    model.add(keras.layers.Dense(3, activation="softmax"))
    rate = hp.Float("lr", 1e-3, 1e-1, sampling="log")
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class MyHyperModel(keras_tuner.HyperModel):
    def build(self, hp):
        return build_model(hp)


def main(**options):
    data = recipes.Data.from_arrays(x, y)
    return recipes.compare({"class": MyHyperModel(), "function": build_model}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
