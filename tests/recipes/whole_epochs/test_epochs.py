"""Whole epochs at a call give, to the bit, what Keras' own fit gives, and the same is heard of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from recipes.tuning.quick.fit_arrays import FitArguments
from recipes.whole_epochs import calls
from recipes.whole_epochs.epochs import WholeEpochs

pytestmark = pytest.mark.whole_epochs

X = np.random.default_rng(0).normal(size=(70, 5)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int64")
DATA = {"x": X[:50], "y": Y[:50], "validation_data": (X[50:], Y[50:])}


def new(seed=0, functional=False, optimizer=None, loss="sparse_categorical_crossentropy", outputs=2, **options):
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Dense(6, activation="elu", kernel_regularizer="l2"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(outputs, activation="softmax" if outputs > 1 else None),
    ]
    if functional:
        given = {name: keras.Input((5,), name=name) for name in ("left", "right")}
        model = keras.Model(given, keras.Sequential(layers)(keras.layers.Concatenate()([*given.values()])))
    else:
        model = keras.Sequential([keras.Input((5,)), *layers])
    model.compile(
        optimizer or keras.optimizers.Adam(0.02), loss, metrics=["accuracy"] if outputs > 1 else [], **options
    )
    return model


def prepared(data=DATA, seed=3, **options):
    arguments = {"batch_size": 16, "epochs": 3, "verbose": 0, **data, **options}
    return FitArguments().arrays((), arguments, seed)


def both(arrays, callbacks=list, **options):
    """History and variables after Keras' fit, and after whole epochs."""
    outcomes = []
    for whole in (False, True):
        model = new(**options)
        listening = callbacks()
        assert WholeEpochs.suit(model, listening)
        if whole:
            history = WholeEpochs(model).fit(arrays, listening)
        else:
            history = model.fit(**arrays.pipelines(), callbacks=listening)
        outcomes.append((history.history, [variable.numpy() for variable in model.variables], listening))
    return outcomes


def check_same(outcomes):
    (history, variables, _), (whole_history, whole_variables, _) = outcomes
    assert whole_history == history
    assert len(whole_history["loss"]) > 0
    for one, other in zip(variables, whole_variables, strict=True):
        np.testing.assert_array_equal(one, other)


EMA = {"optimizer": lambda: keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.5)}


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({}, {}),
        ({"shuffle": False}, {}),
        ({"batch_size": 64}, {}),
        ({"initial_epoch": 1}, {}),
        ({"validation_data": None}, {"outputs": 1, "loss": "mse"}),
        ({}, EMA),
    ],
    ids=["as it is", "in order", "one batch", "later", "no validation", "averaged weights"],
)
@pytest.mark.ordinarily("as it is")
def test_it_is_what_fit_gives(arguments, options):
    options = {name: value() if callable(value) else value for name, value in options.items()}
    arrays = prepared(**arguments)
    made = []
    for whole in (False, True):
        model = new(**{**options, **({"optimizer": EMA["optimizer"]()} if "optimizer" in options else {})})
        history = WholeEpochs(model).fit(arrays, []) if whole else model.fit(**arrays.pipelines())
        made.append((history.history, [variable.numpy() for variable in model.variables], []))
    check_same(made)


@pytest.mark.thorough
def test_inputs_by_name():
    data = {
        "x": {"left": X[:50], "right": X[:50] ** 2},
        "y": Y[:50],
        "validation_data": ({"left": X[50:], "right": X[50:] ** 2}, Y[50:]),
    }
    check_same(both(prepared(data), functional=True))


@pytest.mark.thorough
def test_an_epoch_of_several_calls(monkeypatch):
    monkeypatch.setattr(calls, "EXECUTION_FLOPS", 1.0)
    check_same(both(prepared()))


@pytest.mark.thorough
def test_an_evaluation_of_several_batches():
    arrays = prepared()
    arrays.evaluation_batch_size = 8
    check_same(both(arrays))


@pytest.mark.thorough
def test_under_xla():
    (history, *_), (whole, *_) = both(prepared(), jit_compile=True)
    for name, values in history.items():
        np.testing.assert_allclose(whole[name], values, rtol=1e-5)


class Heard(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("begin", epoch))

    def on_test_begin(self, logs=None):
        self.calls.append("test")

    def on_test_end(self, logs=None):
        self.calls.append(("tested", dict(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("end", epoch, dict(logs)))
        if epoch == 1:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.calls.append(("over", dict(logs)))


def test_callbacks_hear_the_same_and_stop_it():
    outcomes = both(prepared(epochs=5), lambda: [Heard(), keras.callbacks.LearningRateScheduler(lambda e, r: r / 2)])
    check_same(outcomes)
    (first, _), (second, _) = (listening for *_, listening in outcomes)
    assert second.calls == first.calls
    assert len(second.calls) == 2 + 2 * 4


@pytest.mark.thorough
def test_early_stopping_gives_the_best_weights_back():
    def callbacks():
        return [keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)]

    outcomes = both(prepared(epochs=6), callbacks)
    check_same(outcomes)
    assert len(outcomes[0][0]["loss"]) < 6


def test_the_progress_bar_shows_the_epoch(capsys):
    model = new()
    WholeEpochs(model).fit(prepared(verbose=2, epochs=2), [])
    printed = capsys.readouterr().out
    assert "Epoch 2/2" in printed
    assert "4/4" in printed
    assert "val_accuracy" in printed


def test_nothing_is_traced_for_a_second_training():
    traced = []

    class Counting(keras.layers.Layer):
        def call(self, x):
            traced.append(1)
            return x

    model = keras.Sequential([keras.Input((5,)), Counting(), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs, before = WholeEpochs(model), len(traced)
    epochs.fit(prepared(), [])
    assert len(traced) == before + 2  # the step of training, the step of evaluation
    epochs.fit(prepared(seed=4), [])
    assert len(traced) == before + 2


class ListensToBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


def eager():
    return new(run_eagerly=True)


def own_class():
    model = OwnStep([keras.Input((5,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def own_step():
    model = new()
    model.train_step = lambda data: {}
    return model


def unbuilt():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def two_outputs():
    given = keras.Input((5,))
    model = keras.Model(given, [keras.layers.Dense(1)(given), keras.layers.Dense(1)(given)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("model", [eager, own_class, own_step, unbuilt, two_outputs])
def test_what_is_left_to_keras(model):
    assert not WholeEpochs.suit(model(), [])


def test_who_listens_to_batches_is_left_to_keras():
    model = new()
    assert WholeEpochs.suit(model, [keras.callbacks.EarlyStopping()])
    assert not WholeEpochs.suit(model, [ListensToBatches()])
    assert not WholeEpochs.suit(model, [keras.callbacks.TerminateOnNaN()])


def test_a_distribution_strategy_is_left_to_keras():
    """One replica, too: its variables can be read within the strategy alone."""
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        assert not WholeEpochs.suit(model, [])


@pytest.mark.parametrize("name", ["AdversarialTraining", "MicroBatches", "WeightNoise"])
def test_who_changes_the_step_is_left_to_keras(name):
    options = {"parts": 2} if name == "MicroBatches" else {}
    assert not WholeEpochs.suit(new(), [getattr(callbacks, name)(**options)])
