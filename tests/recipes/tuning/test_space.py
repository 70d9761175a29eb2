import dataclasses
import math
import warnings

import keras
import keras_tuner
import numpy as np
import pandas
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.tuning.arms import Arm
from recipes.tuning.designs import cross
from recipes.tuning.factors import FACTORS
from recipes.tuning.ranges import parse_ranges, ranges_text
from recipes.tuning.space import Space

SPREAD = Space(from_default=False)
"""Only the points that are spread over the ranges."""

ARMS = cross(["momentum", "adam"], ["none", "l2", "dropout", "l2+dropout"])


def fraction(each, value):
    if each.log:
        return math.log(value / each.low) / math.log(each.high / each.low)
    return (value - each.low) / (each.high - each.low)


@pytest.mark.parametrize("trials", [1, 3, 8, 13])
def test_every_setting_is_inside_its_ranges(trials):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for arm in ARMS:
            found = Space().settings(arm, trials, seed=0)
            assert len(found) == trials
            for values in found[1:]:
                assert list(values) == [each.name for each in arm.hyperparameters]
                for each in arm.hyperparameters:
                    assert each.low <= values[each.name] <= each.high


def test_all_arms_get_the_same_points():
    points = {}
    for arm in ARMS:
        for number, values in enumerate(SPREAD.settings(arm, 5, seed=3)):
            for position, each in enumerate(arm.hyperparameters):
                at = fraction(each, values[each.name])
                assert at == pytest.approx(points.setdefault((number, position), at), abs=1e-4)


def test_points_spread_over_the_range():
    rates = sorted(
        fraction(ARMS[0].hyperparameters[0], s["learning_rate"]) for s in SPREAD.settings(ARMS[0], 8, seed=0)
    )
    assert [int(8 * at) for at in rates] == list(range(8))


def test_settings_follow_from_the_seed():
    arm = Arm("adam", "l2+dropout")
    settings = Space().settings
    assert settings(arm, 4, seed=0) == settings(arm, 4, seed=0)
    assert settings(arm, 4, seed=0) != settings(arm, 4, seed=1)
    assert settings(arm, 4, seed=0) == settings(arm, 6, seed=0)[:4]
    assert settings(arm, 4, seed=0)[1:] == SPREAD.settings(arm, 3, seed=0)


@pytest.mark.parametrize("options", [{"trials": 0, "seed": 0}, {"trials": 1, "seed": -1}])
def test_what_is_refused(options):
    with pytest.raises(InvalidArgument):
        Space().settings(ARMS[0], **options)


def test_the_edges():
    arm = Arm("adam", "none")  # 3e-4 .. 3e-2: a tenth of the way in logarithms is a factor of 10 ** 0.2
    inside = np.array([3e-4 * 10**0.21, 3e-3, 3e-2 / 10**0.21])
    outside = np.array([3e-4, 3e-4 * 10**0.19, 3e-2 / 10**0.19, 3e-2])
    assert not any(Space().at_edge(arm, rate) for rate in inside)
    assert all(Space().at_edge(arm, rate) for rate in outside)


def test_kerastuner_sees_only_what_is_active():
    hp = Space().declare(keras_tuner.HyperParameters(), ARMS)
    assert hp.values["optimizer"] == "momentum"
    assert hp.values["regularizer"] == "none"
    names = {each.name: each for each in hp.space}
    assert set(names) == {
        *("optimizer", "regularizer", "momentum.learning_rate", "adam.learning_rate", "l2.strength", "dropout.rate")
    }
    assert names["optimizer"].values == ["momentum", "adam"]
    assert (names["adam.learning_rate"].min_value, names["adam.learning_rate"].max_value) == (3e-4, 3e-2)
    assert names["adam.learning_rate"].sampling == "log"
    assert names["dropout.rate"].sampling == "linear"
    for regularizer, active in (
        ("none", ()),
        ("l2", ("l2.strength",)),
        ("l2+dropout", ("l2.strength", "dropout.rate")),
    ):
        trial = hp.copy()
        trial.values = {"optimizer": "adam", "regularizer": regularizer}
        seen = {each.name for each in trial.space if trial.is_active(each)}
        assert seen == {"optimizer", "regularizer", "adam.learning_rate", *active}


