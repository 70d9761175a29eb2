"""Subclassed models with a training step of their own, which adds noise to the inputs, beside plain ones."""

import keras
import numpy as np
import tensorflow as tf

import recipes

x = np.random.default_rng(0).normal(size=(300, 6)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("int64")


class Classifier(keras.Model):
    def __init__(self, units=16):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.head = keras.layers.Dense(2, activation="softmax")

    def call(self, inputs):
        return self.head(self.hidden(inputs))


class NoisyClassifier(Classifier):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x + 0.1 * tf.sign(x), training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def noisy():
    model = NoisyClassifier()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    return model


def plain():
    model = Classifier()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    return model


def main(**options):
    data = recipes.Data.from_arrays(x, y)
    return recipes.compare({"noisy": noisy, "plain": plain}, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
