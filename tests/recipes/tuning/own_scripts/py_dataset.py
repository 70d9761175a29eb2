"""A PyDataset and a generator: what they yield goes into Data once, which shuffles and splits it for the arms."""

import keras
import numpy as np
import tensorflow as tf

import recipes

x = np.random.default_rng(0).normal(size=(256, 6)).astype("float32")
y = (x[:, 0] > x[:, 1]).astype("int64")


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return x[32 * index : 32 * index + 32], y[32 * index : 32 * index + 32]


def examples():
    yield from zip(x, y, strict=True)


def make_model(units=8):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy", metrics=["accuracy", "auc"])
    return model


def wide():
    return make_model(units=32)


def main(source="generator", **options):
    if source == "dataset":
        data = recipes.Data.from_pipeline(Batches())
    else:
        signature = (tf.TensorSpec((6,), tf.float32), tf.TensorSpec((), tf.int64))
        data = recipes.Data.from_pipeline(tf.data.Dataset.from_generator(examples, output_signature=signature))
    return recipes.compare({"narrow": make_model, "wide": wide}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
