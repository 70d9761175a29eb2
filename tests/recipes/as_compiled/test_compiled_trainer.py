"""A model that a function compiles trains as in a plain Keras script."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.as_compiled import trainer as module
from recipes.as_compiled.targets import batches_for
from recipes.as_compiled.trainer import CompiledTrainer, compiled_model, own_rate
from recipes.data import Data
from recipes.evaluation import predict
from recipes.shared_steps import SharedSteps


def build(loss="sparse_categorical_crossentropy", activation="softmax"):
    layers = [keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dropout(0.2)]
    model = keras.Sequential([*layers, keras.layers.Dense(3, activation)])
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return model


def one_hot():
    return build(keras.losses.CategoricalCrossentropy(from_logits=True), None)


def test_its_weights_are_those_of_a_plain_script(classes):
    trainer = CompiledTrainer(classes, Recipe(model=build), steps=SharedSteps())
    for seed in (3, 4):  # the second shares the step of the first
        with trainer.running(epochs=1, seed=seed) as run:
            keras.utils.set_random_seed(seed)
            model = build()
            batches = classes.batches("train", seed=seed)
            history = model.fit(batches, validation_data=classes.validation, epochs=1, shuffle=False, verbose=0)
            for ours, theirs in zip(run.model.get_weights(), model.get_weights(), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
            assert run.history["loss"] == pytest.approx(history.history["loss"], rel=1e-5)
            assert run.evaluate("test") == pytest.approx(
                model.evaluate(classes.test, return_dict=True, verbose=0), rel=1e-5
            )
            assert run.recipe.learning_rate == 0.01
            assert (run.diverged, run.best_epoch) == (False, 1)


def test_one_hot_targets_and_another_rate(classes):
    with CompiledTrainer(classes, Recipe(model=one_hot, learning_rate=0.5)).running(epochs=1, seed=0) as run:
        assert own_rate(run.model) == 0.5
        logits = run.model.predict(classes.arrays("test")[0], verbose=0)
        loss = keras.losses.sparse_categorical_crossentropy(classes.arrays("test")[1], logits, from_logits=True)
        assert run.evaluate("test")["loss"] == pytest.approx(float(np.mean(loss)), rel=1e-4)


@pytest.mark.parametrize("make", [pytest.param(build, marks=pytest.mark.thorough), one_hot])
def test_an_epoch_is_one_call_with_the_numbers_of_fit(make, classes, monkeypatch):
    keras.utils.set_random_seed(0)
    model = make()
    train, validation, test = (
        batches_for(model, batches, classes.spec)
        for batches in (classes.batches("train", seed=0), classes.validation, classes.test)
    )
    history = model.fit(train, validation_data=validation, epochs=2, shuffle=False, verbose=0).history
    scores = model.evaluate(test, return_dict=True, verbose=0)
    read, batches = [], Data.batches
    monkeypatch.setattr(Data, "batches", lambda self, split, **how: read.append(split) or batches(self, split, **how))
    with CompiledTrainer(classes, Recipe(model=make)).running(epochs=2, seed=0) as run:
        assert list(run.history) == list(history)
        for name, values in history.items():
            assert run.history[name] == pytest.approx(values, rel=1e-5), name
        assert run.evaluate("test") == pytest.approx(scores, rel=1e-5)
        predicted = np.concatenate(predict(run.model, classes, "test"))
        np.testing.assert_allclose(predicted, model(classes.arrays("test")[0]), rtol=1e-4, atol=1e-6)
        assert set(read) == {"validation"}, "for the shapes of the model"


@pytest.mark.thorough
def test_one_hot_targets_that_are_too_many_are_made_by_batch(classes, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_TARGETS", 10)
    read, batches = [], Data.batches
    monkeypatch.setattr(Data, "batches", lambda self, split, **how: read.append(split) or batches(self, split, **how))
    with CompiledTrainer(classes, Recipe(model=one_hot)).running(epochs=1, seed=0) as run:
        assert run.evaluate("test")["accuracy"] >= 0
    assert {"train", "test"} <= set(read)


@pytest.mark.thorough
def test_a_callback_that_listens_to_batches_hears_of_each(classes):
    heard = []

    class Listening(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            heard.append(batch)

    with CompiledTrainer(classes, Recipe(model=build)).running(epochs=2, seed=0, callbacks=[Listening()]) as run:
        assert heard == [*range(classes.steps_per_epoch)] * 2
        assert run.evaluate("test")["accuracy"] >= 0


class Own(keras.Model):
    """A step of one's own, that logs a vector and no loss."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, "softmax")

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        return {"mine": keras.ops.ones(()), "vector": keras.ops.ones((2,))}

    def test_step(self, data):
        return {"mine": keras.ops.ones(())}


def test_a_step_without_a_loss(classes):
    def make():
        model = Own()
        model.compile("sgd")
        return model

    with CompiledTrainer(classes, Recipe(model=make)).running(epochs=2, seed=0) as run:
        assert run.history["mine"] == [1.0, 1.0]
        assert np.isnan(run.history["loss"]).all()
        assert "vector" not in run.history
        assert not run.diverged


def widths(width):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(width)])
    model.compile("sgd", "mse")
    return model


def two_outputs():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [keras.layers.Dense(3)(inputs), keras.layers.Dense(3)(inputs)])
    model.compile("sgd", "mse")
    return model


def other_inputs():
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), "model must be compiled"),
        (lambda: widths(2), "a model with 3 outputs for 'classes' .multiclass., not 2"),
        (two_outputs, "a model with one output for 'classes', not 2"),
        (other_inputs, "a model that takes inputs of shape .*4.* of 'classes'"),
        (lambda: 3, "a function that returns a keras.Model, not int"),
    ],
)
def test_models_that_do_not_suit_the_data(classes, make, message):
    with pytest.raises(InvalidArgument, match=message) as refused:
        compiled_model(Recipe(model=make), classes)
    assert "\n" not in str(refused.value)
