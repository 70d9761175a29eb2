"""What a search says of its arms before it trains."""

import warnings

import pytest

from callbacks.checks import InvalidArgument
from recipes.recipe import Recipe
from recipes.tuning.checking import check_search_of
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.where import Where


def test_arms_that_are_not_self_normalizing_are_warned_of_once_each(images):
    levels = {"activations": ["selu", "relu"], "models": ["mlp(hidden=(5,))", "cnn(filters=[2], hidden=[2])"]}
    base = Recipe(initializer="lecun_normal", regularizer="alpha_dropout", normalization="none")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_search_of(images, base, {**levels, "optimizers": ["sgd", "adam"]}, Protocol(), Where(), "nowhere")
    texts = [str(warning.message) for warning in caught]
    assert len(texts) == 2
    assert any("'cnn' has convolutions" in text for text in texts)
    assert any("not after 'relu'" in text for text in texts)


def test_an_optimizer_that_takes_no_model_of_this_size_is_refused_before_anything_is_trained(classes):
    levels = {"optimizers": ["sgd", "newton"]}
    with pytest.raises(InvalidArgument, match="max_parameters must be at least the number of trainable weights, 5,203"):
        check_search_of(classes, Recipe(model="mlp(hidden=(650,))"), levels, Protocol(), Where(), "nowhere")
    check_search_of(classes, Recipe(model="mlp(hidden=(6,))"), levels, Protocol(), Where(), "nowhere")


@pytest.mark.thorough
def test_what_no_arm_has_is_printed(classes, tmp_path, capsys):
    import recipes

    options = {"recipe": Recipe(model="mlp(hidden=(3,))"), "epochs": 1, "trials": 1, "repeats": 1}
    recipes.search(classes, optimizers=["sgd", "newton"], directory=tmp_path / "search", **options)
    assert "No arm has dropout or weight_decay, which suit these data: an optimizer" in capsys.readouterr().err
