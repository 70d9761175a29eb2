import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import cnn
from recipes.regularization import L2, Dropout, MaxNorm


def test_layers(kinds):
    model = cnn(input_shape=(8, 8, 1), outputs=3, filters=(4, 6), hidden=(5,))
    assert kinds(model) == [
        "InputLayer",
        *("Conv2D4", "elu", "MaxPooling2D"),
        *("Conv2D6", "elu", "MaxPooling2D"),
        *("Flatten", "Dense5", "elu"),
        *("Dense3", "softmax"),
    ]


def test_the_sizes_by_default():
    model = cnn(input_shape=(28, 28, 1), outputs=10)
    kernels = 9 * (32 + 32 * 64 + 64 * 128 + 128 * 128) + 128 * 128
    normalized = 32 + 64 + 128 + 128 + 128
    assert model.count_params() == kernels + 4 * normalized + (128 * 10 + 10)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("shape", "filters"),
    [
        ((1, 9, 1), []),
        ((2, 3, 1), [32]),
        ((3, 40, 1), [32]),
        ((4, 4, 1), [32, 64]),
        ((8, 8, 1), [32, 64]),
        ((16, 64, 3), [32, 64, 128, 128]),
        ((15, 32, 3), [32, 64]),
        ((33, 47, 1), [32, 64, 128, 128]),
        ((64, 63, 3), [32, 64, 128, 128]),
        ((64, 64, 3), [32, 64, 128, 256, 256]),
        ((127, 200, 1), [32, 64, 128, 256, 256]),
        ((128, 128, 1), [32, 64, 128, 256, 256]),
    ],
)
def test_the_filters_follow_the_size_of_the_image(kinds, shape, filters):
    model = cnn(input_shape=shape, outputs=10, hidden=(3,))
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == filters
    pooled = [layer.output.shape[1:3] for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert pooled == [(shape[0] // 2**n, shape[1] // 2**n) for n in range(1, len(filters) + 1)]
    assert ("BatchNormalization" in kinds(model)) is (len(filters) >= 4)
    assert model.output_shape == (None, 10)


def test_everything_at_once(kinds, images):
    model = cnn(images.spec, filters=(4,), hidden=(5,), normalization="batch", regularizer=[L2(0.2), Dropout(0.1)])
    assert kinds(model) == [
        *("InputLayer", "Normalization"),
        *("Conv2D4 no bias", "BatchNormalization", "elu", "MaxPooling2D"),
        *("Flatten", "Dense5 no bias", "BatchNormalization", "elu", "Dropout"),
        *("Dense3", "softmax"),
    ]
    kernels = [v.numpy().astype("float64") for v in model.trainable_variables if v.path.endswith("kernel")]
    assert len(kernels) == 3
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(np.sum(kernel**2) for kernel in kernels), rel=1e-6)


def test_whole_channels_are_dropped_after_convolutions(kinds, images):
    options = {"filters": (4,), "hidden": (5,)}
    model = cnn(images.spec, regularizer=[Dropout(0.1)], **options)
    assert [kind for kind in kinds(model) if "Dropout" in kind] == ["SpatialDropout2D", "Dropout"]
    model = cnn(images.spec, regularizer=[Dropout(0.1, spatial=False)], **options)
    assert [kind for kind in kinds(model) if "Dropout" in kind] == ["Dropout", "Dropout"]


def test_max_norm_is_that_of_a_whole_filter(images):
    model = cnn(images.spec, filters=(4,), hidden=(5,), regularizer=[MaxNorm(0.5)])
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    assert [len(kernel.shape) for kernel in kernels] == [4, 2, 2]
    for kernel in kernels:
        kernel.assign(kernel.constraint(kernel * 10.0))
        norms = np.sqrt(np.sum(kernel.numpy().astype("float64") ** 2, axis=tuple(range(len(kernel.shape) - 1))))
        np.testing.assert_allclose(norms, 0.5, rtol=1e-5)


@pytest.mark.parametrize(("filters", "hidden", "deep"), [((2, 2), (3, 3), False), ((2, 2), (3, 3, 3), True)])
def test_convolutions_count_towards_deep(kinds, filters, hidden, deep):
    model = cnn(input_shape=(8, 8, 1), outputs=3, filters=filters, hidden=hidden)
    assert ("BatchNormalization" in kinds(model)) is deep


def test_kernel_size_and_style():
    model = cnn(
        input_shape=(8, 8, 2),
        outputs=1,
        filters=(4,),
        hidden=(),
        kernel_size=5,
        activation="relu",
        initializer="orthogonal",
    )
    assert model.layers[1].kernel.shape == (5, 5, 2, 4)
    assert isinstance(model.layers[1].kernel_initializer, keras.initializers.Orthogonal)
    assert model.layers[2].activation.__name__ == "relu"
    assert model.layers[-1].activation.__name__ == "sigmoid"


def test_he_variance():
    keras.utils.set_random_seed(0)
    kernel = cnn(input_shape=(8, 8, 32), outputs=3, filters=(64,)).layers[1].kernel.numpy()
    assert kernel.var() == pytest.approx(2 / (9 * 32), rel=0.05)


def test_a_keras_file_gives_the_same_model(images, tmp_path):
    model = cnn(images.spec, filters=(3,), hidden=(4,), regularizer="l2+dropout")
    model.save(tmp_path / "model.keras")
    x = images.arrays("test")[0]
    assert np.array_equal(
        keras.models.load_model(tmp_path / "model.keras").predict(x, verbose=0), model.predict(x, verbose=0)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (8,)}, "use mlp for other data"),
        ({"input_shape": (8, 8)}, "use mlp for other data"),
        ({"input_shape": (8, 8, 1), "filters": 4}, "filters must be a sequence"),
        ({"input_shape": (8, 8, 1), "filters": (0,)}, "filters must be an integer >= 1"),
        ({"input_shape": (8, 8, 1), "hidden": 4}, "hidden must be a sequence"),
        ({"input_shape": (8, 8, 1), "kernel_size": 0}, "kernel_size must be an integer >= 1"),
        ({"input_shape": (8, 7, 1), "filters": (2, 2, 2)}, r"filters must be at most 2 long for \(8, 7, 1\) images"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        cnn(**{"outputs": 3, **options})


def test_a_table_is_refused(classes):
    with pytest.raises(InvalidArgument, match="use mlp for other data"):
        cnn(classes.spec)
