import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument


def linear(data, weights, bias):
    """A model that is linear behind its sigmoid or softmax."""
    outputs = data.spec.outputs
    activation = "sigmoid" if outputs == 1 else "softmax"
    model = keras.Sequential([keras.Input(data.spec.input_shape), keras.layers.Dense(outputs, activation)])
    model.set_weights([np.asarray(weights, "float32"), np.asarray(bias, "float32")])
    return model


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.5, 3.0])
def test_a_linear_classifier_loses_epsilon_times_the_l1_norm_of_its_margin(binary, epsilon):
    weights, bias = np.array([2.0, -1.0, 0.8, 0.1, 0.4]), 0.1
    x, y = binary.arrays("test")
    margins = (2.0 * y - 1.0) * (x.astype("float64") @ weights + bias)
    expected = np.mean(margins - epsilon * np.abs(weights).sum() > 0)
    model = linear(binary, weights[:, None], [bias])
    assert recipes.adversarial_accuracy(model, binary, epsilon) == pytest.approx(expected)
    assert 0 <= expected <= 1


def test_of_three_classes_the_gradient_is_that_of_the_cross_entropy(classes):
    random = np.random.default_rng(0)
    weights, bias = 0.02 * random.normal(size=(4, 3)), np.zeros(3)
    x, y = (array.astype("float64") for array in classes.arrays("validation"))
    logits = x @ weights + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = (probabilities - np.eye(3)[y.astype(int)]) @ weights.T
    moved = x + 20.0 * np.sign(gradient)
    expected = np.mean(np.argmax(moved @ weights + bias, axis=1) == y)
    model = linear(classes, weights, bias)
    assert recipes.adversarial_accuracy(model, classes, 20.0, split="validation") == pytest.approx(expected)
    assert expected < np.mean(np.argmax(logits, axis=1) == y)


@pytest.mark.thorough
def test_images_are_moved_in_shares_of_their_range(images, tiny):
    run = recipes.fit(images, tiny(), epochs=5, verbose=0)
    accuracies = [recipes.adversarial_accuracy(run.model, images, epsilon) for epsilon in (0.0, 0.1, 0.3, 1.0)]
    assert accuracies[0] == pytest.approx(run.evaluate()["accuracy"])
    assert accuracies[0] > 0.9 > accuracies[-1]
    assert accuracies == sorted(accuracies, reverse=True)
    assert recipes.adversarial_accuracy(run.model, images, 0.3 * images.spec.input_max, scale=1.0) == accuracies[2]


def test_the_unit_of_a_table_is_each_features_standard_deviation(classes, tiny):
    run = recipes.fit(classes, tiny(), epochs=5, verbose=0)
    deviations = np.sqrt(classes.spec.input_variance)
    found = recipes.adversarial_accuracy(run.model, classes, 0.5)
    assert found == recipes.adversarial_accuracy(run.model, classes, 0.5, scale=deviations)
    assert found < run.evaluate()["accuracy"]


def test_the_model_is_left_as_it_was(images, tiny):
    recipe = tiny(regularizer="dropout", normalization="batch")
    model = recipe.build_model(images.spec)
    before = [value.numpy().tobytes() for value in model.variables]
    recipes.adversarial_accuracy(model, images, 0.1)
    assert [value.numpy().tobytes() for value in model.variables] == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -0.1}, "epsilon must be a number >= 0"),
        ({"epsilon": 0.1, "split": "all"}, "split must be one of"),
    ],
)
def test_what_is_refused(classes, tiny, options, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.adversarial_accuracy(tiny().build_model(classes.spec), classes, **options)


def test_a_regression_and_a_model_that_does_not_fit_are_refused(classes, regression, tiny):
    with pytest.raises(InvalidArgument, match="data must be one with classes"):
        recipes.adversarial_accuracy(tiny().build_model(regression.spec), regression, 0.1)
    with pytest.raises(InvalidArgument, match="model must be"):
        recipes.adversarial_accuracy(tiny().build_model(regression.spec), classes, 0.1)


@pytest.mark.thorough
def test_an_ensemble_has_gradients_and_a_vote_has_none(images, tiny):
    average, vote = (
        recipes.bagging(images, tiny(), members=2, epochs=2, combine=combine) for combine in ("average", "vote")
    )
    clean, moved = (recipes.adversarial_accuracy(average.model, images, epsilon) for epsilon in (0.0, 0.5))
    assert clean == pytest.approx(average.evaluate()["accuracy"])
    assert moved < clean
    with pytest.raises(InvalidArgument, match="model must be one through which a gradient passes"):
        recipes.adversarial_accuracy(vote.model, images, 0.1)


def test_every_example_of_the_training_split_counts():
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 2)).astype("float32")
    y = (x[:, 0] + random.normal(size=500) > 0).astype("int64")
    for weights in (None, random.integers(0, 3, 500)):
        data = recipes.Data.from_arrays(x, y, sample_weight=weights, name="many")
        model = linear(data, [[1.0], [0.0]], [0.0])
        features, labels = data.arrays("train")
        expected = np.average((features[:, 0] > 0) == labels, weights=data.sample_weight("train"))
        assert recipes.adversarial_accuracy(model, data, 0.0, split="train") == pytest.approx(expected)
