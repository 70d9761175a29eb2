"""Every optimizer of the catalogue by its name: in a fit that is killed, in a recipe, in the listing."""

import dataclasses

import keras
import numpy as np
import pytest

import callbacks
import recipes
from recipes import Recipe
from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import columns, finds_its_own_step, state_memory
from recipes.tuning.arms import Arm

OWN_STEP = ["conjugate_gradient", "hessian_free", "line_search", "exact_line_search", "newton"]


class Killed(RuntimeError):
    pass


class Kill(keras.callbacks.Callback):
    """At the end of the third batch of the second epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if len(self.model.history.epoch) == 1 and batch == 2:
            raise Killed


OF_EACH_KIND = ("nesterov", "adam", "line_search", "hessian_free")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in OF_EACH_KIND else pytest.mark.thorough) for n in OPTIMIZERS]
)
@pytest.mark.thorough
def test_killed_and_resumed_it_is_an_unbroken_training(name, make_model, regression, tmp_path):
    def fit(*more):
        optimizer = OPTIMIZERS.build(name, learning_rate=0.01 if name not in OWN_STEP else 1.0)
        model = make_model(optimizer, auto_scale_loss=False)
        cycle = [callbacks.OneCycle(0.02)] if name not in OWN_STEP else []
        model.fit(regression, epochs=3, verbose=0, shuffle=False, callbacks=[*cycle, *more])
        return [each.tobytes() for each in model.get_weights()]

    with pytest.raises(Killed):
        fit(callbacks.Resume(tmp_path, every=3), Kill())
    assert fit(callbacks.Resume(tmp_path, every=3)) == fit()


@pytest.mark.parametrize(
    "name",
    ["newton", *(pytest.param(n, marks=pytest.mark.thorough) for n in [*OWN_STEP, "delta_bar_delta"] if n != "newton")],
)
@pytest.mark.thorough
def test_full_batches_in_a_recipe(name, tmp_path):
    """Trained by ``recipes.fit`` with its callbacks, and exported."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 4)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("int64") + (x[:, 2] > 1)
    data = recipes.Data.from_arrays(x, y, batch_size=128)
    recipe = Recipe(optimizer=name, model={"name": "mlp", "hidden": (5,)}, regularizer="l2")
    epochs = 100 if name == "delta_bar_delta" else 8  # at one step an epoch, from its usual rate
    run = recipes.fit(data, recipe, epochs=epochs, verbose=0)
    assert run.range_test is None or name not in OWN_STEP
    assert run.history["loss"][-1] < 0.8 * run.history["loss"][0]
    recipes.export(run, tmp_path / "model")
    assert (tmp_path / "model" / "1").exists()


def test_those_that_find_their_own_step_need_no_rate_and_no_cycle():
    assert [name for name, entry in OPTIMIZERS.items() if finds_its_own_step(entry)] == OWN_STEP
    recipe = Recipe(optimizer="newton")
    assert (recipe.schedule, recipe.learning_rate) == ("constant", 1.0)
    assert Recipe(optimizer="newton", learning_rate=0.5, schedule="one_cycle").schedule == "one_cycle"
    assert Recipe(optimizer={"name": "newton", "damping": 0.1}).learning_rate == 1.0
    assert Recipe().schedule == "one_cycle"
    assert Recipe.from_json(recipe.to_json()) == recipe
    arm = Arm("newton", "none").recipe(Recipe(), {"learning_rate": 0.7})
    assert (arm.schedule, arm.learning_rate) == ("constant", 0.7)
    step = dataclasses.replace(Recipe(), schedule="step")
    assert Arm("newton", "none").recipe(step, {"learning_rate": 0.7}).schedule == "step"
    assert Arm("adam", "none").recipe(Recipe(), {"learning_rate": 0.7}).schedule == "one_cycle"


def test_the_listing_says_what_is_live_and_what_it_costs():
    assert columns(OPTIMIZERS["amsgrad"]) == {"momentum": "live", "memory": "3 x"}
    assert columns(OPTIMIZERS["rmsprop"]) == {"momentum": "", "memory": "1 x"}
    memory = {name: state_memory(entry.build()) for name, entry in OPTIMIZERS.items()}
    assert memory["sgd"] == memory["newton"] == 0.0
    assert memory["momentum"] == memory["adagrad"] == memory["hessian_free"] == 1.0
    assert memory["adam"] == memory["nadam"] == memory["radam"] == memory["adadelta"] == 2.0
