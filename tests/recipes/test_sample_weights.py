"""Trainings and scores with sample weights, against Keras, NumPy and scikit-learn."""

import dataclasses

import keras
import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

import recipes
from recipes.class_weights import class_weights
from recipes.ensemble import bootstrap_sample
from recipes.refitting import merged
from recipes.tuning.arms import Arm
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker

N = 160


def _arrays(task="binary"):
    random = np.random.default_rng(0)
    x = random.normal(size=(N, 3)).astype("float32")
    y = x @ [1.0, -1.0, 0.5] + random.normal(size=N)
    y = (y > 0.7).astype("int64") if task == "binary" else (100 + 20 * y).astype("float32")
    return x, y, random.integers(0, 4, N).astype("float64")


def _data(task="binary", **options):
    x, y, w = _arrays(task)
    return recipes.Data.from_arrays(x, y, **{"sample_weight": w, "batch_size": 16, "name": "weighted", **options})


@pytest.fixture(scope="module")
def run():
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05, regularizer="none")
    return recipes.fit(_data(), recipe, epochs=2, verbose=0)


def _answers(run, split):
    x, y = run.data.arrays(split)
    return y, run.model.predict(x, verbose=0)[:, 0].astype("float64"), run.data.sample_weight(split)


def test_a_run_reports_weighted_scores(run):
    for split in ("validation", "test"):
        y, p, w = _answers(run, split)
        losses = -np.log(np.where(y == 1, p, 1 - p))
        for weighted, weights in ((True, w), (False, None)):
            scores = run.evaluate(split, metrics=["auc", "balanced_accuracy"], weighted=weighted)
            assert scores["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)
            assert scores["accuracy"] == pytest.approx(sk.accuracy_score(y, p > 0.5, sample_weight=weights), abs=1e-6)
            assert scores["auc"] == pytest.approx(sk.roc_auc_score(y, p, sample_weight=weights), abs=1e-6)
            expected = sk.balanced_accuracy_score(y, p > 0.5, sample_weight=weights)
            assert scores["balanced_accuracy"] == pytest.approx(expected, abs=1e-6)
    validation = run.evaluate("validation")
    assert run.history["val_loss"][-1] == pytest.approx(validation["loss"], rel=1e-6)
    assert run.history["val_accuracy"][-1] == pytest.approx(validation["accuracy"], rel=1e-6)


def test_an_example_of_weight_2_counts_as_two(run):
    x, y = run.data.arrays("test")
    times = run.data.sample_weight("test").astype(int)
    repeated = recipes.Data.from_arrays(
        *run.data.arrays("train"), x_test=np.repeat(x, times, axis=0), y_test=np.repeat(y, times), name="repeated"
    )
    counted = dataclasses.replace(run, data=repeated)
    assert run.evaluate(metrics=["pr_auc"]) == pytest.approx(counted.evaluate(metrics=["pr_auc"]), rel=1e-5)


def test_the_unit_of_the_weights_makes_no_difference(run):
    data = _data(sample_weight=1024 * _arrays()[2])  # exact in binary
    thousands = recipes.fit(data, run.recipe, epochs=2, verbose=0)
    for left, right in zip(run.model.get_weights(), thousands.model.get_weights(), strict=True):
        assert np.array_equal(left, right)
    assert thousands.evaluate() == run.evaluate()


def test_a_training_is_that_of_keras_with_sample_weight():
    """Plain Keras on arrays, ``fit(sample_weight=)``, from the same weights; one batch an epoch leaves no order."""
    data = _data(batch_size=N, sample_weight=_arrays()[2] + 0.5)
    recipe = recipes.Recipe(
        model={"name": "mlp", "hidden": (4,)},
        learning_rate=0.1,
        optimizer="sgd",
        schedule="constant",
        regularizer="none",
    )
    run = recipes.fit(data, recipe, epochs=4, verbose=0)
    keras.utils.set_random_seed(0)
    plain = recipe.build_model(data.spec)
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy")
    plain.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", weighted_metrics=[accuracy])
    (x, y), w = data.arrays("train"), data.sample_weight("train")
    options = {"epochs": 4, "batch_size": N, "shuffle": False, "verbose": 0}
    history = plain.fit(x, y, sample_weight=w / w.mean(), **options).history
    for left, right in zip(run.model.get_weights(), plain.get_weights(), strict=True):
        assert left == pytest.approx(right, abs=1e-6)
    assert run.history["loss"] == pytest.approx(history["loss"], abs=1e-6)
    assert run.history["accuracy"] == pytest.approx(history["accuracy"], abs=1e-6)


def test_class_weights_are_the_same_sample_weights():
    x, y, _ = _arrays()
    train = recipes.Data.from_arrays(x, y, batch_size=16).arrays("train")[1]
    by_class = compute_class_weight("balanced", classes=np.arange(2), y=train)
    weighted = _data(sample_weight=by_class[y])
    balanced = _data(sample_weight=None)
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05, regularizer="none")
    first = recipes.fit(weighted, recipe, epochs=2, verbose=0)
    second = recipes.fit(balanced, dataclasses.replace(recipe, class_weight="balanced"), epochs=2, verbose=0)
    for left, right in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        assert left == pytest.approx(right, abs=1e-5)
    assert class_weights("balanced", weighted.spec) == pytest.approx([1.0, 1.0])  # weighted examples are balanced


