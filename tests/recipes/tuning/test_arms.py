import pytest

from recipes import Recipe
from recipes.optimizer_choice import schedules_in_words
from recipes.optimizers import OPTIMIZERS
from recipes.regularization import REGULARIZERS
from recipes.tuning.arms import Arm


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
    base = Recipe(activation="tanh", optimizer="sgd", regularizer="dropout", learning_rate=9.0)
    recipe = Arm("adam", "l2+early_stopping").recipe(base, {"learning_rate": 0.1, "l2.strength": 0.25})
    assert recipe == Recipe(
        activation="tanh",
        optimizer="adam",
        learning_rate=0.1,
        regularizer=[{"name": "l2", "strength": 0.25}, "early_stopping"],
    )
    assert Arm("adam", "none").recipe(base, {"learning_rate": 0.1}).regularizer == ()


def test_every_optimizer_can_be_tuned():
    for name in OPTIMIZERS:
        assert [each.name for each in Arm(name, "none").hyperparameters] == ["learning_rate"]


def test_options_of_a_level_replace_those_of_the_base():
    base = Recipe(optimizer={"name": "adam", "beta_1": 0.8, "clipnorm": 1.0}, model={"name": "mlp", "hidden": (5,)})
    assert Arm("adam", "none").recipe(base, {}).optimizer == {"name": "adam", "beta_1": 0.8, "clipnorm": 1.0}
    chosen = Arm("adam(beta_2=0.9)", "none", model="mlp(hidden=(7,))").recipe(base, {})
    assert chosen.optimizer == {"name": "adam", "clipnorm": 1.0, "beta_2": 0.9}
    assert chosen.model == {"name": "mlp", "hidden": (7,)}


def test_every_factor_can_be_compared():
    base = Recipe(optimizer="adam", regularizer="none")
    arm = Arm("sgd", "l2", "cosine", "lecun_normal", "relu", "batch", "cnn")
    assert arm.name == "sgd+l2+cosine+lecun_normal+relu+batch+cnn"
    recipe = arm.recipe(base, {"learning_rate": 0.1, "l2.strength": 0.5})
    assert recipe == Recipe(
        model="cnn",
        initializer="lecun_normal",
        activation="relu",
        normalization="batch",
        regularizer={"name": "l2", "strength": 0.5},
        optimizer="sgd",
        learning_rate=0.1,
        schedule="cosine",
    )


def test_an_arm_has_the_schedule_that_it_is_named_after():
    values = {"learning_rate": 0.5}
    for optimizer in ("momentum", "line_search"):
        for schedule in ("one_cycle", "constant"):
            for base in (Recipe(), Recipe(optimizer="line_search")):
                assert Arm(optimizer, "none", schedule=schedule).recipe(base, values).schedule == schedule


@pytest.mark.parametrize("base", [Recipe(), Recipe(optimizer="line_search")])
def test_a_schedule_that_is_not_compared_is_the_default_one_of_the_optimizer(base):
    values = {"learning_rate": 0.5}
    assert Arm("adam", "none").recipe(base, values).schedule == "one_cycle"
    assert Arm("line_search", "none").recipe(base, values).schedule == "constant"
    assert Arm("adam", "none").recipe(Recipe(schedule="constant"), values).schedule == "constant"


@pytest.mark.parametrize(
    ("schedule", "factors", "text"),
    [
        ("one_cycle", {"optimizers": ["momentum", "adam"]}, None),
        ("one_cycle", {"optimizers": ["momentum", "newton"], "schedules": ["one_cycle"]}, None),
        ("cosine", {"optimizers": ["momentum", "newton"]}, None),
        (
            "one_cycle",
            {"optimizers": ["momentum", "newton(damping=0.1)", "schedule_free_adamw"]},
            "The schedule is one_cycle, but for newton(damping=0.1) with constant, schedule_free_adamw with "
            "constant(warm_up=0.05): what is usual there.",
        ),
    ],
    ids=["all", "compared", "chosen", "others"],
)
def test_schedules_that_differ_are_said(schedule, factors, text):
    """An arm has the schedule that the words say it has."""
    assert schedules_in_words(schedule, "momentum", factors) == text
    base = Recipe(optimizer="momentum", schedule=schedule, regularizer="none", learning_rate=0.1)
    for optimizer in factors["optimizers"]:
        own = Arm(optimizer, "none").recipe(base, {"learning_rate": 0.1}).schedule
        assert text is None or (optimizer in text.split(" but for ")[1]) == (own != schedule)
        assert text is not None or "schedules" in factors or own == schedule