def test_the_first_setting_is_the_default_one():
    """Strengths as the data or the catalogue have them; the rate is found by the training, as in `recipes.fit`."""
    auto = Recipe(optimizer="adam")
    resolved = dataclasses.replace(auto, regularizer=[{"name": "dropout", "rate": 0.3}])
    space, arm = Space.of(auto, resolved), Arm("adam", "l2+dropout")
    assert space.settings(arm, 3, seed=0)[0] == {"l2.strength": 1e-4, "dropout.rate": 0.3}
    assert space.fixed == {}
    assert arm.recipe(resolved, space.default(arm)).learning_rate is None
    assert Space.of(Recipe()).default(Arm("newton", "none")) == {}
    assert Arm("newton", "none").recipe(Recipe(), {}).learning_rate == 1.0


def test_what_a_recipe_fixes_stays_fixed():
    recipe = Recipe(optimizer="adam", learning_rate=0.02, regularizer={"name": "l2", "strength": 3e-4})
    space = Space.of(recipe)
    for values in space.settings(Arm("adam", "l2+dropout"), 4, seed=0):
        assert (values["learning_rate"], values["l2.strength"]) == (0.02, 3e-4)
    assert len({values["dropout.rate"] for values in space.settings(Arm("adam", "l2+dropout"), 4, seed=0)}) == 4
    assert space.settings(Arm("adam", "l2"), 4, seed=0) == [{"learning_rate": 0.02, "l2.strength": 3e-4}]
    other = space.settings(Arm("momentum", "l2"), 4, seed=0)
    assert "learning_rate" not in other[0]
    assert len({values["learning_rate"] for values in other[1:]}) == 3
    assert not space.at_edge(Arm("adam", "l2"), 0.02)
    arms = [Arm("adam", "l2"), Arm("momentum", "l2")]
    hp = space.declare(keras_tuner.HyperParameters(), arms)
    assert {each.name for each in hp.space} == {"optimizer", "regularizer", "momentum.learning_rate"}
    hp.values |= {"optimizer": "adam", "regularizer": "l2"}
    assert space.arm_at(hp, arms) == (Arm("adam", "l2"), {"learning_rate": 0.02, "l2.strength": 3e-4})


def test_ranges_of_ones_own():
    ranges = {
        "adam.learning_rate": (1e-3, 1e-2),
        "l2.strength": [1e-5, 1e-4],
        "adam.beta_1": (0.8, 0.95),
        "one_cycle.start_fraction": None,
        "dropout.rate": 0.25,
    }
    space = Space.of(Recipe(), ranges=ranges)
    arm = Arm("adam", "l2+dropout", schedule="one_cycle")
    space.check([arm])
    settings = space.settings(arm, 9, seed=0)
    assert settings[0] == {
        "learning_rate": 0.00316228,
        "l2.strength": 1e-4,
        "dropout.rate": 0.25,
        "adam.beta_1": 0.875,
        "one_cycle.start_fraction": 0.3,
    }
    assert {values["l2.strength"] for values in settings} == {1e-5, 1e-4}
    assert all(1e-3 <= values["learning_rate"] <= 1e-2 for values in settings)
    assert all(0.1 <= values["one_cycle.start_fraction"] <= 0.5 for values in settings)
    assert {values["dropout.rate"] for values in settings} == {0.25}
    recipe = arm.recipe(Recipe(), settings[3])
    assert recipe.optimizer == {"name": "adam", "beta_1": settings[3]["adam.beta_1"]}
    assert recipe.schedule == {"name": "one_cycle", "start_fraction": settings[3]["one_cycle.start_fraction"]}
    assert recipe.build_optimizer().beta_1 == settings[3]["adam.beta_1"]
    assert "adam.beta_1" not in space.settings(Arm("sgd", "none"), 2, seed=0)[1]
    assert Space.from_settings({"space": space.to_settings(), "ranges": ranges_text(ranges)}) == space
    hp = space.declare(keras_tuner.HyperParameters(), [arm, Arm("sgd", "none", schedule="constant")])
    values = space.for_tuner(arm, settings[3])
    assert {each.name for each in hp.space} >= set(values) - {"dropout.rate"}
    hp.values = values
    assert space.arm_at(hp, [arm]) == (arm, settings[3])


