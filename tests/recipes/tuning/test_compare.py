"""Comparisons of whole recipes, and of models as they are compiled."""

import importlib
import inspect
import json
from types import SimpleNamespace

import keras
import keras_tuner
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.as_compiled.trainer import compiled_model, own_rate
from recipes.machine_fault import MachineFault
from recipes.tuning.candidate import Candidate, candidates_in, candidates_to_settings, recipe_line
from recipes.tuning.compare import candidate_arms, compare
from recipes.tuning.comparison import Comparison
from recipes.tuning.factors import FACTORS
from recipes.tuning.space import Space

run_search = importlib.import_module("recipes.tuning.run_search")  # the function of this name hides it


def compiled():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.02), keras.losses.CategoricalCrossentropy(from_logits=True))
    return model


def uncompiled(spec):
    return keras.Sequential([keras.Input(spec.input_shape), keras.layers.Dense(spec.outputs, "softmax")])


ONE = compiled()


def raising():
    raise KeyError("x")


class Subclassed(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)


class Estimator:
    def fit(self, x, y):
        return self

    def predict(self, x):
        return x


OPTIONS = {"epochs": 2, "trials": 2, "repeats": 2, "tunings": "once", "resplit": False, "verbose": 0}


@pytest.fixture(scope="module")
def compared(classes, tmp_path_factory):
    candidates = {"Mine": compiled, "plain": uncompiled, "tiny": Recipe(optimizer="adam", model="mlp(hidden=(3,))")}
    directory = tmp_path_factory.mktemp("compared") / "search"
    return compare(candidates, classes, **OPTIONS, directory=directory)


@pytest.mark.thorough
def test_arms_have_the_labels_as_names(compared):
    table = compared.table()
    assert set(table["arm"]) == {"Mine", "plain", "tiny"}
    assert compared.results.reference == "Mine"
    assert dict(zip(table["arm"], table["optimizer"], strict=True)) == {
        "Mine": "adam",
        "plain": "momentum",
        "tiny": "adam",
    }
    assert dict(zip(table["arm"], table["trials"], strict=True)) == {"Mine": 1, "plain": 2, "tiny": 2}
    assert any("The reference, Mine, has a test accuracy of" in sentence for sentence in compared.verdict)
    assert (compared.directory / "best" / "export.json").is_file()


@pytest.mark.thorough
def test_scores_of_a_compiled_model_are_those_of_a_plain_script(compared, classes):
    trials = compared.results.stage("confirm")
    row = trials[trials["arm"] == "Mine"].iloc[1]
    keras.utils.set_random_seed(int(row["seed"]))
    model = compiled()
    x, y = classes.arrays("test")
    batches = classes.batches("train", seed=int(row["seed"])).map(lambda x, y: (x, keras.ops.one_hot(y, 3)))
    model.fit(batches, epochs=2, shuffle=False, verbose=0)
    assert row["test_score"] == pytest.approx(np.mean(model.predict(x, verbose=0).argmax(axis=1) == y), abs=1e-6)
    assert row["learning_rate"] == 0.02


@pytest.mark.thorough
def test_a_recipe_is_trained_as_in_a_search(compared, classes):
    trials = compared.results.trials
    row = trials[(trials["arm"] == "tiny") & (trials["stage"] == "tune")].iloc[0]
    run = recipes.fit(classes, Recipe(optimizer="adam", model="mlp(hidden=(3,))"), epochs=2, seed=int(row["seed"]))
    assert row["learning_rate"] == pytest.approx(run.recipe.learning_rate)
    assert row["validation_loss"] == pytest.approx(run.evaluate("validation")["loss"], rel=1e-5)


@pytest.mark.thorough
def test_it_is_read_back_and_goes_on(compared, classes):
    again = Comparison.load(compared.directory)
    assert again.verdict == compared.verdict
    assert (compared.directory / "report.html").is_file()
    settings = json.loads((compared.directory / "settings.json").read_text())
    assert settings["factors"] == {"candidates": ["Mine", "plain", "tiny"]}
    assert [arm.name for arm in candidates_in(settings["candidates"])] == ["Mine", "plain", "tiny"]
    other = {"Mine": compiled, "plain": uncompiled, "tiny": Recipe(optimizer="sgd", model="mlp(hidden=(3,))")}
    with pytest.raises(InvalidArgument, match=r"candidates.tiny.optimizer=\"adam\", not \"sgd\""):
        compare(other, classes, **OPTIONS, directory=compared.directory)


