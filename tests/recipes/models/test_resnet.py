import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from callbacks.inside.layers import node_of
from recipes import Recipe
from recipes.models.encoder import encoder
from recipes.models.resnet import resnet
from recipes.regularization import L2, Dropout, InputNoise

TINY = {"filters": (4, 6), "blocks": (1, 1), "activation": "relu"}


def parameters(channels, filters, blocks, outputs, first=3):
    """Kernels, scales and shifts of the batch normalization, and the output layer, by hand."""
    total = first**2 * channels * filters[0] + 2 * filters[0]
    before = filters[0]
    for count, repeats in zip(filters, blocks, strict=True):
        total += 9 * before * count + (2 * repeats - 1) * 9 * count * count + 2 * repeats * 2 * count
        total += before * count + 2 * count if before != count else 0
        before = count
    return total + before * outputs + outputs


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def kernels(model):
    return [layer.kernel.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def sums(model):
    """The shape of what each block puts out, without the batch."""
    return [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Add)]


def shuffle(model, seed=0):
    """Other weights than those of a new model, whose batch normalization and biases do next to nothing."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.name != "kernel":
            weight.assign(random.uniform(0.5, 1.5, weight.shape))


def before(layer):
    """The layers whose outputs a layer takes."""
    return [node_of(tensor).operation for tensor in keras.tree.flatten(layer.input)]


def test_layers(kinds):
    model = resnet(input_shape=(8, 8, 1), outputs=3, filters=(4, 6), blocks=(2, 1))
    block = ["BatchNormalization", "elu", "Conv2D4 no bias", "BatchNormalization", "Add", "elu"]
    assert kinds(model) == [
        *("InputLayer", "Conv2D4 no bias", "BatchNormalization", "elu"),
        *("Conv2D4 no bias", *block),
        *("Conv2D4 no bias", *block),
        *("Conv2D6 no bias", "BatchNormalization", "elu", "Conv2D6 no bias", "Conv2D6 no bias"),
        *("BatchNormalization", "BatchNormalization", "Add", "elu"),
        *("GlobalAveragePooling2D", "Dense3", "softmax"),
    ]
    assert kernels(model) == [
        *((3, 3, 1, 4), *[(3, 3, 4, 4)] * 4),
        *((3, 3, 4, 6), (3, 3, 6, 6), (1, 1, 4, 6)),
    ]
    assert sums(model) == [(8, 8, 4), (8, 8, 4), (4, 4, 6)]
    first, second, third = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    words = [[type(each).__name__ for each in before(layer)] for layer in (first, second, third)]
    assert words == [["BatchNormalization", "Activation"]] * 2 + [["BatchNormalization"] * 2]
    assert {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)} == {0.9}


@pytest.mark.parametrize("normalization", ["auto", "none"])
def test_the_formula(normalization):
    model = resnet(input_shape=(7, 6, 2), outputs=3, normalization=normalization, **TINY)
    shuffle(model)
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    stem, first, second, third, fourth, project = sorted(found, key=lambda layer: layer.kernel.shape[0] == 1)
    norms = {
        id(before(layer)[0]): layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert len(norms) == (6 if normalization == "auto" else 0)

    def linear(x, layer, stride=1):
        x = tf.nn.conv2d(x, layer.kernel.numpy().astype("float64"), stride, "SAME").numpy()
        if normalization == "none":
            return x + layer.bias.numpy()
        norm = norms[id(layer)]
        x = (x - norm.moving_mean.numpy()) / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
        return x * norm.gamma.numpy() + norm.beta.numpy()

    def relu(x):
        return np.maximum(x, 0)

    x = np.random.default_rng(1).normal(size=(5, 7, 6, 2))
    a = relu(linear(x, stem))
    b = relu(a + linear(relu(linear(a, first)), second))
    c = relu(linear(b, project, 2) + linear(relu(linear(b, third, 2)), fourth))
    logits = c.mean((1, 2)) @ model.get_layer("outputs").kernel.numpy() + model.get_layer("outputs").bias.numpy()
    assert c.shape == (5, 4, 3, 6)
    expected = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(model(x), expected / expected.sum(1, keepdims=True), rtol=1e-3, atol=1e-6)
    assert np.ptp(logits) > 0.1


def test_a_block_whose_branch_is_zero_hands_its_input_on():
    model = resnet(input_shape=(8, 8, 1), outputs=3, filters=(4,), blocks=(3,), activation="relu")
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions[1:]:
        layer.kernel.assign(0 * layer.kernel)
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 1))
    stem = keras.Model(model.input, model.layers[3].output)
    embedding = keras.Model(model.input, model.get_layer("outputs").input)
    np.testing.assert_allclose(embedding(x), np.mean(stem(x), axis=(1, 2)), rtol=1e-5)
    assert np.std(embedding(x)) > 0.01


def test_the_networks_of_the_paper():
    small = resnet(input_shape=(32, 32, 3), outputs=10, filters=(16, 32, 64), blocks=(3, 3, 3), reduction=1)
    assert len(kernels(small)) == 1 + 18 + 2  # and the output layer: 20, and two projections
    assert trainable(small) == parameters(3, (16, 32, 64), (3, 3, 3), 10) == 272_474
    # The paper's 0.27 M are without projections: their shortcuts pad with zeros (option A).
    assert trainable(small) - (16 * 32 + 2 * 32) - (32 * 64 + 2 * 64) == 269_722
    assert sums(small) == [(32, 32, 16)] * 3 + [(16, 16, 32)] * 3 + [(8, 8, 64)] * 3
    large = resnet(input_shape=(224, 224, 3), outputs=1000, filters=(64, 128, 256, 512), blocks=(2, 2, 2, 2))
    assert trainable(large) == parameters(3, (64, 128, 256, 512), (2, 2, 2, 2), 1000, first=7)
    assert trainable(large) == 11_689_512  # of torchvision's resnet18
    assert sums(large) == [(56, 56, 64)] * 2 + [(28, 28, 128)] * 2 + [(14, 14, 256)] * 2 + [(7, 7, 512)] * 2


@pytest.mark.parametrize(
    ("shape", "filters", "repeats", "last"),
    [
        ((1, 5, 1), (16,), 1, (1, 5)),
        ((2, 3, 1), (16, 32), 1, (1, 2)),
        ((8, 8, 1), (16, 32), 1, (4, 4)),
        ((15, 40, 1), (16, 32), 1, (8, 20)),
        ((23, 28, 1), (16, 32, 64), 2, (6, 7)),
        ((28, 28, 1), (32, 64, 128, 256), 2, (2, 2)),
        ((32, 32, 3), (32, 64, 128, 256), 2, (2, 2)),
        ((33, 47, 1), (32, 64, 128, 256), 2, (3, 3)),
        ((64, 64, 3), (32, 64, 128, 256), 2, (2, 2)),
        ((96, 70, 3), (32, 64, 128, 256), 2, (3, 3)),
    ],
)
@pytest.mark.ordinarily("shape0-filters0-1-last0", "shape8-filters8-2-last8")
def test_the_sizes_by_default(shape, filters, repeats, last):
    model = resnet(input_shape=shape, outputs=10)
    blocks = [repeats] * len(filters)
    assert sums(model)[-1] == (*last, filters[-1])
    if len(filters) == 1:  # three layers, too few for batch normalization by itself
        assert kernels(model) == [(3, 3, 1, 16), (3, 3, 16, 16), (3, 3, 16, 16)]
    else:
        assert trainable(model) == parameters(shape[-1], filters, blocks, 10, first=7 if min(shape[:2]) >= 64 else 3)
    assert model.output_shape == (None, 10)
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 10)


def test_the_first_layers_for_large_images(kinds):
    options = {"input_shape": (64, 80, 1), "outputs": 3, "filters": (4,), "regularizer": "dropout"}
    model = resnet(normalization="none", **options)
    assert kinds(model)[:5] == ["InputLayer", "Conv2D4", "elu", "MaxPooling2D", "Conv2D4"]  # dropped is on branches
    assert [layer.output.shape[1:] for layer in model.layers[1:4]] == [(32, 40, 4), (32, 40, 4), (16, 20, 4)]
    assert kinds(resnet(**options))[1:4] == ["Conv2D4 no bias", "BatchNormalization", "elu"]


@pytest.mark.parametrize(("reduction", "first", "rest"), [(1, (32, 24, 4), []), (2, (32, 24, 4), [(16, 12, 4)])])
def test_images_are_reduced_before_the_blocks_as_asked_for(reduction, first, rest):
    model = resnet(input_shape=(32, 24, 1), outputs=3, filters=(4,), blocks=(1,), reduction=reduction)
    pools = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert (model.layers[1].output.shape[1:], pools, sums(model)) == (first, rest, [(rest or [first])[0]])
    assert model.layers[1].kernel_size == (3, 3)


def test_filters_or_blocks_alone():
    assert sums(resnet(input_shape=(32, 32, 3), outputs=2, filters=(4, 8))) == [(16, 16, 4)] * 2 + [(8, 8, 8)] * 2
    assert [shape[-1] for shape in sums(resnet(input_shape=(32, 32, 3), outputs=2, blocks=(1, 2)))] == [32, 64, 64]


def test_without_batch_normalization(kinds):
    model = resnet(input_shape=(8, 8, 1), outputs=3, normalization="none", **TINY)
    assert "BatchNormalization" not in kinds(model)
    assert all(layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert resnet(input_shape=(8, 8, 1), outputs=3, filters=(4,), blocks=(1,)).layers[1].use_bias  # not deep
    assert not resnet(input_shape=(8, 8, 1), outputs=3, filters=(4,), blocks=(2,)).layers[1].use_bias


def test_dropout_between_the_convolutions_of_a_branch_and_after_the_last_block(kinds):
    model = resnet(
        input_shape=(8, 8, 1), outputs=3, normalization="none", regularizer=[Dropout(0.3), InputNoise(0.1)], **TINY
    )
    assert kinds(model) == [
        *("InputLayer", "GaussianNoise", "Conv2D4", "relu"),
        *("Conv2D4", "relu", "SpatialDropout2D", "Conv2D4", "Add", "relu"),
        *("Conv2D6", "relu", "SpatialDropout2D", "Conv2D6", "Conv2D6", "Add", "relu", "SpatialDropout2D"),
        *("GlobalAveragePooling2D", "Dense3", "softmax"),
    ]
    normalized = kinds(resnet(input_shape=(8, 8, 1), outputs=3, regularizer=[Dropout(0.3)], **TINY))
    assert [kind for kind in normalized if "Dropout" in kind] == ["SpatialDropout2D"]
    assert normalized[-5:] == ["relu", "SpatialDropout2D", "GlobalAveragePooling2D", "Dense3", "softmax"]


def test_stochastic_depth_skips_whole_branches_of_examples_later_ones_more_often():
    options = {"input_shape": (8, 8, 1), "outputs": 3, "filters": (4,), "blocks": (4,), "normalization": "none"}
    model = resnet(**options, stochastic_depth=0.6)
    skipping = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    np.testing.assert_allclose([layer.rate for layer in skipping], [0.15, 0.3, 0.45, 0.6])
    branches = keras.Model(model.inputs[0], [value for layer in skipping for value in (layer.input, layer.output)])
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).uniform(1, 2, (600, 8, 8, 1)).astype("float32")
    values = [np.array(value) for value in branches(x, training=True)]
    for layer, before, after in zip(skipping, values[::2], values[1::2], strict=True):
        skipped = (after == 0).all(axis=(1, 2, 3))
        assert skipped.mean() == pytest.approx(layer.rate, abs=0.06)
        np.testing.assert_allclose(after[~skipped], before[~skipped] / (1 - layer.rate), rtol=1e-5)
    plain = resnet(**options)
    plain.set_weights([v for v, w in zip(model.get_weights(), model.weights, strict=True) if "seed" not in w.name])
    np.testing.assert_array_equal(model(x[:5]), plain(x[:5]))


def test_penalties_count_on_every_kernel():
    model = resnet(input_shape=(8, 8, 1), outputs=3, regularizer=[L2(0.2)], **TINY)
    values = [weight.numpy().astype("float64") for weight in model.weights if weight.name == "kernel"]
    assert len(values) == 7
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(value**2) for value in values), rel=1e-5)


def test_he_variance():
    keras.utils.set_random_seed(0)
    model = resnet(input_shape=(8, 8, 32), outputs=3, filters=(64, 128), blocks=(1, 1))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            assert layer.kernel.numpy().var() == pytest.approx(2 / np.prod(layer.kernel.shape[:3]), rel=0.07)


def test_style_reaches_every_layer(kinds):
    model = resnet(input_shape=(8, 8, 1), outputs=1, **{**TINY, "activation": "tanh"}, initializer="orthogonal")
    assert [kind for kind in kinds(model) if kind in ("elu", "relu", "tanh")] == ["tanh"] * 5
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert all(isinstance(layer.kernel_initializer, keras.initializers.Orthogonal) for layer in convolutions)
    assert model.layers[-1].activation.__name__ == "sigmoid"
    seeded = resnet(input_shape=(8, 8, 1), outputs=1, **TINY, initializer=keras.initializers.HeNormal(seed=0))
    one, other = [
        layer.kernel.numpy()
        for layer in seeded.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel.shape == (3, 3, 4, 4)
    ]
    assert np.abs(one - other).min() > 0  # each layer draws its own


@pytest.mark.parametrize("normalization", ["auto", "none"])
@pytest.mark.thorough
def test_training_lowers_the_loss(images, normalization):
    keras.utils.set_random_seed(0)
    model = resnet(images.spec, normalization=normalization)
    Recipe(optimizer="adam", learning_rate=3e-3).compile(model)
    x, y = images.arrays("train")
    before = model.evaluate(x, y, verbose=0)[0]
    model.fit(x, y, epochs=15, batch_size=16, verbose=0)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert loss < before / 5
    assert accuracy > 0.95


def test_half_precision(images):
    keras.config.set_dtype_policy("mixed_float16")
    x = images.arrays("test")[0]
    probabilities = resnet(images.spec)(x)
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)


def test_a_keras_file_gives_the_same_model_by_keras_alone(images, tmp_path):
    model = resnet(images.spec, regularizer="l2+dropout", activation="leaky_relu", filters=(4, 6))
    shuffle(model)
    x = images.arrays("test")[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    modules = set(
        re.findall(r'"module": "(.*?)"', zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode())
    )
    assert {module.split(".")[0] for module in modules} == {"keras"}


def test_cut_before_its_outputs(images):
    assert encoder(resnet, None, (8, 8, 1), {"filters": (4, 6)}, name="encoder").output_shape == (None, 6)
    cut = encoder(resnet, images.spec, None, TINY, name="encoder")
    assert cut(images.arrays("test")[0][:3]).shape == (3, 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (8,)}, "use mlp for other data"),
        ({"input_shape": (8, 8)}, "use mlp for other data"),
        ({"filters": 4}, "filters must be a sequence"),
        ({"filters": (4, 0)}, "filters must be an integer >= 1"),
        ({"filters": ()}, "filters must be given for at least one stage"),
        ({"reduction": 3}, "reduction must be one of 1, 2, 4"),
        ({"reduction": 0.5}, "reduction must be one of 1, 2, 4"),
        ({"filters": (2,) * 4, "reduction": 4}, r"filters must be at most 2 long"),
        ({"blocks": ()}, "filters must be given for at least one stage"),
        ({"blocks": 2}, "blocks must be a sequence"),
        ({"blocks": (1, 0)}, "blocks must be an integer >= 1"),
        ({"filters": (4, 6), "blocks": (1,)}, "blocks must be as long as filters, which has 2 stages"),
        ({"input_shape": (8, 7, 1), "filters": (2,) * 4}, r"filters must be at most 3 long for \(8, 7, 1\) images"),
        ({"input_shape": (64, 64, 1), "filters": (2,) * 6}, r"filters must be at most 5 long for \(64, 64, 1\) images"),
        ({"normalization": "layers"}, "normalization must be one of"),
        ({"activation": "relo"}, "did you mean 'relu'"),
        ({"outputs": None}, "outputs must be given where there is no Spec"),
        ({"stochastic_depth": 1.0}, "stochastic_depth must be a number >= 0 and < 1"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        resnet(**{"input_shape": (8, 8, 1), "outputs": 3, **options})


def test_a_table_is_refused(classes):
    with pytest.raises(InvalidArgument, match="use mlp for other data"):
        resnet(classes.spec)
