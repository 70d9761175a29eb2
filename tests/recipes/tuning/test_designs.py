import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, Recipe
from recipes.choice import name_of
from recipes.optimizer_choice import finds_its_own_step
from recipes.optimizers import OPTIMIZERS
from recipes.tuning.designs import (
    DEFAULT_OPTIMIZERS,
    DEFAULT_REGULARIZERS,
    arms_of,
    base_of,
    cross,
    default_arm,
    factors_of,
    left_out_in_words,
)
from recipes.tuning.space import Space


def test_cross_has_every_pair_once():
    arms = cross(["adam", "sgd"], ["none", "l2", "l2+dropout"])
    assert [arm.name for arm in arms] == [
        *("adam+none", "sgd+none", "adam+l2", "sgd+l2", "adam+l2+dropout", "sgd+l2+dropout")
    ]
    assert len(cross(DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS)) == 25


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (Recipe(), "momentum+early_stopping"),
        (Recipe(optimizer="adam", regularizer="l2+dropout"), "adam+l2+dropout"),
        (Recipe(optimizer="adam", regularizer={"name": "l2", "strength": 0.5}), "adam+l2"),
        (Recipe(optimizer=keras.optimizers.Adam(0.1), regularizer="none"), "adam+none"),
        (Recipe(optimizer="sgd", regularizer="dropout+l2"), "momentum+none"),
    ],
)
def test_the_arm_that_the_others_are_compared_with(base, name):
    assert default_arm(cross(DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS), base).name == name


@pytest.mark.parametrize(
    ("optimizers", "regularizers", "message"),
    [
        ([], ["none"], "optimizers must be a list of at least one name"),
        (["adam"], [], "regularizers must be a list of at least one name"),
        ("adam", ["none"], "optimizers must be a list of at least one name"),
        (["adam"], "none", "regularizers must be a list of at least one name"),
        (None, ["none"], "optimizers must be a list of at least one name"),
        (["adam", "adam"], ["none"], "without repetitions"),
        (["adam"], ["l2", "l2"], "without repetitions"),
        (["adm"], ["none"], "did you mean 'adam'"),
        (["adam"], ["dropuot"], "did you mean 'dropout'"),
        (["adam"], ["l2+l2"], "each regularizer at most once"),
        (["adam"], [None], "regularizer must be a name"),
        (["adam"], [{"strength": 0.1}], "regularizer must be a name, or a name with options"),
        (["adam"], ["l2(strength=)"], "choice must be a name with options, such as"),
        (["adam"], ["l2(0.1)"], "choice must be a name with options, such as"),
        (["adam"], ["l2(strength=-1)"], "strength must be"),
        (["adam(beta=0.5)"], ["none"], "optimizer 'adam' must be given options that it has"),
        (["adam(beta_2=0.5)", {"name": "adam", "beta_2": 0.5}], ["none"], "without repetitions"),
        ([{"name": "adam", "beta_2": object()}], ["none"], "adam must be options that text can hold"),
    ],
)
def test_what_is_refused(optimizers, regularizers, message):
    with pytest.raises(InvalidArgument, match=message):
        cross(optimizers, regularizers)


def test_levels_with_options():
    optimizers = ["adam", {"name": "adam", "beta_2": np.float64(0.95)}, "sgd( learning_rate = .1 )"]
    regularizers = [("l2", {"name": "dropout", "rate": 0.3}), "l2(strength=0.001)+dropout"]
    arms = cross(optimizers, regularizers, models=["mlp(hidden=(20, 10))"])
    assert [arm.optimizer for arm in arms[:3]] == ["adam", "adam(beta_2=0.95)", "sgd(learning_rate=0.1)"]
    assert arms[1].name == "adam(beta_2=0.95)+l2+dropout(rate=0.3)+mlp(hidden=(20, 10))"
    recipe = arms[1].recipe(Recipe(), {"learning_rate": 0.01, "l2.strength": 1e-5, "dropout.rate": 0.3})
    assert recipe.optimizer == {"name": "adam", "beta_2": 0.95}
    assert recipe.regularizer == ({"name": "l2", "strength": 1e-5}, {"name": "dropout", "rate": 0.3})
    assert recipe.model == {"name": "mlp", "hidden": (20, 10)}
    space = Space()
    tuned = [[parameter.name for parameter in space.tuned(arm)] for arm in arms]
    assert tuned[1] == ["learning_rate", "l2.strength"]
    assert tuned[2] == ["l2.strength"]
    assert tuned[4] == ["learning_rate", "dropout.rate"]
    recipe = arms[5].recipe(Recipe(), space.settings(arms[5], 2, seed=0)[1])
    assert (recipe.optimizer, recipe.learning_rate) == ("sgd", 0.1)
    assert recipe.regularizer[0] == {"name": "l2", "strength": 0.001}
    assert cross(**factors_of(arms)) == arms


