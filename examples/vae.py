"""A variational autoencoder, a subclassed model whose layer adds the divergence to the loss: range test and 1cycle.

python examples/vae.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
from keras import ops
from sklearn.datasets import load_digits

import callbacks


class Sampling(keras.layers.Layer):
    """A sample of the code, and its divergence from a normal distribution as a loss."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, code, training=False):
        mean, log_variance = ops.split(code, 2, axis=-1)
        divergence = 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=-1)
        self.add_loss(ops.mean(divergence) / 64)  # for each pixel, as the cross-entropy is
        if not training:
            return mean
        return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.seed)


class VAE(keras.Model):
    """Encoder, sampling, decoder."""

    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([keras.layers.Dense(64, "elu"), keras.layers.Dense(2 * 4)])
        self.sampling = Sampling()
        self.decoder = keras.Sequential([keras.layers.Dense(64, "elu"), keras.layers.Dense(64, "sigmoid")])

    def call(self, x, training=False):
        return self.decoder(self.sampling(self.encoder(x), training=training))


x = (load_digits().data / 16.0).astype("float32")
keras.utils.set_random_seed(0)
model = VAE()
model.compile("adam", "binary_crossentropy", metrics=["mae"])

print(callbacks.gradient_report(model, (x, x)).verdict)  # builds the model
finder = callbacks.LRFinder(steps=200)
model.fit(x, x, epochs=10, verbose=0, callbacks=[finder])  # restores the model, and stops by itself
schedule = callbacks.OneCycle(finder.suggest())
history = model.fit(x, x, epochs=15, verbose=0, callbacks=[schedule, callbacks.StopOnNaN()]).history

if len(sys.argv) > 1:
    finder.plot().savefig(sys.argv[1])
error = np.abs(model.predict(x, verbose=0) - x).mean() / np.abs(x - x.mean(axis=0)).mean()
print(f"error relative to the mean image {error:.3f}")
