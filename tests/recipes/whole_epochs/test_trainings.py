"""Trainings by a recipe, range tests and evaluations by whole epochs, against Keras' own: to the bit."""

import contextlib

import keras
import numpy as np
import pytest

import recipes
from callbacks.inside.step_hooks import StepHooks
from recipes.evaluation import evaluate, evaluated_by, predict
from recipes.recipe import Recipe
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer
from recipes.whole_epochs.compiled import Compiled
from recipes.whole_epochs.epochs import WholeEpochs

pytestmark = pytest.mark.whole_epochs

EARLY = {"name": "early_stopping", "patience": 1}


@pytest.fixture(scope="module")
def weighted():
    random = np.random.default_rng(5)
    x = random.normal(size=(90, 4)).astype("float32")
    weights = random.uniform(0.1, 3.0, 90)
    return recipes.Data.from_arrays(x, (x.sum(axis=1) > 0).astype(int), batch_size=16, sample_weight=weights)


@pytest.fixture
def by_keras(monkeypatch):
    """A context in which Keras' ``fit`` on pipelines trains."""

    @contextlib.contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(WholeEpochs, "suit", lambda *_, **__: False)
            yield

    return context


def outcome(data, recipe, epochs=3):
    """All that two trainings leave, with what is evaluated and predicted while their functions are ready."""
    steps, left = SharedSteps(), []
    for seed in (0, 1):
        trainer = Trainer(data, recipe, seed=seed, keep_functions=True, steps=steps)
        with trainer.running(epochs=epochs, seed=seed) as run:
            arrays = [*(variable.numpy() for variable in run.model.variables), *predict(run.model, data, "test")]
            finder = run.range_test
            left.append((run.history, run.linear_share, run.evaluate("test"), run.evaluate("validation")))
        left.append([array.tobytes() for array in arrays])
        left.append(None if finder is None else finder.losses.tolist())
    return left