def test_a_grid_is_tried_once():
    space = Space.of(Recipe(learning_rate=0.1), ranges={"l2.strength": [1e-5, 1e-4, 1e-3]})
    settings = space.settings(Arm("momentum", "l2"), 16, seed=0)
    assert sorted(values["l2.strength"] for values in settings) == [1e-5, 1e-4, 1e-3]


TEXTS = {
    "adam.learning_rate=1e-4:1e-2": {"adam.learning_rate": (1e-4, 1e-2)},
    " l2.strength = 1e-5/1e-4 , adam.beta_1=.95": {"l2.strength": [1e-5, 1e-4], "adam.beta_1": 0.95},
    "one_cycle.start_fraction": {"one_cycle.start_fraction": None},
    "": None,
}


@pytest.mark.parametrize("text", TEXTS)
def test_ranges_as_text(text):
    assert parse_ranges(text) == parse_ranges(TEXTS[text])
    assert parse_ranges(ranges_text(TEXTS[text])) == parse_ranges(TEXTS[text])
    assert parse_ranges("a=0.1:1.0")["a"].log
    assert not parse_ranges("a=0.2:1.0")["a"].log


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"adam.learning_rate": (1e-2, 1e-4)}, "> 0.01"),
        ({"adam.learning_rate": (1e-2,)}, "ranges must be"),
        ({"adam.learning_rate": (0.0, 0.1)}, "above 0"),
        ({"adam.learning_rate": "fast"}, "a number"),
        ({"adam.learning_rate": []}, "different values"),
        ("adam.learning_rate=1e-4-1e-2", "ranges must be"),
        ("adam.beta_1=.8,adam.beta_1=.9", "once"),
        (["adam.learning_rate"], "ranges must be"),
        ({"learning_rate": (1e-4, 1e-2)}, "one of adam, l2, momentum"),
        ({"nadam.learning_rate": (1e-4, 1e-2)}, "one of adam, l2, momentum"),
        ({"adam.beta_3": (0.8, 0.9)}, "beta_3"),
        ({"adam.beta_1": None}, "beta_1"),
        ({"l2.strength": (-1.0, 1.0)}, "strength"),
        ({"momentum.learning_rate": (0.01, 0.1)}, "the recipe fixes at 0.1"),
        ({"momentum.momentum": (0.5, 0.9)}, "the recipe fixes at 0.8"),
    ],
)
def test_ranges_that_are_refused(classes, ranges, message, tmp_path):
    recipe = Recipe(optimizer={"name": "momentum", "momentum": 0.8}, learning_rate=0.1)
    with pytest.raises(InvalidArgument) as error:
        recipes.search(
            classes,
            optimizers=["momentum", "adam"],
            regularizers=["none", "l2"],
            recipe=recipe,
            ranges=ranges,
            directory=tmp_path / "search",
        )
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "search").exists()


@pytest.mark.parametrize("optimizer", [{"name": "momentum", "clipnorm": 0.5}, keras.optimizers.SGD(clipnorm=0.5)])
def test_every_arm_clips_as_the_base_does(optimizer):
    base = Recipe(optimizer=optimizer)
    for name in ("adam", "rmsprop", "momentum", "delta_bar_delta"):
        assert Arm(name, "none").recipe(base, {"learning_rate": 0.1}).build_optimizer().clipnorm == 0.5


