import keras
import numpy as np
import pytest

from recipes.model_inputs import inputs_for, shapes_of


def model_of(*inputs, names=None):
    tensors = [keras.layers.Flatten()(tensor) for tensor in inputs]
    output = keras.layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]
    return keras.Model(dict(zip(names, inputs, strict=True)) if names else list(inputs), output)


BATCH = {"numbers": np.ones((2, 3), "float32"), "image": np.full((2, 4, 4, 1), 2.0, "float32")}


@pytest.mark.parametrize("shape", [(4, 4, 1), (4, 4), (None, None, 1), (4, 4, 1, 1)])
def test_columns_go_to_the_inputs_of_their_shapes(shape):
    if shape == (None, None, 1):
        image = keras.Input(shape)
        model = keras.Model([image, numbers := keras.Input((3,))], [image, numbers])
    else:
        model = model_of(keras.Input(shape), keras.Input((3,)))
    first, second = inputs_for(model, BATCH)
    assert first is BATCH["image"]
    assert second is BATCH["numbers"]
    model(inputs_for(model, BATCH))


def test_names_of_a_dictionary():
    picture, more = keras.Input((4, 4, 1), name="picture"), keras.Input((3,), name="more")
    model = model_of(picture, more, names=("picture", "more"))
    taken = inputs_for(model, BATCH)
    assert taken["picture"] is BATCH["image"]
    assert taken["more"] is BATCH["numbers"]
    np.testing.assert_array_equal(model(taken), [[2.0] * 16 + [1.0] * 3] * 2)


def test_what_is_left_as_it_is():
    named = model_of(keras.Input((3,), name="image"), keras.Input((4, 4, 1), name="numbers"))
    same = model_of(keras.Input((3,)), keras.Input((3,)))
    three = model_of(keras.Input((3,)), keras.Input((4, 4, 1)), keras.Input((1,)))
    other = model_of(keras.Input((3,)), keras.Input((5, 4, 1)))
    words = model_of(keras.Input((3,)), keras.Input((4, 4, 1), dtype="string"))
    for model in (named, same, three, other, words, keras.Sequential([keras.layers.Dense(1)])):
        assert inputs_for(model, BATCH) is BATCH
    assert inputs_for(named, BATCH["image"]) is BATCH["image"]


def test_shapes_in_words():
    assert shapes_of(keras.Sequential([keras.Input((7, 2)), keras.layers.Dense(1)])) == "(7, 2)"
    assert shapes_of(keras.Sequential([keras.layers.Dense(1)])) == ""
    two = model_of(keras.Input((3,), name="a"), keras.Input((2,), name="b"))
    assert shapes_of(two) == "{'a': (3,), 'b': (2,)}"
