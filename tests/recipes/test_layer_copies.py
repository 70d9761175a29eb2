"""Layers as choices: each model gets a copy of its own, which answers as the original does, also from JSON."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, load_run, mlp
from recipes.layer_copies import MOST, copy_layer, layer_from_json, layer_identity, layer_to_json

LAYERS = keras.layers


def adapted(layer, values):
    layer.adapt(np.asarray(values))
    return layer


def built(layer, *shape):
    layer.build((None, *shape))
    return layer


IMAGE = np.random.default_rng(0).uniform(size=(2, 6, 6, 1)).astype("float32")
ROWS = np.random.default_rng(1).normal(5, 3, (6, 4)).astype("float32")
KINDS = {
    "rescaling": (lambda: LAYERS.Rescaling(1 / 16), IMAGE),
    "statistics given": (lambda: LAYERS.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0] * 4), ROWS),
    "statistics adapted": (lambda: adapted(LAYERS.Normalization(), ROWS), ROWS),
    "words": (lambda: adapted(LAYERS.TextVectorization(output_mode="tf_idf"), ["a b", "a ü"]), np.array(["a ü", "q"])),
    "categories": (lambda: adapted(LAYERS.StringLookup(output_mode="one_hot"), ["x", "y", "y"]), np.array(["x", "q"])),
    "bins": (lambda: adapted(LAYERS.Discretization(num_bins=3), ROWS), ROWS),
    "weights": (lambda: built(LAYERS.Dense(2), 4), ROWS),
    "several": (lambda: keras.Sequential([adapted(LAYERS.Normalization(), ROWS), built(LAYERS.Dense(2), 4)]), ROWS),
    "words not seen yet": (lambda: LAYERS.TextVectorization(output_mode="tf_idf"), None),
    "random": (lambda: keras.Sequential([LAYERS.Resizing(4, 4), LAYERS.RandomFlip(seed=3)]), IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_what_is_read_from_json_answer_as_the_original(kind):
    make, x = KINDS[kind]
    layer = make()
    read = layer_from_json(json.loads(json.dumps(layer_to_json("layer", layer))))
    others = [copy_layer(layer), read]
    assert [layer_identity(other) for other in others] == [layer_identity(layer)] * 2
    for other in others:
        assert other is not layer
        assert not {id(variable) for variable in other.variables} & {id(variable) for variable in layer.variables}
        if x is not None:
            np.testing.assert_array_equal(other(tf.constant(x)), layer(tf.constant(x)))


def test_layers_that_learned_other_things_are_not_the_same():
    layers = [adapted(LAYERS.Normalization(), ROWS * scale) for scale in (1, 2)]
    layers += [adapted(LAYERS.StringLookup(), words) for words in (["a", "b"], ["a", "c"])]
    assert len({json.dumps(layer_identity(layer)) for layer in layers}) == 4
    assert layer_identity(LAYERS.Rescaling(2.0)) == layer_identity(LAYERS.Rescaling(2.0))


class Own(LAYERS.Layer):
    """Not registered with Keras."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


class OwnWithConfig(Own):
    def get_config(self):
        return {**super().get_config(), "factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return cls(config["factor"])


def test_layers_of_ones_own_are_copied_and_not_written():
    assert copy_layer(OwnWithConfig(3.0)).factor == 3.0
    for layer in (OwnWithConfig(3.0), LAYERS.Lambda(lambda x: 2 * x), built(LAYERS.Dense(MOST), 1)):
        with pytest.raises(InvalidArgument, match=r"a layer (that Keras can load|of at most 100,000 numbers)"):
            Recipe(model={"name": "mlp", "preprocessing": layer}).to_json()

    class Needy(LAYERS.Layer):
        def __init__(self, needed):
            super().__init__()

    with pytest.raises(InvalidArgument, match="preprocessing must be a layer that Keras can make again"):
        Recipe(model={"name": "mlp", "preprocessing": Needy(1)}).build_model(input_shape=(4,), outputs=3)


def recipe(layer):
    return Recipe(model={"name": "mlp", "hidden": (5,), "preprocessing": layer}, learning_rate=0.01, regularizer="none")


def test_models_of_a_recipe_share_no_layer_and_those_of_a_factory_have_the_one_given():
    layer = keras.Sequential([keras.Input((4,)), LAYERS.Dense(3)])
    models = [recipe(layer).build_model(input_shape=(4,), outputs=3) for _ in range(2)]
    first, second = ({id(variable) for variable in model.variables} for model in models)
    assert not first & second
    assert not (first | second) & {id(variable) for variable in layer.variables}
    assert layer in mlp(input_shape=(4,), outputs=3, preprocessing=layer).layers


@pytest.mark.parametrize("random", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_the_same_seed_gives_the_same_numbers_whatever_was_trained_before(classes, random, tmp_path):
    inner = [LAYERS.Rescaling(0.01), LAYERS.Dense(3), *([LAYERS.GaussianNoise(0.5)] if random else [])]
    layer = keras.Sequential([keras.Input(classes.spec.input_shape), *inner])
    weights = [np.array(variable) for variable in layer.variables]
    first, _, again = (fit(classes, recipe(layer), epochs=1, seed=seed, verbose=0) for seed in (0, 1, 0))
    assert first.history["loss"] == again.history["loss"]
    for variable, value in zip(layer.variables, weights, strict=True):
        np.testing.assert_array_equal(variable, value)
    first.save(tmp_path / "run")
    loaded = load_run(tmp_path / "run", data=classes).recipe
    assert loaded == first.recipe
    assert fit(classes, loaded, epochs=1, seed=0, verbose=0).history["loss"] == first.history["loss"]


@pytest.mark.thorough
def test_a_killed_training_resumes_with_the_same_numbers(classes, tmp_path):
    class Kill(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    inner = [LAYERS.Rescaling(0.01), LAYERS.Dense(3), LAYERS.GaussianNoise(0.5)]
    layer = keras.Sequential([keras.Input(classes.spec.input_shape), *inner])
    with pytest.raises(KeyboardInterrupt):
        fit(classes, recipe(layer), epochs=4, verbose=0, directory=tmp_path, callbacks=[Kill()])
    resumed = fit(classes, recipe(layer), epochs=4, verbose=0, directory=tmp_path)
    assert resumed.history["loss"] == fit(classes, recipe(layer), epochs=4, verbose=0).history["loss"]
