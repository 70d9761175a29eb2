"""Padded sequences of word numbers, masked by the embedding, beside the same network without masks."""

import keras
import numpy as np

import recipes

generator = np.random.default_rng(0)
lengths = generator.integers(2, 9, 240)
sequences = [generator.integers(1, 20, length) for length in lengths]
padded = keras.utils.pad_sequences(sequences, maxlen=8, padding="post")
y = np.array([int(sequence.max() > 17) for sequence in sequences])


def make_model(mask_zero):
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(20, 8, mask_zero=mask_zero)(inputs)
    x = keras.layers.LSTM(8)(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def masked():
    return make_model(mask_zero=True)


def unmasked():
    return make_model(mask_zero=False)


def main(**options):
    data = recipes.Data.from_arrays(padded, y)
    return recipes.compare({"masked": masked, "unmasked": unmasked}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
