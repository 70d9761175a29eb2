"""Muon: which weights are orthogonalized, the orthogonal step, and the step of the others."""

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from callbacks.inside.optimizer_values import has_live_momentum
from recipes.optimizers import Muon
from recipes.optimizers.muon import newton_schulz

from .references import muon

K = keras.layers
START = np.random.default_rng(0).normal(size=(6, 4))
GRADIENTS = np.random.default_rng(1).normal(size=(25, 6, 4))


def path_of(optimizer, start=START, gradients=GRADIENTS, before=lambda k: None):
    """The weights of a hidden kernel after each step."""
    hidden, last = keras.Variable(start, dtype="float32", name="kernel"), keras.Variable(start, dtype="float32")
    optimizer.build([hidden, last])
    path = []
    for k, gradient in enumerate(gradients):
        before(k)
        optimizer.apply([gradient.astype("float32")] * 2, [hidden, last])
        path.append(hidden.numpy())
    return np.array(path)


def test_hidden_dense_kernels_alone_are_orthogonalized():
    inputs = keras.Input((6,), dtype="int32")
    x = K.Embedding(5, 4, name="words")(inputs)
    x = K.Conv1D(4, 2, name="convolution")(x)
    x = K.LayerNormalization(axis=(1, 2), name="norm")(x)  # its scale has two dimensions
    x = K.GRU(3, name="memory")(x)  # and its bias
    x = K.Dense(3, name="hidden")(x)
    model = keras.Model(inputs, [K.Dense(2, name="other")(x), K.Dense(1, name="last")(x)], name="whole")
    kernels = ["memory/gru_cell/kernel", "memory/gru_cell/recurrent_kernel", "hidden/kernel"]
    for names, expected in (((), [*kernels, "other/kernel"]), (("^other/", "recurrent"), [kernels[0], kernels[2]])):
        optimizer = Muon(adam_layers=names)
        optimizer.build(model.trainable_variables)
        assert [each.path.removeprefix("whole/") for each in optimizer.orthogonalized] == expected
    again = Muon.from_config(optimizer.get_config())
    assert again.adam_layers == ["^other/", "recurrent"]
    with pytest.raises(InvalidArgument, match="adam_layers must be a sequence of regular expressions"):
        Muon(adam_layers=["("])


def test_the_trajectory_of_a_matrix():
    """Against singular value decompositions in double precision; wide and tall."""
    path = path_of(Muon(0.01))
    expected = muon(START, GRADIENTS, 0.01, 0.95)
    scale = np.abs(expected - START).max()
    np.testing.assert_allclose(path, expected, atol=1e-4 * scale)
    for change in ({"rate": 0.0101}, {"momentum": 0.949}, {"steps": 4}):
        assert np.abs(path - muon(START, GRADIENTS, **{"rate": 0.01, "momentum": 0.95, **change})).max() > 1e-3 * scale
    turned = path_of(Muon(0.01), START.T, GRADIENTS.transpose(0, 2, 1))
    np.testing.assert_allclose(turned, path.transpose(0, 2, 1), atol=1e-5)


def test_keras_has_the_same_step():
    theirs = keras.optimizers.Muon(0.01, weight_decay=None, adam_weight_decay=None)
    np.testing.assert_allclose(path_of(theirs), path_of(Muon(0.01)), atol=1e-5)


def test_the_momentum_may_change():
    momenta, optimizer = np.linspace(0.95, 0.85, 25), Muon(0.01)
    assert has_live_momentum(optimizer)
    path = path_of(optimizer, before=lambda k: setattr(optimizer, "momentum", momenta[k]))
    np.testing.assert_allclose(path, muon(START, GRADIENTS, 0.01, momenta), atol=2e-5)


def test_the_iteration_brings_all_directions_near_one():
    matrix = np.random.default_rng(2).normal(size=(40, 20)).astype("float32")
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    near = newton_schulz(matrix).numpy()
    values = u.T @ near @ v.T  # in the singular vectors of the matrix
    np.testing.assert_allclose(values, np.diag(np.diag(values)), atol=1e-4)
    assert 0.68 < np.diag(values).min() < np.diag(values).max() < 1.21
    assert newton_schulz(keras.ops.zeros((2, 3))).numpy().tolist() == [[0.0] * 3] * 2
    assert newton_schulz(keras.ops.cast(matrix, "bfloat16")).dtype == "bfloat16"


def test_the_outputs_of_several_tasks_are_adams():
    model = recipes.multitask(input_shape=(6,), tasks={"a": 3, "b": 1}, hidden=(5,))
    optimizer = Muon()
    optimizer.build(model.trainable_variables)
    assert {each.path.split("/")[-2] for each in optimizer.orthogonalized}.isdisjoint({"a_outputs", "b_outputs"})
    assert optimizer.orthogonalized
