import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.models import application
from recipes.models.backbones import IMAGENET_DEVIATION, IMAGENET_MEAN
from recipes.normalizations import MOMENTUM
from recipes.regularization import L2, Dropout, MaxNorm

SMALLEST = "MobileNetV3Small"


@pytest.fixture(scope="module")
def coloured():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (60, 32, 32, 3)).astype("uint8"), np.arange(60) % 3
    return recipes.Data.from_arrays(x, y, batch_size=8, name="coloured")


def standardized(x, spec):
    return (x.astype("float64") - spec.input_mean) / np.sqrt(spec.input_variance)


@pytest.mark.parametrize("name", ["MobileNetV2", pytest.param("EfficientNetB0", marks=pytest.mark.thorough), SMALLEST])
def test_the_features_are_those_of_keras_own_network(name, coloured):
    model = application(coloured.spec, network=name)
    network = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(32, 32, 3))
    theirs = {weight.path: weight for weight in network.weights}
    ours = [weight for weight in model.weights if not weight.path.startswith("outputs/")]
    counts = {tuple(weight.shape) for weight in network.weights}
    own = [weight for weight in ours if tuple(weight.shape) in counts]
    assert len(theirs) <= len(ours)
    network.set_weights([np.asarray(weight) for weight in own[-len(network.weights) :]])
    x = coloured.arrays("test")[0][:5]
    given = standardized(x, coloured.spec)
    if name != "MobileNetV2":  # which scale pixels by themselves, from 0 to 255
        given = 255 * (given * IMAGENET_DEVIATION + IMAGENET_MEAN)
    expected = np.asarray(network(given.astype("float32"), training=False)).mean((1, 2))
    features = keras.Model(model.inputs[0], model.get_layer("pooled").output)
    found = np.asarray(features(x, training=False))
    assert expected.std() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_without_data_inputs_go_in_as_they_are():
    keras.utils.set_random_seed(0)
    model = application((32, 32, 3), 5, network=SMALLEST)
    assert model.output_shape == (None, 5)
    assert [layer.name for layer in model.layers if layer.name in ("pixels", "resizing", "three_channels")] == []


@pytest.mark.parametrize(("shape", "image_size", "side"), [((8, 12, 1), None, (32, 48)), ((40, 36, 3), 48, (54, 48))])
def test_grey_and_small_images_become_coloured_and_large_enough(shape, image_size, side):
    model = application(input_shape=shape, outputs=3, network=SMALLEST, image_size=image_size)
    assert model.get_layer("resizing").output.shape == (None, *side, 3)
    assert ("three_channels" in [layer.name for layer in model.layers]) == (shape[-1] == 1)


@pytest.mark.parametrize("name", [SMALLEST, pytest.param("Xception", marks=pytest.mark.thorough)])
def test_penalties_are_on_all_kernels_and_constraints_on_all_but_depthwise_ones(name, tmp_path):
    side = 32 if name == SMALLEST else 71
    regularizer = [L2(0.1), Dropout(0.5), MaxNorm(2.0)]
    model = application((side, side, 3), 3, network=name, regularizer=regularizer)
    kernels = [weight for weight in model.trainable_weights if weight.path.endswith("kernel")]
    depthwise = [k for k in kernels if "depthwise" in k.path or (len(k.shape) == 4 and k.shape[-1] == 1 < k.shape[-2])]
    assert 0 < len(depthwise) < len(kernels)
    expected = sum(0.1 / 2 * np.square(np.asarray(kernel, "float64")).sum() for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert {kernel.path for kernel in kernels if kernel.constraint is None} == {kernel.path for kernel in depthwise}
    assert isinstance(model.layers[-3], keras.layers.Dropout)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert float(sum(again.losses)) == pytest.approx(expected, rel=1e-5)


def test_the_averages_of_batch_normalization_settle_as_in_other_models():
    model = application((32, 32, 3), 3, network="MobileNetV2")
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert layers
    assert {layer.momentum for layer in layers} == {MOMENTUM}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "ResNet18"}, "network must be one of 'ConvNeXtTiny', .* Received: network='ResNet18'"),
        ({"activation": "relu"}, "activation must be 'elu', the default, which stands for what MobileNetV2 has"),
        ({"initializer": "orthogonal"}, "initializer must be 'he_normal', the default"),
        ({"bias": 0.1}, r"bias must be 0\.0, the default"),
        ({"normalization": "none"}, "normalization must be 'auto', the default"),
        ({"image_size": 31}, "image_size must be an integer >= 32. Received: image_size=31"),
        ({"input_shape": (32, 32, 4)}, r"input_shape must be \(height, width, 1 or 3\) for MobileNetV2"),
        ({"input_shape": (32,)}, r"input_shape must be \(height, width, 1 or 3\) for MobileNetV2"),
    ],
)
def test_what_a_network_has_of_its_own_is_not_chosen(options, message):
    with pytest.raises(InvalidArgument, match=message):
        application(**{"input_shape": (32, 32, 3), "outputs": 3, **options})


@pytest.mark.thorough
def test_by_name_it_trains_is_saved_and_exported(coloured, tmp_path):
    recipe = Recipe(model={"name": "application", "network": SMALLEST}, learning_rate=0.01)
    run = recipes.fit(coloured, recipe, epochs=1, verbose=0)
    assert not run.diverged
    run.save(tmp_path / "run")
    again = recipes.Run.load(tmp_path / "run", data=coloured)
    x = coloured.arrays("test")[0]
    np.testing.assert_allclose(again.model.predict(x, verbose=0), run.model.predict(x, verbose=0), atol=1e-6)
    recipes.export(run, tmp_path / "out")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["DenseNet121", "InceptionV3", "ResNet50", "ResNet50V2", "VGG16", "ConvNeXtTiny"])
def test_families_build_at_their_smallest_size(name):
    model = application((8, 8, 3), 3, network=name, regularizer="l2")
    assert model.output_shape == (None, 3)
    assert len(model.losses) > 10
