import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.optimizer_choice import build_optimizer
from recipes.regularization import WeightDecay


def test_a_rate_given_to_the_optimizer_is_the_recipes():
    assert Recipe(optimizer={"name": "adam", "learning_rate": 0.3}) == Recipe(optimizer="adam", learning_rate=0.3)
    assert Recipe(optimizer={"name": "adam", "learning_rate": 0.3}, learning_rate=0.5).learning_rate == 0.5
    assert Recipe(optimizer=keras.optimizers.Adam(0.01)).learning_rate == 0.01
    changed = Recipe(optimizer=keras.optimizers.Adam(0.01), learning_rate=0.5)
    assert float(changed.build_optimizer().learning_rate) == 0.5


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("momentum", 0.01), ("adam", 1e-3), ({"name": "rmsprop", "rho": 0.8}, 1e-3), ("sgd", 0.01)]
)
def test_without_a_rate_the_usual_one_of_the_optimizer(optimizer, rate):
    recipe = Recipe(optimizer=optimizer)
    assert recipe.learning_rate is None
    assert float(recipe.build_optimizer().learning_rate) == pytest.approx(rate)
    assert recipe.callbacks(steps_per_epoch=5, epochs=2)[1].peak == pytest.approx(rate)


def test_an_optimizer_object_is_never_shared():
    given = keras.optimizers.Adam(0.01)
    recipe = Recipe(optimizer=given)
    assert recipe.build_optimizer() is not given
    assert recipe.build_optimizer() is not recipe.build_optimizer()


def test_weight_decay_reaches_the_optimizer_once():
    adam = keras.optimizers.Adam(0.5)
    assert build_optimizer(adam, 0.25, [WeightDecay(0.125)]).get_config()["weight_decay"] == 0.125
    assert float(build_optimizer("adam", 0.25, [WeightDecay(0.125)]).learning_rate) == 0.25
    for twice in ({"name": "adam", "weight_decay": 0.1}, keras.optimizers.AdamW(weight_decay=0.1)):
        with pytest.raises(
            InvalidArgument, match=r"regularizer must be given once: the optimizer has \['weight_decay'\]"
        ):
            build_optimizer(twice, 0.25, [WeightDecay(0.125)])
