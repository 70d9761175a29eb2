import re
import zipfile

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models.autoencoder import autoencoder
from recipes.regularization import L2, Dropout, InputNoise


@pytest.fixture(scope="module")
def colours():
    """60 images of 16x18 pixels whose three channels differ in mean and spread."""
    random = np.random.default_rng(0)
    x = random.normal([60.0, 120.0, 200.0], [2.0, 10.0, 20.0], (60, 1, 1, 3)) + random.normal(0, 1, (60, 16, 18, 3))
    return recipes.Data.from_arrays(x.clip(0, 255).astype("uint8"), np.arange(60) % 3, batch_size=16, name="colours")


def encoder_of(model):
    return keras.Model(model.input, model.get_layer("code").output)


def test_dense_layers(kinds, images):
    model = autoencoder(images.spec, hidden=(8, 5), code=2, normalization="none")
    assert kinds(model) == [
        *("InputLayer", "Normalization", "Flatten", "Dense8", "elu", "Dense5", "elu", "Dense2"),
        *("Dense5", "elu", "Dense8", "elu", "Dense36", "Reshape", "Rescaling"),
    ]
    assert [layer.name for layer in model.layers if layer.name in ("inputs", "code", "reconstruction")] == [
        *("inputs", "code", "reconstruction")
    ]
    assert model.layers[-1].name == "reconstruction"
    assert model.output_shape == (None, 6, 6, 1)
    kernels = 2 * (36 * 8 + 8 * 5 + 5 * 2)
    assert model.count_params() == kernels + 8 + 5 + 2 + 5 + 8 + 36


def test_convolutional_layers(kinds):
    model = autoencoder(input_shape=(16, 18, 3), filters=(4, 6), hidden=(7,), code=2, normalization="batch")
    norm = ["BatchNormalization", "elu"]
    assert kinds(model) == [
        *("InputLayer", "Conv2D4 no bias", *norm, "MaxPooling2D", "Conv2D6 no bias", *norm, "MaxPooling2D", "Flatten"),
        *("Dense7 no bias", *norm, "Dense2", "Dense7 no bias", *norm),
        *("Dense120 no bias", *norm, "Reshape", "UpSampling2D", "Cropping2D", "Conv2D4 no bias", *norm),
        *("UpSampling2D", "Conv2D3", "linear"),
    ]
    assert [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        *((16, 18, 4), (8, 9, 6), (8, 9, 4), (16, 18, 3))
    ]
    kernels = 9 * 3 * 4 + 9 * 4 * 6 + 120 * 7 + 7 * 2 + 2 * 7 + 7 * 120 + 9 * 6 * 4 + 9 * 4 * 3
    assert model.count_params() == kernels + 4 * (4 + 6 + 7 + 7 + 120 + 4) + 2 + 3


@pytest.mark.parametrize(
    ("shape", "filters"),
    [
        ((8, 8, 1), []),
        ((15, 40, 1), []),
        ((28, 28, 1), [32, 64]),
        ((32, 32, 3), [32, 64, 128]),
        ((33, 47, 1), [32, 64, 128]),
        ((64, 64, 3), [32, 64, 128, 256]),
        ((96, 97, 3), [32, 64, 128, 256]),
        ((5,), []),
        ((4, 3), []),
    ],
)
def test_shapes_by_default(shape, filters):
    model = autoencoder(input_shape=shape)
    assert model.output_shape == (None, *shape)
    assert encoder_of(model).output_shape == (None, 32)
    convolutions = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions == ([*filters, *filters[-2::-1], shape[-1]] if filters else [])
    dense = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert dense[:1] == [32] if filters else dense == [300, 100, 32, 100, 300, np.prod(shape)]


@pytest.mark.parametrize("shape", [(2, 3, 1), (5, 7, 2), (16, 17, 1), (19, 31, 1)])
def test_odd_sizes(shape):
    model = autoencoder(input_shape=shape, convolutional=True)
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    assert model(x).shape == x.shape
    assert model(x).dtype == "float32"


def test_every_pixel_comes_back_to_its_place():
    """With kernels that hand on what they get, all that is lost is what pooling takes: the maximum of 2x2 pixels."""
    model = autoencoder(input_shape=(5, 6, 1), convolutional=True, filters=(1,), code=9)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            layer.kernel.assign(np.eye(9))
        elif isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(np.pad([[1.0]], 1)[..., None, None])
    x = np.random.default_rng(0).uniform(size=(3, 6, 6, 1))
    x[:, 5] = 0  # the row that there is not
    expected = x.reshape(3, 3, 2, 3, 2).max((2, 4)).repeat(2, 1).repeat(2, 2)[:, :5, :, None]
    np.testing.assert_allclose(model(x[:, :5]), expected, rtol=1e-5)


