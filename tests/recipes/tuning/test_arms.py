import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.optimizers import OPTIMIZERS
from recipes.regularization import REGULARIZERS
from recipes.tuning.arms import DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS, Arm, cross, default_arm


@pytest.mark.parametrize(
    ("regularizer", "names"),
    [
        ("none", ["learning_rate"]),
        ("early_stopping", ["learning_rate"]),
        ("l2", ["learning_rate", "l2.strength"]),
        ("dropout", ["learning_rate", "dropout.rate"]),
        ("l2+dropout", ["learning_rate", "l2.strength", "dropout.rate"]),
    ],
)
def test_what_is_tuned(regularizer, names):
    arm = Arm("adam", regularizer)
    assert arm.name == f"adam+{regularizer}"
    assert [each.name for each in arm.hyperparameters] == names
    rate = arm.hyperparameters[0]
    assert (rate.low, rate.high) == (3e-4, 3e-2)
    for each in arm.hyperparameters[1:]:
        part, option = each.name.split(".")
        (original,) = (h for h in REGULARIZERS[part].hyperparameters if h.name == option)
        assert (each.low, each.high, each.log) == (original.low, original.high, original.log)


def test_the_recipe_of_an_arm():
    base = Recipe(activation="tanh", optimizer="sgd", regularization="dropout", learning_rate=9.0)
    recipe = Arm("adam", "l2+early_stopping").recipe(base, {"learning_rate": 0.1, "l2.strength": 0.25})
    assert recipe == Recipe(
        activation="tanh",
        optimizer="adam",
        learning_rate=0.1,
        regularization=[{"name": "l2", "strength": 0.25}, "early_stopping"],
    )
    assert Arm("adam", "none").recipe(base, {"learning_rate": 0.1}).regularization == ()


def test_cross_has_every_pair_once():
    arms = cross(["adam", "sgd"], ["none", "l2", "l2+dropout"])
    assert [arm.name for arm in arms] == [
        *("adam+none", "sgd+none", "adam+l2", "sgd+l2", "adam+l2+dropout", "sgd+l2+dropout")
    ]
    assert len(cross(DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS)) == 25


def test_every_optimizer_can_be_tuned():
    for name in OPTIMIZERS:
        assert [each.name for each in Arm(name, "none").hyperparameters] == ["learning_rate"]


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (Recipe(), "momentum+early_stopping"),
        (Recipe(optimizer="adam", regularization="l2+dropout"), "adam+l2+dropout"),
        (Recipe(optimizer="adam", regularization={"name": "l2", "strength": 0.5}), "adam+l2"),
        (Recipe(optimizer=keras.optimizers.Adam(0.1), regularization="none"), "adam+none"),
        (Recipe(optimizer="sgd", regularization="dropout+l2"), "momentum+none"),
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
        (["adam"], [{"name": "l2", "strength": 0.1}], "regularizer must be a name"),
        ([{"name": "adam"}], ["none"], "optimizer must be a name"),
    ],
)
def test_what_is_refused(optimizers, regularizers, message):
    with pytest.raises(InvalidArgument, match=message):
        cross(optimizers, regularizers)
