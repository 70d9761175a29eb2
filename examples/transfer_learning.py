"""Transfer learning: a base that has learned the digits 0 to 4, frozen below a new head for 5 to 9, then fine-tuned.

python examples/transfer_learning.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
from sklearn.datasets import load_digits

import callbacks

x, y = load_digits(return_X_y=True)
x = (x / 16.0).reshape(-1, 8, 8, 1).astype("float32")
known, new = y < 5, y >= 5
few = np.flatnonzero(new)[:100]  # examples with labels
rest = np.flatnonzero(new)[100:]

keras.utils.set_random_seed(0)
layers = [keras.layers.Conv2D(32, 3, use_bias=False), keras.layers.BatchNormalization(), keras.layers.ReLU()]
layers += [keras.layers.Flatten(), keras.layers.Dense(64, "relu")]
base = keras.Sequential([keras.Input((8, 8, 1)), *layers], name="base")
pretraining = keras.Sequential([base, keras.layers.Dense(5, activation="softmax")])
pretraining.compile("adam", "sparse_categorical_crossentropy")
pretraining.fit(x[known], y[known], epochs=6, verbose=0, callbacks=[callbacks.OneCycle(3e-3)])

base.trainable = False
inputs = keras.Input((8, 8, 1))
outputs = keras.layers.Dense(5, activation="softmax", name="head")(base(inputs, training=False))  # its statistics stay
model = keras.Model(inputs, outputs)


def train(rate, epochs):
    """Trains what is trainable, from this peak down to nearly 0."""
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    monitor = callbacks.GradientMonitor(every=4)
    model.fit(
        x[few],
        y[few] - 5,
        epochs=epochs,
        verbose=0,
        callbacks=[callbacks.OneCycle(rate), callbacks.StopOnNaN(), monitor],
    )
    print(monitor.verdict())
    return monitor, model.evaluate(x[rest], y[rest] - 5, verbose=0)[1]


_, head_alone = train(3e-2, 20)
base.trainable = True
monitor, fine_tuned = train(1e-3, 20)  # a gentle rate: the base knows much already
if len(sys.argv) > 1:
    monitor.plot().savefig(sys.argv[1])
print(f"head alone {head_alone:.3f}, accuracy {fine_tuned:.3f}")
