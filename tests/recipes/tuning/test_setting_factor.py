import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.tuning.designs import arms_of
from recipes.tuning.levels import factor_named, parse_factors
from recipes.tuning.record import Record
from recipes.tuning.setting_factor import Setting
from recipes.tuning.space import Space

BASE = Recipe(model="mlp", optimizer="adam", regularizer="dropout")


@pytest.mark.parametrize(
    ("name", "level", "field", "value"),
    [
        ("model.hidden", (300, 100), "model", {"name": "mlp", "hidden": (300, 100)}),
        ("model.hidden", [300, 100], "model", {"name": "mlp", "hidden": (300, 100)}),
        ("mlp.hidden", (50,), "model", {"name": "mlp", "hidden": (50,)}),
        ("dropout.rate", 0.1, "regularizer", ({"name": "dropout", "rate": 0.1},)),
        ("optimizer.beta_2", 0.95, "optimizer", {"name": "adam", "beta_2": 0.95}),
        ("adam.beta_2", 0.95, "optimizer", {"name": "adam", "beta_2": 0.95}),
        ("schedule.start_fraction", 0.1, "schedule", {"name": "one_cycle", "start_fraction": 0.1}),
        ("learning_rate", 0.02, "learning_rate", 0.02),
        ("adam.learning_rate", 0.02, "learning_rate", 0.02),
        ("bias", 0.1, "bias", 0.1),
        ("precision", "mixed_bfloat16", "precision", "mixed_bfloat16"),
    ],
)
def test_an_arm_trains_with_its_level(name, level, field, value):
    (arm,) = arms_of(BASE, {name: [level]})
    space = Space.of(BASE)
    for values in space.settings(arm, 3, seed=0):
        assert getattr(arm.recipe(BASE, values), field) == value
    assert dict(arm.settings).keys() == {factor_named(name).name}
    assert f"+{factor_named(name).name}=" in arm.name


def test_a_rate_or_strength_that_is_compared_is_not_tuned():
    arms = arms_of(BASE, {"dropout.rate": [0.1, 0.5], "learning_rate": [0.01]})
    space = Space.of(BASE)
    assert [space.settings(arm, 4, seed=0) for arm in arms] == [
        [{"learning_rate": 0.01, "dropout.rate": 0.1}],
        [{"learning_rate": 0.01, "dropout.rate": 0.5}],
    ]
    with pytest.raises(InvalidArgument, match=r"ranges must be without 'dropout\.rate', which what is compared"):
        Space.of(BASE, ranges="dropout.rate=0.1:0.4").check(arms)
    beta = arms_of(BASE, {"optimizer.beta_2": [0.9]})
    with pytest.raises(InvalidArgument, match=r"ranges must be without 'adam\.beta_2', which"):
        Space.of(BASE, ranges="adam.beta_2=0.9:0.99").check(beta)


def default_recipes(factors):
    return [arm.recipe(BASE, Space.of(BASE).default(arm)) for arm in arms_of(BASE, factors)]


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (
            {"layers": [1]},
            "unknown factor 'layers'. Accepted: optimizer, .* batch_size, learning_rate, bias, precision",
        ),
        ({"optimzer": ["adam"]}, "did you mean 'optimizer'"),
        ({"foo.rate": [1]}, "unknown factor 'foo.rate'"),
        ({"dropout.": [1]}, "unknown factor 'dropout.'"),
        ({"batch_size": [0]}, "batch_size must be an integer >= 1"),
        ({"batch_size": ["many"]}, "batch_size must be an integer >= 1"),
        ({"batch_size": []}, "batch_size must be a list of at least one value"),
        ({"batch_size": 32}, "batch_size must be a list of at least one value"),
        ({"batch_size": [32, 32]}, "without repetitions"),
        ({"model.hidden": [object()]}, "model.hidden must be a value that text can hold"),
        ({"optimizers": ["adam"], "optimizer": ["sgd"]}, "factors must be one that is given once"),
        ({"mlp.hidden": [(5,)], "models": ["mlp", "resnet"]}, "'mlp' is not among"),
        ({"dropout.rate": [0.2], "regularizers": ["none", "dropout"]}, "'dropout' is not among adam"),
        ({"dropout.rate": [2.0]}, "rate must be"),
        ({"precision": ["float8"]}, "precision must be"),
    ],
)
def test_what_is_refused(factors, message):
    with pytest.raises(InvalidArgument, match=message) as refused:
        default_recipes(factors)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("factors", [3, "batch_size", "batch_size=", "batch_size=1,batch_size=2", {3: [1]}])
def test_factors_that_cannot_be_read(factors):
    with pytest.raises(InvalidArgument, match="factors must be"):
        parse_factors(factors)


def test_factors_as_text():
    text = "batch_size=32/128, optimizers=adam(beta_2=0.9)/sgd, model.hidden=(100,)/(30, 10),model.padding=same"
    assert parse_factors(text) == {
        "batch_size": [32, 128],
        "optimizers": ["adam(beta_2=0.9)", "sgd"],
        "model.hidden": [(100,), (30, 10)],
        "model.padding": ["same"],
    }


def test_one_change_at_a_time_begins_with_what_the_recipe_fixes():
    base = Recipe(model={"name": "mlp", "hidden": (20,)}, optimizer="adam", regularizer="none")
    arms = arms_of(base, {"model.hidden": [(50,), (20,)], "batch_size": [16, 8]}, "one_at_a_time")
    assert [dict(arm.settings) for arm in arms] == [
        {"model.hidden": "(20,)", "batch_size": "16"},
        {"model.hidden": "(50,)", "batch_size": "16"},
        {"model.hidden": "(20,)", "batch_size": "8"},
    ]


def test_records_hold_the_levels():
    (arm,) = arms_of(BASE, {"batch_size": [8]})
    record = Record(f"{arm.name}/tune/0", "tune", arm.name, arm.choices, 0, 0, {"learning_rate": 0.1})
    assert Record.from_json(record.to_json()).choices == arm.choices
    damaged = record.to_json().replace('{"batch_size": "8"}', '["8"]')
    with pytest.raises(InvalidArgument, match="settings must be an object"):
        Record.from_json(damaged)


def test_levels_are_read_back_as_they_were():
    setting = Setting.named("model.padding")
    assert setting.value(setting.text("same")) == "same"
    for level in ("same", "open('x')", "(1,", "[1]", " 1"):
        with pytest.raises(InvalidArgument):
            Setting.named("model.hidden").check(level)
