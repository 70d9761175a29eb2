"""An ordinary Keras script that uses only the callbacks of this package, with Keras' own model and optimizer.

    python examples/plain_keras.py [DIRECTORY]

With a directory it can be killed at any moment and started again: it resumes, and ends with the same numbers.
"""

import sys
import tempfile

import keras
import numpy as np
from sklearn.datasets import load_digits

import callbacks

x, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(x))  # the published order is by writer
x, y = (x[order] / 16.0).astype("float32"), y[order]
x_train, y_train, x_validation, y_validation = x[:1400], y[:1400], x[1400:], y[1400:]

keras.utils.set_random_seed(0)
layers = []
for _ in range(3):
    layers += [keras.layers.Dense(64, kernel_initializer="he_normal", use_bias=False)]
    layers += [keras.layers.BatchNormalization(), keras.layers.Activation("elu")]
model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

print(callbacks.gradient_report(model, (x_train, y_train)).verdict)  # before any training
peak = callbacks.find_learning_rate(model, (x_train, y_train))

monitor = callbacks.GradientMonitor(every=20)
# Both are counted in validations, two per epoch. 1cycle gains most at its end, so patience starts after 70% of it.
best = keras.callbacks.EarlyStopping(patience=4, start_from_epoch=17, restore_best_weights=True)
validations = callbacks.SeveralValidations((x_validation, y_validation), times=2, callbacks=[best])
stop = callbacks.StopOnNaN()
directory = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
history = model.fit(
    x_train,
    y_train,
    epochs=12,
    verbose=0,
    callbacks=[stop, callbacks.OneCycle(peak), monitor, validations, callbacks.Resume(directory)],
).history

callbacks.recalibrate_batch_norm(model, x_train)
loss, accuracy = model.evaluate(x_validation, y_validation, verbose=0)
print(monitor.verdict())
for finding in callbacks.read_curves(history, baseline=2.303):
    print(finding)
print(f"peak {peak:.3g}, validation accuracy {accuracy:.3f}")
