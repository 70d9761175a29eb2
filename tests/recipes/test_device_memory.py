"""Batches that do not fit into memory: a smaller size, or parts with the numbers of whole batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from callbacks import InvalidArgument
from recipes.device_memory import batch_sizes

pytestmark = pytest.mark.filterwarnings("ignore:learning rate")


@keras.saving.register_keras_serializable("tests")
class Hungry(keras.layers.Layer):
    """Asks for 16 TiB, which no device has, if a batch has more than ``limit`` examples."""

    def __init__(self, limit, **options):
        super().__init__(**options)
        self.limit = limit

    def call(self, inputs, training=False):
        if not training:
            return inputs
        rows = tf.shape(inputs)[0]
        size = tf.where(rows > self.limit, tf.constant(2**44, tf.int64), tf.constant(0, tf.int64))
        size += tf.cast(0.0 * tf.reduce_sum(inputs), tf.int64)  # not known before the step runs
        return inputs + tf.cast(tf.reduce_sum(tf.zeros(size[None], tf.int8)), inputs.dtype)

    def get_config(self):
        return {**super().get_config(), "limit": self.limit}


@keras.saving.register_keras_serializable("tests")
class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    x = random.normal(size=(5200, 3))
    return recipes.Data.from_arrays(x, (x.sum(axis=1) > 0).astype(int), batch_size=16)


def model(limit=10**6, seed=0):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((3,)), keras.layers.Dense(4, activation="elu"), Hungry(limit), keras.layers.Dense(1)]
    return keras.Sequential([*layers, keras.layers.Activation("sigmoid")])


def recipe(**options):
    return recipes.Recipe(**{"learning_rate": 0.05, "regularizer": "none", "schedule": "constant", **options})


def fitted(data, limit=10**6, choices=None, **options):
    options = {"epochs": 1, "verbose": 0, "model": model(limit), **options}
    return recipes.fit(data, recipe() if choices is None else choices, **options)


def test_sizes_out_of_range(data):
    for value in (0, 1.5, "most", True, "Auto"):
        with pytest.raises(InvalidArgument, match="batch_size must be an integer >= 1"):
            fitted(data, batch_size=value)


def test_a_size_is_a_power_of_two_that_leaves_32_batches():
    assert batch_sizes("auto", 3328, 16) == (64, 32, 16)  # 3328 / 64 = 52 batches
    assert batch_sizes("auto", 10**9, 128)[0] == 4096
    assert batch_sizes("auto", 4096, 100) == (128, 100)
    assert batch_sizes("auto", 5, 32) == (32,)


def test_auto_takes_the_largest_that_fits_and_records_it(data, tmp_path):
    run = fitted(data, limit=32, batch_size="auto", directory=tmp_path / "state")
    assert (run.data.batch_size, run.parts, run.data.settings["batch_size"]) == (32, 1, 32)
    assert data.batch_size == 16  # the caller's data are as before
    again = fitted(data, batch_size="auto", directory=tmp_path / "state")  # now there would be memory for more
    assert again.data.batch_size == 32
    plain = fitted(data.with_batch_size(32))
    for one, other in zip(run.model.get_weights(), plain.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)  # nothing of the attempts at 64 is left


def test_a_batch_that_does_not_fit_is_computed_in_parts_with_the_same_numbers(data):
    with pytest.warns(UserWarning, match="out of memory: each batch of 16 examples was computed in 4 parts"):
        run = fitted(data, limit=4)
    assert run.to_saved().facts["parts"] == run.parts == 4
    whole = fitted(data)
    for one, other in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


ERRORS = {}
"""What happens as an epoch begins, once."""


class Raises(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch in ERRORS:
            raise ERRORS.pop(epoch)


def out_of_memory():
    return tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor on device:CPU:0")


def resumed(directory):
    x = np.linspace(-1, 1, 32)[:, None]
    small = recipes.Data.from_arrays(x, (x[:, 0] > 0).astype(int), batch_size=8)
    choices = recipe(model={"name": "mlp", "hidden": (2,)})
    run = recipes.fit(small, choices, epochs=3, callbacks=[Raises()], directory=directory, verbose=0)
    return run.parts, run.history["loss"]


@pytest.mark.thorough
def test_a_training_of_whole_batches_does_not_go_on_in_parts(tmp_path):
    whole = resumed(tmp_path / "whole")
    ERRORS.update({1: out_of_memory()})
    with pytest.raises(
        MemoryError, match=r"a step does not fit into memory, but those before in .* did: the same call"
    ):
        resumed(tmp_path / "state")
    assert resumed(tmp_path / "state") == whole


@pytest.mark.filterwarnings("ignore:out of memory")
def test_a_training_in_parts_does_not_go_on_with_whole_batches(tmp_path):
    ERRORS.update({0: out_of_memory(), 2: OSError("killed")})
    with pytest.raises(OSError, match="killed"):
        resumed(tmp_path)
    assert resumed(tmp_path)[0] == 2


@pytest.mark.thorough
def test_so_is_the_range_test(data):
    with pytest.warns(UserWarning, match="in 2 parts"):
        run = fitted(data, limit=8, choices=recipe(learning_rate=None))
    whole = fitted(data, choices=recipe(learning_rate=None))
    np.testing.assert_allclose(run.range_test.losses, whole.range_test.losses, rtol=1e-3)


@pytest.mark.thorough
def test_batch_normalization_is_named(data):
    own = keras.Sequential(
        [keras.Input((3,)), keras.layers.BatchNormalization(), Hungry(8), keras.layers.Dense(1, "sigmoid")]
    )
    with pytest.warns(UserWarning, match="and batch normalization normalizes each part by itself"):
        fitted(data, model=own)


@pytest.mark.thorough
def test_one_example_too_large_is_refused(data):
    with pytest.raises(InvalidArgument, match="even a single example needs more"):
        fitted(data, limit=0)


def test_a_step_that_cannot_be_divided_is_refused_in_words(data):
    with pytest.raises(InvalidArgument, match="batch_size must be smaller: a step runs out of memory, and cannot be"):
        fitted(data, model=OwnStep([keras.Input((3,)), *model(4).layers]))


def test_evaluations_of_large_inputs_have_small_batches():
    images = recipes.Data.from_arrays(np.zeros((40, 128, 128, 64), "uint8"), np.arange(40) % 2)
    assert images.evaluation_batch_size == 2**23 // (128 * 128 * 64)
    assert next(iter(images.validation))[0].shape[0] <= 8
