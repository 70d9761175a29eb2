"""A convolutional network on images of digits: the doctor, a range test, 1cycle, and exact batch-norm statistics.

python examples/image_classifier.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
from sklearn.datasets import load_digits

import callbacks
import recipes
from recipes.optimizers import Momentum

x, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(x))  # the published order is by writer
x, y = (x[order] / 16.0).reshape(-1, 8, 8, 1).astype("float32"), y[order]
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.RandomTranslation(0.1, 0.1)])
for filters in (16, 32):
    model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"))
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.ReLU())
    model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))
model.compile(Momentum(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])

print(recipes.diagnose(model, x_train, y_train))  # before any training; nothing is changed
peak = callbacks.find_learning_rate(model, (x_train, y_train))
schedule = callbacks.OneCycle(peak)  # of the rate, and of the momentum against it
stop, exact = callbacks.StopOnNaN(), callbacks.RecalibrateBatchNorm(x_train)
data = {"validation_data": (x_test, y_test), "epochs": 8, "verbose": 0}
history = model.fit(x_train, y_train, callbacks=[stop, schedule, exact], **data).history

for finding in callbacks.read_curves(history, baseline=np.log(10)):
    print(finding)
if len(sys.argv) > 1:
    schedule.plot().savefig(sys.argv[1])
print(f"accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
