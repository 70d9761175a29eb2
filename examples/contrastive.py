"""Contrastive learning without labels (SimCLR), with a train_step of its own; then a linear classifier on the codes.

python examples/contrastive.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import callbacks
from recipes.optimizers import RAdam


class Contrastive(keras.Model):
    """Brings the codes of two views of an image together, and those of different images apart."""

    def __init__(self):
        super().__init__()
        layers = keras.layers
        shift, turn = layers.RandomTranslation(0.15, 0.15), layers.RandomRotation(0.05)
        noise = layers.GaussianNoise(0.1)
        self.view = keras.Sequential([keras.Input((8, 8, 1)), shift, turn, noise], name="view")
        convolutions = [layers.Conv2D(32, 3, activation="elu"), layers.Conv2D(64, 3, activation="elu")]
        encoding = [*convolutions, layers.Flatten(), layers.Dense(64)]
        self.encoder = keras.Sequential([keras.Input((8, 8, 1)), *encoding], name="encoder")
        self.head = keras.Sequential([keras.Input((64,)), layers.Dense(64, "elu"), layers.Dense(32)], name="head")
        self.built = True

    def train_step(self, images):
        with tf.GradientTape() as tape:
            codes = [self.head(self.encoder(self.view(images, training=True), training=True)) for _ in range(2)]
            first, second = (ops.normalize(code, axis=-1) for code in codes)
            similarity = ops.matmul(first, ops.transpose(second)) / 0.2
            loss = ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    ops.arange(ops.shape(similarity)[0]), similarity, from_logits=True
                )
            )
        weights = self.encoder.trainable_weights + self.head.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


x, y = load_digits(return_X_y=True)
x = (x / 16.0).reshape(-1, 8, 8, 1).astype("float32")
keras.utils.set_random_seed(0)
model = Contrastive()
model.compile(RAdam(1e-3))
model.optimizer.build(model.encoder.trainable_weights + model.head.trainable_weights)

batches = tf.data.Dataset.from_tensor_slices(x).shuffle(len(x), seed=0).batch(128, drop_remainder=True)
print(callbacks.gradient_report(model, batches).verdict)
monitor = callbacks.GradientMonitor(every=10)
model.fit(
    batches, shuffle=False, epochs=12, verbose=0, callbacks=[callbacks.OneCycle(3e-3), callbacks.StopOnNaN(), monitor]
)
print(monitor.verdict())

codes = model.encoder.predict(x, verbose=0)
few, rest = np.arange(100), np.arange(100, len(x))  # so many have labels
classifier = LogisticRegression(max_iter=2000).fit(codes[few], y[few])
if len(sys.argv) > 1:
    monitor.plot().savefig(sys.argv[1])
print(f"accuracy with 100 labels {classifier.score(codes[rest], y[rest]):.3f}")
