"""Choices without a place in a model: what is said of them beforehand is what models that are built show."""

import inspect
import itertools

import keras
import pytest

import recipes
from recipes import Recipe
from recipes.idle_choices import LAYERS, has_hidden_layers, idle_regularizers, idle_styles
from recipes.models import MODELS
from recipes.recipe_checks import missing_from
from recipes.regularization import REGULARIZERS, Dropout
from tests.recipes.test_pairs_of_choices import KIND, SMALL, make_data


def emptied():
    """Every factory with every part of its lists of layers empty."""
    for name, entry in MODELS.items():
        lists = [option for option in LAYERS if option in inspect.signature(entry.build).parameters]
        for count in range(1, len(lists) + 1):
            for options in itertools.combinations(lists, count):
                yield name, dict.fromkeys(options, ())


@pytest.mark.parametrize(("name", "empty"), list(emptied()), ids=str)
@pytest.mark.ordinarily("mlp-{'hidden': ()}", "rnn-{'hidden': ()}")
def test_a_model_has_hidden_layers_if_its_dropout_finds_a_place(name, empty):
    spec = make_data(KIND[name]).spec
    model = {"name": name, **SMALL[name], **empty}
    recipe = Recipe(model=model, regularizer="dropout")
    try:
        built = recipe.build_model(spec)
    except ValueError:
        return  # a list that must not be empty
    assert has_hidden_layers(model) == (missing_from(recipe, built) == [])


@pytest.mark.parametrize("name", REGULARIZERS)
@pytest.mark.ordinarily("l2", "dropout", "input_noise", "early_stopping")
def test_a_regularizer_is_idle_in_a_linear_model_if_it_leaves_nothing_there(name, classes):
    recipe = Recipe(model="mlp(hidden=[])", regularizer=name)
    idle = idle_regularizers(recipe.model, recipe.regularizers())
    assert idle == missing_from(recipe, recipe.build_model(classes.spec))


def test_places_are_those_of_the_options():
    assert Dropout().places == {"after_activation"}
    assert Dropout(input_rate=0.2).places == {"after_activation", "on_input"}
    assert idle_regularizers("mlp(hidden=[])", [Dropout(input_rate=0.2)]) == []


def asks_for_nothing():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def asks(activation="relu", regularizer=()):
    layers = [one.after_activation(2) for one in regularizer]
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation), *filter(None, layers)])


def test_a_function_has_what_it_asks_for():
    recipe = Recipe(
        model=asks_for_nothing, activation="relu", regularizer="l2+early_stopping", initializer="orthogonal"
    )
    assert idle_regularizers(recipe.model, recipe.regularizers()) == ["l2"]
    assert idle_styles(recipe) == ["activation", "initializer"]
    recipe = Recipe(model=asks, activation="relu", regularizer="l2+early_stopping", initializer="orthogonal")
    assert idle_regularizers(recipe.model, recipe.regularizers()) == []
    assert idle_styles(recipe) == ["initializer"]
    assert idle_styles(Recipe(activation="relu")) == idle_styles(Recipe(model=asks_for_nothing)) == []


@pytest.mark.parametrize("compile_it", [True, False], ids=["compile", "fit"])
def test_what_a_function_does_not_ask_for_is_warned_of(compile_it, classes):
    recipe = Recipe(model=asks_for_nothing, activation="relu", regularizer="l2", learning_rate=0.1)

    def use():
        if compile_it:
            recipe.compile(asks_for_nothing(), spec=classes.spec)
        else:
            recipes.fit(classes, recipe, epochs=1, verbose=0)

    with pytest.warns(UserWarning, match="^l2, activation act inside the model, which was not made by a factory"):
        use()
