"""Parts of one's own, in a module that other processes can import."""

import keras


class SlowLion(keras.optimizers.Lion):
    """An optimizer."""


def wide(spec, units=6, activation="relu"):
    """A model that takes the recipe's activation."""
    inputs = keras.Input(spec.input_shape)
    hidden = keras.layers.Dense(units, activation=activation)(inputs)
    return keras.Model(inputs, keras.layers.Dense(spec.outputs, activation="softmax")(hidden))


def narrow(spec):
    """A model that takes the data's Spec alone."""
    return wide(spec, 2)