@pytest.mark.thorough
def test_deep_ones_are_normalized_before_every_activation(kinds):
    def normalized(**options):
        return kinds(autoencoder(**options)).count("BatchNormalization")

    assert normalized(input_shape=(5,)) == 4  # 300, 100, the code, 100, 300: the code is linear
    assert normalized(input_shape=(5,), hidden=(8,)) == 0
    assert normalized(input_shape=(28, 28, 1)) == 4  # two convolutions, the code, one dense layer, one convolution
    assert normalized(input_shape=(28, 28, 1), filters=(4,)) == 0


def test_it_answers_in_raw_units(colours):
    model = autoencoder(colours.spec, filters=(4,), code=2)
    last = model.get_layer("reconstruction")
    unit = keras.Model(model.input, last.input)
    x = colours.arrays("test")[0]
    scale, offset = np.sqrt(colours.spec.input_variance), np.array(colours.spec.input_mean)
    assert np.ptp(scale) > 10
    np.testing.assert_allclose(model(x), unit(x) * scale + offset, rtol=1e-5)
    plain = autoencoder(colours.spec, filters=(4,), code=2, scale="normalized")
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(plain(x), unit(x), rtol=1e-4, atol=1e-5)
    target = keras.Model(plain.input, plain.layers[1].output).predict(x, verbose=0)
    np.testing.assert_allclose(target, (x - offset) / scale, rtol=1e-4, atol=1e-4)


def test_the_loss_is_the_share_of_variance_not_reproduced(colours):
    model = autoencoder(colours.spec, filters=(4,), code=2)
    last = model.layers[-2]  # always the mean of each channel
    last.set_weights([0 * weight for weight in last.get_weights()])
    Recipe(learning_rate=0.01).compile(model)
    x = colours.arrays("train")[0]
    assert model.evaluate(x, x, verbose=0)[0] == pytest.approx(1, rel=1e-3)


def test_a_linear_one_with_the_principal_components_is_pca(images):
    x, test = (images.arrays(split)[0].reshape(-1, 36).astype("float64") for split in ("train", "test"))
    model = autoencoder(images.spec, hidden=(), code=2)
    mean, variance = images.spec.input_mean[0], images.spec.input_variance[0]
    unit = (x - mean) / variance**0.5
    middle = unit.mean(0)
    components = np.linalg.svd(unit - middle, full_matrices=False)[2][:2]
    model.get_layer("code").set_weights([components.T, -components @ middle])
    model.layers[-3].set_weights([components, middle])
    centre = x.mean(0)
    expected = centre + (test - centre) @ components.T @ components
    np.testing.assert_allclose(model(test.reshape(-1, 6, 6, 1)), expected.reshape(-1, 6, 6, 1), rtol=1e-3)
    Recipe(learning_rate=0.01).compile(model)
    left = np.mean((expected - test) ** 2) / variance
    assert model.evaluate(test.reshape(-1, 6, 6, 1), test.reshape(-1, 6, 6, 1), verbose=0)[0] == pytest.approx(
        left, rel=1e-3
    )


@pytest.mark.parametrize("options", [{"hidden": (16,)}, {"convolutional": True, "filters": (4,)}])
@pytest.mark.thorough
def test_it_learns_to_reproduce_raw_images(images, options):
    keras.utils.set_random_seed(0)
    model = autoencoder(images.spec, code=3, **options)
    Recipe(optimizer="adam", learning_rate=1e-2).compile(model)
    x = images.arrays("train")[0]
    assert x.dtype == "uint8"
    model.fit(x, x, epochs=30, batch_size=16, verbose=0)
    loss, deviation, _ = model.evaluate(x, x, verbose=0)
    assert loss < 0.25
    assert deviation == pytest.approx(np.sqrt(np.mean((model(x) - x.astype("float64")) ** 2)), rel=1e-3)
    codes = encoder_of(model).predict(images.arrays("test")[0], verbose=0)
    assert codes.shape == (len(codes), 3)
    labels = images.arrays("test")[1]
    centres = np.stack([codes[labels == label].mean(0) for label in range(3)])
    nearest = np.argmin(((codes[:, None] - centres) ** 2).sum(-1), axis=1)
    assert np.mean(nearest == labels) > 0.9  # it was told nothing of the classes


@pytest.mark.thorough
def test_tables(classes, kinds):
    model = autoencoder(classes.spec, hidden=(8,), code=2, scale="normalized")
    assert kinds(model) == [
        *("InputLayer", "Normalization", "Dense8", "elu", "Dense2", "Dense8", "elu", "Dense4", "linear")
    ]
    Recipe(optimizer="adam", learning_rate=1e-2).compile(model)
    x = classes.arrays("train")[0]
    target = keras.Model(model.input, model.layers[1].output).predict(x, verbose=0)
    first = model.evaluate(x, target, verbose=0)[0]
    model.fit(x, target, epochs=20, verbose=0)
    assert model.evaluate(x, target, verbose=0)[0] < 0.6 * first


