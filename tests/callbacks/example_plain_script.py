"""An ordinary Keras script that uses the callbacks alone, with Keras' own Adam."""

import keras
import numpy as np
import tensorflow as tf

import callbacks

x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
data = tf.data.Dataset.from_tensor_slices((x, x[:, :1] * x[:, 1:2])).batch(32)

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="elu"), keras.layers.Dense(1)])
model.compile("adam", "mse", steps_per_execution=4)

peak = callbacks.find_learning_rate(model, data)
stop = callbacks.StopOnNaN()
history = model.fit(data, epochs=10, verbose=0, callbacks=[stop, callbacks.OneCycle(peak)]).history

if stop.message or history["loss"][-1] > history["loss"][0] / 2:
    raise SystemExit(f"the loss went from {history['loss'][0]} to {history['loss'][-1]}: {stop.message}")
print(f"peak {peak:.3g}, loss {history['loss'][0]:.3f} -> {history['loss'][-1]:.3f}")