def test_what_a_recipe_fixes_is_not_tuned(classes):
    fixed = Recipe(optimizer=keras.optimizers.Adam(0.05), regularizer="l2(strength=0.001)+dropout")
    arm = Candidate.of_recipe("a", fixed, classes.spec)
    assert arm.fixed == {"keras_adam.learning_rate": 0.05, "l2.strength": 0.001}
    assert [tuned.name for tuned in Space().tuned(arm)] == ["dropout.rate"]
    recipe = arm.recipe(Recipe(), {"learning_rate": 0.05, "l2.strength": 0.001, "dropout.rate": 0.1})
    assert recipe.optimizer_name == "keras_adam"
    assert recipe.regularizer == ({"name": "l2", "strength": 0.001}, {"name": "dropout", "rate": 0.1})
    free = Candidate.of_recipe("b", Recipe(), classes.spec)
    assert not free.fixed
    assert free.recipe(Recipe(optimizer="sgd"), {}).optimizer_name == "momentum"
    own = Candidate("adam", "none", label="c", text=recipe_line(Recipe(model="mlp")), compiled=True, rate=0.03)
    (rate,) = Space().tuned(own)
    assert (rate.low, rate.default, rate.high) == (pytest.approx(0.001), 0.03, pytest.approx(0.9))
    assert Space().settings(own, 3, seed=0)[0] == {}
    assert candidates_in(candidates_to_settings([arm, free, own])["candidates"]) == [arm, free, own]


@pytest.mark.usefixtures("catalogues_restored")
@pytest.mark.parametrize("label", ["auto", "none", "own", "mlp"])
def test_a_label_that_means_something_else_leads_to_its_own_model(classes, label):
    mine, _ = candidate_arms({label: uncompiled, "other": Recipe()}, classes, Recipe(), tune=False)
    recipe = mine.recipe(Recipe(), {})
    assert mine.name == label
    assert recipe.build_model(classes.spec).count_params() == uncompiled(classes.spec).count_params()


def test_labels_that_give_one_name(classes):
    arms = candidate_arms({"A b": compiled, "a B": uncompiled, "a-b": compiled}, classes, Recipe(), False)
    assert [Recipe.from_json(arm.text).model for arm in arms] == ["a_b", "a_b_2", "a_b_3"]
    assert [arm.compiled for arm in arms] == [True, False, True]


def linear(spec):
    return keras.Sequential([keras.Input(spec.input_shape), keras.layers.Dense(spec.outputs)])


@pytest.mark.usefixtures("catalogues_restored")
@pytest.mark.parametrize(
    ("candidates", "options", "message"),
    [
        ({"a": Recipe()}, {}, "candidates must be at least two"),
        ([Recipe(), Recipe()], {}, "candidates must be a mapping"),
        ({"a": Recipe(), "b": 3}, {}, r"candidates\['b'\] must be a recipes.Recipe, a function"),
        ({"a": Recipe(), "b/c": Recipe()}, {}, "candidates must be labels of 1 to 100 characters, none a slash"),
        ({"a": Recipe(), "b": lambda: 3}, {}, r"candidates\['b'\] must be one that suits the data: .*not int"),
        ({"a": Recipe(), "b": linear}, {}, r"candidates\['b'\] must be one that suits the data: .*ends in softmax"),
        ({"a": Recipe(), "b": Recipe(model="cnn")}, {}, r"candidates\['b'\] must be"),
        (
            {"a": Recipe(), "b": lambda: ONE},
            {},
            "a function that makes a new model at each call, not the same one again",
        ),
        (
            {"a": Recipe(), "b": raising},
            {},
            "made by its function, which raised KeyError: 'x'. Received: candidates.'b'.",
        ),
        (
            {"a": Recipe(), "b": Subclassed(3)},
            {},
            "must be a model that Keras can clone, or the function that makes it",
        ),
        ({"a": Recipe(), "b": Estimator()}, {}, "must be the function that makes its keras.Model"),
        ({"a": Recipe(), "b": compiled}, {"tune": ["c"]}, "tune must be True, False, or a list of labels among a, b"),
        ({"a": Recipe(), "b": lambda: compiled()}, {"workers": 2}, "model must be defined in a module"),  # noqa: PLW0108
    ],
)
def test_what_is_refused_before_anything_is_written(classes, tmp_path, candidates, options, message):
    with pytest.raises(InvalidArgument, match=message) as refused:
        compare(candidates, classes, directory=tmp_path / "search", verbose=0, **options)
    assert "\n" not in str(refused.value)
    assert str(refused.value).count("candidates['b'] must be") <= 1
    assert not (tmp_path / "search").exists()


def tunable(hp, spec):
    model = keras.Sequential([keras.Input(spec.input_shape)])
    model.add(keras.layers.Dense(hp.Int("units", 2, 8, default=4), hp.Choice("activation", ["relu", "elu"])))
    if hp.Boolean("drop"):
        model.add(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5)))
    model.add(keras.layers.Dense(spec.outputs, "softmax"))
    rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log", default=0.01)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model


class Hyper(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Fixed("width", 5), "relu")])
        model.add(keras.layers.Dense(3, "softmax"))
        model.compile(keras.optimizers.SGD(hp.Choice("learning_rate", [0.1, 0.01])), "sparse_categorical_crossentropy")
        return model


class WithFit(Hyper):
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **kwargs)