def test_noise_is_on_the_input_only(kinds, images):
    model = autoencoder(images.spec, hidden=(8,), code=2, regularizer=[InputNoise(0.1), Dropout(0.2), L2(0.2)])
    assert kinds(model) == [
        *("InputLayer", "Normalization", "GaussianNoise", "Flatten", "Dense8", "elu", "Dropout", "Dense2"),
        *("Dense8", "elu", "Dropout", "Dense36", "Reshape", "Rescaling"),
    ]
    values = [weight.numpy().astype("float64") for weight in model.weights if weight.name == "kernel"]
    assert len(values) == 4
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(value**2) for value in values), rel=1e-5)
    target = keras.Model(model.input, model.layers[1].output)
    x = images.arrays("test")[0]
    assert np.array_equal(target(x, training=True), target(x))


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"hidden": (8, 6)}, -4),
        ({"convolutional": True, "filters": (4, 6)}, -4),
        ({"filters": (4,)}, -5),
        ({"filters": (4,), "hidden": (8,)}, -5),
    ],
)
def test_with_batch_normalization_dropout_only_after_the_last_normalized_layer(kinds, options, place):
    if "filters" in options:
        options = {"convolutional": True, **options}
    model = autoencoder(input_shape=(6, 6, 1), normalization="batch", regularizer=[Dropout(0.2)], **options)
    names = kinds(model)
    assert [index - len(names) for index, name in enumerate(names) if "Dropout" in name] == [place]
    assert names[place - 2] == "BatchNormalization"
    assert "BatchNormalization" not in names[place:]


def test_a_preprocessing_of_ones_own():
    layer = keras.layers.Resizing(8, 9)
    model = autoencoder(input_shape=(20, 20, 1), preprocessing=layer, code=3)
    assert model.output_shape == (None, 8, 9, 1)  # what it has to be compared with: no convolutions for that size
    assert model.layers[-1].activation.__name__ == "linear"
    assert not any(isinstance(each, keras.layers.Conv2D) for each in model.layers)


def test_he_variance():
    keras.utils.set_random_seed(0)
    model = autoencoder(input_shape=(16, 16, 8), filters=(64, 64), code=512)
    hidden = [layer for layer in model.layers if hasattr(layer, "kernel")]
    for layer in hidden:
        fans = np.prod(layer.kernel.shape[:-1])
        linear = layer.name == "code" or layer is hidden[-1]
        receptive = np.prod(layer.kernel.shape[:-2]) if len(layer.kernel.shape) == 4 else 1
        expected = 2 / (fans + receptive * layer.kernel.shape[-1]) if linear else 2 / fans
        assert layer.kernel.numpy().var() == pytest.approx(expected, rel=0.07)


def test_half_precision(colours):
    keras.config.set_dtype_policy("mixed_float16")
    model = autoencoder(colours.spec, filters=(4,), code=2)
    x = colours.arrays("test")[0]
    assert model(x).dtype == "float32"
    assert np.isfinite(model(x)).all()


@pytest.mark.thorough
def test_a_keras_file_gives_the_same_model_by_keras_alone(colours, tmp_path):
    model = autoencoder(colours.spec, filters=(3, 4), code=2, regularizer="l2+dropout+input_noise")
    x = colours.arrays("test")[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert {module.split(".")[0] for module in re.findall(r'"module": "(.*?)"', config)} == {"keras"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code": 0}, "code must be an integer >= 1"),
        ({"hidden": 4}, "hidden must be a sequence"),
        ({"hidden": (0,)}, "hidden must be an integer >= 1"),
        ({"convolutional": 1}, "convolutional must be True, False or None"),
        ({"convolutional": True, "input_shape": (16,)}, r"convolutional must be False for inputs of shape \(16,\)"),
        ({"convolutional": True, "input_shape": (1, 9, 1)}, "filters must be given for at least one convolution"),
        ({"convolutional": True, "filters": ()}, "filters must be given for at least one convolution"),
        ({"convolutional": True, "filters": (2,) * 4}, r"filters must be at most 3 long for \(8, 8, 1\) images"),
        ({"filters": (4,)}, "filters must be given only for a convolutional autoencoder"),
        ({"scale": "both"}, "scale must be one of 'raw', 'normalized'"),
        ({"scale": "raw", "preprocessing": keras.layers.Rescaling(2)}, "its inverse is not known"),
        ({"input_shape": None}, "input_shape must be given where there is no Spec"),
        ({"input_shape": (None, 3)}, "input_shape must be known sizes"),
        ({"normalization": "layers"}, "normalization must be one of"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        autoencoder(**{"input_shape": (8, 8, 1), **options})


def test_a_spec_and_a_shape_are_refused(images):
    with pytest.raises(InvalidArgument, match="spec must be given alone"):
        autoencoder(images.spec, input_shape=(6, 6, 1))


def test_texts_and_records_are_refused():
    feature = {"name": "word", "kind": "text", "dtype": "string", "shape": (), "vocabulary": ("good", "bad")}
    spec = recipes.data.Spec("words", "text", "binary", (), "string", 1, class_names=("a", "b"), features=(feature,))
    with pytest.raises(InvalidArgument, match="images, tables of numbers or sequences"):
        autoencoder(spec)
