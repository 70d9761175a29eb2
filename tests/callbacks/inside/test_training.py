"""What is used of Keras' training, its random state and TensorFlow is there and does what is said of it."""

import logging
import random
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside.training import (
    better_direction,
    build_by_batch,
    build_no_more,
    compute_loss,
    initial_epoch,
    is_multi_worker,
    restart_layer_names,
    restart_seed_generator,
    seed_generator,
    set_initial_epoch,
    step_loss,
    traced_often,
    under_xla,
)

L = keras.layers
X, Y = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3), np.linspace(1, 2, 4, dtype="float32")[:, None]


def make(*layers, **options):
    model = keras.Sequential([keras.Input((3,)), *layers, L.Dense(1, kernel_regularizer=keras.regularizers.L2(0.1))])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **options})
    return model


# --- the start of a fit ---------------------------------------------------------------------------------------------


def test_a_fit_starts_where_it_is_told_until_that_is_taken_back():
    model = make()
    assert initial_epoch(model) is None
    set_initial_epoch(model, 2)
    assert [model.fit(X, Y, epochs=3, verbose=0).epoch for _ in range(2)] == [[2], [2]]
    assert initial_epoch(model) == 2
    set_initial_epoch(model, None)
    assert model.fit(X, Y, epochs=3, initial_epoch=1, verbose=0).epoch == [1, 2]


def test_it_can_be_told_when_the_fit_has_begun():
    model = make()
    begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: set_initial_epoch(model, 3))
    assert model.fit(X, Y, epochs=4, verbose=0, callbacks=[begin]).epoch == [3]


def test_keras_own_backup_leaves_the_epoch_there(tmp_path):
    model = make()
    backup = keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[backup])
    assert initial_epoch(model) == 2


def test_a_batch_builds_everything():
    model = keras.Sequential([L.Dense(2), L.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    build_by_batch(model, (X, Y))
    assert model.built
    assert model.optimizer.built
    assert len(model.metrics) == 2  # the loss's and that of the others
    before = model.get_weights()
    build_by_batch(model, (X, Y))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_that_is_to_build_no_more_still_trains():
    model = keras.Sequential([L.Dense(1)])
    model.compile("sgd", "mse")
    assert build_no_more(model)
    assert not build_no_more(model)
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)


# --- the loss -------------------------------------------------------------------------------------------------------


def test_the_loss_of_a_step_is_the_one_that_keras_reports():
    model = make(L.Dense(2, activation="tanh", activity_regularizer=keras.regularizers.L1(0.1)))
    weight = np.array([1.0, 2.0, 0.0, 3.0], "float32")
    values = [tf.convert_to_tensor(each.value) for each in model.trainable_weights]
    loss, penalties, predicted = step_loss(model, (X, Y, weight), model.trainable_weights, values)
    np.testing.assert_allclose(predicted, model(X), rtol=1e-6)
    data = np.mean(weight * np.mean((predicted - Y) ** 2, -1))
    np.testing.assert_allclose(loss - penalties, data, rtol=1e-5)
    np.testing.assert_allclose(loss, model.train_on_batch(X, Y, sample_weight=weight), rtol=1e-6)


def test_a_tape_sees_through_the_weights_and_the_penalties():
    model = make(L.Dense(2, activation="tanh"))
    variables = model.trainable_weights
    values = [tf.convert_to_tensor(each.value) for each in variables]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = step_loss(model, (X, Y), variables, values).loss
    gradients = tape.gradient(loss, values)
    before = model.get_weights()
    model.optimizer.learning_rate = 1.0
    model.train_on_batch(X, Y)
    for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(old - new, gradient, rtol=1e-4, atol=1e-6)


def test_asking_for_the_loss_moves_nothing():
    model = make(L.BatchNormalization(), L.Dropout(0.5, seed=1))
    model.fit(X, Y, verbose=0)
    values = [tf.convert_to_tensor(each.value) for each in model.trainable_weights]
    before = [np.array(each) for each in (*model.variables, *model.metrics_variables)]
    one, other = (step_loss(model, (X, Y), model.trainable_weights, values) for _ in range(2))
    np.testing.assert_array_equal(one.predicted, other.predicted)  # the same masks
    for old, variable in zip(before, (*model.variables, *model.metrics_variables), strict=True):
        np.testing.assert_array_equal(old, variable)
    assert len(model.losses) == 1


def test_a_model_without_penalties_has_none():
    model = keras.Sequential([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    assert step_loss(model, (X, Y), [], []).penalties is None


def test_a_loss_and_a_call_of_ones_own_may_lack_training():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = L.Dense(1)

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return tf.reduce_sum(y_pred) * 0 + 3.0

    model = Own()
    model.compile("sgd")
    assert float(compute_loss(model, X, Y, model(X))) == 3.0
    assert float(step_loss(model, (X, Y), [], []).loss) == 3.0


def test_which_way_a_metric_is_better():
    assert better_direction(keras.metrics.AUC()) in ("up", None)
    assert better_direction(keras.metrics.MeanAbsoluteError()) == "down"
    assert better_direction(keras.metrics.CategoricalAccuracy()) == "up"
    assert better_direction(SimpleNamespace()) is None


# --- random state ---------------------------------------------------------------------------------------------------


def test_the_generator_of_unseeded_draws_is_the_state_of_them():
    keras.utils.set_random_seed(3)
    assert seed_generator() is None
    keras.random.uniform(())
    generator = seed_generator()
    assert generator is seed_generator(make=True)
    before = generator.state.numpy()
    first = float(keras.random.uniform(()))
    generator.state.assign(before)
    assert float(keras.random.uniform(())) == first


def test_restarted_the_draws_are_those_of_keras_set_random_seed():
    def draws():
        return [float(keras.random.uniform(())), *map(float, L.Dropout(0.5)(tf.ones(6), training=True))]

    keras.utils.set_random_seed(7)
    expected = draws()
    draws()
    restart_seed_generator(7)
    random.seed(7)
    assert draws() == expected


def test_layers_are_counted_from_the_start_again():
    L.Dense(1)
    restart_layer_names()
    assert [L.Dense(1).name, L.Dense(1).name] == ["dense", "dense_1"]


# --- TensorFlow -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [False, True])
def test_xla_is_known_while_it_is_traced_for(jit):
    seen = []
    tf.function(lambda x: seen.append(under_xla()) or x, jit_compile=jit)(tf.ones(()))
    assert set(seen) == {jit}
    assert not under_xla()


def test_a_function_may_be_traced_often(caplog):
    def trace(mark):
        caplog.clear()
        for _ in range(8):
            mark(tf.function(lambda x: x))(tf.ones(()))
        function = mark(tf.function(lambda x, n: x))
        for number in range(8):
            function(tf.ones(()), number)
        return [record for record in caplog.records if "retracing" in record.getMessage()]

    caplog.set_level(logging.WARNING, logger="tensorflow")  # commands set a higher one for their process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not trace(traced_often)  # first: TensorFlow warns of a function only so often
        assert trace(lambda function: function)


def test_multi_worker_strategies():
    assert not is_multi_worker(tf.distribute.get_strategy())
    assert not is_multi_worker(tf.distribute.MirroredStrategy(["CPU:0"]))
    assert not is_multi_worker(tf.distribute.MultiWorkerMirroredStrategy())  # of one worker