def test_what_is_not_compared_is_as_the_recipe_says():
    base = Recipe(optimizer={"name": "adam", "beta_2": 0.9}, regularizer={"name": "dropout", "rate": 0.4})
    (one, other) = arms_of(base, {"activations": ["elu", "relu"]})
    assert (one.name, other.name) == ("adam+dropout+elu", "adam+dropout+relu")
    recipe = other.recipe(base, {"learning_rate": 0.1, "dropout.rate": 0.25})
    assert recipe.optimizer == {"name": "adam", "beta_2": 0.9}
    assert recipe.regularizer == ({"name": "dropout", "rate": 0.25},)
    assert recipe.activation == "relu"
    assert default_arm([one, other], base) == one


def test_one_at_a_time_changes_one_thing():
    base = Recipe(regularizer="none")
    levels = {"optimizers": ["adam", "momentum"], "activations": ["relu", "elu", "tanh"], "normalizations": None}
    arms = arms_of(base, levels, "one_at_a_time")
    assert [arm.name for arm in arms] == [
        *("momentum+none+elu", "adam+none+elu", "momentum+none+relu", "momentum+none+tanh")
    ]
    assert arms[0] == default_arm(arms, base)
    assert cross(**factors_of(arms), design="one_at_a_time") == arms
    assert len(cross(**factors_of(arms))) == 6


def test_with_nothing_named_the_usual_ones_are_compared():
    assert arms_of(Recipe(), {"models": None}) == cross(DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS)


@pytest.mark.parametrize(
    ("levels", "design", "message"),
    [
        ({"activations": []}, "crossed", "activations must be a list of at least one name"),
        ({"activations": ["rellu"]}, "crossed", "did you mean 'relu'"),
        ({"layers": ["dense"]}, "crossed", "unknown factor"),
        ({"activations": ["relu"]}, "crosed", "design must be one of"),
        ({"activations": []}, "one_at_a_time", "activations must be a list of at least one name"),
        ({"regularizers": ["l2+dropout", "dropout+l2"]}, "crossed", "a list without repetitions"),
        (
            {"optimizers": ["adam", "newton"], "schedules": ["one_cycle", "constant"]},
            "one_at_a_time",
            "optimizers must be without 'newton', which needs no schedule, where schedules are compared one at a time",
        ),
        (
            {"optimizers": ["schedule_free_adamw"], "schedules": ["cosine"]},
            "one_at_a_time",
            "all optimizers would have one_cycle",
        ),
    ],
)
def test_what_arms_of_refuses(levels, design, message):
    with pytest.raises(InvalidArgument, match=message):
        arms_of(Recipe(), levels, design)


@pytest.mark.parametrize(
    ("levels", "base", "names"),
    [
        ({"activations": ["relu"]}, Recipe(), ["elu", "relu"]),
        ({"activations": ["relu", "elu"]}, Recipe(), ["elu", "relu"]),
        ({"normalizations": ["batch", "none"]}, Recipe(), ["normalization=auto", "batch", "normalization=none"]),
        ({"models": ["cnn", "mlp"]}, Recipe(), ["cnn", "mlp"]),  # what "auto" is depends on the data
        ({"models": ["cnn", "mlp"]}, Recipe(model="mlp"), ["mlp", "cnn"]),
    ],
)
def test_one_at_a_time_begins_with_what_the_recipe_has_named_or_not(levels, base, names):
    arms = arms_of(base, levels, "one_at_a_time")
    assert [arm.name for arm in arms] == [f"momentum+early_stopping+{name}" for name in names]
    (regularized,) = arms_of(Recipe(regularizer="l2+dropout"), {"regularizers": ["dropout+l2"]}, "one_at_a_time")
    assert regularized.regularizer == "l2+dropout"  # the same, and not a second arm