@pytest.mark.usefixtures("catalogues_restored")
def test_hyperparameters_of_a_function_are_tuned(classes):
    arms = candidate_arms({"a": tunable, "b": Hyper()}, classes, Recipe(), False)
    space = Space()
    assert [parameter.name for parameter in space.tuned(arms[0])] == [
        *("a.units", "a.activation", "a.drop", "learning_rate", "a.rate")
    ]
    settings = space.settings(arms[0], 4, seed=0)
    assert settings[0] == {"a.units": 4.0, "a.activation": 0.0, "a.drop": 0.0, "a.rate": 0.1}
    for values in settings[1:]:
        model = compiled_model(arms[0].recipe(Recipe(), values), classes)
        assert model.layers[0].units == values["a.units"]
        assert model.layers[0].activation.__name__ == ["relu", "elu"][int(values["a.activation"])]
        assert len(model.layers) == 2 + int(values["a.drop"])
        assert own_rate(model) == pytest.approx(values["learning_rate"], rel=1e-5)
    (rate,) = space.tuned(arms[1])
    assert rate.values == (0.1, 0.01)
    assert candidates_in(json.loads(json.dumps(candidates_to_settings(arms)))["candidates"]) == list(arms)
    hp = space.declare(keras_tuner.HyperParameters(), arms)
    assert {"a.units", "a.rate", "candidate"} <= {parameter.name for parameter in hp.space}
    with pytest.raises(InvalidArgument, match=r"candidates\['b'\] must be a keras_tuner.HyperModel that does not"):
        candidate_arms({"a": tunable, "b": WithFit()}, classes, Recipe(), False)
    with pytest.raises(InvalidArgument, match="tune must be without it"):
        candidate_arms({"a": tunable, "b": Recipe()}, classes, Recipe(), True)


@pytest.mark.thorough
def test_a_comparison_of_hypermodels(classes, tmp_path):
    found = compare({"a": tunable, "b": Hyper()}, classes, **OPTIONS, directory=tmp_path / "search")
    assert dict(zip(found.table()["arm"], found.table()["trials"], strict=True)) == {"a": 2, "b": 2}
    assert {"a.units", "a.rate"} <= set(found.results.strengths)
    assert Comparison.load(found.directory).verdict == found.verdict


@pytest.mark.parametrize(
    ("error", "raised"), [(TypeError("Keras cannot\nsave it"), False), (OSError(28, "No space left on device"), True)]
)
def test_a_decision_that_cannot_be_exported(monkeypatch, tmp_path, error, raised):
    def fail(*_):
        raise error

    monkeypatch.setattr(run_search, "best_run", fail)
    comparison = SimpleNamespace(directory=tmp_path, results=SimpleNamespace(winner="mine"))
    ledger = SimpleNamespace(check_there=lambda: None)
    arguments = (None, comparison, None, SimpleNamespace(new=list), ledger)
    if raised:
        with pytest.raises(OSError, match="No space left"):
            run_search.export_best(*arguments)
        return
    with pytest.warns(UserWarning, match="the decision was not exported to .*: TypeError: Keras cannot save it$"):
        run_search.export_best(*arguments)


def test_a_decision_is_not_exported_with_other_numbers_than_those_on_record(monkeypatch, tmp_path):
    monkeypatch.setattr(run_search, "best_run", lambda *_: SimpleNamespace(parts=2))
    results = SimpleNamespace(winner="mine")
    comparison = SimpleNamespace(directory=tmp_path, results=results, in_parts=False)
    with pytest.raises(MachineFault, match="its batches do not fit into memory, but did before"):
        run_search.export_best(
            None, comparison, None, SimpleNamespace(new=list), SimpleNamespace(check_there=lambda: None)
        )
    assert not list(tmp_path.iterdir())


def test_a_model_is_not_all_that_stays_of_a_search_that_was_removed(monkeypatch, tmp_path):
    def export(_run, target, **_):
        (target / "1").mkdir(parents=True)

    def check_there():
        if (tmp_path / "best").exists():
            raise FileNotFoundError("removed")

    monkeypatch.setattr(run_search, "best_run", lambda *_: SimpleNamespace(parts=1))
    monkeypatch.setattr(importlib.import_module("recipes.serving.export"), "export", export)
    comparison = SimpleNamespace(directory=tmp_path, results=SimpleNamespace(winner="mine"))
    with pytest.raises(FileNotFoundError, match="removed"):
        run_search.export_best(
            None, comparison, None, SimpleNamespace(new=list), SimpleNamespace(check_there=check_there)
        )
    assert not list(tmp_path.iterdir())


def test_it_has_the_options_of_a_search():
    """With their defaults: all but those that say what is compared."""
    of_search, own = (dict(inspect.signature(function).parameters) for function in (recipes.search, compare))
    compared = {factor.plural for factor in FACTORS.values()} | {"factors", "design", "data", "renamed"}
    for name in of_search.keys() - compared:
        assert own[name].default == of_search[name].default, name
    assert own.keys() - of_search.keys() == {"candidates", "tune"}