CASES = {
    "at a given rate": ("classes", {"learning_rate": 0.05}),
    "range test": ("classes", {"optimizer": "adam"}),
    "stopped early, blended": ("regression", {"learning_rate": 0.05, "regularizer": (EARLY, "dropout")}),
    "two classes, no schedule": ("binary", {"learning_rate": 0.05, "schedule": "constant", "optimizer": "nadam"}),
    "sample weights": ("weighted", {"regularizer": "l2", "learning_rate": 0.1}),
    "falling with the loss": ("classes", {"learning_rate": 0.05, "schedule": "performance"}),
    "images": ("images", {"model": {"name": "cnn", "filters": (4,)}, "learning_rate": 0.02}),
    "own step size": ("classes", {"optimizer": "newton", "regularizer": "none"}),
    "balanced classes": ("classes", {"learning_rate": 0.05, "class_weight": "balanced"}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.ordinarily("range test")
def test_it_is_what_keras_fit_gives(name, by_keras, request):
    dataset, options = CASES[name]
    data = request.getfixturevalue(dataset)
    recipe = Recipe(**{"model": {"name": "mlp", "hidden": (8,)}, "regularizer": "none", **options})
    with by_keras():
        expected = outcome(data, recipe)
    assert outcome(data, recipe) == expected


@pytest.mark.thorough
def test_searches_trainings_are_those_of_fit_on_every_split(classes):
    """Splits share a step, with their means and variances as variables of it."""
    recipe = Recipe(model={"name": "mlp", "hidden": (8,)}, regularizer="none", learning_rate=0.05)
    steps = SharedSteps()
    for split in (0, 1, 2):
        data = classes.resplit(split) if split else classes
        trainer = Trainer(data, recipe, seed=split, keep_functions=True, steps=steps)
        with trainer.running(epochs=2, seed=split) as run:
            weights, history, found = run.model.get_weights(), run.history, run.evaluate()
        alone = recipes.fit(data, recipe, epochs=2, seed=split, verbose=0)
        assert history == alone.history
        assert found == pytest.approx(alone.evaluate(), rel=1e-6)
        for ours, theirs in zip(weights, alone.model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert len(steps) == 1


@pytest.mark.thorough
def test_with_and_without_early_stopping_is_one_step(classes):
    steps, model = SharedSteps(), {"name": "mlp", "hidden": (8,)}
    for regularizer in ("none", "early_stopping", "l2"):
        recipe = Recipe(model=model, regularizer=regularizer, learning_rate=0.05)
        Trainer(classes, recipe, seed=0, steps=steps).run(epochs=1, seed=0)
    assert len(steps) == 2


@pytest.mark.thorough
def test_weights_of_classes_are_those_of_the_split():
    """Balanced weights are constants of the loss: splits with other shares of the classes share no step."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 3)).astype("float32"), (np.arange(60) % 5 == 0).astype(int)
    data = recipes.Data.from_arrays(x, y, batch_size=8)
    other = recipes.Data.from_arrays(x, (np.arange(60) % 3 == 0).astype(int), batch_size=8)
    options = {"model": {"name": "mlp", "hidden": (4,)}, "regularizer": "none", "learning_rate": 0.05}
    for weight, count in (("balanced", 2), ("none", 1)):
        steps = SharedSteps()
        for split in (data, other):
            Trainer(split, Recipe(class_weight=weight, **options), seed=0, steps=steps).run(epochs=1, seed=0)
        assert len(steps) == count


class Batches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.thorough
@pytest.mark.parametrize("case", ["steps_per_epoch", "callback", "augmentation"])
def test_what_is_left_to_keras(case, images, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("whole epochs were trained")

    monkeypatch.setattr(WholeEpochs, "fit", refused)
    regularizer = "augmentation" if case == "augmentation" else "none"
    recipe = Recipe(model={"name": "cnn", "filters": (2,)}, regularizer=regularizer, learning_rate=0.1)
    trainer = Trainer(images, recipe, steps_per_epoch=2 if case == "steps_per_epoch" else None)
    run = trainer.run(epochs=1, seed=0, callbacks=[Batches()] if case == "callback" else [])
    assert run.history["loss"]
    with pytest.raises(AssertionError, match="whole epochs"):
        recipes.fit(images, Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.1), epochs=1, verbose=0)


def test_functions_are_ready_only_within_the_context(binary):
    model = recipes.mlp(binary.spec, hidden=())
    Recipe().compile(model, spec=binary.spec)
    epochs, alone = WholeEpochs(model), evaluate(model, binary, "validation")
    answers = predict(model, binary, "test")
    epochs.evaluate = lambda *_: {"loss": -1.0}
    with evaluated_by(model, epochs):
        assert evaluate(model, binary, "validation") == {"loss": -1.0}
        np.testing.assert_array_equal(predict(model, binary, "test"), answers)
    assert evaluate(model, binary, "validation") == alone


def test_a_function_is_traced_once_for_splits_of_any_length():
    import tensorflow as tf

    traced = []

    def total(split, factor, *, power):
        traced.append(power)
        x, y, weights = split
        assert x.shape[0] is None
        return (
            factor * tf.reduce_sum(x**power) + tf.reduce_sum(tf.cast(y, tf.float32)) + (0.0 if weights is None else 1.0)
        )

    compiled = Compiled(total)
    for length in (3, 5):
        split = (tf.ones((length, 2)), tf.zeros(length, tf.int32), None)
        assert float(compiled(split, 2.0, power=2)) == 4.0 * length
    assert traced == [2]
    assert float(compiled((tf.ones((3, 2)), tf.zeros(3, tf.int32), tf.ones(3)), 2.0, power=2)) == 13.0
    assert float(compiled((tf.ones((3, 2)), tf.zeros(3, tf.int32), None), 2.0, power=1)) == 12.0
    assert traced == [2, 2, 1]


class LateHook(keras.callbacks.Callback):
    """Doubles the inputs from the second epoch on, in the step itself."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            StepHooks.of(self.model).add(self.model, "LateHook", change_data=lambda data: (2 * data[0], *data[1:]))


@pytest.mark.thorough
def test_a_step_that_changes_between_epochs(binary, by_keras):
    recipe = Recipe({"name": "mlp", "hidden": ()}, regularizer="none", learning_rate=0.05)

    def losses():
        return recipes.fit(binary, recipe, epochs=3, callbacks=[LateHook()], verbose=0).history["loss"]

    with by_keras():
        expected = losses()
    assert losses() == expected
