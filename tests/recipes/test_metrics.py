"""Metrics by name: equal to scikit-learn's, with weights and without, for every task."""

import numpy as np
import pytest
import sklearn.metrics as sk

from callbacks.checks import InvalidArgument
from recipes.metric import Metric, metric_of
from recipes.metrics import METRICS, check_defined, find_metric, score

N = 301
NAMES = ("a", "b", "c", "d")


def weights_of(kind):
    return None if kind == "unweighted" else np.random.default_rng(9).choice([0.0, 0.5, 1.0, 3.0], N)


def example_of(task):
    """Targets, and float32 predictions as a model gives them, with ties."""
    random = np.random.default_rng(0)
    if task == "binary":
        y = (random.random(N) < 0.15).astype("int64")
        return y, np.round(0.1 + 0.55 * random.random(N) + 0.3 * y, 2)[:, None].astype("float32")
    if task == "multiclass":
        y = random.choice(4, N, p=[0.6, 0.25, 0.1, 0.05])
        logits = np.round(random.normal(size=(N, 4)) + 1.5 * np.eye(4)[y], 1)
        return y, (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype("float32")
    if task == "multilabel":
        y = (random.random((N, 3)) < [0.5, 0.2, 0.05]).astype("int64")
        return y, np.round(0.1 + 0.5 * random.random((N, 3)) + 0.35 * y, 2).astype("float32")
    y = random.normal(50, [1.0, 20.0], size=(N, 2)).astype("float32")
    return y, (y + random.normal(0, [0.5, 12.0], size=(N, 2))).astype("float32")


def _expected(task, name, y, p, w):
    average = "binary" if task == "binary" else "macro"
    p = p[:, 0] if task == "binary" else p
    decided = p.argmax(axis=1) if task == "multiclass" else (p > 0.5).astype(int)
    if name in ("accuracy", "balanced_accuracy", "log_loss") and task == "multilabel":
        return np.mean([_expected("binary", name, y[:, k], p[:, [k]], w) for k in range(y.shape[1])])
    return {
        "accuracy": lambda: sk.accuracy_score(y, decided, sample_weight=w),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(y, decided, sample_weight=w),
        "auc": lambda: sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr"),
        "pr_auc": lambda: sk.average_precision_score(y, p, sample_weight=w),
        "f1": lambda: sk.f1_score(y, decided, sample_weight=w, average=average),
        "precision": lambda: sk.precision_score(y, decided, sample_weight=w, average=average),
        "recall": lambda: sk.recall_score(y, decided, sample_weight=w, average=average),
        "log_loss": lambda: sk.log_loss(y, p, sample_weight=w),
        "root_mean_squared_error": lambda: np.sqrt(sk.mean_squared_error(y, p, sample_weight=w)),
        "mean_absolute_error": lambda: sk.mean_absolute_error(y, p, sample_weight=w),
        "r2": lambda: sk.r2_score(y, p, sample_weight=w),
        "standardized_error": lambda: np.mean(
            np.sqrt(1 - sk.r2_score(y, p, sample_weight=w, multioutput="raw_values"))
        ),
    }[name]()


CASES = [(task, name) for name, metric in METRICS.items() for task in metric.tasks]


@pytest.mark.parametrize("weights", ["unweighted", "weighted"])
@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_score_is_scikit_learns(task, name, weights):
    y, predicted = example_of(task)
    w = weights_of(weights)
    expected = _expected(task, name, y, predicted, w)
    assert score(METRICS[name], y, predicted, w) == pytest.approx(expected, abs=1e-6, rel=1e-6)
    if task == "regression":
        expected = _expected(task, name, y[:, :1], predicted[:, :1], w)
        assert score(METRICS[name], y[:, 0], predicted[:, :1], w) == pytest.approx(expected, abs=1e-6, rel=1e-6)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_an_example_of_weight_2_counts_as_two(task, name):
    y, predicted = example_of(task)
    w = np.random.default_rng(3).integers(0, 4, N)
    repeated = np.repeat(y, w, axis=0), np.repeat(predicted, w, axis=0)
    assert score(METRICS[name], y, predicted, w) == pytest.approx(score(METRICS[name], *repeated), abs=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn's, about the class
@pytest.mark.parametrize("name", ["balanced_accuracy", "f1", "precision", "recall", "accuracy"])
def test_a_class_that_is_absent_counts_as_in_scikit_learn(name):
    y, predicted = example_of("multiclass")
    few = y < 3
    expected = _expected("multiclass", name, y[few], predicted[few], None)
    assert score(METRICS[name], y[few], predicted[few]) == pytest.approx(expected, abs=1e-12)


def test_predictions_that_are_not_numbers_have_no_score():
    y, predicted = example_of("binary")
    predicted[7] = np.nan
    assert np.isnan(score(METRICS["auc"], y, predicted))


def test_metrics_by_name():
    assert find_metric("rmse", "regression") == metric_of("regression")
    assert find_metric("mae", "regression") == METRICS["mean_absolute_error"]
    assert find_metric("accuracy", "multilabel") == metric_of("multilabel")
    assert [name for name, metric in METRICS.items() if not metric.higher_is_better] == [
        "log_loss",
        "root_mean_squared_error",
        "standardized_error",
        "mean_absolute_error",
    ]
    own = Metric("share_of_ones", function=lambda y, predicted, weights: float(np.mean(predicted > 0.5)))
    assert find_metric(own, "binary") is own
    assert score(own, np.array([0, 1]), np.array([[0.9], [0.2]])) == 0.5


def test_a_name_that_is_not_known_and_a_metric_of_another_task_are_refused():
    with pytest.raises(InvalidArgument, match="unknown metric 'balanced_acuracy': did you mean 'balanced_accuracy'"):
        find_metric("balanced_acuracy", "binary")
    with pytest.raises(InvalidArgument, match=r"unknown metric \['auc'\]"):
        find_metric(["auc"], "binary")
    names = "root_mean_squared_error, standardized_error, mean_absolute_error, r2"
    accepted = f"metric must be one for regression: {names}. .*'auc'"
    with pytest.raises(InvalidArgument, match=accepted):
        find_metric("auc", "regression")


@pytest.mark.parametrize(
    ("name", "task", "y", "message"),
    [
        ("auc", "binary", [1, 1, 1], "without examples of 'a' in split 'test'"),
        ("auc", "binary", [0, 0, 0], "without examples of 'b' in split 'test'"),
        ("pr_auc", "binary", [0, 0, 0], "without examples of 'b' in split 'test'"),
        ("auc", "multiclass", [0, 1, 3, 3], "without examples of 'c' in split 'test'"),
        ("pr_auc", "multilabel", [[1, 1, 0], [0, 1, 0]], "without a yes to label 'c' in split 'test'"),
        ("auc", "multilabel", [[1, 1, 1], [0, 1, 0]], "without a no to label 'b' in split 'test'"),
        ("r2", "regression", [[1.0, 2.0], [3.0, 2.0]], "target that does not vary: target 1 in split 'test'"),
    ],
)
def test_a_metric_without_a_value_is_refused_in_a_line(name, task, y, message):
    names = NAMES[:2] if task == "binary" else NAMES
    with pytest.raises(InvalidArgument, match=message) as error:
        check_defined(METRICS[name], np.array(y), split="test", task=task, class_names=names)
    assert "\n" not in str(error.value)


def test_metrics_that_have_a_value_are_not_refused():
    check_defined(METRICS["pr_auc"], np.ones(3, int), split="test", task="binary", class_names=NAMES[:2])
    check_defined(METRICS["f1"], np.ones(3, int), split="test", task="binary", class_names=NAMES[:2])
    check_defined(METRICS["r2"], np.arange(3.0), split="test", task="regression")
    y, w = np.array([0, 1]), np.array([1.0, 0.0])
    with pytest.raises(InvalidArgument, match="'b'"):  # all of weight 0
        check_defined(METRICS["auc"], y, split="test", task="binary", class_names=NAMES[:2], sample_weight=w)
