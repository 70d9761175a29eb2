import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.optimizer_choice import build_optimizer, has_own_momentum, replaced_regularizers
from recipes.optimizers import Lookahead, Momentum, RMSProp
from recipes.regularization import WeightDecay


def test_a_rate_given_to_the_optimizer_is_the_recipes():
    assert Recipe(optimizer={"name": "adam", "learning_rate": 0.3}) == Recipe(optimizer="adam", learning_rate=0.3)
    with pytest.raises(
        InvalidArgument, match=r"learning_rate must be 0.3, as in the optimizer's options, or given once"
    ):
        Recipe(optimizer={"name": "adam", "learning_rate": 0.3}, learning_rate=0.5)
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
    for twice in ({"name": "adam", "weight_decay": 0.1}, "adamw", keras.optimizers.AdamW(weight_decay=0.1)):
        with pytest.raises(
            InvalidArgument, match=r"regularizer must be given once: the optimizer has \['weight_decay'\]"
        ):
            build_optimizer(twice, 0.25, [WeightDecay(0.125)])


@pytest.mark.parametrize("choice", [{"optimizer": "schedule_free_adamw"}, {"optimizer": "adam", "regularizer": "ema"}])
def test_averaged_weights_are_what_is_validated_and_what_the_run_has(choice, classes):
    recipe = Recipe(
        **{"regularizer": "none", "model": {"name": "mlp", "hidden": (4,)}, "learning_rate": 0.01, **choice}
    )
    usual = {"name": "constant", "warm_up": 0.05} if "schedule_free" in choice["optimizer"] else "one_cycle"
    assert recipe.schedule == usual
    run = fit(classes, recipe, epochs=2, verbose=0)
    assert run.evaluate("validation")["loss"] == pytest.approx(run.history["val_loss"][-1], rel=1e-6)


def test_averages_are_given_once():
    for names in ("ema+swa", "swa"):
        optimizer = "adam" if "+" in names else "schedule_free_adamw"
        with pytest.raises(InvalidArgument, match="regularizer must be given once, here or by the optimizer"):
            Recipe(optimizer=optimizer, regularizer=names)
    averaging = Recipe(optimizer=keras.optimizers.Adam(0.1), regularizer="ema").build_optimizer()
    assert averaging.get_config()["use_ema"]
    assert averaging.get_config()["ema_momentum"] == 0.999


def test_adamw_decays_in_place_of_the_default_regularizer(classes):
    assert replaced_regularizers("adamw") == {"weight_decay"}
    names = [each.name for each in Recipe(optimizer="adam").resolved(classes.spec).regularizers()]
    without = [each.name for each in Recipe(optimizer="adamw").resolved(classes.spec).regularizers()]
    assert without == [name for name in names if name != "weight_decay"]
    assert Recipe(optimizer="adamw").build_optimizer().weight_decay == 0.01


@pytest.mark.parametrize(
    ("optimizer", "own"),
    [
        ("momentum", False),
        ({"name": "momentum", "nesterov": True}, False),
        ({"name": "momentum", "momentum": 0.5}, True),
        ({"name": "adam", "beta_1": 0.9}, True),
        (Momentum(0.1), False),
        (Momentum(0.1, momentum=0.5), True),
        (RMSProp(0.1, momentum=0.9), True),
        (keras.optimizers.SGD(0.1, momentum=0.5), False),  # no schedule could change it
    ],
)
def test_a_momentum_that_was_given_stays(optimizer, own):
    assert has_own_momentum(optimizer) is own
    recipe = Recipe(optimizer=optimizer)
    assert recipe.build_schedule(0.1).momentum == (None if own else "auto")


def test_the_optimizer_that_scales_the_loss_is_refused_for_the_one_inside():
    with pytest.raises(InvalidArgument, match="optimizer must be the one inside it: compile scales the loss by itself"):
        Recipe(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1)))


def test_gradients_are_clipped_in_one_way():
    with pytest.raises(
        InvalidArgument, match=r"clipping must be one of clipnorm, clipvalue, global_clipnorm. Received: "
    ):
        Recipe(optimizer={"name": "adam", "clipnorm": 1.0, "clipvalue": 1.0})


def test_an_optimizer_that_wraps_another_has_its_rate(classes, tiny):
    recipe = tiny(optimizer=Lookahead(0.02, optimizer="muon"), schedule="constant", learning_rate=None)
    assert recipe.learning_rate == 0.02
    assert float(recipe.build_optimizer().learning_rate) == pytest.approx(0.02)
    named = tiny(optimizer="lookahead(optimizer='muon')", learning_rate=0.02, schedule="constant")
    ours, theirs = (fit(classes, each, epochs=1, verbose=0).history["loss"] for each in (recipe, named))
    assert ours == theirs
