"""A run to transfer from, another task on the same inputs, and networks of keras.applications with weights in files."""

import keras
import numpy as np
import pytest

import recipes
from recipes import Recipe

from .parts import prepared

NORMALIZED = Recipe(
    model={"name": "mlp", "hidden": (12, 8)},
    normalization="batch",
    regularizer=("l2", "dropout"),
    learning_rate=0.05,
)


@pytest.fixture(scope="session")
def run(classes):
    """Two hidden layers with batch normalization and dropout."""
    return recipes.fit(classes, NORMALIZED, epochs=2, verbose=0)


@pytest.fixture(scope="session")
def few(classes):
    """Another task on the same inputs: is it the last class?"""
    x, y = classes.arrays("train")
    return recipes.Data.from_arrays(x, (y == 2).astype("int64"), batch_size=16, name="few")


@pytest.fixture
def head():
    """A recipe without regularizers, which are in the model already."""
    return Recipe(regularizer="none", learning_rate=0.05)


def write_published(path, network):
    """Writes the weights in the older format in which Keras publishes those of its applications."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            group, weights = file.create_group(layer.name), [*layer.trainable_weights, *layer.non_trainable_weights]
            group.attrs["weight_names"] = [weight.path.encode() for weight in weights]
            for weight in weights:
                group[weight.path] = weight.numpy()


@pytest.fixture(scope="session")
def backbone(tmp_path_factory):
    """``backbone(name, **options)``: the network without its top, and the file with its weights."""

    def make(name, size=32, suffix=".weights.h5", **options):
        keras.utils.set_random_seed(0)
        network = getattr(keras.applications, name)(
            input_shape=(size, size, 3), include_top=False, weights=None, **options
        )
        # With statistics of its own, and answers that depend on the images; those of a new network hardly do.
        normalized = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
        momenta = [layer.momentum for layer in normalized]
        for layer in normalized:
            layer.momentum = 0.0
        network(prepared(name, np.random.default_rng(0).integers(0, 256, (16, size, size, 3))), training=True)
        for layer, momentum in zip(normalized, momenta, strict=True):
            layer.momentum = momentum
        path = tmp_path_factory.mktemp("weights") / f"{name}{suffix}"
        if suffix == ".weights.h5":
            network.save_weights(path)
        else:
            write_published(path, network)
        return network, path

    return make


@pytest.fixture(scope="session")
def mobile(backbone):
    return backbone("MobileNetV2", alpha=0.35)
