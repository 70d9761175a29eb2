"""Levels that change nothing are no arms: they would be reported as good as the others."""

import keras
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.registration.registered import register
from recipes.tuning.checking import check_search_of
from recipes.tuning.compare import candidate_arms
from recipes.tuning.designs import base_of, left_out_in_words
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.where import Where

LINEAR = "mlp(hidden=[])"


def plain():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def ignores(regularizer=()):
    assert isinstance(regularizer, (list, tuple))
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def penalized(regularizer=()):
    penalty = next((one.kernel_regularizer() for one in regularizer if one.name == "l2"), None)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax", kernel_regularizer=penalty)])


@pytest.fixture(autouse=True)
def named():
    for function in (plain, ignores, penalized):
        register("model", function.__name__, function)


def arms(data, levels, recipe):
    levels = levels if isinstance(levels, list) else {"optimizers": ["sgd"], **levels}
    return check_search_of(data, recipe, levels, Protocol(), Where(), "nowhere").arms


@pytest.mark.parametrize(
    ("model", "levels", "message"),
    [
        ("plain", {"regularizers": ["none", "l2"]}, "regularizer must be .* 'plain', .*Received: regularizer='l2'"),
        pytest.param(
            "plain",
            {"regularizers": ["early_stopping", "early_stopping+dropout"]},
            "has to take 'regularizer' and use",
            marks=pytest.mark.thorough,
        ),
        ("plain", {"activations": ["elu", "relu"]}, "has to take 'activation' .*Received: activation='relu'"),
        pytest.param(
            "plain",
            {"activations": ["relu", "elu"]},
            "has to take 'activation' .*Received: activation='relu'",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "plain",
            {"normalizations": ["none", "batch"]},
            "has to take 'normalization' and use it. Received: normal",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "plain",
            {"initializers": ["he_normal", "orthogonal"]},
            "Received: initializer='orthogonal'",
            marks=pytest.mark.thorough,
        ),
        ("auto", {"models": ["mlp", "plain"], "activations": ["elu", "relu"]}, "changes something in 'plain'"),
        pytest.param(
            "ignores",
            {"regularizers": ["none", "l2"]},
            "has to take 'regularizer' and use it",
            marks=pytest.mark.thorough,
        ),
        ("penalized", {"regularizers": ["none", "l2", "dropout"]}, "Received: regularizer='dropout'"),
        (LINEAR, {"regularizers": ["none", "dropout"]}, "regularizer must be one that changes something in 'mlp'"),
        (LINEAR, {"activations": ["elu", "relu"]}, "activation must be 'elu', the default, for 'mlp', which has no"),
        ("mlp", {"model.hidden": [(), (5,)], "regularizers": ["none", "dropout"]}, "Received: regularizer='dropout'"),
        pytest.param(
            LINEAR,
            {"models": [LINEAR, "mlp"], "normalizations": ["none", "batch"]},
            "Received: normalization='batch'",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_a_compared_level_without_a_place_is_refused_before_anything_is_trained(classes, model, levels, message):
    with pytest.raises(InvalidArgument, match=message):
        arms(classes, levels, Recipe(model=model))


def test_an_own_model_that_asks_for_it_has_it(classes):
    assert len(arms(classes, {"regularizers": ["none", "l2"]}, Recipe(model="penalized"))) == 2


def test_what_all_arms_have_without_effect_is_warned_of_once(classes):
    with pytest.warns(UserWarning, match="^l2, activation act inside the model") as caught:
        arms(classes, {"optimizers": ["sgd", "adam"]}, Recipe(model="plain", regularizer="l2", activation="relu"))
    assert len(caught) == 1


def test_candidates_are_warned_of_or_refused_likewise(classes):
    base = Recipe(regularizer="l2")
    with pytest.warns(UserWarning, match="^l2 acts inside the model"):
        arms(classes, candidate_arms({"own": plain, "mlp": Recipe()}, classes, base, tune=False), base)
    same = {"one": Recipe(model=plain), "other": Recipe(model=plain, regularizer="l2")}
    with pytest.raises(InvalidArgument, match="has to take 'regularizer' and use it"):
        arms(classes, candidate_arms(same, classes, base, tune=False), base)
    linear = {"one": Recipe(model=LINEAR, regularizer="dropout"), "other": Recipe()}
    with pytest.raises(InvalidArgument, match="regularizer must be one that changes something in 'mlp'"):
        arms(classes, candidate_arms(linear, classes, base, tune=False), base)
    with pytest.warns(UserWarning, match="alpha_dropout' keeps mean and variance after activation='selu', not after"):
        arms(
            classes,
            candidate_arms({"one": Recipe(), "two": Recipe(regularizer="alpha_dropout")}, classes, base, False),
            base,
        )


@pytest.mark.parametrize(
    ("model", "levels"),
    [(LINEAR, {}), ("auto", {"models": [LINEAR, "mlp"]}), ("mlp", {"model.hidden": [(5,), ()]}), ("plain", {})],
)
def test_the_regularizers_by_the_data_are_those_that_all_compared_models_have_a_place_for(classes, model, levels):
    compared = arms(classes, levels, Recipe(model=model))
    assert {arm.regularizer for arm in compared} == {"early_stopping+weight_decay"}
    base = base_of(Recipe(model=model), levels, classes.spec)
    said = left_out_in_words(Recipe(model=model), base, classes.spec, levels)
    told = "No arm has dropout, which suits these data: a compared model has no place for it."
    assert said == (told if levels else None)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("mlp", ["none", "l2", "dropout", "early_stopping", "early_stopping+dropout+weight_decay"]),
        (LINEAR, ["none", "l2", "early_stopping", "early_stopping+weight_decay"]),
        ("plain", ["none", "early_stopping", "early_stopping+weight_decay"]),
    ],
)
def test_the_default_comparison_is_of_regularizers_with_a_place(classes, model, expected):
    compared = check_search_of(classes, Recipe(model=model), {}, Protocol(), Where(), "nowhere").arms
    assert list(dict.fromkeys(arm.regularizer for arm in compared)) == expected
    assert len(compared) == 5 * len(expected)


def test_keras_tuners_own_search_has_no_such_levels_either(classes):
    with pytest.raises(InvalidArgument, match="'plain', whose function has to take 'regularizer' and use it"):
        recipes.hypermodel(classes, Recipe(model="plain"), regularizers=["none", "l2"])
