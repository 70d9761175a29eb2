"""Class weights: the numbers are scikit-learn's, and a training with them is Keras' with class_weight."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.utils.class_weight import compute_class_weight

import recipes
from callbacks.checks import InvalidArgument
from recipes.class_weights import (
    ClassWeighted,
    balanced,
    chance_loss,
    check_class_weight,
    class_weights,
    effective,
    weighted,
)
from recipes.loss_names import build_loss
from recipes.regularization.label_smoothing import SmoothedCrossentropy


def _spec(task, names, shares=()):
    outputs = 1 if task in ("binary", "regression") else len(names)
    target = {"target_mean": 0.0, "target_variance": 1.0} if task == "regression" else {}
    statistics = {"input_mean": (0.0,), "input_variance": (1.0,), "class_shares": shares, **target}
    return recipes.Spec("some", "tabular", task, (1,), "float32", outputs, class_names=names, **statistics)


def _rare(seed=0, count=160):
    """Points of 3 features; one in eight is a yes."""
    random = np.random.default_rng(seed)
    y = (np.arange(count) % 8 == 0).astype("int64")
    return random.normal(size=(count, 3)).astype("float32") + y[:, None].astype("float32"), y


@pytest.mark.parametrize("counts", [(90, 10), (50, 30, 15, 5)])
def test_balanced_is_scikit_learns(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    shares = np.bincount(y) / len(y)
    assert balanced(shares) == pytest.approx(expected, rel=1e-12)
    names = tuple("abcd"[: len(counts)])
    spec = _spec("binary" if len(counts) == 2 else "multiclass", names, tuple(shares))
    assert class_weights("balanced", spec) == pytest.approx(expected, rel=1e-12)


def test_balanced_labels_are_balanced_one_by_one():
    y = (np.random.default_rng(0).random((200, 3)) < [0.5, 0.2, 0.05]).astype(int)
    spec = _spec("multilabel", ("a", "b", "c"), tuple(y.mean(axis=0)))
    expected = [compute_class_weight("balanced", classes=np.array([0, 1]), y=column) for column in y.T]
    assert np.array(class_weights("balanced", spec)) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999])
def test_effective_numbers_are_sums_of_powers(beta):
    counts = [900, 90, 9, 0]
    numbers = np.array([sum(beta**k for k in range(count)) for count in counts[:3]])  # Cui et al. 2019, eq. 1
    inverse = 1 / numbers
    expected = [*(3 * inverse / inverse.sum()), 1.0]
    assert effective(counts, beta) == pytest.approx(expected, rel=1e-9)
    by_share = dataclasses.replace(_spec("multiclass", tuple("abcd"), tuple(n / 999 for n in counts)), examples=999)
    assert class_weights(check_class_weight(f"effective(beta={beta})"), by_share) == pytest.approx(expected, rel=1e-9)
    labels = dataclasses.replace(_spec("multilabel", ("x", "y"), (0.5, 0.9)), examples=1000)
    of_labels = class_weights("effective", labels)
    assert np.array(of_labels) == pytest.approx(np.array([effective([500, 500]), effective([100, 900])]))


def test_effective_weights_are_a_choice_like_the_others(binary):
    recipe = recipes.Recipe(class_weight="effective(beta=0.99)")
    assert recipes.Recipe.from_json(recipe.to_json()) == recipe
    assert check_class_weight("effective(beta=0.999)") == "effective"
    assert binary.spec.examples == len(binary.arrays("train")[1])
    x, y = binary.arrays("train")
    assert binary.with_train(x[:20], y[:20], how="few").spec.examples == 20
    assert recipes.Spec.from_config(binary.spec.to_config()).examples == binary.spec.examples
    with pytest.raises(InvalidArgument, match=r"beta must be a number >= 0 and < 1"):
        recipes.Recipe(class_weight="effective(beta=1)")
    with pytest.raises(InvalidArgument, match="'effective' or a mapping"):
        recipes.Recipe(class_weight="effective(gamma=1)")


def test_a_class_without_examples_takes_no_part():
    assert balanced([0.75, 0.25, 0.0]) == pytest.approx([1 / 1.5, 2.0, 1.0])


def test_the_shares_are_those_of_the_training_split():
    x, y = _rare()
    data = recipes.Data.from_arrays(x, y, x_test=x[:3] + 9, y_test=[1, 0, 0], validation=0.3, name="rare")
    labels = data.arrays("train")[1]
    assert data.spec.class_shares == pytest.approx(np.bincount(labels) / len(labels))
    assert recipes.Spec.from_config(data.spec.to_config()).class_shares == data.spec.class_shares
    few = data.with_train(*(array[:20] for array in data.arrays("train")), how="few")
    assert few.spec.class_shares == pytest.approx(np.bincount(labels[:20]) / 20)
    assert few.spec == data.spec  # a model for one fits the other


def test_labels_are_called_as_the_user_does():
    named = _spec("binary", ("ham", "spam"))
    assert class_weights(check_class_weight({"spam": 9}), named) == [1.0, 9.0]
    assert class_weights(check_class_weight({0: 2, 1: 9}), named) == [2.0, 9.0]  # y was 0 and 1, with class_names=
    numbers = _spec("multiclass", ("1", "2", "5"))
    assert class_weights(check_class_weight({1: 2, 5.0: 3, np.int64(2): 4}), numbers) == [2.0, 4.0, 3.0]
    truth = _spec("binary", ("False", "True"))
    assert class_weights(check_class_weight({True: 5}), truth) == [1.0, 5.0]
    assert class_weights(check_class_weight({"b": 5}), _spec("multilabel", ("a", "b"))) == [[1.0, 1.0], [1.0, 5.0]]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("balance", "class_weight must be 'none', 'balanced', 'effective' or a mapping from labels to weights"),
        ([1.0, 2.0], "class_weight must be 'none', 'balanced', 'effective' or a mapping"),
        ({}, "class_weight must be 'none', 'balanced', 'effective' or a mapping"),
        ({0: -1.0}, r"class_weight\[0\] must be a (finite )?number >= 0"),
        ({0: "much"}, r"class_weight\[0\] must be"),
        ({0: 0, 1: 0.0}, "a mapping with a weight above 0"),
        ({1: 2, "1": 3}, "a mapping with one weight a label"),
    ],
)
def test_what_is_no_choice_is_refused(choice, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.Recipe(class_weight=choice)


@pytest.mark.parametrize(
    ("choice", "spec", "message"),
    [
        ("balanced", _spec("regression", ()), "class_weight must be 'none' for a regression: 'some' has no classes"),
        ({"spam": 2}, _spec("binary", ("no", "yes")), "from labels of the data: 'no', 'yes'. Received.*'spam'"),
        ({0: 2, 3: 1}, _spec("multiclass", ("1", "2", "3")), "from labels of the data: '1', '2', '3'. .*'0'"),
        ("balanced", _spec("binary", ("no", "yes")), "a mapping: the Spec of 'some' has no class_shares"),
        (
            "effective",
            _spec("binary", ("no", "yes"), (0.5, 0.5)),
            "a mapping: the Spec of 'some' has no number of",
        ),
    ],
)
def test_what_does_not_suit_the_data_is_refused_before_training(choice, spec, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.Recipe(class_weight=choice).check(spec)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "smoothed"])
def test_the_loss_is_the_weighted_mean(task):
    random = np.random.default_rng(1)
    if task == "multilabel":
        y, p = random.integers(0, 2, (40, 3)), random.uniform(0.05, 0.95, (40, 3)).astype("float32")
        w = random.uniform(0.2, 5.0, (3, 2))
        chosen = np.where(y == 1, w[:, 1], w[:, 0])
        expected = np.mean(-np.log(np.where(y == 1, p, 1 - p)) * chosen)
        inner = keras.losses.BinaryCrossentropy()
    elif task == "binary":
        y, p = random.integers(0, 2, 40), random.uniform(0.05, 0.95, (40, 1)).astype("float32")
        w = np.array([0.5, 7.0])
        expected = np.mean(w[y] * -np.log(np.where(y == 1, p[:, 0], 1 - p[:, 0])))
        inner = keras.losses.BinaryCrossentropy()
    else:
        y, p = random.integers(0, 4, 40), random.dirichlet(np.ones(4), 40).astype("float32")
        w = np.array([0.5, 7.0, 1.0, 2.0])
        right = -np.log(p[np.arange(40), y])
        inner = keras.losses.SparseCategoricalCrossentropy()
        if task == "smoothed":
            inner = SmoothedCrossentropy(0.3)
            right = 0.7 * right + 0.1 * (-np.log(p).sum(axis=1) - right)
        expected = np.mean(w[y] * right)
    loss = ClassWeighted(inner, w)
    assert float(loss(ops.array(y), ops.array(p))) == pytest.approx(expected, rel=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert float(again(ops.array(y), ops.array(p))) == float(loss(ops.array(y), ops.array(p)))


def test_the_weights_of_several_labels_smooth_them_too():
    y, p = ops.array([[1, 0]]), ops.array([[0.7, 0.2]])
    smooth = keras.losses.BinaryCrossentropy(label_smoothing=0.2)
    assert float(ClassWeighted(smooth, np.ones((2, 2)))(y, p)) == pytest.approx(float(smooth(y, p)), rel=1e-6)


def _weights(model):
    return np.concatenate([array.ravel() for array in model.get_weights()])


def test_a_training_is_that_of_keras_with_class_weight(tiny):
    """Plain Keras, ``fit(class_weight=)``, on the same batches from the same weights."""
    x, y = _rare()
    choice = {0: 0.5, 1: 4.0}
    recipe = tiny(class_weight=choice, regularizer="none", optimizer="sgd", schedule="constant")
    data = recipes.Data.from_arrays(x, y, batch_size=16, name="rare")
    run = recipes.fit(data, recipe, epochs=3, verbose=0)
    keras.utils.set_random_seed(0)
    plain = recipe.build_model(data.spec)
    plain.compile(keras.optimizers.SGD(0.05), "binary_crossentropy")
    history = plain.fit(data.batches("train", seed=0), epochs=3, class_weight=choice, shuffle=False, verbose=0)
    assert _weights(run.model) == pytest.approx(_weights(plain), abs=1e-6)
    assert run.history["loss"] == pytest.approx(history.history["loss"], abs=1e-6)
    labels = data.arrays("test")[1]
    p = run.model.predict(data.arrays("test")[0], verbose=0)[:, 0]
    losses = np.where(labels == 1, 4.0, 0.5) * -np.log(np.where(labels == 1, p, 1 - p))
    scores = run.evaluate()
    assert scores["loss"] == pytest.approx(np.mean(losses), rel=1e-5)  # weighted, as in training
    assert scores["accuracy"] == pytest.approx(np.mean((p > 0.5) == labels), abs=1e-6)  # each example once


def test_balanced_weights_find_the_rare_class(tiny):
    x, y = _rare(count=480)
    data = recipes.Data.from_arrays(x, y, name="rare")
    recall = {
        choice: recipes.fit(data, tiny(class_weight=choice), epochs=4, verbose=0).evaluate(metrics=["recall"])["recall"]
        for choice in ("none", "balanced")
    }
    assert recall["balanced"] > recall["none"] + 0.2


def test_a_recipe_with_class_weights_is_a_value(tiny):
    recipe = tiny(class_weight={1: 3})
    assert recipes.Recipe.from_json(recipe.to_json()) == recipe
    assert recipe == tiny(class_weight={"1": 3.0})
    assert recipe != tiny(class_weight={"1": 4.0})
    assert tiny(class_weight=None) == tiny() == tiny(class_weight="none")
    assert "class_weight" not in tiny().to_json() or '"class_weight": "none"' in tiny().to_json()


def test_in_a_keras_script_a_mapping_has_the_labels_of_y(tiny):
    model = recipes.mlp(input_shape=(3,), outputs=1, task="binary", hidden=(4,))
    loss = tiny(class_weight={0: 1, 1: 5}).compile(model).loss
    assert (type(loss), loss.weights) == (ClassWeighted, [1.0, 5.0])
    with pytest.raises(InvalidArgument, match="a mapping, or used with compile"):
        tiny(class_weight="balanced").compile(model)
    with pytest.raises(InvalidArgument, match="'none' for the loss 'hinge' of these targets"):
        tiny(class_weight={1: 5}).compile(model, loss="hinge")
    sides = keras.Model(model.input, {"a": model.output, "b": model.output + 0.0})
    with pytest.raises(InvalidArgument, match="for a model with outputs of shape"):
        weighted("binary_crossentropy", {"1": 5.0}, sides)


def test_pretraining_sees_no_labels(binary, tiny):
    with pytest.raises(InvalidArgument, match="class_weight must be 'none' for pretraining, which sees no labels"):
        recipes.pretrain(binary, recipe=tiny(class_weight="balanced"))


def test_no_weights_leave_the_loss_as_it_was(binary, tiny):
    model = tiny().compile(tiny().build_model(binary.spec), spec=binary.spec)
    assert model.loss == "binary_crossentropy"
    shares = dataclasses.replace(binary.spec, class_shares=())
    tiny().check(shares)


def best_constant(loss, labels, make):
    """The lowest loss of any prediction that is the same for all examples, by trying."""
    labels = keras.ops.convert_to_tensor(labels)
    tried = [np.tile(make(p), (len(labels), 1)).astype("float32") for p in np.linspace(0.001, 0.999, 999)]
    return min(float(loss(labels, keras.ops.convert_to_tensor(constant))) for constant in tried)


@pytest.mark.parametrize("choice", ["none", {"spam": 11.0}, "balanced"])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
@pytest.mark.ordinarily("0.1-choice1", "0.0-none")
def test_the_loss_at_chance_level_is_that_of_the_best_constant(choice, epsilon):
    spec = _spec("binary", ("ham", "spam"), (0.9, 0.1))
    loss = keras.losses.BinaryCrossentropy(label_smoothing=2 * epsilon)
    if choice != "none":
        loss = ClassWeighted(loss, class_weights(choice, spec))
    expected = best_constant(loss, np.array([[0.0]] * 9 + [[1.0]]), lambda p: [p])
    assert chance_loss(spec, choice, epsilon) == pytest.approx(expected, rel=1e-4)


def test_chance_level_of_several_classes_and_of_several_labels():
    shares = np.array([0.7, 0.2, 0.1])
    spec = _spec("multiclass", ("a", "b", "c"), tuple(shares))
    assert chance_loss(spec) == pytest.approx(-np.sum(shares * np.log(shares)))
    smoothed = 0.9 * shares + 0.1 * (1 - shares) / 2
    assert chance_loss(spec, "none", 0.1) == pytest.approx(-np.sum(smoothed * np.log(smoothed)))
    assert chance_loss(_spec("multiclass", ("a", "b", "c"))) == pytest.approx(np.log(3))
    labels = _spec("multilabel", ("a", "b", "c"), (0.5, 0.1, 0.0))
    entropy = -0.1 * np.log(0.1) - 0.9 * np.log(0.9)
    assert chance_loss(labels) == pytest.approx((np.log(2) + entropy) / 3)


@pytest.mark.parametrize("loss", ["focal", "multiclass_hinge"])
def test_other_losses_of_classes_take_them_too(loss, classes):
    recipe = recipes.Recipe(loss=loss, class_weight="balanced", model={"name": "mlp", "hidden": (2,)})
    model = recipe.compile(recipe.build_model(classes.spec), spec=classes.spec)
    x, y = classes.arrays("test")
    probabilities = model(x)
    each = [float(build_loss(loss)(y[i : i + 1], probabilities[i : i + 1])) for i in range(len(y))]
    weights = np.array(class_weights("balanced", classes.spec))[y]
    assert float(model.loss(y, probabilities)) == pytest.approx(np.mean(weights * each), rel=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(model.loss))
    assert float(again(y, probabilities)) == float(model.loss(y, probabilities))


def test_a_loss_that_has_none_is_named_beside_the_choice(classes):
    recipe = recipes.Recipe(loss="categorical_hinge", class_weight="balanced", model={"name": "mlp", "hidden": (2,)})
    with pytest.raises(
        InvalidArgument, match=r"the loss 'categorical_hinge' of these targets.*class_weight='balanced'$"
    ):
        recipe.compile(recipe.build_model(classes.spec), spec=classes.spec)
