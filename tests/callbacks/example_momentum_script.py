"""The same with an optimizer whose momentum 1cycle can move too: the one thing taken from recipes."""

import keras
import numpy as np

import callbacks
from recipes.optimizers import Momentum

x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
y = x[:, :1] * x[:, 1:2]

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="elu"), keras.layers.Dense(1)])
model.compile(Momentum(nesterov=True), "mse")
history = model.fit(x, y, epochs=10, verbose=0, callbacks=[callbacks.OneCycle(0.1)]).history

if history["loss"][-1] > history["loss"][0] / 2 or abs(history["momentum"][-1] - 0.95) > 1e-6:
    raise SystemExit(f"the loss went from {history['loss'][0]} to {history['loss'][-1]}")
