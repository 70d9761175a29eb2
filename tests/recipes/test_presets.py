"""Presets: what the tables of their source say, and what they promise of signals, weights and predictions."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, preset
from recipes.catalogue import UnknownName
from recipes.data import Data
from recipes.presets import PRESETS

TABLES = {  # Géron 2019, tables 11-3 and 11-4, and below them what to change where a need is
    "default": ("he_normal", "elu", "auto", ("auto",)),
    "self_normalizing": ("lecun_normal", "selu", "none", ("early_stopping", "alpha_dropout")),
    "sparse": ("he_normal", "elu", "auto", ("early_stopping", {"name": "l1", "strength": 0.001})),
    "low_latency": ("he_normal", "relu", "auto", ("auto",)),
    "uncertain": ("he_normal", "elu", "auto", ("early_stopping", "dropout")),
}


def test_every_preset_is_here():
    assert set(PRESETS) == {*TABLES, "fast"}


def test_the_fast_preset_is_half_of_airbench94_and_trains_photographs():
    recipe = preset("fast")
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.optimizer_name == "nesterov"
    assert recipe.regularizer_name == "augmentation+label_smoothing+weight_decay"
    random = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = (random.integers(0, 90, (120, 9, 9, 3)) + 80 * (y[:, None] == np.arange(3))[:, None, None]).astype("uint8")
    data = Data.from_arrays(x, y, class_names=("red", "green", "blue"), name="colours", batch_size=8)
    run = fit(data, recipe, epochs=5, verbose=0)
    assert run.range_test is None
    assert run.evaluate()["accuracy"] > 0.9
    kernels = [each.shape for each in run.model.trainable_variables if each.name == "kernel"]
    assert [shape[-1] for shape in kernels] == [64, 64, 128, 128, 256, 256, 3]


@pytest.mark.parametrize("name", TABLES)
def test_a_preset_is_what_its_table_says(name):
    recipe = preset(name)
    assert (recipe.initializer, recipe.activation, recipe.normalization, recipe.regularizer) == TABLES[name]
    assert (recipe.optimizer, recipe.schedule, recipe.learning_rate) == ("momentum", "one_cycle", None)
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_choices_take_the_place_of_those_of_a_preset():
    assert preset("default", optimizer="adam") == Recipe(optimizer="adam")
    assert preset("self_normalizing", regularizer="none").regularizer_name == "none"
    with pytest.raises(TypeError, match="unexpected keyword argument 'optimizr'"):
        preset("default", optimizr="adam")
    with pytest.raises(UnknownName, match="unknown preset 'sprase': did you mean 'sparse'"):
        preset("sprase")


@pytest.mark.parametrize(
    "changed", [{"activation": "relu"}, pytest.param({"normalization": "batch"}, marks=pytest.mark.thorough)]
)
def test_what_makes_a_network_self_normalizing_cannot_be_replaced(changed):
    with pytest.raises(InvalidArgument, match=f"{next(iter(changed))} must be .* for 'self_normalizing'"):
        preset("self_normalizing", **changed)


def test_selu_among_convolutions_is_warned_of(images):
    with pytest.warns(UserWarning, match="activation='selu' keeps mean and variance .* 'cnn' has convolutions"):
        fit(images, preset("self_normalizing", model="cnn", learning_rate=0.01), epochs=1, verbose=0)
    fit(images, preset("self_normalizing", model="mlp(hidden=(5,))", learning_rate=0.01), epochs=1, verbose=0)


@pytest.mark.thorough
def test_alpha_dropout_without_selu_is_warned_of(images):
    recipe = Recipe(model="mlp(hidden=(5,))", regularizer="alpha_dropout", learning_rate=0.01)
    with pytest.warns(UserWarning, match="'alpha_dropout' keeps .* activation='selu', not after 'elu': take 'dropout'"):
        fit(images, recipe, epochs=1, verbose=0)


def statistics(recipe, inputs, depth=30, units=100):
    """The mean and variance of what each hidden layer returns in training."""
    keras.utils.set_random_seed(0)
    model = recipe.build_model(input_shape=(inputs.shape[1],), outputs=3, hidden=(units,) * depth)
    blocks = [layer for layer in model.layers if layer.output.shape[-1] == units]
    starts = [place for place, layer in enumerate(blocks) if isinstance(layer, keras.layers.Dense)]
    ends = [blocks[place - 1].output for place in (*starts[1:], len(blocks))]
    values = [np.asarray(out, "float64") for out in keras.Model(model.inputs[0], ends)(inputs, training=True)]
    assert len(values) == depth
    return np.array([out.mean() for out in values]), np.array([out.var() for out in values])


@pytest.mark.parametrize("regularizer", ["none", "alpha_dropout", "dropout"])
def test_a_self_normalizing_network_keeps_mean_and_variance_and_ordinary_dropout_does_not(regularizer):
    x = np.random.default_rng(0).normal(size=(500, 60)).astype("float32")
    means, variances = statistics(preset("self_normalizing", regularizer=regularizer), x)
    kept = np.abs(means).max() < 0.2 and variances.min() > 0.6 and variances.max() < 1.5
    assert kept == (regularizer != "dropout")


def test_an_elu_network_without_normalization_does_not():
    x = np.random.default_rng(0).normal(size=(500, 60)).astype("float32")
    _, variances = statistics(Recipe(normalization="none"), x)
    assert variances.max() > 1.5


def test_under_selu_the_regularizers_that_suit_a_table_have_alpha_dropout(classes):
    resolved = Recipe(activation="selu").resolved(classes.spec).regularizer
    assert "alpha_dropout" in resolved
    assert all(choice["name"] != "dropout" for choice in resolved if isinstance(choice, dict))


@pytest.mark.thorough
@pytest.mark.parametrize("name", TABLES)
def test_a_preset_trains(name, digits):
    assert fit(digits, preset(name), epochs=10, verbose=0).evaluate()["accuracy"] > 0.93
