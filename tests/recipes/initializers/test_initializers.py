"""The initializers have the variance of their formula, and come back as they were."""

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.initializers import INITIALIZERS

M, N = 400, 100  # inputs and outputs: m, n, m + n and their halves all differ
SHAPES = {"dense": (M, N), "convolution": (4, 5, 20, 5)}  # the same inputs and outputs, with 20 pixels
VARIANCES = {
    "he_normal": 2 / M,
    "he_uniform": 2 / M,
    "glorot_normal": 2 / (M + N),
    "glorot_uniform": 2 / (M + N),
    "lecun_normal": 1 / M,
    "fan_in_uniform": 1 / (3 * M),
    "variance_scaling": 1 / M,
    "orthogonal": 1 / M,  # columns of length 1
    "sparse": 15 / M,
}


def kernel_of(name, shape=(M, N), seed=1, **options):
    return INITIALIZERS.build(name, seed=seed, **options)(shape).numpy().astype("float64")


def test_the_list_is_complete():
    assert list(VARIANCES) == list(INITIALIZERS)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", list(VARIANCES))
def test_variance_and_mean(name, shape):
    kernels = np.stack([kernel_of(name, shape, seed) for seed in range(8 if shape != (M, N) else 1)])
    assert kernels.var() == pytest.approx(VARIANCES[name], rel=0.04 if name == "sparse" else 0.02)
    assert abs(kernels.mean()) < 4 * np.sqrt(VARIANCES[name] / kernels.size)


@pytest.mark.parametrize("name", list(VARIANCES))
def test_the_shape_of_the_distribution(name):
    kernel = kernel_of(name)
    largest = np.abs(kernel).max() / np.sqrt(VARIANCES[name])
    if name.endswith("uniform"):
        assert largest == pytest.approx(np.sqrt(3), rel=1e-3)
    elif name not in ("orthogonal", "sparse"):  # cut off at two standard deviations of the normal before the cut
        assert largest == pytest.approx(2 / 0.87962566103423978, rel=1e-2)


@pytest.mark.parametrize("m", [1, 9, 400])
def test_the_limit_of_fan_in_uniform(m):
    kernel = kernel_of("fan_in_uniform", (m, 20_000 // m))
    assert np.abs(kernel).max() <= 1 / np.sqrt(m)
    assert np.abs(kernel).max() == pytest.approx(1 / np.sqrt(m), rel=1e-3)


WITH_GAIN = [name for name in VARIANCES if name not in ("variance_scaling", "orthogonal", "sparse")]


def test_the_scale_of_each_is_a_hyperparameter():
    scales = {name: {each.name for each in entry.hyperparameters} for name, entry in INITIALIZERS.items()}
    assert all(names & {"gain", "scale", "stddev"} for names in scales.values()), scales


@pytest.mark.parametrize("name", WITH_GAIN)
def test_a_gain_multiplies_the_weights(name):
    np.testing.assert_allclose(kernel_of(name, gain=0.3), 0.3 * kernel_of(name), rtol=1e-5, atol=1e-8)
    recipe = recipes.Recipe(initializer={"name": name, "gain": 0.3})
    assert recipes.Recipe.from_json(recipe.to_json()) == recipe != recipes.Recipe(initializer=name)
    with pytest.raises(InvalidArgument, match="gain must be a number > 0"):
        recipes.Recipe(initializer={"name": name, "gain": 0})


@pytest.mark.parametrize("gain", [1.0, 0.5, 1.2452])
def test_orthogonal_with_a_gain(gain):
    tall, wide = (kernel_of("orthogonal", shape, gain=gain) for shape in ((60, 40), (40, 60)))
    np.testing.assert_allclose(tall.T @ tall, gain**2 * np.eye(40), atol=1e-5)
    np.testing.assert_allclose(wide @ wide.T, gain**2 * np.eye(40), atol=1e-5)
    filters = kernel_of("orthogonal", (3, 3, 8, 16), gain=gain).reshape(72, 16)
    np.testing.assert_allclose(filters.T @ filters, gain**2 * np.eye(16), atol=1e-5)
    assert np.abs(tall).max() < 0.7 * gain  # no permutation of the axes


@pytest.mark.parametrize("name", list(VARIANCES))
def test_a_seed_gives_the_same_numbers(name):
    for seed in (0, 1):
        np.testing.assert_array_equal(kernel_of(name, (9, 7), seed), kernel_of(name, (9, 7), seed))
    assert not np.array_equal(kernel_of(name, (9, 7), 0), kernel_of(name, (9, 7), 1))
    without = [kernel_of(name, (9, 7), None) for _ in range(3)]
    assert not np.array_equal(without[0], without[1])
    keras.utils.set_random_seed(0)
    first = kernel_of(name, (9, 7), None)
    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal(kernel_of(name, (9, 7), None), first)


@pytest.mark.parametrize("name", list(VARIANCES))
@pytest.mark.parametrize("seed", [0, None])
def test_written_and_read(name, seed):
    tunable = {each.name: each.low for each in INITIALIZERS[name].hyperparameters}
    one = INITIALIZERS.build(name, seed=seed, **tunable)
    other = keras.initializers.deserialize(keras.initializers.serialize(one))
    assert type(other) is type(one)
    assert other.get_config() == one.get_config() == one.clone().get_config()
    assert other.get_config()["seed"] == seed
    if seed is not None:
        np.testing.assert_array_equal(other((9, 7)), one((9, 7)))


def test_within_a_saved_model(tmp_path):
    inputs = keras.Input((6,))
    x = inputs
    for name in INITIALIZERS:
        x = keras.layers.Dense(6, kernel_initializer=INITIALIZERS.build(name, seed=0), name=name)(x)
    model = keras.Model(inputs, x)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for name in INITIALIZERS:
        one, other = (each.get_layer(name) for each in (model, again))
        np.testing.assert_array_equal(one.kernel, other.kernel)
        assert other.kernel_initializer.get_config() == one.kernel_initializer.get_config()
        assert type(other.kernel_initializer) is type(one.kernel_initializer)
        np.testing.assert_array_equal(other.kernel_initializer((6, 6)), one.kernel)


@pytest.mark.parametrize("name", list(VARIANCES))
def test_in_factories_by_name(name):
    dense = recipes.mlp(input_shape=(6,), outputs=2, hidden=(6, 6, 6), initializer=name)
    kernels = [layer.kernel.numpy() for layer in dense.layers if isinstance(layer, keras.layers.Dense)][:3]
    assert not any(np.array_equal(kernels[i], kernels[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    filters = recipes.cnn(input_shape=(8, 8, 3), outputs=2, filters=(3, 3), hidden=(), initializer=name)
    one, other = (layer.kernel.numpy() for layer in filters.layers if isinstance(layer, keras.layers.Conv2D))
    assert not np.array_equal(one, other)


def test_recipes_take_the_options():
    recipe = recipes.Recipe("mlp", {"name": "sparse", "connections": 2}, normalization="none")
    assert recipes.Recipe.from_json(recipe.to_json()) == recipe
    model = recipe.build_model(input_shape=(9,), outputs=2, hidden=(9, 9))
    one, other = (layer.kernel.numpy() for layer in model.layers if getattr(layer, "units", 0) == 9)
    assert not np.array_equal(one, other)
    for kernel in (one, other):
        assert (np.count_nonzero(kernel, axis=0) == 2).all()
    with pytest.raises(InvalidArgument, match="connections must be an integer >= 1"):
        recipes.Recipe(initializer={"name": "sparse", "connections": 0})
