import re
import zipfile

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models.densenet import densenet
from recipes.models.encoder import encoder
from recipes.regularization import L2, Dropout, InputNoise

TINY = {"growth": 3, "blocks": (2, 1), "activation": "relu"}


def parameters(channels, blocks, outputs, *, growth=12, compression=0.5, bottleneck=True, stem=3):
    """Kernels, scales and shifts of the batch normalization, and the output layer, by hand."""
    width = 2 * growth if bottleneck and compression < 1 else 16
    total = stem**2 * channels * width + (2 * width if stem == 7 else 0)
    for number, layers in enumerate(blocks):
        if number:
            total += 2 * width + width * int(compression * width)
            width = int(compression * width)
        for _ in range(layers):
            if bottleneck:
                total += 2 * width + width * 4 * growth + 2 * 4 * growth + 9 * 4 * growth * growth
            else:
                total += 2 * width + 9 * width * growth
            width += growth
    return total + 2 * width + width * outputs + outputs


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def kernels(model):
    return [layer.kernel.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def depth(model):
    """Layers with a kernel, as the paper counts them."""
    return len(kernels(model)) + 1


def last_map(model):
    return model.layers[-4].output.shape[1:]


def shuffle(model, seed=0):
    """Other weights than those of a new model, whose batch normalization and biases do next to nothing."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.name != "kernel":
            weight.assign(random.uniform(0.5, 1.5, weight.shape))


def test_layers(kinds):
    model = densenet(input_shape=(8, 8, 1), outputs=3, growth=3, blocks=(2, 1))
    norm = ["BatchNormalization", "elu"]
    layer = [*norm, "Conv2D12 no bias", *norm, "Conv2D3 no bias", "Concatenate"]
    assert kinds(model) == [
        *("InputLayer", "Conv2D6 no bias", *layer, *layer),
        *(*norm, "Conv2D6 no bias", "AveragePooling2D", *layer),
        *(*norm, "GlobalAveragePooling2D", "Dense3", "softmax"),
    ]
    assert kernels(model) == [
        *((3, 3, 1, 6), (1, 1, 6, 12), (3, 3, 12, 3), (1, 1, 9, 12), (3, 3, 12, 3)),
        *((1, 1, 12, 6), (1, 1, 6, 12), (3, 3, 12, 3)),
    ]
    assert last_map(model) == (4, 4, 9)
    assert {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)} == {0.9}


def test_layers_without_bottleneck(kinds):
    model = densenet(input_shape=(8, 8, 1), outputs=3, growth=3, blocks=(2, 1), bottleneck=False, compression=1)
    norm = ["BatchNormalization", "elu"]
    layer = [*norm, "Conv2D3 no bias", "Concatenate"]
    assert kinds(model) == [
        *("InputLayer", "Conv2D16 no bias", *layer, *layer),
        *(*norm, "Conv2D22 no bias", "AveragePooling2D", *layer),
        *(*norm, "GlobalAveragePooling2D", "Dense3", "softmax"),
    ]


def test_each_layer_keeps_what_it_was_given():
    model = densenet(input_shape=(8, 8, 1), outputs=3, growth=3, blocks=(2,))
    start, first, second = (
        keras.Model(model.input, each.output)(np.random.default_rng(0).normal(size=(4, 8, 8, 1)))
        for each in (model.layers[1], *(one for one in model.layers if isinstance(one, keras.layers.Concatenate)))
    )
    np.testing.assert_allclose(first[..., :6], start, atol=1e-5)
    np.testing.assert_allclose(second[..., :9], first, atol=1e-5)
    assert second.shape == (4, 8, 8, 12)


@pytest.mark.thorough
def test_densenet121_computes_what_keras_own_computes():
    """From behind the first pooling on: Keras pads the first convolution and pooling another way."""
    theirs = keras.applications.DenseNet121(weights=None, input_shape=(64, 64, 3), classes=5)
    ours = densenet(input_shape=(64, 64, 3), outputs=5, growth=32, blocks=(6, 12, 24, 16), activation="relu")
    assert depth(ours) == 121
    assert trainable(ours) == parameters(3, (6, 12, 24, 16), 5, growth=32, stem=7)
    assert parameters(3, (6, 12, 24, 16), 1000, growth=32, stem=7) == 7_978_856  # of torchvision's densenet121
    shuffle(theirs)
    for layer in theirs.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-3
    assert [weight.shape for weight in ours.weights] == [weight.shape for weight in theirs.weights]
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).uniform(size=(2, 16, 16, 64)).astype("float32")
    pooled = next(layer for layer in ours.layers if isinstance(layer, keras.layers.MaxPooling2D))
    expected = keras.Model(theirs.get_layer("pool1").output, theirs.output)(x)
    np.testing.assert_allclose(keras.Model(pooled.output, ours.output)(x), expected, rtol=1e-3, atol=1e-6)
    assert np.ptp(expected) > 1e-3


@pytest.mark.thorough
def test_the_smaller_networks_of_the_paper():
    plain = densenet(input_shape=(32, 32, 3), outputs=10, blocks=(12, 12, 12), compression=1, bottleneck=False)
    assert depth(plain) == 40
    assert trainable(plain) == parameters(3, (12, 12, 12), 10, compression=1, bottleneck=False)
    assert round(trainable(plain) / 1e6, 1) == 1.0
    small = densenet(input_shape=(32, 32, 3), outputs=10, blocks=(16, 16, 16))
    assert depth(small) == 100
    assert trainable(small) == parameters(3, (16, 16, 16), 10)
    assert round(trainable(small) / 1e6, 1) == 0.8


@pytest.mark.parametrize(
    ("shape", "blocks", "last"),
    [
        ((1, 5, 1), (3,), (1, 5)),
        ((2, 3, 1), (3, 3), (1, 1)),
        ((8, 8, 1), (3, 3), (4, 4)),
        ((15, 40, 1), (3, 3), (7, 20)),
        ((28, 28, 1), (2, 4, 8), (7, 7)),
        ((32, 32, 3), (2, 4, 8), (8, 8)),
        ((33, 47, 1), (2, 4, 8), (8, 11)),
        ((64, 64, 3), (3, 6, 12, 8), (2, 2)),
        ((96, 70, 3), (3, 6, 12, 8), (3, 2)),
    ],
)
@pytest.mark.ordinarily("shape0-blocks0-last0")
def test_the_sizes_by_default(shape, blocks, last):
    model = densenet(input_shape=shape, outputs=10)
    assert trainable(model) == parameters(shape[-1], blocks, 10, stem=7 if min(shape[:2]) >= 64 else 3)
    assert last_map(model)[:2] == last
    assert model.output_shape == (None, 10)
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 10)


@pytest.mark.parametrize(("bottleneck", "compression", "first"), [(True, 0.5, 6), (True, 1, 16), (False, 0.5, 16)])
def test_the_first_convolution(bottleneck, compression, first):
    model = densenet(input_shape=(8, 8, 1), outputs=3, growth=3, bottleneck=bottleneck, compression=compression)
    assert kernels(model)[0] == (3, 3, 1, first)


def test_the_first_layers_for_large_images(kinds):
    options = {"input_shape": (64, 80, 1), "outputs": 3, "growth": 3, "blocks": (2,), "regularizer": "dropout"}
    model = densenet(normalization="none", **options)
    assert kinds(model)[:5] == ["InputLayer", "Conv2D6", "elu", "MaxPooling2D", "elu"]  # dropped is only on branches
    assert [layer.output.shape[1:] for layer in model.layers[1:4]] == [(32, 40, 6), (32, 40, 6), (16, 20, 6)]
    assert kinds(densenet(**options))[1:4] == ["Conv2D6 no bias", "BatchNormalization", "elu"]


def test_compression_leaves_a_whole_channel_at_least():
    assert kernels(densenet(input_shape=(8, 8, 1), outputs=3, growth=1, blocks=(1, 1), compression=0.1))[3][-1] == 1
    assert kernels(densenet(input_shape=(8, 8, 1), outputs=3, growth=3, blocks=(1, 1), compression=0.5))[3][-1] == 4


def test_without_batch_normalization(kinds):
    model = densenet(input_shape=(8, 8, 1), outputs=3, normalization="none", **TINY)
    assert "BatchNormalization" not in kinds(model)
    assert all(layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    shallow = {"input_shape": (8, 8, 1), "outputs": 3, "blocks": (1, 1)}
    assert not densenet(**shallow).layers[1].use_bias  # six convolutions
    assert densenet(**shallow, bottleneck=False).layers[1].use_bias  # four


def test_dropout_before_each_large_convolution_and_before_the_outputs(kinds):
    options = {"input_shape": (8, 8, 1), "outputs": 3, "regularizer": [Dropout(0.3), InputNoise(0.1)], **TINY}
    layer = ["relu", "Conv2D12", "relu", "SpatialDropout2D", "Conv2D3", "Concatenate"]
    assert kinds(densenet(normalization="none", **options)) == [
        *("InputLayer", "GaussianNoise", "Conv2D6", *layer, *layer),
        *("relu", "Conv2D6", "AveragePooling2D", *layer),
        *("relu", "SpatialDropout2D", "GlobalAveragePooling2D", "Dense3", "softmax"),
    ]
    plain = kinds(densenet(normalization="none", bottleneck=False, **options))
    assert [kind for kind in plain if "Dropout" in kind] == ["SpatialDropout2D"] * 4
    assert plain[3:7] == ["relu", "SpatialDropout2D", "Conv2D3", "Concatenate"]
    normalized = kinds(densenet(**options))
    assert [kind for kind in normalized if "Dropout" in kind] == ["SpatialDropout2D"]
    assert normalized[-5:] == ["relu", "SpatialDropout2D", "GlobalAveragePooling2D", "Dense3", "softmax"]


def test_penalties_count_on_every_kernel():
    model = densenet(input_shape=(8, 8, 1), outputs=3, regularizer=[L2(0.2)], **TINY)
    values = [weight.numpy().astype("float64") for weight in model.weights if weight.name == "kernel"]
    assert len(values) == 9
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(value**2) for value in values), rel=1e-5)


def test_he_variance():
    keras.utils.set_random_seed(0)
    model = densenet(input_shape=(8, 8, 32), outputs=3, growth=32, blocks=(2, 1))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            assert layer.kernel.numpy().var() == pytest.approx(2 / np.prod(layer.kernel.shape[:3]), rel=0.07)


@pytest.mark.parametrize("normalization", ["auto", pytest.param("none", marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_training_lowers_the_loss(images, normalization):
    keras.utils.set_random_seed(0)
    model = densenet(images.spec, normalization=normalization, blocks=(1, 1))
    Recipe(optimizer="adam", learning_rate=3e-3).compile(model)
    x, y = images.arrays("train")
    before = model.evaluate(x, y, verbose=0)[0]
    model.fit(x, y, epochs=15, batch_size=16, verbose=0)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert loss < before / 5
    assert accuracy > 0.95


def test_half_precision(images):
    keras.config.set_dtype_policy("mixed_float16")
    probabilities = densenet(images.spec)(images.arrays("test")[0])
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)


@pytest.mark.thorough
def test_a_keras_file_gives_the_same_model_by_keras_alone(images, tmp_path):
    model = densenet(images.spec, regularizer="l2+dropout", **{**TINY, "activation": "leaky_relu"})
    shuffle(model)
    x = images.arrays("test")[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert {module.split(".")[0] for module in re.findall(r'"module": "(.*?)"', config)} == {"keras"}


def test_cut_before_its_outputs(images):
    assert encoder(densenet, None, (8, 8, 1), {"growth": 3, "blocks": (2,)}, name="encoder").output_shape == (None, 12)
    cut = encoder(densenet, images.spec, None, TINY, name="encoder")
    assert cut(images.arrays("test")[0][:3]).shape == (3, 9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (8,)}, "use mlp for other data"),
        ({"input_shape": (8, 8)}, "use mlp for other data"),
        ({"growth": 0}, "growth must be an integer >= 1"),
        ({"blocks": ()}, "blocks must be given for at least one block"),
        ({"blocks": 2}, "blocks must be a sequence"),
        ({"blocks": (1, 0)}, "blocks must be an integer >= 1"),
        ({"compression": 0}, "compression must be a number > 0 and <= 1"),
        ({"compression": 1.5}, "compression must be a number > 0 and <= 1"),
        ({"bottleneck": 4}, "bottleneck must be True or False"),
        ({"input_shape": (8, 7, 1), "blocks": (1,) * 4}, r"blocks must be at most 3 long for \(8, 7, 1\) images"),
        ({"input_shape": (64, 64, 1), "blocks": (1,) * 6}, r"blocks must be at most 5 long for \(64, 64, 1\) images"),
        ({"normalization": "layers"}, "normalization must be one of"),
        ({"outputs": None}, "outputs must be given where there is no Spec"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        densenet(**{"input_shape": (8, 8, 1), "outputs": 3, **options})


def test_a_table_is_refused(classes):
    with pytest.raises(InvalidArgument, match="use mlp for other data"):
        densenet(classes.spec)
