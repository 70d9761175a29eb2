"""What a search says of its arms before it trains."""

import warnings

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