def test_scale_input_dropout_and_noise_are_tuned_where_they_are_asked_for():
    arm = Arm("adam", "dropout+hidden_noise", initializer="he_normal")
    usual = [each.name for each in Space().tuned(arm)]
    assert usual == ["learning_rate", "dropout.rate", "hidden_noise.stddev"]
    ranges = {"he_normal.gain": None, "dropout.input_rate": (0.05, 0.3)}
    space = Space.of(Recipe(regularizer="none"), ranges=ranges)
    space.check([arm])
    assert [each.name for each in space.tuned(arm)] == [*usual, *ranges]
    values = space.settings(arm, 4, seed=0)[-1]
    recipe = arm.recipe(Recipe(), values)
    assert recipe.initializer == {"name": "he_normal", "gain": values["he_normal.gain"]}
    assert 0.5 <= values["he_normal.gain"] <= 2
    chosen = {choice["name"]: choice for choice in recipe.regularizer}
    assert chosen["dropout"]["input_rate"] == values["dropout.input_rate"]
    assert 0.05 <= values["dropout.input_rate"] <= 0.3
    assert chosen["hidden_noise"]["stddev"] == values["hidden_noise.stddev"]


@pytest.mark.thorough
def test_a_search_tunes_them_and_compares_batch_sizes(classes, tmp_path):
    found = recipes.search(
        classes,
        initializers=["he_normal"],
        regularizers=["dropout+hidden_noise"],
        ranges={"he_normal.gain": None, "dropout.input_rate": None},
        factors={"batch_size": [8, 32]},
        epochs=2,
        trials=3,
        repeats=2,
        directory=tmp_path / "search",
    )
    table = found.table()
    assert len(table) == 2
    trials = pandas.read_csv(tmp_path / "search" / "trials.csv")
    assert {"he_normal.gain", "dropout.input_rate", "hidden_noise.stddev"} <= set(trials.columns)
    assert trials["he_normal.gain"].nunique() > 2


COUNTS = [
    ("lookahead", "optimizer", "steps", 5),
    ("sparse", "initializer", "connections", 15),
    ("muon", "optimizer", "steps", 5),
]


@pytest.mark.parametrize(("name", "factor", "option", "usual"), COUNTS)
def test_what_counts_something_is_tuned_in_whole_numbers(name, factor, option, usual):
    arm = Arm(**{"optimizer": "momentum", "regularizer": "none", factor: name})
    for given in ((2, 20), [2, 3, 7], 4, None):
        if given is None and name == "muon":  # not listed
            continue
        space = Space.of(Recipe(), ranges={f"{name}.{option}": given})
        space.check([arm])
        settings = space.settings(arm, 7, seed=0)
        values = [setting[f"{name}.{option}"] for setting in settings]
        assert all(float(value).is_integer() for value in values)
        assert (len(set(values)) > 1) == (given != 4)
        if given is None:
            assert values[0] == usual
        for setting in settings:
            built = getattr(arm.recipe(Recipe(), setting), factor)
            assert built[option] == setting[f"{name}.{option}"]
            assert type(built[option]) is int
        hp = space.declare(keras_tuner.HyperParameters(), [arm])
        found, chosen = space.arm_at(hp, [arm])
        assert found == arm
        arm.recipe(Recipe(), chosen).build_optimizer()
    with pytest.raises(InvalidArgument, match=f"{option} must be an integer"):
        Space.of(Recipe(), ranges={f"{name}.{option}": (2.5, 20)}).check([arm])


def test_every_listed_range_can_be_searched():
    """The ends and the middle of each are values that its choice takes."""
    for factor in ("optimizer", "regularizer", "schedule", "initializer"):
        for name, entry in FACTORS[factor].catalogue.items():
            arm = Arm(**{"optimizer": "momentum", "regularizer": "none", factor: name})
            options = [option.name for option in entry.hyperparameters if option.name != "learning_rate"]
            space = Space.of(Recipe(), ranges={f"{name}.{option}": None for option in options})
            for setting in space.settings(arm, 3, seed=0):
                recipe = arm.recipe(Recipe(), {**setting, "learning_rate": 0.01})
                recipe.build_optimizer()
                assert recipe.regularizers() is not None
