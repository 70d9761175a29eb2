"""Augmentation as a regularizer: in the training batches and nowhere else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.catalogue import UnknownName
from recipes.data.augmentation import augmentation, preset
from recipes.regularization import Augmentation
from recipes.trainer import Trainer

MODEL = {"name": "cnn", "filters": (3,), "hidden": ()}
MOVED = {"translation": 0.3}


def recipe(regularizer=None, **choices):
    regularizer = Augmentation(MOVED) if regularizer is None else regularizer
    return Recipe(**{"model": MODEL, "learning_rate": 0.05, "regularizer": regularizer, **choices})


def test_the_recipe_changes_training_batches_as_the_data_package_does(images):
    x, _ = next(iter(images.batches("train", seed=0)))
    changed = recipe().augment(images)(x, (0, 3))
    np.testing.assert_array_equal(changed, augmentation(images, MOVED)(x, (0, 3)))
    assert not np.array_equal(changed, x)
    assert recipe("l2").augment(images) is None


def test_by_default_what_suits_the_data_at_the_usual_strength(images):
    x = tf.constant(images.arrays("train")[0])
    assert preset(images.spec) == ("translation", "rotation", "zoom")
    usual = augmentation(images, preset(images.spec))(x, (0, 3))
    np.testing.assert_array_equal(Augmentation().augment(images)(x, (0, 3)), usual)
    mild = augmentation(images, preset(images.spec), strength=0.5)(x, (0, 3))
    np.testing.assert_array_equal(Augmentation(strength=0.5).augment(images)(x, (0, 3)), mild)
    assert not np.array_equal(usual, mild)


@pytest.mark.filterwarnings("ignore:model .* can be exported:UserWarning")  # its layer is local
def test_a_training_sees_other_images_in_every_epoch_and_the_same_with_the_same_seed(images):
    def seen(seed):
        found = []

        class Watch(keras.layers.Layer):
            def call(self, x, training=False):
                if training:
                    tf.py_function(lambda batch: found.append(batch.numpy()), [x], [])
                return x

        def model(spec):
            layers = keras.layers.Flatten(), keras.layers.Rescaling(1 / 255), keras.layers.Dense(3, "softmax")
            return keras.Sequential([keras.Input(spec.input_shape, dtype="uint8"), Watch(dtype="uint8"), *layers])

        fit(images, recipe(model=model), epochs=2, seed=seed, verbose=0)
        return np.concatenate(found)

    first = seen(0)
    given = {each.tobytes() for each in images.arrays("train")[0]}
    assert len(first) == 2 * images.steps_per_epoch * images.batch_size
    assert np.mean([each.tobytes() in given for each in first]) < 0.2
    epochs = [{each.tobytes() for each in half} for half in np.split(first, 2)]
    assert len(epochs[0] & epochs[1]) < 0.2 * len(epochs[0])
    np.testing.assert_array_equal(seen(0), first)


@pytest.mark.thorough
def test_validation_the_arrays_and_the_model_are_untouched(images):
    before = {split: images.arrays(split)[0].copy() for split in ("train", "validation", "test")}
    run = fit(images, recipe(), epochs=1, verbose=0)
    for split, x in before.items():
        np.testing.assert_array_equal(images.arrays(split)[0], x)
    x, y = images.arrays("validation")
    p = np.asarray(run.model(x), "float64")
    assert run.history["val_loss"][-1] == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-5)
    plain = recipe("none").build_model(images.spec)
    assert [type(layer) for layer in run.model.layers] == [type(layer) for layer in plain.layers]


@pytest.mark.thorough
def test_training_again_gives_the_same_numbers(images):
    trainer = Trainer(images, recipe())
    first = trainer.run(epochs=2, seed=1).history
    assert trainer.run(epochs=2, seed=1).history == first
    assert first["loss"][0] != first["loss"][1]


@pytest.mark.parametrize(
    "choice",
    [
        Augmentation(),
        Augmentation(["translation", "noise"]),
        Augmentation(("translation", "noise"), 0.5),
        Augmentation({"translation": 0.2, "flip": 1.0}, strength=1.5),
    ],
    ids=["preset", "list", "tuple", "mapping"],
)
def test_json_gives_the_same_choice(choice):
    given = recipe(choice)
    back = Recipe.from_json(given.to_json())
    assert back == given
    assert hash(back) == hash(given)
    (again,) = back.regularizers()
    assert list(again.transformations or ()) == list(choice.transformations or ())
    assert dict(again.to_choice(), transformations=None) == dict(choice.to_choice(), transformations=None)
    assert recipe({"name": "augmentation", **vars(choice)}) == given


def test_tables_are_refused_before_any_training(classes):
    choice = Recipe(regularizer="augmentation")
    with pytest.raises(InvalidArgument, match="regularizer must be one for tabular data, which 'classes' is"):
        choice.check(classes.spec)
    with pytest.raises(InvalidArgument, match="one for tabular data"):
        fit(classes, choice, epochs=1, verbose=0)


def test_a_flip_of_digits_warns(images):
    with pytest.warns(UserWarning, match="a flipped character is another one or none"):
        Trainer(images, recipe(Augmentation(["flip"])))


def test_colours_of_grey_images_are_refused_before_any_training(images):
    with pytest.raises(InvalidArgument, match="one for grey images: 'images' has no colours"):
        fit(images, recipe(Augmentation(["hue"])), epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 0.0}, r"strength must be a number > 0\. Received: strength=0\.0"),
        ({"strength": -1.0}, "strength must be"),
        ({"strength": "1"}, "strength must be"),
        ({"transformations": {"translation": -0.1}}, "translation must be a number > 0"),
        ({"transformations": 5}, "transformations must be a list of names, or a mapping"),
        ({"transformations": "flip"}, "transformations must be a list of names, or a mapping"),
    ],
)
def test_what_is_refused_when_the_choice_is_made(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Augmentation(**options)


def test_names_are_looked_up_when_the_choice_is_made():
    with pytest.raises(UnknownName, match="unknown transformation 'flop': did you mean 'flip'"):
        Augmentation(["translation", "flop"])
    with pytest.raises(UnknownName, match="did you mean 'flip'"):
        Recipe(regularizer={"name": "augmentation", "transformations": ["flop"]})
