"""Transfer from each of the factories, with the kind of data it is for."""

import keras
import numpy as np
import pytest

import recipes
from recipes import Recipe, transfer, unfreeze

from .parts import lower

SIZES = {
    "mlp": {"hidden": (6, 5)},
    "cnn": {"filters": (4,), "hidden": (5,)},
    "resnet": {"filters": (4, 6), "blocks": (1, 1)},
    "resnet9": {"widths": (4,), "convolutions": (2,), "stem": "whitening"},
    "densenet": {"blocks": (1, 1), "growth": 4},
    "rnn": {"units": (5,)},
    "text": {"encoder": "average"},  # a bag of words has no weights under its head
    "tabular": {"hidden": (6,)},
    "mixed": {"hidden": (6,)},
}


def vector(x):
    return keras.tree.map_structure(
        lambda each: keras.ops.convert_to_tensor(each.tolist() if each.dtype == object else each), x
    )


def data_for(model, images):
    random = np.random.default_rng(0)
    y = np.arange(90) % 3
    if model in ("cnn", "resnet", "resnet9", "densenet", "rnn"):
        return images
    if model == "mlp":
        return recipes.Data.from_arrays(random.normal(size=(90, 5)).astype("float32"), y, name="table")
    words = np.array([["a few", "b words", "c here"][each] for each in y], object)
    if model == "text":
        return recipes.Data.from_arrays(words, y, name="texts")
    columns = {
        "kind": np.array(["x", "y", "z"], object)[random.permutation(y)],
        "size": random.normal(size=90).astype("float32"),
    }
    if model == "mixed":
        columns["picture"] = random.integers(0, 255, (90, 8, 8, 1)).astype("uint8")
    return recipes.Data.from_arrays(columns, y, name="records")


@pytest.mark.parametrize("model", SIZES)
@pytest.mark.ordinarily("cnn")
def test_from_each_factory_and_its_file(model, images, tmp_path):
    data = data_for(model, images)
    source = recipes.models.MODELS.build(model, spec=data.spec, **SIZES[model])
    source.save(tmp_path / "model.keras")
    x = vector(data.arrays("test")[0])
    expected = np.asarray(lower(source)(x, training=False))
    for given in (source, tmp_path / "model.keras"):
        new = transfer(given, data)
        np.testing.assert_allclose(np.asarray(lower(new)(x, training=True)), expected, atol=1e-5)
        assert [each.path.split("/")[0] for each in new.trainable_variables] == ["outputs", "outputs"]
    recipe = Recipe(regularizer="none", learning_rate=0.01, optimizer="sgd", schedule="constant")
    before = [np.array(each) for each in lower(new).trainable_variables]
    assert not before
    run = recipes.fit(data, unfreeze(new, recipe), epochs=1, model=new, verbose=0)
    assert not run.diverged
    changed = [not np.allclose(one, other) for one, other in zip(source.get_weights(), new.get_weights(), strict=False)]
    assert sum(changed) >= 2


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["autoencoder", "siamese", "multitask"])
def test_from_those_of_other_shapes(model, images):
    if model == "autoencoder":
        source, at = recipes.autoencoder(images.spec, hidden=(6,), code=5), "code"
        part = keras.Model(source.input, source.get_layer("code").output)
    elif model == "siamese":
        source, at = recipes.siamese(images.spec, hidden=(6,)).get_layer("encoder"), None
        part = source
    else:
        source, at = recipes.multitask(tasks={"one": 3}, input_shape=images.spec.input_shape, hidden=(6,)), "trunk"
        part = source.get_layer("trunk")
    x = vector(images.arrays("test")[0])
    new = transfer(source, images, at=at)
    np.testing.assert_allclose(np.asarray(lower(new)(x)), np.asarray(part(x)), atol=1e-5)
