"""Slices, confused classes and the worst examples, beside NumPy, scikit-learn and PIL."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from sklearn.metrics import confusion_matrix

import recipes
from callbacks.checks import InvalidArgument
from recipes.judging.noise import noise_of_examples
from recipes.metrics import METRICS
from recipes.tuning.judging.mistakes import find_mistakes
from recipes.tuning.outcomes import outcomes_of

N = 300
TOWNS = np.array(["Ulm", "Bonn", "Oslo"], object)


def comparison(reference="a"):
    return SimpleNamespace(winner="b", reference=reference, settings={})


def answers(data, random, sharpness):
    """Predictions for the test split that are right the more often the sharper they are."""
    y, task = np.asarray(data.arrays("test")[1]), data.spec.task
    if task == "regression":
        return (y + random.normal(0, 2 / sharpness, y.shape)).astype("float32").reshape(len(y), -1)
    if task == "multiclass":
        scores = random.normal(size=(len(y), data.spec.outputs)) + sharpness * np.eye(data.spec.outputs)[y]
        return (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype("float32")
    scores = random.normal(size=(len(y), data.spec.outputs)) + sharpness * (2 * y.reshape(len(y), -1) - 1)
    return (1 / (1 + np.exp(-scores))).astype("float32")


def known(data, repeats=3, seed=0):
    """Predictions and outcomes of two arms by seed."""
    random = np.random.default_rng(seed)
    predicted = {arm: [answers(data, random, sharp) for _ in range(repeats)] for arm, sharp in (("a", 1.0), ("b", 2.0))}
    y, metric = np.asarray(data.arrays("test")[1]), METRICS[data.spec.metric]
    outcomes = {
        arm: {k: outcomes_of(metric, data.spec.task, y, each) for k, each in enumerate(all_)}
        for arm, all_ in predicted.items()
    }
    return predicted["b"], outcomes


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(1)
    columns = {"age": random.normal(40, 10, 5 * N), "town": TOWNS[random.integers(0, 3, 5 * N)]}
    return recipes.Data.from_arrays(columns, random.integers(0, 4, 5 * N), class_names=("p", "q", "r", "s"))


def test_slices_are_the_scores_of_their_examples(table):
    predicted, outcomes = known(table)
    (x, y), mistakes = table.arrays("test"), find_mistakes(comparison(), outcomes, table, ["town", "age"])
    right = np.array([each.argmax(axis=1) == y for each in predicted])
    rows = mistakes.slices.set_index("slice")
    assert set(rows.index[:4]) == {"all", *(f"town '{town}'" for town in TOWNS)}
    assert sum(name.startswith("age from ") for name in rows.index) == 4
    ulm = np.asarray(table.spec.names.to_user(x)["town"]) == "Ulm"
    row = rows.loc["town 'Ulm'"]
    assert row["examples"] == ulm.sum()
    assert row["score"] == pytest.approx(right[:, ulm].mean())
    means = right[:, ulm].mean(axis=1)
    noise = noise_of_examples(right[:, ulm].astype(float), 1 / ulm.sum())
    variance = means.var(ddof=1) / 3 + noise.variance
    freedom = variance**2 / ((means.var(ddof=1) / 3) ** 2 / 2 + noise.doubt)
    half = stats.t.ppf(1 - 0.05 / len(rows) / 2, freedom) * np.sqrt(variance)
    assert row["low"] == pytest.approx(row["score"] - half)
    assert row["high"] == pytest.approx(min(row["score"] + half, 1.0))
    assert row["difference"] == pytest.approx(row["score"] - row["reference"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]


def test_confused_classes_are_those_of_the_confusion_matrix(table):
    predicted, outcomes = known(table)
    y = table.arrays("test")[1]
    matrix = np.mean([confusion_matrix(y, each.argmax(axis=1), labels=range(4)) for each in predicted], axis=0)
    found = find_mistakes(comparison(), outcomes, table, worst=100).confused
    names = list(table.spec.class_names)
    for row in found.to_dict("records"):
        truth, answer = names.index(row["truth"]), names.index(row["answer"])
        assert row["wrong"] == pytest.approx(matrix[truth, answer])
        assert row["share"] == pytest.approx(matrix[truth, answer] / matrix[truth].sum())
    assert len(found) == (matrix - np.diag(np.diag(matrix)) > 0).sum()
    assert list(found["wrong"]) == sorted(found["wrong"], reverse=True)


def test_the_worst_examples_have_the_largest_mean_loss(table):
    predicted, outcomes = known(table)
    (x, y), mistakes = table.arrays("test"), find_mistakes(comparison(), outcomes, table, worst=5)
    losses = -np.mean([np.log(each[np.arange(len(y)), y]) for each in predicted], axis=0)
    assert [example.position for example in mistakes.worst] == list(np.argsort(-losses)[:5])
    first = mistakes.worst[0]
    assert first.loss == pytest.approx(losses.max(), rel=1e-3)
    assert first.truth == table.spec.class_names[y[first.position]]
    for each in predicted:
        assert table.spec.class_names[each[first.position].argmax()] in first.answers
    values = {name: column[first.position] for name, column in table.spec.names.to_user(x).items()}
    assert first.text == f"age {values['age']:.4g}, town {values['town']}"
    assert first.picture is None


def test_regression_has_the_root_mean_squared_error_of_slices():
    random = np.random.default_rng(2)
    data = recipes.Data.from_arrays(random.normal(size=(400, 2)), random.normal(size=400), feature_names=["u", "v"])
    predicted, outcomes = known(data)
    (x, y), mistakes = data.arrays("test"), find_mistakes(comparison(), outcomes, data, ["u"])
    row = mistakes.slices.iloc[1]
    first = x[:, 0] <= np.quantile(x[:, 0], 0.25)
    expected = np.mean([np.sqrt(np.mean((each[first, 0] - y[first]) ** 2)) for each in predicted])
    assert row["score"] == pytest.approx(expected, rel=1e-5)
    assert not len(mistakes.confused)
    assert mistakes.worst[0].answers.count(",") == 2


def test_several_labels_and_texts():
    random = np.random.default_rng(3)
    texts = [f"text number {number}" for number in range(200)]
    data = recipes.Data.from_arrays(texts, random.integers(0, 2, (200, 2)), class_names=("cat", "dog"))
    predicted, outcomes = known(data)
    y, mistakes = data.arrays("test")[1], find_mistakes(comparison(), outcomes, data)
    missed = np.mean([((y[:, 0] == 1) & (each[:, 0] <= 0.5)).sum() for each in predicted])
    (row,) = mistakes.confused.query("truth == 'cat'").to_dict("records")
    assert (row["answer"], row["wrong"], row["examples"]) == ("not cat", pytest.approx(missed), (y[:, 0] == 1).sum())
    assert mistakes.worst[0].text == data.arrays("test")[0][mistakes.worst[0].position]


def test_images_are_pictures(images):
    _, outcomes = known(images)
    mistakes = find_mistakes(comparison(reference="b"), outcomes, images)
    worst = mistakes.worst[0]
    pixels = np.asarray(Image.open(io.BytesIO(worst.picture)).convert("L"), float)
    image = images.arrays("test")[0][worst.position][..., 0]
    np.testing.assert_allclose(pixels, image * (255 / images.spec.input_max), atol=2)


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        (["twon"], "slices must be columns of the inputs: town, age. Received: slices='twon'"),
        (["class", "boat"], "slices must be columns of the inputs: town, age. Received: slices='boat'"),
    ],
)
def test_unknown_columns_are_named(table, slices, message):
    with pytest.raises(InvalidArgument) as error:
        find_mistakes(comparison(), known(table)[1], table, slices)
    assert str(error.value) == message


def test_images_have_no_columns(images):
    with pytest.raises(InvalidArgument, match="slices must be class: these inputs have no columns"):
        find_mistakes(comparison(), known(images)[1], images, ["town"])


def test_without_outcomes_there_is_nothing_to_look_at(table):
    with pytest.raises(InvalidArgument, match="whose decision has the outcomes"):
        find_mistakes(comparison(), {}, table)
