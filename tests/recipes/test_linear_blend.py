"""The linear part of networks for tables: as good as scikit-learn's regressions, and blended in where it helps."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.linear_blend import SHARES, set_linear_share
from recipes.linear_fit import LOGISTIC
from recipes.models.linear_part import linear_part_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(240, 4)) * [1.0, 50.0, 1e-3, 1e4] + [0.0, 7.0, 1.0, -1e5]
Z = (X - X.mean(axis=0)) / X.std(axis=0)


def start_of(data, **options):
    """A network whose answers are those of its linear part alone."""
    model = recipes.mlp(data.spec, hidden=(4,), **options)
    set_linear_share(model, data, 1.0)
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


def test_of_texts_it_sees_the_words_as_good_as_logistic_regression_on_tf_idf():
    random = np.random.default_rng(2)
    words, weights = np.array([f"w{number}" for number in range(40)]), random.normal(size=40)
    drawn = random.integers(0, 40, (300, 8))
    number = random.normal(size=300)
    y = (weights[drawn].sum(axis=1) + 2 * number + random.logistic(size=300) > 0).astype("int64")
    frame = pd.DataFrame({"text": [" ".join(row) for row in words[drawn]], "number": number})
    data = Data.from_arrays(frame, y)
    assert data.spec.kind == "mixed"
    model = recipes.mixed(data.spec)
    set_linear_share(model, data, 1.0)
    (x, target), (more_x, more) = data.arrays("train"), data.arrays("test")
    bag = TfidfVectorizer(sublinear_tf=False).fit(x["text"].astype(str))

    def columns(rows):
        return np.hstack([bag.transform(rows["text"].astype(str)).toarray(), rows["number"].reshape(-1, 1)])

    ours = model.predict({name: tf.constant(values) for name, values in more_x.items()}, verbose=0)[:, 0]
    theirs = min(
        log_loss(more, LogisticRegression(C=c).fit(columns(x), target).predict_proba(columns(more_x))[:, 1])
        for c in LOGISTIC
    )
    assert log_loss(more, ours) < 1.1 * theirs


def test_the_difference_of_two_columns_that_are_nearly_the_same(tmp_path):
    """Gradients would take thousands of steps along the direction in which the columns differ."""
    year = np.linspace(1960, 2000, 300)
    frame = pd.DataFrame({"year": np.floor(year), "time": year, "noise": np.random.default_rng(1).normal(size=300)})
    data = Data.from_arrays(frame, 12.0 * (year - np.floor(year)))
    run = recipes.fit(data, recipes.Recipe(learning_rate=0.01), epochs=2, verbose=0)
    assert (run.linear_share, run.best_epoch) == (1.0, 0)
    assert run.evaluate()["root_mean_squared_error"] < 0.01
    run.save(tmp_path / "run")
    assert recipes.load_run(tmp_path / "run", data=data).linear_share == 1.0
    again = recipes.refit(run, verbose=0)
    assert (again.linear_share, again.best_epoch) == (1.0, 0)
    assert again.evaluate()["root_mean_squared_error"] < 0.01


@pytest.fixture(scope="module")
def trained():
    """A network that has learned little, and data of which a linear model explains much."""
    random = np.random.default_rng(2)
    y = Z @ [1.0, -2.0, 0.5, 3.0] + np.sin(5 * Z[:, 0]) + random.normal(size=240)
    data = Data.from_arrays(X, 100.0 * y)
    model = recipes.Recipe().compile(recipes.mlp(data.spec, hidden=(8,)), spec=data.spec)
    model.fit(data.train, epochs=1, shuffle=False, verbose=0)
    return model, data


def test_the_share_is_the_one_with_the_least_validation_loss(trained):
    """Against NumPy: a blend of the two models' answers."""
    model, data = trained
    x, y = data.arrays("validation")
    network = model.predict(x, verbose=0)[:, 0]
    linear = start_of(data).predict(x, verbose=0)[:, 0]
    errors = {share: np.mean(((1 - share) * network + share * linear - y) ** 2) for share in SHARES}
    weights = model.get_weights()
    share = recipes.blend_with_linear(model, data)
    assert share == min(errors, key=errors.get) > 0
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, 0], (1 - share) * network + share * linear, rtol=1e-3)
    model.set_weights(weights)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_that_is_known(trained, share):
    model, data = trained
    x, weights = data.arrays("test")[0], model.get_weights()
    network, linear = model.predict(x, verbose=0), start_of(data).predict(x, verbose=0)
    set_linear_share(model, data, share)
    np.testing.assert_allclose(model.predict(x, verbose=0), (1 - share) * network + share * linear, rtol=1e-3)
    model.set_weights(weights)


