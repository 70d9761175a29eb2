"""Models and datasets that are spoiled on purpose, each with the symptom that has to be found; and sound ones."""

import keras
import numpy as np
import tensorflow as tf

import recipes

K = keras.layers
COUNT = 512


def digits():
    """Images of 8x8 pixels between 0 and 1, and their classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(x))[:COUNT]
    return (x[rows] / 16).astype("float32"), y[rows].astype("int64")


def table():
    """Six columns of numbers, and a number that follows from them up to noise."""
    random = np.random.default_rng(1)
    x = random.normal(size=(COUNT, 6)).astype("float32")
    return x, (x[:, 0] - 2 * x[:, 1] + 0.2 * random.normal(size=COUNT)).astype("float32")


def network(*hidden, size=64, last=None, seed=0):
    """A sequential model of these layers on vectors; the last one is a softmax of 10 unless it is given."""
    keras.utils.set_random_seed(seed)
    last = K.Dense(10, "softmax", name="last") if last is None else last
    return keras.Sequential([keras.Input((size,)), *hidden, last])


def dense(name="hidden", units=32, activation="relu", **options):
    return K.Dense(units, activation, name=name, **options)


def compiled(model, rate=1e-3, loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam):
    model.compile(optimizer(rate), loss)
    return model


def shuffled_labels():
    x, y = digits()
    return compiled(network(dense())), x, np.random.default_rng(1).permutation(y)


def cut_off():
    x, y = digits()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((64,))
    rounded = K.Lambda(keras.ops.stop_gradient)(dense("first")(inputs))
    return compiled(keras.Model(inputs, K.Dense(10, "softmax")(dense()(rounded)))), x, y


def saturated():
    x, y = digits()
    wide = keras.initializers.RandomNormal(stddev=3.0, seed=0)
    return compiled(network(dense(activation="tanh", kernel_initializer=wide))), x, y


def high_rate():
    x, y = digits()
    return compiled(network(dense("a"), dense("b")), 5.0, optimizer=keras.optimizers.SGD), x, y


def high_rate_of_adam():
    x, y = digits()
    return compiled(network(dense("a"), dense("b")), 0.3), x, y


def raw_pixels():
    x, y = digits()
    return compiled(network(dense())), 255 * x, y


def softmax_twice():
    x, y = digits()
    return compiled(network(dense(), K.Dense(10, "softmax"), last=K.Softmax())), x, y


def logits_expected():
    x, y = digits()
    return compiled(network(dense()), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)), x, y


def logits_given():
    x, y = digits()
    return compiled(network(dense(), last=K.Dense(10))), x, y


def dead():
    x, y = digits()
    return compiled(network(dense(bias_initializer=keras.initializers.Constant(-10.0)), dense("b"))), x, y


def frozen():
    x, y = digits()
    model = network(dense())
    model.trainable = False
    return compiled(model), x, y


def frozen_head():
    x, y = digits()
    model = network(dense())
    model.get_layer("last").trainable = False
    return compiled(model), x, y


def constant_label():
    x, y = digits()
    return compiled(network(dense())), x, 0 * y + 3


def leak():
    x, y = table()
    y = (y > 0).astype("int64")
    x[:, 4] = y + np.random.default_rng(0).normal(0, 0.01, COUNT)
    return compiled(network(dense(), size=6, last=K.Dense(1, "sigmoid")), loss="binary_crossentropy"), x, y


def nan_weights():
    x, y = digits()
    model = network(dense())
    kernel = model.get_layer("hidden").kernel
    kernel.assign(keras.ops.where(keras.ops.arange(64)[:, None] == 3, np.nan, kernel))
    return compiled(model), x, y


def labels_from_1():
    x, y = digits()
    return compiled(network(dense())), x, y + 1


def constant_input():
    x, y = digits()
    return compiled(network(dense())), 0 * x + x[:1], y


def one_unit_softmax():
    x, y = digits()
    last = K.Dense(1, "softmax")
    return compiled(network(dense(), last=last), loss="binary_crossentropy"), x, y % 2


def wrong_loss():
    x, y = digits()
    return compiled(network(dense()), loss="mse"), x, y


def relu_output():
    x, y = table()
    return compiled(network(dense(), size=6, last=K.Dense(1, "relu")), loss="mse"), x, y


def nan_input():
    x, y = table()
    x[7, 2] = np.nan
    return compiled(network(dense(), size=6, last=K.Dense(1)), loss="mse"), x, y


def too_much_penalty():
    x, y = digits()
    hidden = dense(kernel_regularizer=keras.regularizers.L2(3.0))
    return compiled(network(hidden, last=K.Dense(10, "softmax", kernel_regularizer="l2")), 1e-2), x, y


def large_targets():
    x, y = table()
    return compiled(network(dense(), size=6, last=K.Dense(1)), loss="mse"), x, 500 + 50 * y


def sorted_batches():
    x, y = digits()
    order = np.argsort(y, kind="stable")
    batches = tf.data.Dataset.from_tensor_slices((x[order], y[order]))
    return compiled(network(dense())), batches.batch(16), None


SPOILED = {
    "shuffled_labels": (shuffled_labels, "inputs do not tell the labels"),
    "cut_off": (cut_off, "layer cut off"),
    "saturated": (saturated, "saturated units"),
    "high_rate": (high_rate, "learning rate too high"),
    "high_rate_of_adam": (high_rate_of_adam, "learning rate too high"),
    "raw_pixels": (raw_pixels, "input not normalized"),
    "softmax_twice": (softmax_twice, "softmax twice"),
    "logits_expected": (logits_expected, "softmax twice"),
    "logits_given": (logits_given, "output does not fit the loss"),
    "dead": (dead, "dead units"),
    "frozen": (frozen, "nothing is trained"),
    "frozen_head": (frozen_head, "head is frozen"),
    "constant_label": (constant_label, "constant label"),
    "leak": (leak, "column leaks"),
    "nan_weights": (nan_weights, "NaN in the weights"),
    "labels_from_1": (labels_from_1, "labels out of range"),
    "constant_input": (constant_input, "constant inputs"),
    "one_unit_softmax": (one_unit_softmax, "softmax over one unit"),
    "wrong_loss": (wrong_loss, "loss does not fit the targets"),
    "relu_output": (relu_output, "output cannot reach the targets"),
    "nan_input": (nan_input, "NaN in the data"),
    "too_much_penalty": (too_much_penalty, "one batch not learned"),
    "large_targets": (large_targets, "high first loss"),
    "sorted_batches": (sorted_batches, "data not shuffled"),
}
"""Name -> (makes a compiled model, its data and targets; the first symptom)."""


def sound_mlp():
    x, y = digits()
    return compiled(network(dense("a"), dense("b"))), x, y


def sound_cnn():
    x, y = digits()
    keras.utils.set_random_seed(0)
    layers = [K.Conv2D(8, 3, use_bias=False), K.BatchNormalization(), K.ReLU(), K.Flatten(), K.Dropout(0.3)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers, K.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return compiled(model, 0.02, loss, keras.optimizers.SGD), x.reshape(-1, 8, 8, 1), y


def sound_regression():
    x, y = table()
    return compiled(network(dense(), size=6, last=K.Dense(1)), 3e-3, "mse"), x, y


def sound_frozen_base():
    x, y = digits()
    base = dense("base", units=128)
    base.trainable = False
    return compiled(network(base), 3e-3), x, y


def sound_text():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, COUNT)
    words = np.array([["bad", "poor", "dull"], ["good", "fine", "great"]])
    fillers = np.array(["the", "film", "was", "and", "so"])
    texts = np.array([" ".join([*random.choice(fillers, 5), random.choice(words[label])]) for label in y])
    keras.utils.set_random_seed(0)
    codes = K.TextVectorization(output_sequence_length=6)
    codes.adapt(texts)
    layers = [K.Embedding(20, 8, mask_zero=True), K.GlobalAveragePooling1D(), K.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((6,), dtype="int64"), *layers])
    return compiled(model, 1e-2, "binary_crossentropy"), np.asarray(codes(texts)), y


def sound_two_inputs():
    x, y = digits()
    keras.utils.set_random_seed(0)
    inputs = {name: keras.Input((32,), name=name) for name in ("top", "bottom")}
    joined = K.Concatenate()([dense(f"{name}_hidden", 16)(tensor) for name, tensor in inputs.items()])
    outputs = [K.Dense(10, "softmax", name="digit")(joined), K.Dense(1, "sigmoid", name="odd")(joined)]
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(3e-3), ["sparse_categorical_crossentropy", "binary_crossentropy"])
    return model, ({"top": x[:, :32], "bottom": x[:, 32:]}, [y, y % 2]), None


def sound_autoencoder():
    x, _ = digits()
    return compiled(network(dense(), last=K.Dense(64, "sigmoid")), 3e-3, "binary_crossentropy"), x, x


def sound_recipe():
    x, y = digits()
    data = recipes.Data.from_arrays((16 * x.reshape(-1, 8, 8)).astype("uint8"), y, name="digits")
    return recipes.Recipe(), data, None


SOUND = {
    "mlp": sound_mlp,
    "cnn": sound_cnn,
    "regression": sound_regression,
    "frozen_base": sound_frozen_base,
    "text": sound_text,
    "two_inputs": sound_two_inputs,
    "autoencoder": sound_autoencoder,
    "recipe": sound_recipe,
}
"""Name -> makes a model or a recipe, its data and targets."""
