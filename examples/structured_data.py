"""Numbers and categories in one table: Keras' FeatureSpace, batches of dictionaries, the doctor, several validations.

python examples/structured_data.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras.utils import FeatureSpace

import callbacks
import recipes

random = np.random.default_rng(0)
COUNT = 2000
columns = {
    "age": random.integers(18, 90, COUNT).astype("float32"),
    "income": random.lognormal(10, 0.5, COUNT).astype("float32"),
    "town": random.choice(["Ulm", "Cologne", "Berlin", "unknown"], COUNT),
}
score = columns["age"] / 20 - 3 + 1.5 * (columns["town"] == "Berlin") + random.normal(0, 0.3, COUNT)
y = (score > 0).astype("int64")

space = FeatureSpace(
    {"age": FeatureSpace.float_normalized(), "income": FeatureSpace.float_normalized(), "town": "string_categorical"},
    output_mode="concat",
)
table = tf.data.Dataset.from_tensor_slices((columns, y))
space.adapt(table.map(lambda row, _: row).batch(256))
encoded = table.batch(64).map(lambda rows, labels: (space(rows), labels)).cache()
train, test = encoded.take(24), encoded.skip(24)

keras.utils.set_random_seed(0)
inputs = space.get_encoded_features()
x = keras.layers.Dense(32, "elu", kernel_initializer="he_normal")(inputs)
model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(keras.layers.Dropout(0.1)(x)))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])

print(recipes.diagnose(model, train, seconds=10))
finder = callbacks.LRFinder(steps=150)
model.fit(train.repeat(), steps_per_epoch=150, shuffle=False, verbose=0, callbacks=[finder])
best = keras.callbacks.EarlyStopping(patience=6, start_from_epoch=14, restore_best_weights=True)
validations = callbacks.SeveralValidations(test, times=2, callbacks=[best])
model.fit(train, shuffle=False, epochs=10, verbose=0, callbacks=[callbacks.OneCycle(finder.suggest()), validations])

if len(sys.argv) > 1:
    finder.plot().savefig(sys.argv[1])
print(f"accuracy {model.evaluate(test, verbose=0)[1]:.3f}")
