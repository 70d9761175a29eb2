"""ResNet-9: the shapes, parameters and operations of its sources, and what the whitening stem does to patches."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.models.resnet9 import patch_filters, resnet9
from recipes.regularization import L2, Dropout

TINY = {"widths": (3, 4), "convolutions": (3, 1), "stem": 2, "activation": "relu"}
AIRBENCH94 = {"stem": "whitening", "widths": (64, 256, 256), "convolutions": (2, 2, 2), "activation": "gelu"}


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def multiplications(model):
    """Of one image, in convolutions and the dense layer."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:-1]))
    return total


def maps(model):
    return [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_layers(kinds):
    model = resnet9(input_shape=(8, 8, 1), outputs=3, **TINY)
    norm = ["BatchNormalization", "relu"]
    assert kinds(model) == [
        *("InputLayer", "Conv2D2 no bias", *norm),
        *("Conv2D3 no bias", "MaxPooling2D", *norm, "Conv2D3 no bias", *norm, "Conv2D3 no bias", norm[0]),
        *(
            "Add",
            "relu",
            "Conv2D4 no bias",
            "MaxPooling2D",
            *norm,
            "GlobalMaxPooling2D",
            "Rescaling",
            "Dense3",
            "softmax",
        ),
    ]


def test_pages_network_has_his_parameters_and_maps():
    model = resnet9(input_shape=(32, 32, 3), outputs=10, activation="relu")
    assert trainable(model) == 6_573_120 + 10  # the bias of the output layer
    assert maps(model) == [
        *((32, 32, 64), (32, 32, 128), (16, 16, 128), (16, 16, 128), (16, 16, 256)),
        *((8, 8, 512), (4, 4, 512), (4, 4, 512)),
    ]


def test_airbench94_has_its_maps_and_its_operations():
    model = resnet9(input_shape=(32, 32, 3), outputs=10, **AIRBENCH94)
    assert maps(model) == [
        (31, 31, 24),
        (31, 31, 64),
        (15, 15, 64),
        (15, 15, 256),
        (7, 7, 256),
        (7, 7, 256),
        (3, 3, 256),
    ]
    widths = [24, 64, 64, 256, 256, 256, 256]
    kernels = sum(9 * a * b for a, b in itertools.pairwise(widths)) + 256 * 10
    assert trainable(model) == kernels + 24 + 2 * sum(widths[1:]) + 10  # shifts; scales and shifts; the output's bias
    training = 3 * 2 * multiplications(model) * 50_000 * 8  # forward and twice as much backward, 8 epochs
    assert training == pytest.approx(0.29e15, rel=0.03)  # of the author's README


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_filters_of_patches_are_an_orthonormal_basis_and_its_negative(channels):
    filters = patch_filters(channels).reshape(4 * channels, 8 * channels).astype("float64")
    basis, negative = np.split(filters, 2, axis=1)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4 * channels), atol=1e-6)
    np.testing.assert_array_equal(negative, -basis)
    np.testing.assert_allclose(basis[:, 0], (4 * channels) ** -0.5, rtol=1e-6)
    np.testing.assert_allclose(basis[:, 1:].sum(0), 0, atol=1e-6)


def test_the_whitening_stem_makes_correlated_pixels_white_and_is_not_trained():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 9, 9, 1)) + 0.3 * random.normal(size=(300, 9, 9, 3))
    for axis in (1, 2):
        x = x + np.roll(x, 1, axis=axis)
    model = resnet9(input_shape=(9, 9, 3), outputs=3, stem="whitening", widths=(4,), convolutions=(1,))
    x = x.astype("float32")

    def correlations(values):
        flat = np.asarray(values, "float64").reshape(-1, 12)
        return np.sqrt(np.mean(np.square(np.corrcoef(flat.T) - np.eye(12)))), flat.std(0)

    patches = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
    raw, _ = correlations(patches.transpose(0, 1, 2, 4, 5, 3))
    layer = model.get_layer("white_patches")
    white, deviations = correlations(keras.Model(model.inputs[0], layer.output)(x, training=True)[..., :12])
    assert white < 0.05 < 0.5 < raw
    np.testing.assert_allclose(deviations, 1, atol=0.01)
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} >= {"white_patches"}
    assert all("patches/kernel" not in weight.path for weight in model.trainable_weights)


def test_a_new_model_from_its_config_has_the_same_patches(tmp_path):
    model = resnet9(input_shape=(9, 9, 3), outputs=3, stem="whitening", widths=(4,), convolutions=(1,))
    again = keras.models.clone_model(model)
    np.testing.assert_array_equal(again.get_layer("patches").kernel, patch_filters(3))
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 9, 9, 3)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


def test_regularizers_are_on_kernels_and_on_no_shortcut(kinds):
    model = resnet9(input_shape=(8, 8, 1), outputs=3, **TINY, normalization="none", regularizer=[L2(0.1), Dropout(0.5)])
    found = [kind for kind in kinds(model) if "Dropout" in kind or kind == "Add" or kind.startswith("Conv2D")]
    drop = "SpatialDropout2D"
    assert found == ["Conv2D2", "Conv2D3", drop, "Conv2D3", drop, "Conv2D3", "Add", "Conv2D4", drop]
    penalized = [layer for layer in model.layers if getattr(layer, "kernel_regularizer", None) is not None]
    assert len(penalized) == 6  # all but the dense layer's would be 5


@pytest.mark.parametrize("stem", [4, "whitening"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_image_and_one_pixel_less(stem, count):
    options = {"outputs": 3, "widths": (3, 3), "convolutions": (count, 1), "stem": stem}
    side = 5 if stem == "whitening" else 4
    assert resnet9(input_shape=(side, side + 3, 1), **options).output_shape == (None, 3)
    with pytest.raises(
        InvalidArgument, match=f"widths must be at most 1 long for .* or images of at least {side} pixels"
    ):
        resnet9(input_shape=(side - 1, side + 3, 1), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": ()}, "widths must be given for at least one group"),
        ({"widths": (4,)}, r"convolutions must be 1, 2 or 3 for each of the 1 widths\. Received: convolutions="),
        ({"convolutions": (1, 2, 4)}, "convolutions must be 1, 2 or 3 for each of the 3 widths"),
        ({"convolutions": (1, 2, 0)}, "convolutions must be an integer >= 1"),
        ({"stem": "white"}, r"stem must be an integer >= 1 or \"whitening\"\. Received: stem='white'"),
        ({"stem": 0}, "stem must be an integer >= 1"),
        ({"stem": 2.5}, "stem must be an integer"),
        ({"stem": pd.DataFrame({"a": [1, 2]})}, "stem must be an integer"),
        ({"stem": np.array([1, 2])}, "stem must be an integer"),
        ({"input_shape": (32, 32)}, r"input_shape must be \(height, width, channels\) for a resnet9"),
        ({"widths": (4, 4, 4, 4, 4, 4), "convolutions": (1,) * 6}, "widths must be at most 5 long for"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        resnet9(**{"input_shape": (32, 32, 3), "outputs": 10, **options})


@pytest.mark.thorough
@pytest.mark.parametrize("stem", [8, "whitening"])
def test_it_learns_digits(stem, digits):
    model = {"name": "resnet9", "stem": stem, "widths": (16, 32), "convolutions": (2, 3)}
    assert fit(digits, Recipe(model=model), epochs=5, verbose=0).evaluate()["accuracy"] > 0.97
