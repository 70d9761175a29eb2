"""The same 20 weighted examples in every form that Keras' fit takes, and a linear model for them."""

import keras
import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)
X = random.normal(size=(20, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]]).astype("float32")
W = np.linspace(0.1, 2.0, 20).astype("float32")
SIZE = 6


class Batches(keras.utils.PyDataset):
    """(X, Y, W) in batches of 6."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        part = slice(SIZE * index, SIZE * index + SIZE)
        return X[part], Y[part], W[part]


class Endless(Batches):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return super().__getitem__(index % 4)


class Tensor:
    """As much of a PyTorch tensor as NumPy needs."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def __array__(self, dtype=None, copy=None):
        return self.array


class DataLoader:
    """What looks like PyTorch's; its batches are lists, as PyTorch collates them."""

    def __len__(self):
        return 4

    def __iter__(self):
        return ([Tensor(part) for part in batch] for batch in generator())


DataLoader.__module__ = "torch.utils.data.dataloader"


def generator():
    yield from (Batches()[index] for index in range(4))


def dataset():
    return tf.data.Dataset.from_tensor_slices((X, Y, W)).batch(SIZE)


KINDS = {
    "arrays": lambda: (X, Y, W),
    "list": lambda: [X, Y, W],
    "lists of numbers": lambda: (X.tolist(), Y.tolist(), W.tolist()),
    "tensors": lambda: (tf.constant(X), tf.constant(Y), tf.constant(W)),
    "tf.data": dataset,
    "tf.data of unknown size": lambda: dataset().filter(lambda x, y, w: True),
    "PyDataset": Batches,
    "DataLoader": DataLoader,
    "generator": generator,
    "iterator": lambda: iter(dataset()),
}
ENDLESS = {"tf.data without end": lambda: dataset().repeat(), "PyDataset without end": Endless}


def linear(**options):
    """All weights 1, the bias 0."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", weighted_metrics=["mae"], **options)
    return model


RESIDUALS = (X.sum(1) - Y[:, 0]).astype("float64")
ERRORS = RESIDUALS**2
