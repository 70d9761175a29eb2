"""The linear part of networks for tables: as good as scikit-learn's regressions, and kept where nothing beats it."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

import recipes
from recipes.data import Data
from recipes.linear_fit import LOGISTIC, is_fitted
from recipes.linear_start import LinearStart
from recipes.models.linear_part import linear_part_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(240, 4)) * [1.0, 50.0, 1e-3, 1e4] + [0.0, 7.0, 1.0, -1e5]
Z = (X - X.mean(axis=0)) / X.std(axis=0)


def start_of(data, **options):
    """A network whose hidden layers say nothing, so that only its linear part answers."""
    model = recipes.mlp(data.spec, hidden=(4,), **options)
    assert recipes.fit_linear_part(model, data)
    layer = model.get_layer("outputs")
    layer.set_weights([np.zeros_like(values) for values in layer.get_weights()])
    return model


def test_numbers_are_those_of_ridge():
    y = Z @ [1.0, -2.0, 0.5, 3.0] + 0.3 * RANDOM.normal(size=240)
    data = Data.from_arrays(X, 1e6 * y + 1e7)
    (x, target), test = data.arrays("train"), data.arrays("test")
    ours = start_of(data).predict(test[0], verbose=0)[:, 0]
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    theirs = Ridge(alpha=1e-3).fit((x - mean) / deviation, target).predict((test[0] - mean) / deviation)
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.03 * test[1].std()


def test_several_targets_of_unlike_scale():
    y = np.stack([1e6 * Z[:, 0], Z[:, 1] + Z[:, 2], 1e-3 * Z[:, 3]], axis=1)
    data = Data.from_arrays(X, y)
    x, target = data.arrays("test")
    error = start_of(data).predict(x, verbose=0) - target
    assert (error.std(axis=0) < 1e-2 * target.std(axis=0)).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_classes_are_as_good_as_logistic_regression(task):
    logits = Z @ RANDOM.normal(size=(4, 3)) + RANDOM.logistic(size=(240, 3))
    y = {"binary": logits[:, 0] > 0, "multiclass": logits.argmax(axis=1), "multilabel": logits > 0}[task].astype(
        "int64"
    )
    data = Data.from_arrays(X, y, task=task)
    (x, target), (more_x, more) = data.arrays("train"), data.arrays("test")
    ours = start_of(data).predict(more_x, verbose=0)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x, more_x = (x - mean) / deviation, (more_x - mean) / deviation
    if task == "multiclass":
        theirs = LogisticRegression(C=10.0).fit(x, target).predict_proba(more_x)
        assert log_loss(more, ours) < 1.05 * log_loss(more, theirs)
        return
    target, more = target.reshape(len(target), -1), more.reshape(len(more), -1)
    for label in range(target.shape[1]):
        theirs = LogisticRegression(C=10.0).fit(x, target[:, label]).predict_proba(more_x)[:, 1]
        assert log_loss(more[:, label], ours[:, label]) < 1.05 * log_loss(more[:, label], theirs)


def test_more_columns_than_rows():
    """The same answers as scikit-learn's on all columns, found in the space of the rows."""
    wide = np.random.default_rng(1).normal(size=(60, 200))
    y = (wide[:, :3].sum(axis=1) > 0).astype("int64")
    data = Data.from_arrays(wide, y)
    x, target = data.arrays("train")
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x, more = (x - mean) / deviation, (data.arrays("test")[0] - mean) / deviation
    ours = start_of(data).predict(data.arrays("test")[0], verbose=0)[:, 0]
    theirs = [LogisticRegression(C=c, max_iter=300).fit(x, target).predict_proba(more)[:, 1] for c in LOGISTIC]
    assert min(np.abs(ours - answers).max() for answers in theirs) < 0.02


def test_weights_count():
    """Rows that contradict the others have next to no weight."""
    y = 2.0 * Z[:, 0]
    y[::3] *= -1
    weights = np.where(np.arange(240) % 3 == 0, 1e-6, 1.0)
    data = Data.from_arrays(X, y, sample_weight=weights)
    answers = start_of(data).predict(X, verbose=0)[:, 0]
    np.testing.assert_allclose(answers, 2.0 * Z[:, 0], atol=0.02)


