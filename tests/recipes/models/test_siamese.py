import functools

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe, pairs, siamese
from recipes.losses import loss_for

DISTANCES = ("absolute", "euclidean", "cosine")
alike = pytest.mark.thorough


def sides(seed=0, count=20, shape=(4,)):
    random = np.random.default_rng(seed)
    return {side: random.normal(size=(count, *shape)).astype("float32") for side in ("left", "right")}


def expected(model, x, distance):
    """The probability in float64, from the embeddings on."""
    left, right = (model.get_layer("encoder")(x[side]).numpy().astype("float64") for side in x)
    if distance == "absolute":
        d = np.abs(left - right)
    elif distance == "euclidean":
        d = np.sqrt(np.mean((left - right) ** 2, axis=1, keepdims=True))
    else:
        d = np.sum(left * right, axis=1, keepdims=True)
        d /= np.linalg.norm(left, axis=1, keepdims=True) * np.linalg.norm(right, axis=1, keepdims=True)
    kernel, bias = (each.numpy() for each in model.get_layer("outputs").weights)
    return 1 / (1 + np.exp(-(d @ kernel + bias)))


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_probability(distance):
    model = siamese(input_shape=(4,), hidden=(8, 5), distance=distance)
    model.get_layer("outputs").bias.assign([0.3])
    x = sides()
    got = model(x).numpy()
    assert got.shape == (20, 1)
    np.testing.assert_allclose(got, expected(model, x, distance), rtol=1e-4)
    assert np.ptp(got) > 0.01


@pytest.mark.parametrize("distance", DISTANCES)
def test_it_is_symmetric(distance):
    model = siamese(input_shape=(4,), distance=distance)
    x = sides()
    swapped = {"left": x["right"], "right": x["left"]}
    np.testing.assert_array_equal(model(x), model(swapped))


@pytest.mark.parametrize(
    ("distance", "inputs"),
    [("absolute", 5), pytest.param("euclidean", 1, marks=alike), pytest.param("cosine", 1, marks=alike)],
)
def test_there_is_one_encoder(distance, inputs):
    model = siamese(input_shape=(4,), hidden=(8, 5), distance=distance)
    encoder = model.get_layer("encoder")
    assert encoder.count_params() == 4 * 8 + 8 + 8 * 5 + 5
    assert model.count_params() == encoder.count_params() + inputs + 1
    assert [w.path for w in model.weights] == [*(w.path for w in encoder.weights), "outputs/kernel", "outputs/bias"]
    x = sides()
    before = encoder(x["left"]).numpy()
    model.compile("sgd", "binary_crossentropy")
    model.fit({"left": 0 * x["left"], "right": x["right"]}, np.ones(20), verbose=0)
    assert np.abs(encoder(x["left"]).numpy() - before).max() > 1e-4  # what the right side learnt


