"""Models of every kind that the tests of gradient measurements train."""

import keras
import numpy as np
import tensorflow as tf

K = keras.layers


class Subclassed(keras.Model):
    """With a weight of its own beside its layers."""

    def __init__(self):
        super().__init__(name="own")
        self.hidden = K.Dense(5, "elu", name="hidden")
        self.drop = K.Dropout(0.3, name="drop")
        self.out = K.Dense(1, name="out")

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
        super().build(shape)

    def call(self, x, training=None):
        return self.factor * self.out(self.drop(self.hidden(x), training=training))


def everything():
    inner = keras.Sequential([keras.Input((8,)), K.Dense(6, "elu", name="a"), K.Dropout(0.3)], name="inner")
    x = inputs = keras.Input((6,))
    x = K.GaussianNoise(0.1)(x)
    x = K.Dense(8, kernel_regularizer="l2", activity_regularizer="l2", name="first")(x)
    x = K.BatchNormalization(momentum=0.5, name="norm")(x)
    x = K.Dropout(0.2)(inner(x))
    return keras.Model(inputs, K.Dense(1, name="last")(x))


def images():
    return keras.Sequential(
        [
            keras.Input((6,)),
            K.Reshape((2, 3, 1)),
            K.RandomFlip(),
            K.RandomRotation(0.2),
            K.Conv2D(4, 2, padding="same"),
            K.BatchNormalization(),
            K.Activation("elu"),
            K.GlobalAveragePooling2D(),
            K.Dense(1),
        ]
    )


def recurrent():
    return keras.Sequential(
        [
            keras.Input((6,)),
            K.Discretization(bin_boundaries=[-1.0, 0.0, 1.0]),
            K.Embedding(4, 3),
            K.Bidirectional(K.LSTM(4, dropout=0.2, recurrent_dropout=0.2)),
            K.Dense(1),
        ]
    )


def two_outputs():
    inputs = keras.Input((6,))
    x = K.Dropout(0.2)(K.Dense(4, "relu")(inputs))
    return keras.Model(inputs, [K.Dense(1, name="one")(x), K.Dense(1, name="two")(x)])


def unbuilt():
    return keras.Sequential([K.Dense(4, "relu"), K.BatchNormalization(), K.Dropout(0.2), K.Dense(1)])


MODELS = [everything, images, recurrent, two_outputs, unbuilt, Subclassed]


def weighted_data():
    """10 batches of 8 with weights: (x, y, sample_weight)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 6)).astype("float32")
    return x, (x @ np.ones((6, 1))).astype("float32"), rng.uniform(0.5, 2.0, size=80).astype("float32")


def fitted(make, data, *used, steps=1, optimizer=None, epochs=2, **options):
    keras.utils.set_random_seed(1)
    model = make()
    outputs = 2 if make is two_outputs else 1
    model.compile(
        optimizer or keras.optimizers.SGD(0.01, momentum=0.9),
        ["mse"] * outputs,
        metrics=["mae"] if outputs == 1 else [["mae"], ["mae"]],
        steps_per_execution=steps,
        **options,
    )
    x, y, weight = data
    if outputs == 2:
        y, weight = (y, -y), (weight, weight)
    batches = tf.data.Dataset.from_tensor_slices((x, y, weight)).batch(8)
    return model, model.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=list(used)).history