def test_where_the_network_is_better_it_is_left_alone():
    curved = Data.from_arrays(X, Z[:, 0] ** 2)
    run = recipes.fit(curved, recipes.Recipe(learning_rate=0.005), epochs=60, verbose=0)
    assert run.linear_share == 0
    assert run.history["val_loss"][run.best_epoch - 1] == pytest.approx(run.evaluate("validation")["loss"], rel=1e-4)


def test_only_validation_data_that_choose_the_weights_choose_a_share():
    data = Data.from_arrays(X, Z[:, 0])
    recipe = recipes.Recipe(learning_rate=0.01, regularizer="dropout")
    assert recipes.fit(data, recipe, epochs=1, verbose=0).linear_share == 0
    stopping = dataclasses.replace(recipe, regularizer="early_stopping")
    run = recipes.fit(data, stopping, epochs=1, verbose=0)
    assert run.linear_share > 0
    assert run.evaluate("validation")["loss"] < run.history["val_loss"][0]


def test_class_weights_count():
    """The same regression as with these weights example by example."""
    y = (Z[:, 0] + np.random.default_rng(3).normal(size=240) > 1).astype("int64")
    data = Data.from_arrays(X, y)
    labels = data.arrays("train")[1]
    answers = {}
    for choice in ("none", {0: 1.0, 1: 5.0}):
        model = recipes.mlp(data.spec, hidden=(4,))
        set_linear_share(model, data, 1.0, class_weight=choice)
        answers[str(choice)] = model.predict(data.arrays("train")[0], verbose=0)[:, 0]
    assert answers["none"].mean() == pytest.approx(labels.mean(), abs=0.02)  # as logistic regression has it
    weighted = np.where(labels == 1, 5.0, 1.0)
    expected = weighted[labels == 1].sum() / weighted.sum()
    assert np.average(answers[str({0: 1.0, 1: 5.0})], weights=weighted) == pytest.approx(expected, abs=0.02)


def test_no_model_is_blended_twice(trained):
    model, data = trained
    weights = model.get_weights()
    recipes.blend_with_linear(model, data)
    with pytest.raises(InvalidArgument, match="model must be a model that is not yet blended"):
        recipes.blend_with_linear(model, data)
    model.set_weights(weights)


def test_models_without_one(images):
    model = recipes.mlp(images.spec, hidden=(4,))
    assert linear_part_of(model) is None
    recipes.Recipe().compile(model)
    assert recipes.blend_with_linear(model, images) == 0
    assert linear_part_of(recipes.mlp(Data.from_arrays(X, Z[:, 0]).spec, hidden=())) is None
    assert linear_part_of(recipes.mlp(input_shape=(4,), outputs=1)) is None


@pytest.mark.parametrize("shape", [(24, 4), (24, 3, 2)])
def test_data_of_another_shape_are_refused(shape):
    data = recipes.Data.from_arrays(np.zeros((24, 3)) + np.arange(24.0)[:, None], np.arange(24) % 2)
    other = recipes.Data.from_arrays(np.arange(np.prod(shape), dtype=float).reshape(shape), np.arange(24) % 2)
    model = recipes.Recipe().compile(recipes.mlp(data.spec), spec=data.spec)
    with pytest.raises(InvalidArgument, match=r"^model must be a model with one input of shape \(None, "):
        recipes.blend_with_linear(model, other)
