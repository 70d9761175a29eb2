"""LabelSmoothing: the cross-entropy with targets of 1 - eps and eps / (K - 1), against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, mlp
from recipes.regularization import LabelSmoothing
from recipes.regularization.label_smoothing import SmoothedCrossentropy

EPSILON, CLASSES = 0.15, 4
random = np.random.default_rng(0)
LOGITS = random.normal(size=(6, CLASSES))
LABELS = np.array([0, 3, 1, 1, 2, 0])


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def targets(labels, epsilon=EPSILON, classes=CLASSES):
    """The right class has 1 - eps, each of the others eps / (K - 1)."""
    out = np.full((len(labels), classes), epsilon / (classes - 1))
    out[np.arange(len(labels)), labels] = 1 - epsilon
    return out


FORMS = {
    "integers": LABELS,
    "a column": LABELS[:, np.newaxis],
    "one-hot": np.eye(CLASSES)[LABELS],
}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradients(form):
    logits = tf.Variable(LOGITS)
    with tf.GradientTape(persistent=True) as tape:
        probabilities = tf.nn.softmax(logits)
        loss = SmoothedCrossentropy(EPSILON)(FORMS[form], probabilities)
    p, t = softmax(LOGITS), targets(LABELS)
    np.testing.assert_allclose(loss, -(t * np.log(p)).sum(1).mean(), rtol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, logits), (p - t) / len(LABELS), rtol=1e-9, atol=1e-12)
    # Keras divides probabilities by their sum first, which takes their mean direction out of the gradient: the + 1.
    np.testing.assert_allclose(tape.gradient(loss, probabilities), (1 - t / p) / len(LABELS), rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("double_precision")
def test_sample_weights_multiply_each_examples_loss():
    weights = np.array([0.0, 1.0, 2.0, 0.5, 3.0, 1.0])
    p, t = softmax(LOGITS), targets(LABELS)
    each = -(t * np.log(p)).sum(1)
    np.testing.assert_allclose(SmoothedCrossentropy(EPSILON, reduction=None)(LABELS, p), each, rtol=1e-12)
    loss = SmoothedCrossentropy(EPSILON)(LABELS, p, sample_weight=weights)
    np.testing.assert_allclose(loss, (weights * each).mean(), rtol=1e-12)


@pytest.mark.usefixtures("double_precision")
def test_keras_spreads_the_smoothing_over_all_classes():
    ours = SmoothedCrossentropy(EPSILON)(LABELS, softmax(LOGITS))
    keras_own = keras.losses.CategoricalCrossentropy(label_smoothing=EPSILON * CLASSES / (CLASSES - 1))
    np.testing.assert_allclose(ours, keras_own(np.eye(CLASSES)[LABELS], softmax(LOGITS)), rtol=1e-12)


def test_no_smoothing_is_the_usual_cross_entropy():
    p = softmax(LOGITS).astype("float32")
    usual = keras.losses.SparseCategoricalCrossentropy()(LABELS, p)
    np.testing.assert_allclose(SmoothedCrossentropy(0.0)(LABELS, p), usual, rtol=1e-6)
    assert LabelSmoothing(0).loss("sparse_categorical_crossentropy") == "sparse_categorical_crossentropy"


@pytest.mark.usefixtures("double_precision")
def test_two_classes_have_targets_of_one_minus_epsilon_and_epsilon():
    logits, y = tf.Variable(random.normal(size=(5, 1))), np.array([0, 1, 1, 0, 1])
    with tf.GradientTape() as tape:
        loss = LabelSmoothing(EPSILON).loss("binary_crossentropy")(y[:, np.newaxis], tf.sigmoid(logits))
    p = 1 / (1 + np.exp(-logits.numpy()[:, 0]))
    t = np.where(y == 1, 1 - EPSILON, EPSILON)
    np.testing.assert_allclose(loss, -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), rtol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, logits)[:, 0], (p - t) / 5, rtol=1e-9, atol=1e-12)


def test_a_softmax_over_two_classes_is_smoothed_alike():
    p = np.array([[0.3, 0.7], [0.9, 0.1]], "float32")
    two = SmoothedCrossentropy(EPSILON)(np.array([1, 0]), p)
    one = LabelSmoothing(EPSILON).loss("binary_crossentropy")(np.array([[1], [0]]), p[:, 1:])
    np.testing.assert_allclose(two, one, rtol=1e-6)


def test_the_training_loss_is_smoothed_and_predictions_are_not(classes, tiny):
    runs = [fit(classes, tiny(regularizer=each), epochs=1, verbose=0) for each in ("none", LabelSmoothing(EPSILON))]
    x, y = classes.arrays("validation")
    for run, epsilon in zip(runs, (0.0, EPSILON), strict=True):
        p = np.asarray(run.model(x), "float64")
        expected = -(targets(y, epsilon, 3) * np.log(p)).sum(1).mean()
        assert run.history["val_loss"][-1] == pytest.approx(expected, rel=1e-5)
        assert run.history["val_accuracy"][-1] == pytest.approx((p.argmax(1) == y).mean())
    assert [type(layer) for layer in runs[0].model.layers] == [type(layer) for layer in runs[1].model.layers]


def test_a_binary_training(binary, tiny):
    run = fit(binary, tiny(regularizer=LabelSmoothing(EPSILON)), epochs=1, verbose=0)
    x, y = binary.arrays("validation")
    p, t = np.asarray(run.model(x), "float64")[:, 0], np.where(y == 1, 1 - EPSILON, EPSILON)
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    assert run.history["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_saved_and_loaded(tmp_path):
    model = mlp(input_shape=(3,), outputs=CLASSES, hidden=(5,))
    Recipe(regularizer=LabelSmoothing(EPSILON)).compile(model)
    x = random.normal(size=(6, 3)).astype("float32")
    model.train_on_batch(x, LABELS)
    before = model.test_on_batch(x, LABELS)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == model.loss.get_config()
    assert loaded.loss.epsilon == EPSILON
    np.testing.assert_allclose(loaded.test_on_batch(x, LABELS), before, rtol=1e-6)


def test_a_regression_has_no_labels(regression):
    recipe = Recipe(regularizer="label_smoothing")
    with pytest.raises(InvalidArgument, match="regularizer must be one for numbers: 'regression' has no classes"):
        recipe.check(regression.spec)
    with pytest.raises(InvalidArgument, match="has no classes"):
        fit(regression, recipe, epochs=1, verbose=0)
    with pytest.raises(InvalidArgument, match="a cross-entropy, which 'mean_squared_error' is not"):
        recipe.compile(mlp(regression.spec, hidden=()))


OBJECTS = [
    (CLASSES, keras.losses.SparseCategoricalCrossentropy(), SmoothedCrossentropy),
    (CLASSES, keras.losses.CategoricalCrossentropy(), SmoothedCrossentropy),
    (1, keras.losses.BinaryCrossentropy(), keras.losses.BinaryCrossentropy),
]
LOST = [
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
    keras.losses.SparseCategoricalCrossentropy(ignore_class=0),
    keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    keras.losses.BinaryCrossentropy(from_logits=True),
]


@pytest.mark.parametrize(("outputs", "loss", "kind"), OBJECTS, ids=lambda each: getattr(each, "name", None))
def test_the_users_own_cross_entropy_as_an_object_is_smoothed(outputs, loss, kind):
    model = Recipe(regularizer=LabelSmoothing(EPSILON)).compile(mlp(input_shape=(3,), outputs=outputs), loss=loss)
    assert type(model.loss) is kind


@pytest.mark.parametrize("loss", LOST, ids=["logits", "sum", "ignored class", "smoothed already", "binary logits"])
def test_options_of_a_loss_that_would_be_lost_are_refused(loss):
    with pytest.raises(InvalidArgument, match="regularizer must be"):
        LabelSmoothing(EPSILON).loss(loss)


@pytest.mark.parametrize(("data", "limit", "below"), [("classes", 2 / 3, 0.66), ("binary", 0.5, 0.49)])
def test_too_much_for_the_number_of_classes(request, data, limit, below):
    spec = request.getfixturevalue(data).spec
    Recipe(regularizer=LabelSmoothing(below)).check(spec)
    for epsilon in (limit, 0.9):
        with pytest.raises(
            InvalidArgument, match=rf"epsilon must be a number >= 0 and < {limit:g}\. Received: epsilon="
        ):
            Recipe(regularizer=LabelSmoothing(epsilon)).check(spec)


@pytest.mark.parametrize("make", [LabelSmoothing, SmoothedCrossentropy])
@pytest.mark.parametrize("epsilon", [-0.1, 1.0, float("nan"), "0.1", None])
def test_values_that_are_refused(make, epsilon):
    with pytest.raises(InvalidArgument, match=r"epsilon must be a number >= 0 and < 1\. Received: epsilon="):
        make(epsilon)
