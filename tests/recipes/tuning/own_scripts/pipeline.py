"""tf.data pipelines that are shuffled, batched and prefetched, with a validation pipeline of their own."""

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

import recipes

x, y = load_digits(n_class=4, return_X_y=True)
x, y = x[:320].reshape(-1, 8, 8, 1).astype("uint8"), y[:320]


def prepared(x, y):
    return tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000, seed=0).batch(32).prefetch(tf.data.AUTOTUNE)


train, validation, test = prepared(x[:200], y[:200]), prepared(x[200:260], y[200:260]), prepared(x[260:], y[260:])


def make_model(optimizer="adam"):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(4),
        ]
    )
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def sgd():
    return make_model(keras.optimizers.SGD(0.1, nesterov=True, momentum=0.9))


def main(**options):
    data = recipes.Data.from_pipeline(train, validation=validation, test=test)
    return recipes.compare({"adam": make_model, "sgd": sgd}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
