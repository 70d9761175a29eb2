"""A bidirectional LSTM over texts, whose vocabulary was adapted before, beside a bag of words."""

import keras
import numpy as np

import recipes

generator = np.random.default_rng(0)
good, bad = ["fine", "great", "superb"], ["dull", "poor", "awful"]
y = generator.integers(0, 2, 240)
texts = np.array([" ".join(generator.choice([*(good if label else bad), "a", "film", "the"], 6)) for label in y])

vectorize = keras.layers.TextVectorization(max_tokens=50, output_sequence_length=8)
vectorize.adapt(texts)


def lstm():
    inputs = keras.Input(shape=(), dtype="string")
    x = keras.layers.Embedding(50, 8)(vectorize(inputs))
    x = keras.layers.Bidirectional(keras.layers.LSTM(4))(x)
    outputs = keras.layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def bag_of_words():
    inputs = keras.Input(shape=(), dtype="string")
    x = keras.layers.Embedding(50, 8)(vectorize(inputs))
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def main(**options):
    data = recipes.Data.from_arrays(texts, y)
    return recipes.compare({"lstm": lstm, "bag": bag_of_words}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
