"""What Keras calls by private names in its optimizers is called by ours, and under ours is what it was."""

import keras
import numpy as np
import pytest

from callbacks.inside.optimizer_base import KerasAdadelta, KerasOptimizer


class Noting(KerasOptimizer):
    """Plain descent that notes what it is asked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.updates, self.asked = [], []

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * gradient)

    def update(self, gradients, variables, learning_rate):
        self.updates.append((list(gradients), [each.name for each in variables]))
        super().update(gradients, variables, learning_rate)

    def decays(self, variable):
        self.asked.append(self.index_of(variable))
        return super().decays(variable)


@pytest.fixture
def weights():
    return [keras.Variable([value, value], name=name) for name, value in (("one", 1.0), ("two", 2.0))]


def test_an_update_is_of_all_variables_and_clipped_gradients(weights):
    optimizer = Noting(0.5, clipvalue=1.0)
    optimizer.build(weights)
    optimizer.apply([np.array([3.0, 3.0], "float32"), np.array([0.5, 0.5], "float32")], weights)
    ((gradients, names),) = optimizer.updates
    np.testing.assert_array_equal(gradients, [[1.0, 1.0], [0.5, 0.5]])
    assert names == ["one", "two"]
    np.testing.assert_allclose([each.numpy() for each in weights], [[0.5, 0.5], [1.75, 1.75]])


def test_it_is_the_step_of_keras_sgd():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    x, y = np.eye(2), np.ones((2, 2))
    for each, kind in ((model, Noting), (twin, keras.optimizers.SGD)):
        each.compile(kind(0.1, weight_decay=0.1, global_clipnorm=0.5), "mse")
        each.fit(x, y, epochs=3, batch_size=1, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(model.optimizer.updates) == 1  # while it was traced


def test_the_place_of_a_variable_is_known_by_its_value_too(weights):
    optimizer = Noting(0.5)
    optimizer.build(weights)
    assert optimizer.trained_variables == weights
    assert [optimizer.index_of(each) for each in weights] == [0, 1]
    assert [optimizer.index_of(each.value) for each in weights] == [0, 1]


def test_weight_decay_asks_for_each_variable(weights):
    optimizer = Noting(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["two"])
    optimizer.build(weights)
    optimizer.apply([np.zeros(2, "float32"), np.zeros(2, "float32")], weights)
    assert optimizer.asked == [0, 1]
    np.testing.assert_allclose([each.numpy() for each in weights], [[0.95, 0.95], [2.0, 2.0]])


def test_adadeltas_averages(weights):
    optimizer, gradient = KerasAdadelta(1.0, rho=0.75, epsilon=1e-3), np.array([2.0, -1.0], "float32")
    optimizer.build(weights[:1])
    optimizer.apply([gradient], weights[:1])
    squares = 0.25 * gradient**2
    step = gradient * np.sqrt(1e-3) / np.sqrt(squares + 1e-3)
    np.testing.assert_allclose(optimizer.squares[0], squares, rtol=1e-5)
    np.testing.assert_allclose(optimizer.squared_steps[0], 0.25 * step**2, rtol=1e-5)
