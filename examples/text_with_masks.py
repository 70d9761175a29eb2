"""Sentences of different lengths: padded, masked, read by a recurrent network; classes of unequal size.

python examples/text_with_masks.py [PICTURE.png]
"""

import sys

import keras
import numpy as np

import callbacks
from recipes.optimizers import Nadam

random = np.random.default_rng(0)
GOOD, BAD, FILLERS = ["good", "great", "fine"], ["bad", "dull", "poor"], ["the", "film", "was", "very", "a", "and"]


def sentence(praise):
    """A sentence that praises or does not; "not" turns the word after it round."""
    turned = random.random() < 0.4
    word = random.choice(GOOD if praise != turned else BAD)
    words = [*random.choice(FILLERS, random.integers(1, 12)), *(["not"] if turned else []), word]
    return " ".join([*words, *random.choice(FILLERS, random.integers(0, 4))])


y = (random.random(1500) < 0.2).astype("int64")  # praise is rare
texts = np.array([sentence(bool(praise)) for praise in y])

keras.utils.set_random_seed(0)
codes = keras.layers.TextVectorization()
codes.adapt(texts)
x = np.asarray(codes(texts))
x_train, y_train, x_test, y_test = x[:1000], y[:1000], x[1000:], y[1000:]
words = keras.layers.Embedding(codes.vocabulary_size(), 16, mask_zero=True)
reader = keras.layers.Bidirectional(keras.layers.GRU(16))
model = keras.Sequential([keras.Input((None,)), words, reader, keras.layers.Dense(1, "sigmoid")])
model.compile(Nadam(1e-3, clipnorm=1.0), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])

weights = {0: 1.0, 1: 4.0}  # so that both classes count alike
peak = callbacks.find_learning_rate(model, x_train, y_train, class_weight=weights, steps=100)
schedule = callbacks.OneCycle(peak, restore_rate=True)
history = model.fit(
    x_train,
    y_train,
    class_weight=weights,
    validation_data=(x_test, y_test),
    epochs=6,
    verbose=0,
    callbacks=[schedule, callbacks.StopOnNaN(), callbacks.WeightNoise(0.01)],
).history

for finding in callbacks.read_curves(history):
    print(finding)
if len(sys.argv) > 1:
    schedule.plot().savefig(sys.argv[1])
print(f"auc {history['val_auc'][-1]:.3f}")
