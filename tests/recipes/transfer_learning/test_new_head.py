import dataclasses
import json

import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe, transfer, unfreeze
from recipes.training_checks import check_fits

from .parts import colours, layers_of, lower, names_of_changed, weights


def test_the_lower_layers_have_the_weights_and_answer_as_they_did(run, few):
    model = transfer(run, few)
    x = few.arrays("test")[0]
    np.testing.assert_array_equal(np.asarray(lower(model)(x)), np.asarray(lower(run.model)(x)))
    assert model.output_shape == (None, 1)
    assert not model.compiled
    assert {type(each).__module__.split(".")[0] for each in model.layers} == {"keras"}
    # The mean is that of the data it was trained on, of which the new data are a part.
    assert run.data.spec.input_mean != few.spec.input_mean
    np.testing.assert_allclose(np.ravel(layers_of(model, keras.layers.Normalization)[0].mean), run.data.spec.input_mean)


def test_training_changes_the_head_only_and_not_a_bit_else(run, few, head):
    model = transfer(run, few)
    before, theirs = weights(model), weights(run.model)
    assert len(layers_of(model, keras.layers.BatchNormalization)) == 2
    recipes.fit(few, head, epochs=2, model=model, verbose=0)
    assert names_of_changed(before, model) == {"outputs"}
    assert not names_of_changed(theirs, run.model)
    assert all(layer.trainable for layer in run.model.layers if layer.name != "linear_part")
    assert len(layers_of(run.model, keras.layers.Dropout)) == 1


def test_dropout_and_batch_normalization_are_in_inference_mode_in_training_too(run, few):
    x = 3.0 * few.arrays("train")[0][:32]
    for source, same in ((transfer(run, few), True), (run.model, False)):
        part = lower(source)
        first, second = (np.asarray(part(x, training=True)) for _ in range(2))
        assert np.array_equal(first, second) is same
        assert np.allclose(first, np.asarray(part(x, training=False))) is same


def test_some_of_the_layers_frozen(run, few, head):
    model = transfer(run, few, freeze=1)
    dense, normalization = (layers_of(model, kind) for kind in (keras.layers.Dense, keras.layers.BatchNormalization))
    assert [layer.trainable for layer in dense] == [False, True, True]
    assert [layer.trainable for layer in normalization] == [False, True]
    assert len(layers_of(model, keras.layers.Dropout)) == 1
    before = weights(model)
    recipes.fit(few, head, epochs=1, model=model, verbose=0)
    assert names_of_changed(before, model) == {dense[1].name, normalization[1].name, "outputs"}


@pytest.mark.thorough
def test_none_frozen_is_where_training_starts(run, few, head):
    model = transfer(run, few, freeze=False)
    assert all(layer.trainable for layer in model.layers)
    assert len(layers_of(model, keras.layers.Dropout)) == 1
    x = few.arrays("test")[0]
    np.testing.assert_array_equal(np.asarray(lower(model)(x)), np.asarray(lower(run.model)(x)))
    before = weights(model)
    recipes.fit(few, head, epochs=1, model=model, verbose=0)
    assert len(names_of_changed(before, model)) == 5
    # Frozen layers of a model that is transferred again do not stay so.
    again = transfer(transfer(run, few), few, freeze=False)
    assert all(layer.trainable for layer in again.layers)


