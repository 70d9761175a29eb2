"""The state of a training, on a model whose state is in all the places where Keras' own lists do not look."""

import copy
import random
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks.inside.random_state import random_state, set_random_state
from callbacks.inside.reachable import Reachable
from callbacks.inside.state import evaluation_state, set_evaluation_state, set_training_state, training_state
from callbacks.range_test.lr_finder import run_range_test

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")


class Noisy(keras.layers.Layer):
    """Noise from a generator of its own, and from the one that all layers share."""

    def __init__(self):
        super().__init__()
        self.draws = {"own": keras.random.SeedGenerator(5)}

    def call(self, x):
        shared = keras.random.normal(keras.ops.shape(x)[-1:])
        return x + keras.random.normal(keras.ops.shape(x), stddev=0.1, seed=self.draws["own"]) + 0.1 * shared


class Gan(keras.Model):
    """Two networks with optimizers in an attribute, in a list and inside others, and everything else with a state."""

    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([keras.Input((3,)), Noisy(), keras.layers.Dense(3)])
        self.parts = {"critic": keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])}
        self.generator_optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01, use_ema=True))
        first = keras.optimizers.SGD(0.01, momentum=0.5)
        chosen = keras.optimizers.OptimizerMap(keras.optimizers.RMSprop(0.01), {".*kernel": first})
        self.others = [keras.optimizers.MultiOptimizer(chosen)]
        self.scores = [keras.metrics.Mean(name="score"), {"loss": keras.metrics.Mean(name="loss")}]
        self.plain = types.SimpleNamespace(steps=tf.Variable(0), noise=tf.random.Generator.from_seed(1))
        self.numbers = [np.random.default_rng(3), random.Random(4)]

    @property
    def metrics(self):
        return [self.scores[0], self.scores[1]["loss"]]

    def train_step(self, data):
        critic = self.parts["critic"]
        with tf.GradientTape() as tape:
            made = self.generator(data, training=True)
            loss = keras.ops.mean((critic(data) - 1) ** 2) + keras.ops.mean(critic(made) ** 2)
        gradients = tape.gradient(loss, critic.trainable_weights)
        self.others[0].apply_gradients(zip(gradients, critic.trainable_weights, strict=True))
        with tf.GradientTape() as tape:
            score = keras.ops.mean((critic(self.generator(data, training=True)) - 1) ** 2)
            scaled = self.generator_optimizer.scale_loss(score)
        gradients = tape.gradient(scaled, self.generator.trainable_weights)
        self.generator_optimizer.apply_gradients(zip(gradients, self.generator.trainable_weights, strict=True))
        self.plain.steps.assign_add(1)
        drawn = self.plain.noise.normal(()) + tf.ensure_shape(tf.numpy_function(self._draw, [], tf.float32), ())
        self.scores[0].update_state(score + 0.01 * drawn)
        self.scores[1]["loss"].update_state(loss)
        return {"score": self.scores[0].result(), "loss": self.scores[1]["loss"].result()}

    def _draw(self):
        generator, other = self.numbers
        return np.float32(generator.normal() + other.random() + np.random.normal() + random.random())


def new():
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(1)
    model = Gan()
    model.compile()
    return model


def fit(model, *used, epochs=3):
    try:
        history = model.fit(
            X, batch_size=4, epochs=epochs, shuffle=False, verbose=0, callbacks=[*used], initial_epoch=0
        )
    except KeyboardInterrupt:
        return None
    return history.history


def content(state):
    """A state to the bit, for comparisons."""
    if isinstance(state, np.ndarray):
        return state.dtype.name, state.shape, state.tobytes()
    if isinstance(state, dict):
        return {key: content(each) for key, each in state.items()}
    return [*map(content, state)] if isinstance(state, (list, tuple)) else state


@pytest.fixture(scope="module")
def unbroken():
    """A training of three epochs: its history and its state after it."""
    model = new()
    return fit(model), content(training_state(model))


def test_everything_with_a_state_is_found(unbroken):
    found = Reachable(new())
    kinds = [type(optimizer).__name__ for optimizer in found.optimizers.values()]
    assert sorted(kinds) == ["Adam", "LossScaleOptimizer", "MultiOptimizer", "RMSprop", "RMSprop", "SGD"]
    outermost = [type(optimizer).__name__ for optimizer in found.outermost_optimizers().values()]
    assert sorted(outermost) == ["LossScaleOptimizer", "MultiOptimizer", "RMSprop"]
    assert len(found.generators) == 2
    names = {route.partition(".steps")[0] for route in found.variables if route.endswith("steps")}
    assert names == {".plain"}
    _, state = unbroken
    slots = [route for route in state["variables"] if "optimizer" in route or "others" in route]
    # Iterations and rate of six; a scale and its counter; momentum, velocity and average of two weights; one slot of
    # two weights; one of all four.
    assert len(slots) == 6 * 2 + 2 + 3 * 2 + 2 + 4


def test_nothing_that_a_model_lists_itself_is_missing():
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.1)])
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, X[:, 0], verbose=0)
    found = {id(variable) for variable in Reachable(model).variables.values()}
    assert found == {id(each) for each in (*model.variables, *model.optimizer.variables, *model.metrics_variables)}


