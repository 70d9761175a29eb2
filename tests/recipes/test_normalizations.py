"""Every normalization is its formula, in every model that has hidden layers, and is saved and resumed with it."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.models.blocks import Style
from recipes.normalizations import NORMALIZATIONS, groups_for, normalized

X = np.random.default_rng(0).normal(1.0, 3.0, (6, 2, 2, 16))


def standard(x, axes, epsilon=1e-3):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


GROUPED = X.reshape(6, 2, 2, 2, 8)
FORMULAS = {
    "batch": standard(X, (0, 1, 2)),
    "layer": standard(X, -1),
    "group": standard(GROUPED, (1, 2, 4)).reshape(X.shape),
    "rms": X / np.sqrt((X**2).mean(-1, keepdims=True) + 1e-6),
    "unit": X / np.sqrt((X**2).sum(-1, keepdims=True)),
}
WEIGHTS = {"batch": 4, "layer": 2, "group": 2, "rms": 1, "unit": 0}


def test_the_list_is_complete():
    assert list(FORMULAS) == list(NORMALIZATIONS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name):
    inputs = keras.Input(X.shape[1:])
    model = keras.Model(inputs, normalized(inputs, name))
    found = model(X.astype("float32"), training=True)
    np.testing.assert_allclose(found, FORMULAS[name], rtol=1e-4, atol=1e-5)
    assert len(model.weights) == WEIGHTS[name]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_shift_takes_the_place_of_the_bias(name):
    shifts = any(weight.name == "beta" for weight in _layer(name).weights)
    assert Style(normalization=name).use_bias is not shifts


def _layer(name):
    inputs = keras.Input((16,))
    return keras.Model(inputs, normalized(inputs, name)).layers[1]


@pytest.mark.parametrize(("channels", "groups"), [(512, 32), (256, 32), (16, 2), (100, 4), (12, 1), (7, 1), (1, 1)])
def test_no_group_is_narrower_than_eight_channels(channels, groups):
    assert groups_for(channels) == groups
    assert channels % groups == 0


SMALL = {
    "mlp": {"name": "mlp", "hidden": (16,)},
    "cnn": {"name": "cnn", "filters": (8,), "hidden": (5,)},
    "resnet": {"name": "resnet", "filters": (8,), "blocks": (1,)},
    "resnet9": {"name": "resnet9", "widths": (8,), "convolutions": (3,), "stem": 8},
    "densenet": {"name": "densenet", "growth": 8, "blocks": (1,)},
    "rnn": {"name": "rnn", "units": (4,), "hidden": (8,)},
}


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.ordinarily("group-cnn", "rms-mlp")
def test_in_a_model_it_trains_is_saved_and_works_in_half_precision(name, model, images, tmp_path):
    recipe = Recipe(model=SMALL[model], normalization=name, regularizer="none", learning_rate=0.01)
    assert Recipe.from_json(recipe.to_json()) == recipe
    run = fit(images, recipe, epochs=1, verbose=0, seed=1)
    kinds = {type(layer).__name__ for layer in run.model.layers}
    assert type(_layer(name)).__name__ in kinds
    assert np.isfinite(run.history["loss"]).all()
    run.model.save(tmp_path / "model.keras")
    x = images.arrays("test")[0]
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(again(x), run.model(x), rtol=1e-5, atol=1e-6)
    half = Recipe(model=SMALL[model], normalization=name, precision="mixed_bfloat16").build_model(images.spec)
    assert np.isfinite(np.asarray(half(x))).all()


def test_unknown_names():
    with pytest.raises(InvalidArgument, match="normalization must be one of 'auto', 'batch', 'layer', 'group', 'rms'"):
        Style(normalization="instance")