def test_dropout_within_layers_is_taken_out_and_models_within_models_are_copied():
    inner = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(5, dropout=0.5)], name="inner")
    inputs = keras.Input((24,))
    x = keras.layers.GaussianNoise(1.0)(inputs)
    x = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True, recurrent_dropout=0.4, dropout=0.5))(
        keras.layers.Reshape((6, 4))(x)
    )
    x = keras.layers.MultiHeadAttention(2, 3, dropout=0.5)(x, x)
    x = keras.layers.Concatenate()([keras.layers.Flatten()(x), inner(keras.layers.Reshape((6, 4))(inputs))])
    source = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    random = np.random.default_rng(0)
    data = recipes.Data.from_arrays(random.normal(size=(60, 24)), np.arange(60) % 3, batch_size=16)
    model = transfer(source, data)
    assert model.get_layer("inner") is not inner
    assert [each.path.split("/")[0] for each in model.trainable_variables] == ["outputs", "outputs"]
    x = random.normal(size=(8, 24)).astype("float32")
    features = lower(model)
    expected = keras.Model(inputs, source.layers[-1].input)(x)
    np.testing.assert_array_equal(*(np.asarray(features(x, training=True)) for _ in range(2)))
    np.testing.assert_allclose(np.asarray(features(x, training=True)), np.asarray(expected), rtol=1e-4, atol=1e-6)
    assert not np.allclose(np.asarray(source(x, training=True)), np.asarray(source(x)), atol=1e-2)
    unfreeze(model, Recipe(learning_rate=0.1))
    assert len(model.trainable_variables) == len(source.trainable_variables)


@pytest.mark.thorough
def test_files_folders_and_models_give_the_same(run, few, tmp_path):
    keras.utils.set_random_seed(0)
    run.save(tmp_path / "run")
    run.model.save(tmp_path / "other.keras")
    x = few.arrays("test")[0]
    expected = np.asarray(lower(run.model)(x))
    for source in (run.model, tmp_path / "other.keras", str(tmp_path / "other.keras"), tmp_path / "run"):
        np.testing.assert_array_equal(np.asarray(lower(transfer(source, few))(x)), expected)


def test_where_a_model_of_ones_own_is_cut(few):
    layers = [keras.layers.Dense(5, name="hidden"), keras.layers.Dense(7, activation="relu", name="upper")]
    softmax = [keras.layers.Dense(3, name="last"), keras.layers.Softmax()]
    body = [keras.Input((4,)), *layers]
    classifier = keras.Sequential([*body, *softmax])
    regressor = keras.Sequential([*body, keras.layers.Dense(2, name="numbers")])
    for source, options, below in (
        (classifier, {}, 7),
        (regressor, {}, 2),
        (regressor, {"at": "upper"}, 7),
        (classifier, {"at": "hidden"}, 5),
        (keras.Sequential(body), {}, 7),
        (recipes.siamese(input_shape=(4,), hidden=(6, 3)).get_layer("encoder"), {}, 3),
    ):
        model = transfer(source, few, **options)
        assert model.get_layer("outputs").input.shape == (None, below)
        check_fits(model, few)


def test_feature_maps_are_averaged(images):
    source = recipes.cnn(images.spec, filters=(4,), hidden=(5,))
    model = transfer(source, images, at=layers_of(source, keras.layers.Conv2D)[0].name)
    x = images.arrays("test")[0]
    maps = keras.Model(source.input, layers_of(source, keras.layers.Conv2D)[0].output)(x)
    np.testing.assert_allclose(np.asarray(lower(model)(x)), np.asarray(maps).mean((1, 2)), rtol=1e-5, atol=1e-6)


def test_the_head_is_that_of_the_task_with_its_own_penalty(run, few, classes):
    x, y = classes.arrays("train")
    numbers = recipes.Data.from_arrays(x, (100.0 + y).astype("float32"), name="numbers")
    for data, last in ((few, "sigmoid"), (classes, "softmax"), (numbers, "Rescaling")):
        layer = transfer(run, data).layers[-1]
        assert last in (getattr(getattr(layer, "activation", None), "__name__", ""), type(layer).__name__)
    penalty = transfer(run, few, regularizer="l2").get_layer("outputs").kernel_regularizer
    assert isinstance(penalty, keras.regularizers.L2)
    assert transfer(run, few).get_layer("outputs").kernel_regularizer is None