def test_put_back_it_trains_as_it_would_have(unbroken):
    """Also what did not exist yet: the optimizers were built in between."""
    history, after = unbroken
    model = new()
    before = copy.deepcopy(training_state(model))
    fit(model, epochs=2)
    set_training_state(model, before)
    changed = {name for name, value in training_state(model)["variables"].items() if name not in before["variables"]}
    assert len(changed) == 2 + 2 * 3 + 2  # the slots, as new
    assert fit(model) == history
    assert content(training_state(model)["variables"]) == after["variables"]


@pytest.mark.parametrize("trained", [pytest.param(True, marks=pytest.mark.thorough), False])
def test_a_range_test_leaves_all_as_it_was(trained, unbroken):
    history, after = unbroken
    model = new()
    if trained:
        fit(model, epochs=1)
    before = content(training_state(model))
    finder = callbacks.LRFinder(1e-3, 1.0, steps=10, optimizer="generator_optimizer")
    run_range_test(model, tf.data.Dataset.from_tensor_slices(X).batch(4), finder)
    assert len(finder.losses) == 10
    state = content(training_state(model))
    assert {route: state["variables"][route] for route in before["variables"]} == before["variables"]
    assert state["generators"] == before["generators"]
    assert state["random"] == before["random"]
    if not trained:
        assert fit(model) == history
        assert content(training_state(model)["variables"]) == after["variables"]


class Kill(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.plain.steps.numpy() == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("every", "replay"), [("epoch", False), pytest.param(3, True, marks=pytest.mark.thorough)])
def test_killed_and_started_again_is_unbroken(every, replay, unbroken, tmp_path):
    history, after = unbroken
    resume = {"directory": tmp_path, "every": every, "replay": replay}
    assert fit(new(), callbacks.Resume(**resume), Kill(10)) is None
    model = new()
    assert fit(model, callbacks.Resume(**resume)) == history
    state = content(training_state(model))
    assert state["variables"] == after["variables"]
    assert state["generators"] == after["generators"]
    assert state["random"] == after["random"]


def test_another_optimizer_in_an_attribute_is_another_training(tmp_path):
    assert fit(new(), callbacks.Resume(tmp_path), Kill(0)) is None
    other = new()
    other.generator_optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))
    other.others = [keras.optimizers.SGD(0.01)]
    with pytest.raises(callbacks.InvalidArgument, match=r"optimizer: .*MultiOptimizer.*, not .*SGD"):
        fit(other, callbacks.Resume(tmp_path))


class Stubborn(keras.optimizers.SGD):
    def get_config(self):
        raise NotImplementedError("no configuration")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: setattr(model, "batches", iter([1, 2])), r"iterator.* Received: model.batches"),
        (lambda model: setattr(model, "more", [(each for each in "ab")]), r"Received: model.more\[0\]"),
        (lambda model: model.others.append(Stubborn(0.1)), r"optimizer must be built.*no configuration.*others\[1\]"),
        (lambda model: setattr(model, "late", keras.layers.Dense(1)), "must be built .* give it an Input.*'gan' with"),
    ],
    ids=["iterator", "generator", "optimizer", "layer"],
)
def test_what_cannot_be_kept_is_refused_before_any_step(change, message, tmp_path):
    model = new()
    change(model)
    for callback in (callbacks.Resume(tmp_path), callbacks.LRFinder(steps=10, optimizer="optimizer")):
        with pytest.raises(ValueError, match=message):
            fit(model, callback)
    assert model.plain.steps.numpy() == 0


def test_variables_that_came_or_went_are_named():
    model = new()
    before = training_state(model)
    model.late = tf.Variable(1.0)
    with pytest.raises(ValueError, match=r"must have the variables .* Received: model.late"):
        set_training_state(model, before)
    del model.late, model.plain.steps
    with pytest.raises(ValueError, match=r"Received: model.plain.steps"):
        set_training_state(model, before)


def test_the_generator_that_layers_share():
    keras.utils.set_random_seed(0)
    before = random_state()
    assert before["keras"] is None
    first = [float(keras.random.uniform(())) for _ in range(3)]
    between = random_state()
    second = float(keras.random.uniform(())), random.random(), np.random.random()
    set_random_state(between)
    assert (float(keras.random.uniform(())), random.random(), np.random.random()) == second
    set_random_state(before)
    assert [float(keras.random.uniform(())) for _ in range(3)] == first
    assert random.random() == second[1]


def test_a_compiled_step_draws_again_from_a_generator_that_was_made_in_it():
    keras.utils.set_random_seed(0)
    before = random_state()
    layer = tf.function(lambda: keras.random.uniform(()))
    first = [float(layer()) for _ in range(3)]
    set_random_state(before)
    assert [float(layer()) for _ in range(3)] == first


class Counting(keras.layers.Layer):
    """It counts its calls, in inference too."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


def test_an_evaluation_leaves_all_as_it_was_that_its_state_has():
    layers = [Counting(), keras.layers.Dense(1), keras.layers.SimpleRNN(1, stateful=True)]
    model = keras.Sequential([keras.Input((3, 2), batch_size=4), *layers])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.ones((8, 3, 2), "float32")
    model.fit(x, x[:, 0, :1], batch_size=4, verbose=0)
    values, before = np.array(layers[2].states[0]), evaluation_state(model)
    assert all(weight is not variable for weight in model.trainable_weights for variable, _ in before)
    model.evaluate(x, x[:, 0, :1], batch_size=4, verbose=0)
    assert float(layers[0].calls) == 4.0
    set_evaluation_state(before)
    assert float(layers[0].calls) == 2.0
    np.testing.assert_array_equal(layers[2].states[0], values)