def test_balanced_weights_count_weighted_examples():
    data = _data()
    y, w = data.arrays("train")[1], data.sample_weight("train")
    expected = compute_class_weight("balanced", classes=np.arange(2), y=y, sample_weight=w)
    assert class_weights("balanced", data.spec) == pytest.approx(expected)
    assert compute_sample_weight("balanced", y).mean() == pytest.approx(1.0)


def test_the_errors_of_a_regression_are_weighted():
    data = _data("regression")
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05)
    run = recipes.fit(data, recipe, epochs=2, verbose=0)
    y, p, w = _answers(run, "test")
    rmse = np.sqrt(sk.mean_squared_error(y, p, sample_weight=w))
    scores = run.evaluate(metrics=["r2", "mae"])
    assert scores["root_mean_squared_error"] == pytest.approx(rmse, rel=1e-5)
    assert scores["mean_absolute_error"] == pytest.approx(scores["mae"], rel=1e-5)
    assert scores["mae"] == pytest.approx(sk.mean_absolute_error(y, p, sample_weight=w), rel=1e-6)
    assert scores["r2"] == pytest.approx(sk.r2_score(y, p, sample_weight=w), abs=1e-6)
    (target,) = run.evaluate_targets()
    assert target["root_mean_squared_error"] == pytest.approx(rmse, rel=1e-6)
    assert target["r2"] == pytest.approx(scores["r2"], abs=1e-6)


def test_samples_and_merged_splits_keep_the_weights():
    data = _data()
    whole = {tuple(row): weight for row, weight in zip(*_arrays()[::2], strict=True)}
    for part in (bootstrap_sample(data, 0, 1), merged(data)):
        x, _ = part.arrays("train")
        assert [whole[tuple(row)] for row in x] == part.sample_weight("train").tolist()
    assert len(merged(data).sample_weight("train")) == 128


def test_searches_score_by_the_weights(tiny):
    data = _data()
    arm = Arm("adam", "none")
    for metric in (None, "pr_auc"):
        worker = Worker(Assignment.of(data, tiny(), Protocol(epochs=1, metric=metric)))
        record = worker.run(Job(Training(arm, "confirm", 0, seed=1), {"learning_rate": 0.05}))
        assert record.status == "finished", record.message
        alone = recipes.fit(data, arm.recipe(tiny(), {"learning_rate": 0.05}), epochs=1, seed=1, verbose=0)
        y, p, w = _answers(alone, "test")
        if metric is None:
            expected = sk.accuracy_score(y, p > 0.5, sample_weight=w)
        else:
            expected = sk.average_precision_score(y, p, sample_weight=w)
        assert record.test_score == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_several_outputs_are_weighted_by_example(task, tiny):
    x, _, w = _arrays()
    y = x @ np.random.default_rng(5).normal(size=(3, 3))
    y = (y > 0.3).astype("int64") if task == "multilabel" else (y * [1.0, 10.0, 100.0]).astype("float32")
    data = recipes.Data.from_arrays(x, y, sample_weight=w, batch_size=16, name="several")
    run = recipes.fit(data, tiny(regularizer="none"), epochs=1, verbose=0)
    (x, y), w = data.arrays("test"), data.sample_weight("test")
    p = run.model.predict(x, verbose=0).astype("float64")
    scores = run.evaluate()
    if task == "multilabel":
        expected = np.average(((p > 0.5) == y).mean(axis=1), weights=w)
        assert scores["accuracy"] == pytest.approx(expected, abs=1e-6)
        losses = -np.log(np.where(y == 1, p, 1 - p)).mean(axis=1)
    else:
        expected = np.sqrt(sk.mean_squared_error(y, p, sample_weight=w))
        assert scores["root_mean_squared_error"] == pytest.approx(expected, rel=1e-5)
        losses = ((p - y) ** 2 / data.spec.target_variance).mean(axis=1)
    assert scores["loss"] == pytest.approx(np.average(losses, weights=w), rel=1e-4)