@pytest.mark.thorough
def test_a_transferred_model_is_exported_and_takes_raw_inputs(images, tmp_path, python):
    source = recipes.cnn(images.spec, filters=(4,), hidden=(5,), regularizer="dropout", normalization="batch")
    model = transfer(source, images)
    run = recipes.fit(images, Recipe(regularizer="none", learning_rate=0.05), epochs=1, model=model, verbose=0)
    recipes.export(run, tmp_path / "out")
    x = images.arrays("test")[0]
    assert x.dtype == np.uint8
    np.save(tmp_path / "x.npy", x)
    script = """
import json, sys
import keras, numpy as np, tensorflow as tf
folder = sys.argv[1]
x = np.load(folder + "/x.npy")
model = keras.models.load_model(folder + "/out/model.keras")
served = tf.saved_model.load(folder + "/out/1")
assert not any(name.split(".")[0] in ("recipes", "callbacks") for name in sys.modules)
answers = [model(x), model(x, training=True), served.serve(tf.constant(x))]
print(json.dumps([np.asarray(each).tolist() for each in answers]))
"""
    printed = python(script, str(tmp_path), cwd=tmp_path)
    for found in json.loads(printed.strip().splitlines()[-1]):  # the frozen part is frozen in the file too
        np.testing.assert_allclose(found, np.asarray(model(x)), atol=1e-6)


def test_what_transfer_refuses(run, few, images, tmp_path):
    path = tmp_path / "empty.weights.h5"
    (tmp_path / "empty.keras").write_text("nothing")
    path.write_text("nothing")
    several = keras.Input((4,))
    two = keras.Model(several, [keras.layers.Dense(2)(several), keras.layers.Dense(3)(several)])
    small = colours(32)

    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    for message, model, data, options in [
        ("model must be a model with one input of shape", run, images, {}),
        ("model must be a Run, a Keras model", 3, few, {}),
        ("model must be a .keras file that exists, or one of ConvNeXtTiny", "MobilNetV2", few, {}),
        ("model must be a .keras file that Keras can read", tmp_path / "empty.keras", few, {}),
        ("model must be one whose training did not diverge", dataclasses.replace(run, message="nan"), few, {}),
        ("model must be one that Keras can copy", Own(), few, {}),
        ("at must be one of", run, few, {"at": "middle"}),
        ("at must be given: the name of a layer with one output", two, few, {}),
        ("freeze must be at most 2, the number of layers with a kernel", run, few, {"freeze": 3}),
        ("freeze must be an integer >= 0", run, few, {"freeze": 0.5}),
        ("weights must be left out: only a name", run, few, {"weights": "a"}),
        ("alpha must be left out: only a name", run, few, {"alpha": 0.35}),
        ("data must be what recipes.load", run, "digits", {}),
        ("data must be grey or coloured images for MobileNetV2", "MobileNetV2", few, {"weights": path}),
        ("weights must be a file with the weights of MobileNetV2: none is downloaded", "MobileNetV2", small, {}),
        ("weights must be a file with the weights of MobileNetV2", "MobileNetV2", small, {"weights": "imagenet"}),
        (
            "options must be options of keras.applications.MobileNetV2",
            "MobileNetV2",
            small,
            {"weights": path, "beta": 1},
        ),
        ("image_size must be an integer >= 32", "MobileNetV2", small, {"weights": path, "image_size": 20}),
    ]:
        with pytest.raises(InvalidArgument, match=message.replace(".", r"\.")) as caught:
            transfer(model, data, **options)
        assert "\n" not in str(caught.value), message


def test_a_normalization_that_was_adapted_keeps_its_statistics():
    random = np.random.default_rng(0)
    x = random.normal(50, 5, (60, 3)).astype("float32")
    normalization = keras.layers.Normalization()
    normalization.adapt(x)
    layers = [
        keras.Input((3,)),
        normalization,
        keras.layers.Dense(4, name="hidden"),
        keras.layers.Dense(1, name="last"),
    ]
    source = keras.Sequential([*layers, keras.layers.Activation("sigmoid")])
    model = transfer(source, recipes.Data.from_arrays(x, np.arange(60) % 2))
    expected = keras.Model(source.inputs[0], source.get_layer("hidden").output)(x)
    np.testing.assert_allclose(np.asarray(lower(model)(x)), np.asarray(expected), atol=1e-5)
