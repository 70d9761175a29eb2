"""What is used of Keras' layers and tensors is there and does what is said of it."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside.layers import (
    all_layers,
    halves,
    is_functional,
    logits_of,
    mask_of,
    node_of,
    noise_shape,
    recorded_calls,
    replaced_method,
    use_seed_generator,
)

L = keras.layers


def test_all_layers_are_those_of_models_and_layers_inside_each_once():
    dense = L.Dense(2, name="dense")
    inner = keras.Sequential([keras.Input((2,)), dense, dense], name="inner")
    model = keras.Sequential([keras.Input((3, 2)), L.TimeDistributed(inner, name="over"), L.LSTM(2, name="lstm")])
    names = [layer.name for layer in all_layers(model, include_self=False)]
    assert names.count("dense") == 1
    assert {"over", "inner", "dense", "lstm"} < set(names)
    assert all_layers(model)[0] is model
    assert [layer.name for layer in all_layers(model)[1:]] == names
    inside = {id(weight) for layer in all_layers(model) for weight in layer.weights}
    assert inside == {id(weight) for weight in model.weights}


def test_functional_models_are_those_that_keras_clones():
    class Own(keras.Model):
        def call(self, x):
            return x

    inputs = keras.Input((2,))
    assert is_functional(keras.Model(inputs, L.Dense(1)(inputs)))
    assert is_functional(keras.Sequential([inputs, L.Dense(1)]))
    assert not is_functional(Own())


def test_a_mask_goes_with_its_tensor():
    words = L.Embedding(5, 2, mask_zero=True)(tf.constant([[3, 1, 0]]))
    np.testing.assert_array_equal(mask_of(words), [[True, True, False]])
    assert mask_of(words + 1.0) is None
    symbolic = L.Embedding(5, 2, mask_zero=True)(keras.Input((3,)))
    assert mask_of(symbolic).shape == (None, 3)


def test_the_node_of_a_tensor_is_the_call_that_made_it():
    dense, first, second = L.Dense(2), keras.Input((2,)), keras.Input((2,))
    one, two = dense(first), dense(second)
    assert node_of(one).operation is node_of(two).operation is dense
    assert node_of(two).input_tensors[0] is second
    assert node_of(two).output_tensors[0] is two
    assert not node_of(first).input_tensors
    added = node_of(L.Add()([one, two]))
    assert [id(tensor) for tensor in added.input_tensors] == [id(one), id(two)]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_the_logits_before_the_last_activation(activation):
    dense = L.Dense(3, activation=activation)
    x = tf.random.stateless_normal((4, 2), [0, 1])
    logits = logits_of(dense(x))
    np.testing.assert_allclose(logits, x @ dense.kernel.value, rtol=1e-5)
    assert logits_of(L.Dense(3, activation="tanh")(x)) is None


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (L.Dropout(0.5), (2, 3, 4, 5)),
        (L.Dropout(0.5, noise_shape=(2, 1, 1, 5)), (2, 1, 1, 5)),
        (L.SpatialDropout2D(0.5, data_format="channels_last"), (2, 1, 1, 5)),
        (L.SpatialDropout2D(0.5, data_format="channels_first"), (2, 3, 1, 1)),
    ],
)
def test_the_shape_of_dropouts_noise_is_seen_in_what_it_drops(layer, shape):
    x = tf.ones((2, 3, 4, 5))
    assert tuple(map(int, noise_shape(layer, x))) == shape
    draws = [layer(x, training=True).numpy() > 0 for _ in range(20)]
    along = tuple(axis for axis in range(4) if shape[axis] == 1)
    assert all((kept == kept.max(along, keepdims=True)).all() for kept in draws)
    assert 0 < np.mean(draws) < 1


def test_random_layers_draw_from_the_generator_that_they_are_given():
    class Fixed(keras.random.SeedGenerator):
        def next(self, ordered=True):
            return tf.constant([3, 5], tf.uint32)

    layers = [L.RandomFlip(seed=1), L.RandomFlip(seed=2)]
    both = L.Pipeline(layers)
    images = tf.random.stateless_uniform((8, 4, 4, 1), [0, 1])
    use_seed_generator(both, Fixed())
    first, second = both(images, training=True), both(images, training=True)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, images)  # flipped twice in the same way
    assert not np.array_equal(layers[0](images, training=True), images)


def test_a_method_is_replaced_for_a_while():
    layer = L.Identity()
    with replaced_method(layer, "call", lambda call: lambda x: call(x) + 1):
        with replaced_method(layer, "call", lambda call: lambda x: 10 * call(x)):
            assert float(layer(tf.constant(1.0))) == 20.0
        assert float(layer(tf.constant(1.0))) == 2.0
    assert "call" not in vars(layer)
    with pytest.raises(ZeroDivisionError), replaced_method(layer, "call", lambda call: lambda x: 0):
        raise ZeroDivisionError
    assert "call" not in vars(layer)
    assert float(layer(tf.constant(1.0))) == 1.0


def test_each_thread_has_its_own_replacement():
    """The replicas of a strategy are traced in threads, of which one waits inside the context of the other."""
    layer, entered, ended = L.Identity(), threading.Event(), threading.Event()
    answers = []

    def other():
        with replaced_method(layer, "call", lambda call: lambda x: 10 * call(x)):
            entered.set()
            answers.append(layer.call(1.0))
            ended.wait(10)
            answers.append(layer.call(1.0))

    thread = threading.Thread(target=other)
    with replaced_method(layer, "call", lambda call: lambda x: call(x) + 1):
        thread.start()
        entered.wait(10)
        answers.append(layer.call(1.0))
    answers.append(layer.call(1.0))
    ended.set()
    thread.join()
    assert sorted(answers) == [1.0, 2.0, 10.0, 10.0]
    assert "call" not in vars(layer)


def test_halves_keep_masks_and_logits():
    inputs = L.Embedding(5, 2, mask_zero=True)(tf.constant([[3, 0], [1, 1], [0, 0], [2, 2]]))
    first, second = halves({"a": inputs, "b": None})
    np.testing.assert_array_equal(mask_of(second["a"]), [[False, False], [True, True]])
    np.testing.assert_array_equal(tf.concat([first["a"], second["a"]], 0), inputs)
    assert first["b"] is None
    softmax = L.Dense(3, "softmax")(tf.random.stateless_normal((4, 2), [0, 1]))
    np.testing.assert_array_equal(logits_of(halves(softmax)[1]), logits_of(softmax)[2:])


@pytest.mark.parametrize("compiled", [False, True])
def test_calls_are_recorded_with_their_arguments(compiled):
    embedding, lstm = L.Embedding(5, 2, mask_zero=True), L.LSTM(3)
    model = keras.Sequential([embedding, lstm])
    model.build((None, 3))
    seen = []

    def run(x):
        with recorded_calls([lstm, embedding]) as calls:
            result = model(x, training=True)
        seen[:] = [(call.layer, sorted(call.arguments), call.arguments.get("training")) for call in calls]
        assert calls[1].result is result
        return calls[1].inputs, calls[1].arguments["mask"]

    words = tf.constant([[3, 1, 0]])
    inputs, mask = (tf.function(run, autograph=False) if compiled else run)(words)
    assert [layer for layer, *_ in seen] == [embedding, lstm]
    assert seen[1][1:] == (["mask", "sequences", "training"], True)
    np.testing.assert_array_equal(inputs, embedding(words))
    np.testing.assert_array_equal(mask, words != 0)
    assert "call" not in vars(lstm)
