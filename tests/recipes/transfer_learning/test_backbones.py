import sys

import keras
import numpy as np
import pytest

import recipes
from recipes import transfer, unfreeze
from recipes.models.backbones import BACKBONES
from recipes.transfer_learning.backbone import preprocessing_of

from .conftest import write_published
from .parts import MODULES, colours, lower, names_of_changed, prepared, weights


def check_features(model, x, network, name, images=None):
    """That the layers below the head do to ``x`` what Keras' own network and preprocessing do to ``images``."""
    expected = np.asarray(network(prepared(name, x if images is None else images), training=False)).mean((1, 2))
    spread = expected.std(axis=0).max()
    assert spread > 0.01 * np.abs(expected).max()  # they depend on the images
    np.testing.assert_allclose(np.asarray(lower(model)(x)), expected, atol=2e-3 * spread)


def test_a_backbone_has_the_weights_of_the_file_and_the_preprocessing_they_want(mobile):
    network, path = mobile
    data = colours(32)
    x = data.arrays("test")[0]
    model = transfer("MobileNetV2", data, weights=path, alpha=0.35)
    check_features(model, x, network, "MobileNetV2")
    assert model.inputs[0].dtype == "uint8"
    assert [each.path.split("/")[0] for each in model.trainable_variables] == ["outputs", "outputs"]
    assert len(model.layers) > 100  # one by one, not as one model within
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)


@pytest.mark.parametrize("size", ["other", pytest.param("full", marks=pytest.mark.thorough)])
def test_a_file_with_other_weights_is_refused(mobile, size, tmp_path):
    _, path = mobile
    options = {"weights": path}  # of a narrower network
    if size == "other":
        options = {"weights": tmp_path / "empty.weights.h5", "alpha": 0.35}
        options["weights"].write_text("nothing")
    with pytest.raises(recipes.InvalidArgument, match="weights must be a file with the weights of this MobileNetV2"):
        transfer("MobileNetV2", colours(32), **options)


@pytest.mark.parametrize("name", [pytest.param(each, marks=pytest.mark.thorough) for each in MODULES])
def test_all_backbones(backbone, name, tmp_path):
    size = BACKBONES[name].smallest
    network, path = backbone(name, size)
    data = colours(size)
    x = data.arrays("test")[0]
    model = transfer(name, data, weights=path)
    check_features(model, x, network, name)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(loaded(x)), np.asarray(model(x)), atol=1e-5)


def test_every_network_of_keras_applications_has_an_entry():
    networks = {name for name, value in vars(keras.applications).items() if name[0].isupper() and callable(value)}
    assert set(BACKBONES) == networks


@pytest.mark.thorough
def test_an_efficientnet_with_published_weights(tmp_path, monkeypatch):
    """Keras builds it with one more Rescaling layer than a network with other weights."""
    published, own = tmp_path / "published.h5", tmp_path / "own.weights.h5"
    options = {"input_shape": (32, 32, 3), "include_top": False}
    write_published(published, keras.applications.EfficientNetB0(weights=None, **options))
    module = sys.modules[keras.applications.EfficientNetB0.__module__]
    monkeypatch.setattr(module.file_utils, "get_file", lambda *_, **__: str(published))
    network = keras.applications.EfficientNetB0(weights="imagenet", **options)
    network.save_weights(own)
    block, data = "block2a_project_bn", colours(32)
    x = data.arrays("test")[0]
    expected = np.asarray(keras.Model(network.input, network.get_layer(block).output)(x)).mean((1, 2))
    for file in (published, own):
        model = transfer("EfficientNetB0", data, weights=file, at=block)
        np.testing.assert_allclose(np.asarray(lower(model)(x)), expected, rtol=1e-4, atol=1e-6)


def test_random_weights_where_none_are_given_and_all_are_trained():
    data = colours(32)
    model = transfer("MobileNetV2", data, freeze=False, alpha=0.35)
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert kernels
    assert all(kernel.trainable and np.std(kernel) > 0 for kernel in kernels)


@pytest.mark.parametrize("values", ["tf", "torch", "caffe"])
def test_preprocessing_is_that_of_keras(values):
    module = {"tf": "mobilenet_v2", "torch": "densenet", "caffe": "resnet"}[values]
    data = colours(8)
    x = data.arrays("test")[0]
    found = x
    for layer in preprocessing_of(values, data.spec):
        found = layer(found)
    expected = getattr(keras.applications, module).preprocess_input(x.astype("float32"))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.thorough
def test_grey_and_small_images_and_those_whose_white_is_not_255(mobile):
    network, path = mobile
    data = colours(8, 1, top=17)
    assert data.spec.input_max == 16
    x = data.arrays("test")[0]
    model = transfer("MobileNetV2", data, weights=path, alpha=0.35)
    large = keras.ops.image.resize(np.repeat(x, 3, axis=-1).astype("float32") * (255 / 16), (32, 32))
    check_features(model, x, network, "MobileNetV2", large)


@pytest.mark.thorough
def test_images_are_resized_to_what_is_asked_for_and_keep_their_proportions(mobile):
    _, path = mobile
    larger = transfer("MobileNetV2", colours(8), weights=path, alpha=0.35, image_size=64)
    assert larger.get_layer("pooled").input.shape == (None, 2, 2, 1280)
    wide = recipes.Data.from_arrays(np.zeros((30, 16, 20, 3), "uint8"), np.arange(30) % 3)
    model = transfer("MobileNetV2", wide, weights=path, alpha=0.35)
    assert model.get_layer("resizing").output.shape == (None, 32, 40, 3)


@pytest.mark.thorough
def test_a_published_file_is_read_too(backbone):
    network, path = backbone("MobileNetV2", suffix="_no_top.h5", alpha=0.35)
    data = colours(32)
    x = data.arrays("test")[0]
    model = transfer("MobileNetV2", data, weights=path, alpha=0.35)
    check_features(model, x, network, "MobileNetV2")


@pytest.mark.thorough
def test_a_backbone_is_trained_in_two_stages(mobile, head):
    _, path = mobile
    data = colours(32)
    model = transfer("MobileNetV2", data, weights=path, alpha=0.35)
    before = weights(model)
    run = recipes.fit(data, head, epochs=1, model=model, verbose=0)
    assert names_of_changed(before, model) == {"outputs"}
    before = weights(model)
    recipes.fit(data, unfreeze(model, run.recipe, layers=2), epochs=1, model=model, verbose=0)
    assert names_of_changed(before, model) == {"block_16_project", "Conv_1", "outputs"}