def test_optimizers_that_need_no_schedule_are_compared_where_they_get_none_unasked():
    (_, newton), (_, crossed, *_) = (
        arms_of(Recipe(), {"optimizers": ["momentum", "newton"], "schedules": schedules}, design)
        for schedules, design in ((None, "one_at_a_time"), (["one_cycle", "constant"], "crossed"))
    )
    assert newton.recipe(Recipe(), {}).schedule == "constant"
    assert (crossed.name, crossed.schedule) == ("newton+early_stopping+one_cycle", "one_cycle")
    base = Recipe(optimizer="newton")
    arms = arms_of(base, {"optimizers": ["line_search"], "schedules": ["cosine"]}, "one_at_a_time")
    assert [arm.schedule for arm in arms] == ["constant", "constant", "cosine"]


def test_class_weights_are_compared_like_other_choices():
    arms = cross(["adam"], ["none"], class_weights=["none", "balanced"])
    assert [arm.name for arm in arms] == ["adam+none+class_weight=none", "adam+none+balanced"]
    base = Recipe(class_weight={"spam": 5})
    assert [arm.recipe(base, {"learning_rate": 0.1}).class_weight for arm in arms] == ["none", "balanced"]
    (alone,) = cross(["adam"], ["none"])
    assert alone.recipe(base, {"learning_rate": 0.1}).class_weight == {"spam": 5.0}


def test_the_regularizers_of_the_data_are_compared_too():
    base = Recipe(regularizer=("early_stopping", {"name": "dropout", "rate": 0.3}))
    arms = arms_of(base, {"models": None})
    assert len(arms) == 25
    assert default_arm(arms, base).name == "momentum+early_stopping+dropout"
    assert {arm.regularizer for arm in arms} == {"none", "l2", "dropout", "early_stopping", "early_stopping+dropout"}
    assert arms_of(Recipe(regularizer="dropout+l2"), {}) == cross(DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS)


@pytest.fixture(scope="module")
def table():
    x = {"size": np.arange(60.0), "kind": np.array(["a", "b", "c"] * 20)}
    return Data.from_arrays(x, np.arange(60) % 2, duplicates="ignore")


def names(recipe):
    return [name_of(choice) for choice in recipe.regularizer]


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if finds_its_own_step(name)])
def test_auto_regularizers_are_those_that_all_compared_optimizers_can_follow(table, optimizer):
    levels = {"optimizers": ["momentum", optimizer]}
    base = base_of(Recipe(), levels, table.spec)
    assert names(base) == ["early_stopping"]
    for arm in arms_of(base, levels):
        arm.recipe(base, {}).check(table.spec)


@pytest.mark.parametrize(
    ("recipe", "levels", "expected"),
    [
        (Recipe(), {"optimizers": ["momentum", "adam"]}, ["early_stopping", "dropout", "weight_decay"]),
        (Recipe(), {"optimizers": None}, ["early_stopping", "dropout", "weight_decay"]),
        (Recipe(regularizer="dropout"), {"optimizers": ["newton"]}, ["dropout"]),
        (Recipe(), {"optimizers": ["newtown"]}, ["early_stopping", "dropout", "weight_decay"]),
        (Recipe(), {"optimizer": ["newton(damping=0.1)"]}, ["early_stopping"]),
    ],
)
def test_others_and_those_that_are_chosen_stay(table, recipe, levels, expected):
    assert names(base_of(recipe, levels, table.spec)) == expected


def test_what_no_arm_has_is_said(table):
    def said(optimizers, recipe=Recipe(), **others):  # noqa: B008
        levels = {"optimizers": optimizers, "activations": None, **others}
        base = base_of(recipe, levels, table.spec)
        return left_out_in_words(recipe, base, table.spec, levels)

    assert said(["momentum", "newton"]) == (
        "No arm has dropout or weight_decay, which suit these data: an optimizer that finds its own step cannot follow"
        " them."
    )
    assert said(["momentum", "adam"]) is None
    assert said(["momentum", "newton"], recipe=Recipe(regularizer="dropout")) is None
    assert said(["momentum", "newton"], regularizers=["none"]) is None
