"""WeightDecay: w <- w - rate strength w, apart from the gradient, on kernels only."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step
from recipes.regularization import L2, WeightDecay

BY_GRADIENT = [name for name in OPTIMIZERS if not finds_its_own_step(OPTIMIZERS[name])]
RATE, STRENGTH = 0.1, 0.3
SHIFT = 0.5
random = np.random.default_rng(5)
X, Y = random.normal(size=(24, 4)).astype("float32"), random.integers(0, 3, 24)


def trained(optimizer, regularizer, steps=1, normalization="batch"):
    """The names and values of all trainable variables before and after some steps at a constant rate."""
    recipe = Recipe(
        optimizer=optimizer,
        regularizer=regularizer,
        learning_rate=RATE,
        schedule="constant",
        normalization=normalization,
    )
    keras.utils.set_random_seed(1)
    model = recipe.compile(recipe.build_model(input_shape=(4,), outputs=3, hidden=(6,)), run_eagerly=True)
    for variable in model.trainable_variables:
        variable.assign_add(SHIFT * keras.ops.ones(variable.shape))
    names = [each.name for each in model.trainable_variables]
    before = [each.numpy() for each in model.trainable_variables]
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return names, before, [each.numpy() for each in model.trainable_variables]


def thorough(names, kept):
    return [pytest.param(name, marks=() if name in kept else pytest.mark.thorough) for name in names]


OTHERS = ("adamw", "lamb")
"""adamw has a decay of its own; the step of lamb, decay included, gets a length of its own: see their own tests."""


@pytest.mark.parametrize("optimizer", thorough([n for n in BY_GRADIENT if n not in OTHERS], {"momentum", "adam"}))
def test_the_first_step_shrinks_the_kernels_by_rate_times_strength_and_nothing_else(optimizer):
    names, start, plain = trained(optimizer, "none")
    _, again, decayed = trained(optimizer, WeightDecay(STRENGTH))
    assert sorted(set(names)) == ["beta", "bias", "gamma", "kernel"]
    for name, w, v, without, with_decay in zip(names, start, again, plain, decayed, strict=True):
        np.testing.assert_array_equal(w, v)
        if name == "kernel":
            shrunk = without.astype("float64") - RATE * STRENGTH * w.astype("float64")
            np.testing.assert_allclose(with_decay, shrunk, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(with_decay, without)


def largest_difference(a, b):
    return max(np.abs(v - w).max() for v, w in zip(a, b, strict=True))


def test_with_plain_gradient_descent_it_is_l2_of_the_same_strength():
    _, _, plain = trained("sgd", "none", 8)
    _, _, l2 = trained("sgd", L2(STRENGTH), 8)
    _, _, decay = trained("sgd", WeightDecay(STRENGTH), 8)
    assert largest_difference(plain, l2) > 0.05
    assert largest_difference(decay, l2) < 2e-6


@pytest.mark.parametrize("optimizer", ["adam", pytest.param("rmsprop", marks=pytest.mark.thorough)])
def test_with_adaptive_rates_it_is_not(optimizer):
    _, _, l2 = trained(optimizer, L2(STRENGTH), 8)
    _, _, decay = trained(optimizer, WeightDecay(STRENGTH), 8)
    assert largest_difference(decay, l2) > 0.02


def test_a_schedule_moves_it_with_the_rate():
    def end(peak):
        recipe = Recipe(
            optimizer="sgd",
            regularizer=WeightDecay(STRENGTH),
            learning_rate=peak,
            schedule={"name": "linear"},
        )
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        recipe.compile(model, loss=lambda y, predicted: 0.0 * predicted, metrics=[])
        callbacks = recipe.callbacks(steps_per_epoch=5, epochs=1)
        model.fit(np.ones((5, 1)), np.ones((5, 1)), batch_size=1, epochs=1, verbose=0, callbacks=callbacks)
        return float(model.layers[0].kernel[0, 0]), callbacks[1].rates(5)

    weight, rates = end(0.8)
    assert rates[0] > 2 * rates[-1]
    assert weight == pytest.approx(np.prod(1 - STRENGTH * rates), rel=1e-6)


def test_a_keras_optimizer_object_takes_it_too():
    names, start, plain = trained(keras.optimizers.SGD(RATE), "none")
    _, _, decayed = trained(keras.optimizers.SGD(RATE), WeightDecay(STRENGTH))
    for w, without, with_decay in zip(start, plain, decayed, strict=True):
        np.testing.assert_allclose(with_decay, without - RATE * STRENGTH * w, rtol=1e-5, atol=1e-6)
    assert "bias" in names  # which Keras' own optimizers decay as well


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "adam", "weight_decay": 0.1},
        {"name": "sgd", "weight_decay": 0.0},
        keras.optimizers.AdamW(0.01),
        keras.optimizers.SGD(0.01, weight_decay=0.1),
    ],
    ids=["mapping", "mapping of zero", "AdamW", "SGD"],
)
def test_it_is_given_once(optimizer):
    with pytest.raises(InvalidArgument, match=r"regularizer must be given once: the optimizer has \['weight_decay"):
        Recipe(optimizer=optimizer, regularizer="weight_decay")


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name not in BY_GRADIENT])
def test_optimizers_that_find_their_own_step_refuse_it_when_the_recipe_is_made(optimizer):
    message = rf"regularizer must be one that acts by the loss, as l2 does, for '{optimizer}', .*'weight_decay'"
    with pytest.raises(InvalidArgument, match=message):
        Recipe(optimizer=optimizer, regularizer="weight_decay")


def test_the_optimizer_of_the_recipe_has_it():
    assert Recipe(optimizer="adam", regularizer=WeightDecay(0.25)).build_optimizer().weight_decay == 0.25
    assert Recipe(optimizer="adam", regularizer=WeightDecay(0)).build_optimizer().weight_decay is None
    assert not WeightDecay().acts_in_model


@pytest.mark.parametrize("strength", [-1e-9, float("nan"), "0.1", None, True])
def test_strengths_that_are_refused(strength):
    with pytest.raises(InvalidArgument, match=r"strength must be a number >= 0\. Received: strength="):
        WeightDecay(strength)
