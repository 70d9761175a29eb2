"""A frozen base whose weights come from a file, with a new head, beside the same base fine-tuned."""

import tempfile
from pathlib import Path

import keras
from sklearn.datasets import load_digits

import recipes

digits, y = load_digits(n_class=5, return_X_y=True)
digits = digits.reshape(-1, 8, 8, 1).astype("float32") / 16
weights = Path(tempfile.mkdtemp()) / "base.weights.h5"


def make_base():
    layers = [keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Flatten()]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers], name="base")


make_base().save_weights(weights)  # instead of a download


def with_base(trainable):
    base = make_base()
    base.load_weights(weights)
    base.trainable = trainable
    inputs = keras.Input(shape=(8, 8, 1))
    x = keras.layers.Dropout(0.2)(base(inputs, training=False))
    model = keras.Model(inputs, keras.layers.Dense(5)(x))
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


def frozen():
    return with_base(trainable=False)


def fine_tuned():
    return with_base(trainable=True)


def main(**options):
    data = recipes.Data.from_arrays(digits[:300], y[:300])
    return recipes.compare({"frozen": frozen, "tuned": fine_tuned}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
