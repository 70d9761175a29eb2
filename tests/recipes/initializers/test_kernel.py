"""kernel_initializer: from a choice to a new initializer for each layer."""

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.activations import ACTIVATIONS
from recipes.catalogue import UnknownName
from recipes.initializers import INITIALIZERS, Sparse, gain_for, initializer_for
from recipes.initializers.kernel import kernel_initializer
from recipes.models.blocks import Style


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_auto(activation):
    expected = type(INITIALIZERS.build(initializer_for(activation)))
    assert type(kernel_initializer("auto", activation)) is expected
    seeded = kernel_initializer({"name": "auto", "seed": 3}, activation)
    assert type(seeded) is expected
    assert seeded.seed == 3


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_by_name(name):
    assert type(kernel_initializer(name, "relu")) is type(INITIALIZERS.build(name))
    assert type(kernel_initializer({"name": name}, "relu")) is type(INITIALIZERS.build(name))


def test_options():
    built = kernel_initializer({"name": "sparse", "connections": 3, "stddev": 0.5}, "tanh")
    assert (built.connections, built.stddev) == (3, 0.5)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_orthogonal_has_the_gain_of_the_activation(activation):
    for choice in ("orthogonal", {"name": "orthogonal"}, {"name": "orthogonal", "seed": 0}):
        assert kernel_initializer(choice, activation).gain == gain_for(activation)
    assert kernel_initializer({"name": "orthogonal", "gain": 0.75}, activation).gain == 0.75
    assert kernel_initializer(keras.initializers.Orthogonal(), activation).gain == 1.0


def test_an_object_is_copied():
    given = Sparse(3, seed=0)
    built = kernel_initializer(given, "elu")
    assert built is not given
    assert built.get_config() == given.get_config()


def test_keras_gives_layers_that_share_an_object_equal_weights():
    """What this is about: if Keras stops doing so, a copy for each layer is no longer needed."""
    shared = keras.initializers.HeNormal()
    one, other = [shared((4, 4)).numpy() for _ in range(2)]
    np.testing.assert_array_equal(one, other)


UNSEEDED = ["he_normal", "auto", "orthogonal", {"name": "sparse"}, keras.initializers.HeNormal(), Sparse(2)]
SEEDED = [
    {"name": "he_normal", "seed": 0},
    keras.initializers.HeNormal(seed=0),
    keras.initializers.HeNormal(seed=keras.random.SeedGenerator(0)),
    Sparse(2, seed=0),
]


@pytest.mark.parametrize("choice", UNSEEDED + SEEDED)
def test_each_layer_has_weights_of_its_own(choice):
    kernels, again = ([kernel_initializer(choice, "elu", n)((4, 4)).numpy() for n in range(4)] for _ in range(2))
    assert len({kernel.tobytes() for kernel in kernels}) == 4
    assert np.array_equal(kernels, again) == any(choice is each for each in SEEDED)


def test_seeds_of_layers():
    given = keras.initializers.HeNormal(seed=0)
    seeds = [kernel_initializer(given, "elu", number).seed for number in range(200)]
    assert seeds[0] == 0
    assert len(set(seeds)) == 200
    assert seeds == [kernel_initializer({"name": "he_normal", "seed": 0}, "elu", n).seed for n in range(200)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    others = [kernel_initializer(keras.initializers.HeNormal(seed=1), "elu", number).seed for number in range(200)]
    assert not set(seeds) & set(others)
    assert given.seed == 0
    assert kernel_initializer(keras.initializers.HeNormal(), "elu", 3).get_config()["seed"] is None
    constant = kernel_initializer(keras.initializers.Constant(0.5), "elu", 3)
    assert constant.value == 0.5


@pytest.mark.parametrize(
    "choice",
    ["orthogonal", "sparse", keras.initializers.HeNormal(), Sparse(3)],
    ids=["orthogonal", "sparse", "object", "object of ours"],
)
def test_the_layers_of_a_model(choice):
    for model in (
        recipes.mlp(input_shape=(7,), outputs=2, hidden=(7,) * 4, initializer=choice),
        recipes.Recipe(model="mlp", initializer=choice).build_model(input_shape=(7,), outputs=2, hidden=(7,) * 4),
    ):
        kernels = [layer.kernel.numpy() for layer in model.layers if getattr(layer, "units", 0) == 7]
        assert len({kernel.tobytes() for kernel in kernels}) == len(kernels) == 4


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        ("he_norml", UnknownName, "unknown initializer 'he_norml': did you mean 'he_normal'. Accepted: auto, he_nor"),
        ({"name": "spars"}, UnknownName, "did you mean 'sparse'"),
        ({"connections": 3}, InvalidArgument, "initializer must be a name, or a mapping with one"),
        ({"name": "sparse", "connections": 0}, InvalidArgument, "connections must be"),
        ({"name": "he_normal", "scale": 2.0}, InvalidArgument, "scale"),
        (None, UnknownName, "unknown initializer None. Accepted: auto, he_normal"),
        (keras.initializers.HeNormal, UnknownName, "unknown initializer <class"),
    ],
)
def test_what_is_refused(choice, error, message):
    with pytest.raises(error, match=message):
        kernel_initializer(choice, "elu")


def test_other_arguments():
    with pytest.raises(UnknownName, match="unknown activation 'rleu'"):
        kernel_initializer("he_normal", "rleu")
    with pytest.raises(InvalidArgument, match="number must be an integer >= 0"):
        kernel_initializer("he_normal", "elu", -1)


def test_checking_draws_no_seed_and_a_layer_draws_one():
    """So that models of the same seed are the same in every version."""
    keras.utils.set_random_seed(0)
    expected = [keras.layers.Dense(4, kernel_initializer=keras.initializers.HeNormal()) for _ in range(2)]
    weights = [layer(np.ones((1, 3))) is not None and layer.kernel.numpy() for layer in expected]
    keras.utils.set_random_seed(0)
    style = Style(depth=2)
    for kernel in weights:
        layer = keras.layers.Dense(4, **style.kernel())
        layer(np.ones((1, 3)))
        np.testing.assert_array_equal(layer.kernel, kernel)
