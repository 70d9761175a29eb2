"""On accelerators XLA makes one program of many steps. Here it makes them for the processor, which gives the same."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
import recipes
from recipes import trainer
from recipes.optimizers import OPTIMIZERS
from recipes.regularization import REGULARIZERS
from recipes.schedules import SCHEDULES
from recipes.whole_epochs import epochs

pytestmark = pytest.mark.whole_epochs

NARROW = {"name": "mlp", "hidden": (8,)}


@pytest.fixture
def counted(monkeypatch):
    """Counts the trainings that XLA compiles, as on an accelerator."""
    chosen = []
    suits = epochs.WholeEpochs.suits_xla
    monkeypatch.setattr(epochs, "keras_uses_xla", lambda model: True)
    monkeypatch.setattr(epochs, "LEAST_STEPS", 1)
    monkeypatch.setattr(
        epochs.WholeEpochs, "suits_xla", lambda self, arrays: chosen.append(suits(self, arrays)) or chosen[-1]
    )
    return chosen


def trained(data, recipe, *listening, **options):
    run = recipes.fit(data, recipe, epochs=3, seed=1, callbacks=listening, **{"verbose": 0, **options})
    return run.model.get_weights(), run.history


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"optimizer": "adam", "schedule": "cosine"},
        {"model": {"name": "mlp", "hidden": (8, 8)}, "normalization": "batch", "initializer": "lecun_normal"},
        {"model": {"name": "cnn", "filters": (4,), "hidden": ()}, "regularizer": "l2"},
        {"model": "rnn", "regularizer": ("max_norm", "label_smoothing")},
    ],
)
def test_weights_and_history_are_those_without(choices, digits, counted, monkeypatch):
    recipe = recipes.Recipe(**{"model": NARROW, "regularizer": "none", "learning_rate": 0.02, **choices})
    by_xla = trained(digits, recipe)
    assert counted == [True]
    monkeypatch.setattr(epochs, "LEAST_STEPS", 10**9)
    weights, history = trained(digits, recipe)
    assert counted == [True, False]
    for one, other in zip(by_xla[0], weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    for name, values in history.items():
        np.testing.assert_allclose(by_xla[1][name], values, rtol=1e-4, atol=1e-6)


def test_a_table_of_named_columns(counted, monkeypatch):
    columns = {"a": np.arange(90.0) % 7, "b": np.arange(90.0) % 5, "c": np.arange(90) % 2 == 0}
    table = recipes.Data.from_arrays(columns, (np.arange(90) % 7 + np.arange(90) % 5 > 5).astype(int))
    recipe = recipes.Recipe(model=NARROW, learning_rate=0.02, regularizer="none")
    by_xla, _ = trained(table, recipe)
    monkeypatch.setattr(epochs, "LEAST_STEPS", 10**9)
    without, _ = trained(table, recipe)
    assert counted == [True, False]
    for one, other in zip(by_xla, without, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_gradients_are_heard_of(digits, counted):
    recipe = recipes.Recipe(model=NARROW, regularizer="none", learning_rate=0.02)
    monitor = callbacks.GradientMonitor()
    run = recipes.fit(digits, recipe, epochs=2, seed=1, callbacks=[monitor], verbose=0)
    assert counted in ([True], [])  # it may listen to batches, for which Keras' fit is needed
    assert np.isfinite(run.history["loss"]).all()


def test_few_steps_and_large_arrays_are_not_compiled(digits, counted, monkeypatch):
    recipe = recipes.Recipe(model=NARROW, regularizer="none", learning_rate=0.02)
    monkeypatch.setattr(epochs, "LEAST_STEPS", 3 * digits.steps_per_epoch + 1)
    trained(digits, recipe)
    monkeypatch.setattr(epochs, "LEAST_STEPS", 3 * digits.steps_per_epoch)
    trained(digits, recipe)
    monkeypatch.setattr(epochs, "LARGEST_ARRAYS", digits.arrays("train")[0].nbytes)  # and the labels
    trained(digits, recipe)
    assert counted == [False, True, False]


@pytest.mark.parametrize("listens", [False, True])
def test_keras_fit_is_compiled_where_keras_would(listens, digits, monkeypatch):
    """A callback that listens to batches needs Keras' fit, which compiles each step on accelerators."""
    seen = []

    class Listens(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.model.jit_compile)

    if listens:
        Listens.on_train_batch_end = lambda self, batch, logs=None: None
    monkeypatch.setattr(trainer, "keras_uses_xla", lambda model: True)
    trained(digits, recipes.Recipe(model=NARROW, regularizer="none", learning_rate=0.02), Listens())
    assert seen == [listens]


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")
def test_on_processors_nothing_is_compiled(digits, monkeypatch):
    chosen, suits = [], epochs.WholeEpochs.suits_xla
    monkeypatch.setattr(epochs, "LEAST_STEPS", 1)
    monkeypatch.setattr(
        epochs.WholeEpochs, "suits_xla", lambda self, arrays: chosen.append(suits(self, arrays)) or chosen[-1]
    )
    trained(digits, recipes.Recipe(model=NARROW, regularizer="none", learning_rate=0.02))
    assert chosen == [False]


CHOICES = [
    *[{"optimizer": name} for name in OPTIMIZERS],
    *[{"regularizer": name} for name in REGULARIZERS],
    *[{"schedule": name} for name in SCHEDULES],
]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:regularizer='alpha_dropout' keeps mean and variance after")
@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: next(iter(choice.values())))
def test_no_variable_of_a_step_is_int32(choice, digits):
    """TensorFlow keeps int32 variables on the processor, where a step that XLA compiled for a GPU cannot reach them."""
    kinds = {}

    def creator(create, **options):
        variable = create(**options)
        kinds[variable.name] = variable.dtype
        return variable

    model = {"model": "cnn"} if choice.get("regularizer") in ("augmentation", "rand_augment", "aug_mix") else {}
    recipe = recipes.Recipe(**{"model": NARROW, **model, **choice})
    if not recipe.finds_its_own_step:
        recipe = dataclasses.replace(recipe, learning_rate=0.01)
    with tf.variable_creator_scope(creator):
        recipes.fit(digits, recipe, epochs=1, seed=1, verbose=0)
    assert kinds
    assert {name for name, kind in kinds.items() if kind == tf.int32} == set()