@pytest.mark.parametrize("distance", [pytest.param("absolute", marks=alike), "euclidean", "cosine"])
def test_equal_inputs_have_a_gradient(distance):
    model = siamese(input_shape=(4,), hidden=(8, 5), distance=distance)
    x = sides()["left"]
    Recipe(optimizer="sgd", learning_rate=0.1).compile(model, run_eagerly=True)
    model.fit({"left": x, "right": x}, np.ones(20), verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_options_reach_the_factory():
    model = siamese(input_shape=(8, 8, 1), model="cnn", filters=(4,), hidden=(6,), activation="tanh", name="twins")
    assert model.name == "twins"
    assert [type(layer).__name__ for layer in model.get_layer("encoder").layers] == [
        *("InputLayer", "Conv2D", "Activation", "MaxPooling2D", "Flatten", "Dense", "Activation")
    ]
    same = siamese(input_shape=(8, 8, 1), model={"name": "cnn", "filters": (4,), "hidden": (7,)}, hidden=(6,))
    assert same.count_params() == model.count_params()
    made = siamese(input_shape=(8, 8, 1), model=functools.partial(recipes.cnn, filters=(4,)), hidden=(6,))
    assert made.count_params() == model.count_params()


def test_penalties_count_once_and_on_the_last_kernel_too():
    model = siamese(input_shape=(4,), hidden=(8,), regularizer="l2")
    kernels = [w.numpy() for w in model.weights if w.name == "kernel"]
    assert len(kernels) == 2
    assert float(sum(model.losses)) == pytest.approx(1e-4 / 2 * sum(np.sum(k**2) for k in kernels), rel=1e-5)


def test_from_a_spec(images):
    model = siamese(images.spec, hidden=(5,))
    assert {name: (each.shape, each.dtype) for name, each in model.input.items()} == {
        "left": ((None, 6, 6, 1), "uint8"),
        "right": ((None, 6, 6, 1), "uint8"),
    }
    assert isinstance(model.get_layer("encoder").layers[1], keras.layers.Normalization)
    assert not model.compiled
    assert loss_for(model)["loss"] == "binary_crossentropy"


@pytest.mark.thorough
def test_half_precision(images):
    keras.config.set_dtype_policy("mixed_float16")
    x, same = next(iter(pairs(images)))
    for distance in DISTANCES:
        model = siamese(images.spec, hidden=(5,), distance=distance)
        Recipe(learning_rate=0.01).compile(model, run_eagerly=True)
        model.fit(x, same, verbose=0)
        got = model(x)
        assert got.dtype == "float32"
        assert np.isfinite(got).all()


@pytest.mark.parametrize("distance", DISTANCES)
def test_large_embeddings_in_half_precision(distance):
    """Their squares are more than half precision can hold."""
    keras.config.set_dtype_policy("mixed_float16")
    model = siamese(input_shape=(4,), hidden=(8,), distance=distance)
    kernel = model.get_layer("outputs").kernel
    kernel.assign(kernel if distance == "cosine" else kernel * 1e-3)
    x = {side: 500 * each for side, each in sides().items()}
    np.testing.assert_allclose(model(x), expected(model, x, distance), rtol=0.02)


@pytest.mark.parametrize(
    ("distance", "least"), [("absolute", 0.86), pytest.param("euclidean", 0.88, marks=alike), ("cosine", 0.92)]
)
@pytest.mark.thorough
def test_it_learns(digits, distance, least):
    keras.utils.set_random_seed(0)
    model = siamese(digits.spec, distance=distance, hidden=(100, 50))
    recipe = Recipe(learning_rate=0.05)
    steps = digits.steps_per_epoch
    recipe.compile(model, steps_per_execution=steps)
    model.fit(
        pairs(digits),
        validation_data=pairs(digits, "validation"),
        epochs=5,
        shuffle=False,
        callbacks=recipe.callbacks(epochs=5, steps_per_epoch=steps),
        verbose=0,
    )
    accuracy = model.evaluate(pairs(digits, "test"), verbose=0, return_dict=True)["accuracy"]
    assert accuracy > least  # that of guessing is 0.5


@pytest.mark.thorough
def test_files_need_nothing_of_this_package(images, tmp_path, python):
    x = next(iter(pairs(images, "test")))[0]
    np.savez(tmp_path / "x.npz", **{side: each.numpy() for side, each in x.items()})
    for distance in DISTANCES:
        model = siamese(images.spec, distance=distance, hidden=(5,), regularizer="l2+dropout")
        model.save(tmp_path / f"{distance}.keras")
        np.save(tmp_path / f"{distance}.npy", model(x))
    model.export(tmp_path / "saved_model", verbose=False)
    source = f"""
import sys
sys.modules["recipes"] = sys.modules["callbacks"] = None
import keras, numpy as np, tensorflow as tf
x = dict(np.load("x.npz"))
for distance in {DISTANCES}:
    model = keras.models.load_model(distance + ".keras")
    print(np.abs(model(x) - np.load(distance + ".npy")).max() < 1e-6)
served = tf.saved_model.load("saved_model")
got = served.serve({{side: tf.constant(each) for side, each in x.items()}})
print(np.abs(got - np.load(distance + ".npy")).max() < 1e-6)
"""
    assert python(source, cwd=tmp_path).split() == ["True"] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "manhattan"}, "distance must be one of 'absolute', 'euclidean', 'cosine'"),
        ({"model": "mpl"}, "unknown model 'mpl': did you mean 'mlp'"),
        ({"model": {"name": "mpl"}}, "unknown model 'mpl': did you mean 'mlp'"),
        ({"model": None}, "unknown model None"),
        ({"outputs": 3}, "outputs must be left out"),
        ({"task": "binary"}, "task must be left out"),
        ({"filters": (3,)}, "given options that it has"),
        ({"hidden": (0,)}, "hidden must be an integer >= 1"),
        ({"input_shape": None}, "input_shape must be given where there is no Spec"),
        ({"regularizer": "l3"}, "did you mean 'l2'"),
        (
            {"model": lambda input_shape, outputs: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])},
            "called",
        ),
        ({"input_shape": (4, 4), "model": lambda **_: on_rows()}, "one row of numbers an example"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        siamese(**{"input_shape": (4,), **options})


def on_rows():
    """Its outputs see several rows an example."""
    return keras.Sequential([keras.Input((4, 4)), keras.layers.Dense(3), keras.layers.Dense(1, name="outputs")])


def test_specs_that_are_refused(classes, regression):
    with pytest.raises(InvalidArgument, match="spec must be that of data with classes"):
        siamese(regression.spec)
    with pytest.raises(InvalidArgument, match="spec must be given alone"):
        siamese(classes.spec, input_shape=(4,))
