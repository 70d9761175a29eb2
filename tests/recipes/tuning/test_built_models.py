"""A function that makes another model than before is refused by name; one that only moved is not."""

import keras
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.built_models import facts_of
from recipes.tuning.compare import compare
from recipes.tuning.comparison import Comparison
from recipes.tuning.extending import first_difference


def model(*, units=5, activation="relu", rate=0.2, loss="mse", step=0.1, skip=False, kernel="he_normal", between=1):
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(units, activation, kernel_initializer=kernel)(inputs)
    hidden = keras.layers.Dropout(rate)(hidden)
    for _ in range(between):
        more = keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L2(0.1))(hidden)
        hidden = keras.layers.Add()([more, hidden if skip else more])
    made = keras.Model(inputs, keras.layers.Dense(3)(hidden))
    made.compile(keras.optimizers.SGD(step), loss, metrics=["mae"])
    return made


CHANGES = [
    *({"units": 6}, {"activation": "elu"}, {"rate": 0.3}, {"loss": "mae"}, {"step": 0.2}, {"skip": True}),
    *({"kernel": "lecun_normal"}, {"between": 2}, {"kernel": keras.initializers.RandomNormal(stddev=0.2)}),
]


@pytest.mark.parametrize("change", [*CHANGES[:6], *(pytest.param(c, marks=pytest.mark.thorough) for c in CHANGES[6:])])
def test_what_a_model_is(change):
    before, again = facts_of(model()), facts_of(model())  # whose layers have other numbers in their names
    assert again == before
    assert facts_of(model(**change)) != before


class Own(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense, self.sealed = keras.layers.Dense(units), keras.layers.Lambda(lambda x: x)

    def call(self, inputs):
        return self.sealed(self.dense(inputs))


def test_of_what_has_no_configuration_the_weights_are_known():
    one, other = Own(3), Own(4)
    for each in (one, other):
        each(keras.ops.zeros((1, 2)))
    assert (facts_of(one)["weights"], facts_of(other)["weights"]) == ("2x3, 3", "2x4, 4")


def settings(facts, origin="__main__:f"):
    recipe = {"model": "f", "own": [{"name": "f", "origin": origin}]}
    found = {"factors": {"candidates": ["a"]}, "candidates": {"a": {"recipe": recipe}}}
    found |= dict.fromkeys(("repeats", "trials", "default_arm", "design"), 1)
    return found | ({} if facts is None else {"built": {"a": facts}})


def test_the_difference_is_said():
    small, large = ({"weights": "1", "layers": {"1 Dense": {"units": units}}} for units in (16, 32))
    difference = first_difference(settings(small), settings(large))
    assert str(difference).startswith("built.a.layers.1 Dense.units=16, not 32, ")


@pytest.mark.parametrize(("facts", "name"), [({"weights": "1"}, None), (None, "candidates.a.recipe.own")])
def test_a_function_may_move_where_it_is_known_what_it_makes(facts, name, monkeypatch):
    monkeypatch.setattr("recipes.tuning.extending.arms_in", lambda _: [])  # none is lost
    difference = first_difference(settings(facts), settings(facts, "module:f"))
    assert (difference and difference.name) == name


@pytest.mark.thorough
@pytest.mark.usefixtures("catalogues_restored")
def test_a_changed_function_does_not_extend_its_search(classes, tmp_path):
    units = [5]

    def mine():
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units[0]), keras.layers.Dense(3, "softmax")])
        made.compile("adam", "categorical_crossentropy")
        return made

    def plain(spec):
        return keras.Sequential([keras.Input(spec.input_shape), keras.layers.Dense(spec.outputs, "softmax")])

    options = {"epochs": 1, "trials": 1, "resplit": False, "verbose": 0, "directory": tmp_path / "search"}
    comparison = compare({"mine": mine, "plain": plain}, classes, repeats=3, **options)
    trials = comparison.results.stage("tune")
    assert (trials["arm"] == "mine").sum() == 1  # nothing of it is tuned
    units[0] = 6
    with pytest.raises(InvalidArgument, match=r"built.mine.*=.*5.*, not .*6"):
        compare({"mine": mine, "plain": plain}, classes, repeats=4, **options)


@pytest.mark.thorough
@pytest.mark.usefixtures("catalogues_restored")
def test_comparisons_that_were_run_apart_are_merged_unless_a_function_changed(classes, tmp_path):
    units = {"a": 4, "b": 5, "c": 6}

    def made(label):
        def make():
            made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units[label]), keras.layers.Dense(3)])
            made.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
            return made

        return make

    def search(name, *labels):
        candidates = {label: made(label) for label in labels}
        options = {"epochs": 1, "trials": 1, "repeats": 2, "resplit": False, "verbose": 0}
        return compare(candidates, classes, **options, directory=tmp_path / name).directory

    first, second = search("1", "a", "b"), search("2", "a", "c")
    merged = Comparison.load(recipes.merge_searches(first, second, to=tmp_path / "both"))
    assert set(merged.table()["arm"]) == set(merged.settings["built"]) == {"a", "b", "c"}
    units["a"] = 7
    with pytest.raises(InvalidArgument, match=r"built.a.layers.1 Dense.units=7, not 4"):
        recipes.merge_searches(first, search("3", "a", "c"), to=tmp_path / "none")
