"""Images of unlike sizes: one size for training, any size for the model."""

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.image_sizes import are_images, resized_images

RANDOM = np.random.default_rng(0)
Y = np.arange(40) % 2
SIZE = (6, 7)


def photos(channels=3, dtype="uint8"):
    sizes = RANDOM.integers(4, 12, (40, 2))
    return [RANDOM.integers(0, 256, (*size, channels)).astype(dtype) for size in sizes]


@pytest.mark.parametrize(
    ("channels", "dtype"), [(3, "uint8"), (1, "uint8"), (3, "float32"), (1, "uint16"), (4, "float64")]
)
def test_each_image_is_resized_as_by_keras(channels, dtype):
    images = photos(channels, dtype)
    found = resized_images("x", images, SIZE)
    assert (found.shape, found.dtype.name) == ((40, *SIZE, channels), dtype if dtype != "float64" else "float32")
    for image, result in zip(images, found, strict=True):
        layer = keras.layers.Resizing(*SIZE, dtype=found.dtype.name)
        np.testing.assert_array_equal(result, layer(image.astype(found.dtype)).numpy())


def test_arrays_and_lists_with_or_without_the_channel_are_alike():
    stack = RANDOM.integers(0, 256, (300, 9, 8)).astype("uint8")
    expected = resized_images("x", stack[..., None], SIZE)
    for images in (stack, list(stack), [image[..., None] for image in stack]):
        np.testing.assert_array_equal(resized_images("x", images, SIZE), expected)


def test_what_images_are():
    assert are_images(np.zeros((2, 3, 4), "uint8"))
    assert are_images([np.zeros((3, 4), "uint8"), np.zeros((3, 4, 3), "float32")])
    for others in (np.zeros((2, 3, 4)), [np.zeros((3, 4))], np.zeros((2, 3), "uint8"), ["a"], [], None, 5):
        assert not are_images(others)


def test_one_size_for_training_and_any_size_for_the_model():
    x, held = photos(), photos()
    data = recipes.Data.from_arrays(x, Y, x_test=held, y_test=Y, image_size=SIZE)
    assert (data.spec.input_shape, data.spec.resized) == ((*SIZE, 3), True)
    np.testing.assert_array_equal(data.arrays("test")[0], resized_images("x", held, SIZE))
    model = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}).build_model(data.spec)
    predicted = model.predict(data.arrays("test")[0], verbose=0)
    np.testing.assert_allclose(model.predict(held[3][None], verbose=0), predicted[3:4], atol=1e-6)
    assert all(fold.spec.resized for fold in data.folds(2))


def test_the_images_of_a_record_keep_no_size_of_their_own(tmp_path):
    x = {"front": photos(), "back": photos(1), "age": np.arange(40.0)}
    data = recipes.Data.from_arrays(x, Y, image_size=SIZE)
    shapes = {feature.name: (feature.shape, feature.resized) for feature in data.spec.features}
    assert shapes == {"front": ((*SIZE, 3), True), "back": ((*SIZE, 1), True), "age": ((), False)}
    assert recipes.Spec.from_config(data.spec.to_config()) == data.spec
    assert data.folds(2)[0].spec.features == tuple(
        f for f in data.folds(2)[0].spec.features if f.resized or f.kind == "number"
    )
    run = recipes.fit(
        data, recipes.Recipe(model={"name": "mixed", "hidden": (4,)}, learning_rate=0.01), epochs=1, verbose=0
    )
    predictor = recipes.Predictor(recipes.export(run, tmp_path / "out"))
    rows = [{key: values[n] for key, values in x.items()} for n in range(3)]
    one_by_one = [predictor(row)[0]["probability"] for row in rows]
    together = [answer["probability"] for answer in predictor({key: values[:3] for key, values in x.items()})]
    assert together == pytest.approx(one_by_one, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "size", "message"),
    [
        (
            photos(),
            None,
            r"x must be of one size, but \d+ of 40 .* differ from the rest: pass image_size=\(height, wid",
        ),
        ({"a": photos()}, None, r"x\['a'\] must be of one size, .* pass image_size="),
        (RANDOM.normal(size=(40, 3)), SIZE, "image_size must be None, since there are no images in x"),
        (
            [*photos()[:39], *photos(1)[:1]],
            SIZE,
            "x must be images of .*number of channels.* Received: x='1 of 1, 39 of 3'",
        ),
        (np.zeros((40, 3, 9, 9), "uint8"), SIZE, r"x must be images of shape \(n, height, width, channels\)"),
        (photos(), (0, 3), "image_size must be an integer >= 1"),
        (photos(), 32, r"image_size must be \(height, width\)"),
    ],
)
def test_what_is_refused(x, size, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        recipes.Data.from_arrays(x, Y, image_size=size)
    assert "\n" not in str(error.value)


def test_a_split_without_the_images_of_training_is_refused():
    with pytest.raises(InvalidArgument, match="x_test must be images: uint8"):
        recipes.Data.from_arrays(photos(), Y, x_test=np.zeros((40, 3)), y_test=Y, image_size=SIZE)


def test_images_in_a_record_of_tfds_keep_no_size_of_their_own(prepare):
    features = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "age": np.float32,
        "label": tfds.features.ClassLabel(num_classes=2),
    }
    rows = [{"image": image, "age": n / 2, "label": n % 2} for n, image in enumerate(photos())]
    spec = recipes.load("portraits", data_dir=prepare("portraits", features, {"train": rows}), image_size=SIZE).spec
    assert {feature.name: feature.resized for feature in spec.features} == {"age": False, "image": True}
