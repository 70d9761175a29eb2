"""Half precision as a choice of a recipe: in layers, training, resumption, search and JSON."""

import dataclasses
import json

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.precision import check_built_in, in_precision

from .trainings import same

HALF = "mixed_bfloat16"


def compute_dtypes(model):
    return {layer.compute_dtype for layer in model.layers if layer.trainable_weights}


def test_layers_compute_in_half_and_the_weights_and_outputs_are_whole(classes, tiny):
    before = keras.config.dtype_policy()
    model = tiny(precision=HALF, normalization="batch").build_model(classes.spec)
    assert compute_dtypes(model) == {"bfloat16"}
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    assert model.outputs[0].dtype == "float32"
    assert keras.config.dtype_policy() == before
    assert compute_dtypes(tiny().build_model(classes.spec)) == {"float32"}
    with in_precision(HALF):
        assert compute_dtypes(tiny(precision="float32").build_model(classes.spec)) == {"float32"}
        assert compute_dtypes(tiny().build_model(classes.spec)) == {"bfloat16"}  # None is Keras' own setting
    with pytest.raises(RuntimeError), in_precision(HALF):
        raise RuntimeError
    assert keras.config.dtype_policy() == before


def test_a_recipe_is_the_same_with_and_without_json(tiny):
    half, plain = tiny(precision=HALF), tiny()
    assert half != plain
    assert Recipe.from_json(half.to_json()) == half
    assert "precision" not in json.loads(plain.to_json())  # as earlier versions wrote it
    assert Recipe.from_json(plain.to_json()).precision is None


def test_what_is_refused(classes, tiny):
    with pytest.raises(InvalidArgument, match="precision must be one of None, 'float32', 'mixed_bfloat16', 'mixed_fl"):
        Recipe(precision="bfloat16")
    for optimizer in ("line_search", "newton", "hessian_free"):
        with pytest.raises(InvalidArgument, match=f"precision must be None or 'float32' for '{optimizer}'"):
            Recipe(optimizer=optimizer, precision=HALF)
        Recipe(optimizer=optimizer, precision="float32")
    own = tiny().build_model(classes.spec)
    accepted = r"None for a model whose layers were made in float32: make them with dtype='mixed_bfloat16'"
    with pytest.raises(InvalidArgument, match=accepted):
        recipes.fit(classes, tiny(precision=HALF), model=own, epochs=1, verbose=0)
    check_built_in(tiny(precision=HALF).build_model(classes.spec), HALF)


def test_it_trains(classes, tiny):
    run = recipes.fit(classes, tiny(precision=HALF), epochs=2, verbose=0)
    assert compute_dtypes(run.model) == {"bfloat16"}
    assert run.history["loss"][-1] < run.history["loss"][0]


@pytest.mark.thorough
@pytest.mark.parametrize("precision", [HALF, "mixed_float16"])
def test_a_training_with_its_range_test_goes_on_where_it_was(classes, tiny, tmp_path, precision):
    recipe = dataclasses.replace(tiny(precision=precision), learning_rate=None)
    unbroken = recipes.fit(classes, recipe, epochs=3, verbose=0)
    assert compute_dtypes(unbroken.model) == {precision.removeprefix("mixed_")}
    assert unbroken.range_test is not None
    assert unbroken.history["loss"][-1] < unbroken.history["loss"][0]

    class Killed(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recipes.fit(classes, recipe, epochs=3, verbose=0, directory=tmp_path, callbacks=[Killed()])
    resumed = recipes.fit(classes, recipe, epochs=3, verbose=0, directory=tmp_path)
    assert same(unbroken, resumed)


@pytest.mark.thorough
def test_a_run_is_saved_loaded_and_exported(digits, tmp_path):
    recipe = Recipe(model={"name": "cnn", "filters": (4,), "hidden": ()}, learning_rate=0.05, precision=HALF)
    run = recipes.fit(digits, recipe, epochs=2, verbose=0)
    run.save(tmp_path / "run")
    loaded = recipes.Run.load(tmp_path / "run", data=digits)
    assert loaded.recipe.precision == HALF
    assert compute_dtypes(loaded.model) == {"bfloat16"}
    assert loaded.evaluate() == pytest.approx(run.evaluate(), abs=1e-3)
    recipes.export(run, tmp_path / "export")
    x = digits.arrays("test")[0][:64]
    served = recipes.Predictor(tmp_path / "export").outputs(x)
    assert np.abs(served - run.model.predict(x, verbose=0)).max() < 0.02


@pytest.mark.thorough
def test_a_search_and_pretraining_have_the_precision_of_their_recipe(classes, tmp_path, tiny):
    base = dataclasses.replace(tiny(precision=HALF), learning_rate=None)
    options = {"optimizers": ["momentum", "adam"], "epochs": 1, "trials": 1, "repeats": 1, "verbose": 0}
    comparison = recipes.search(classes, directory=tmp_path / "search", recipe=base, **options)
    assert comparison.best.precision == HALF
    pretrained = recipes.pretrain(classes, "autoencoder", tiny(precision=HALF, learning_rate=0.01), epochs=1)
    assert compute_dtypes(pretrained.model) == {"bfloat16"}
