"""Models with a training step of their own, and what NumPy says about it."""

import keras
import numpy as np
import tensorflow as tf

X = np.linspace(0.5, 2.0, 20, dtype="float32")[:, None]
Y = 3 * X


class Rivals(keras.Model):
    """Two linear units without bias, each with an optimizer of its own; that of ``compile`` trains nothing."""

    def __init__(self, left=None, right=None, **options):
        super().__init__()
        self.left = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        self.right = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        for layer in (self.left, self.right):
            layer.build((None, 1))
        self.built = True
        self.compile(**options)
        self.left_optimizer = left or keras.optimizers.SGD(0.01)
        self.right_optimizer = right or keras.optimizers.SGD(0.02)

    def train_step(self, data):
        x, y = data
        logs = {}
        for name in ("left", "right"):
            layer, optimizer = getattr(self, name), getattr(self, f"{name}_optimizer")
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((layer(x) - y) ** 2)
            optimizer.apply(tape.gradient(loss, layer.trainable_weights), layer.trainable_weights)
            logs[f"{name}_loss"] = loss
        return logs

    def weights_now(self):
        return [float(layer.kernel.numpy()[0, 0]) for layer in (self.left, self.right)]


def descended(rates, batches):
    """The weight of a linear unit after plain gradient descent from 1 at these rates, and the loss of each step."""
    weight, losses = 1.0, []
    for rate, batch in zip(rates, batches, strict=True):
        x = batch.astype("float64")
        losses.append(float(np.mean(((weight - 3) * x) ** 2)))
        weight -= rate * float(np.mean(2 * (weight - 3) * x * x))
    return weight, losses