@pytest.mark.filterwarnings("ignore:.*is rare")
@pytest.mark.parametrize("y", [np.arange(240) < 236, np.arange(240) % 12], ids=["rare", "many classes"])
def test_targets_that_hardly_vary(y):
    data = Data.from_arrays(X, y.astype("int64"))
    assert np.isfinite(start_of(data).predict(X, verbose=0)).all()


def test_of_a_record_it_sees_what_is_not_learned():
    frame = pd.DataFrame(
        {
            "n": np.where(np.arange(240) % 7 == 0, np.nan, Z[:, 0]),
            "kind": np.array(["a", "b", "c"])[np.arange(240) % 3],
            "street": [f"k{number % 60}" for number in range(240)],
        }
    )
    data = Data.from_arrays(frame, np.nan_to_num(frame["n"].to_numpy()) + 5.0 * (np.arange(240) % 3))
    model = recipes.tabular(data.spec)
    assert linear_part_of(model).input.shape == (None, 2 + 4)  # the number, whether it is missing, the kinds
    run = recipes.fit(data, epochs=1, verbose=0)
    assert run.evaluate()["root_mean_squared_error"] < 0.1 * data.arrays("test")[1].std()


def test_the_difference_of_two_columns_that_are_nearly_the_same():
    """Gradients would take thousands of steps along the direction in which the columns differ."""
    year = np.linspace(1960, 2000, 300)
    frame = pd.DataFrame({"year": np.floor(year), "time": year, "noise": RANDOM.normal(size=300)})
    data = Data.from_arrays(frame, 12.0 * (year - np.floor(year)))
    run = recipes.fit(data, recipes.Recipe(learning_rate=0.01), epochs=2, verbose=0)
    assert run.evaluate()["root_mean_squared_error"] < 0.05 * data.arrays("test")[1].std()


class Spoil(keras.callbacks.Callback):
    """What training has learned is nonsense at the end of every epoch."""

    def on_train_batch_end(self, batch, logs=None):
        kernel = self.model.get_layer("outputs").kernel
        kernel.assign(np.full(kernel.shape, 5.0))


def test_where_nothing_else_can_be_learned_the_start_is_kept():
    y = Z @ [1.0, -2.0, 0.5, 3.0] + RANDOM.normal(size=240)
    data = Data.from_arrays(X[:60], y[:60], x_test=X[60:], y_test=y[60:])
    recipe = recipes.Recipe(learning_rate=0.01, regularizer="early_stopping")
    options = {"epochs": 3, "callbacks": [Spoil()], "verbose": 0}
    run = recipes.fit(data, recipe, **options)
    assert run.best_epoch == 0
    linear = start_of(data).predict(X[60:], verbose=0)[:, 0]
    ours = run.model.predict(X[60:], verbose=0)[:, 0]
    assert np.mean((ours - linear) ** 2) < 0.05 * np.var(linear)
    again = recipes.refit(run, verbose=0)
    assert again.best_epoch == 0
    assert np.mean((again.model.predict(X[60:], verbose=0)[:, 0] - y[60:]) ** 2) < 1.1 * np.mean((ours - y[60:]) ** 2)
    assert recipes.fit(data, dataclasses.replace(recipe, regularizer=()), **options).best_epoch == 3


@pytest.mark.parametrize(("loss", "epoch"), [(0.4, 3), (0.6, 0), (np.nan, 0)])
def test_the_start_is_put_back_if_it_is_better(loss, epoch):
    data = Data.from_arrays(X, Z[:, 0])
    model = start_of(data)
    start = LinearStart(model, 0.5)
    model.get_layer("outputs").bias.assign([7.0])
    assert start.put_back_if_better(3, loss) == epoch
    assert float(model.get_layer("outputs").bias[0]) == (7.0 if epoch else 0.0)


def test_models_without_one(images):
    model = recipes.mlp(images.spec, hidden=(4,))
    assert linear_part_of(model) is None
    assert not recipes.fit_linear_part(model, images)
    assert linear_part_of(recipes.mlp(Data.from_arrays(X, Z[:, 0]).spec, hidden=())) is None
    assert linear_part_of(recipes.mlp(input_shape=(4,), outputs=1)) is None


def test_label_smoothing_has_no_linear_start(classes, tiny):
    run = recipes.fit(classes, tiny(regularizer="label_smoothing"), epochs=1, verbose=0)
    assert not is_fitted(run.model)
    assert is_fitted(recipes.fit(classes, tiny(), epochs=1, verbose=0).model)
