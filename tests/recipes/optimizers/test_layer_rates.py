import keras
import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe, transfer, unfreeze
from recipes.optimizers import OPTIMIZERS, SGD
from recipes.optimizers.capabilities import finds_its_own_step
from recipes.optimizers.layer_rates import LayerRates

FOLLOWING = ["schedule_free_adamw", "lookahead"]
ORDINARY = [name for name, entry in OPTIMIZERS.items() if not finds_its_own_step(entry) and name not in FOLLOWING]


@pytest.mark.parametrize(
    "name",
    [each if each in ("momentum", "adam") else pytest.param(each, marks=pytest.mark.thorough) for each in ORDINARY],
)
@pytest.mark.usefixtures("double_precision")
def test_a_factor_is_a_smaller_rate_whatever_the_optimizer(name):
    """The same gradients for two variables, one of them slowed down, and an optimizer with that rate throughout."""
    options = {"weight_decay": 0.1} if name != "delta_bar_delta" else {}
    start, slopes = np.linspace(-1, 1, 12).reshape(4, 3), np.random.default_rng(1).normal(size=(6, 4, 3))

    def path(optimizer, layers, live):
        made = []
        for layer in [*layers, "outputs"]:
            with keras.name_scope(layer):
                made.append(keras.Variable(start, name="kernel"))
        optimizer.build(made)
        for number, slope in enumerate(slopes):
            if live and hasattr(optimizer, "momentum"):
                optimizer.momentum = 0.5 + 0.05 * number
            optimizer.apply([slope] * len(made), made)
        return [np.asarray(each) for each in made[:-1]]

    inner = OPTIMIZERS.build(name, learning_rate=0.2, **options)
    slow, fast = path(LayerRates(inner, {"lower": 0.25}), ["lower", "upper"], False)
    for found, rate in ((slow, 0.05), (fast, 0.2)):
        (expected,) = path(OPTIMIZERS.build(name, learning_rate=rate, **options), ["alone"], False)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.thorough
def test_the_schedule_moves_all_rates_in_proportion(classes):
    """Under 1cycle, rate and momentum, a part with factor f is trained as all of it with the peak times f."""

    def trained(rate, factors):
        keras.utils.set_random_seed(3)
        model = recipes.mlp(classes.spec, hidden=(), name="linear")
        optimizer = LayerRates(recipes.Momentum(), factors) if factors else "momentum"
        recipe = Recipe(regularizer="weight_decay", learning_rate=rate, optimizer=optimizer)
        run = recipes.fit(classes, recipe, epochs=3, model=model, verbose=0)
        assert run.recipe.learning_rate == rate
        return run

    expected, found = trained(0.02, None), trained(0.1, {"outputs": 0.2})
    for one, other in zip(expected.model.get_weights(), found.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found.history["learning_rate"], 5 * np.array(expected.history["learning_rate"]), rtol=1e-5
    )


@pytest.mark.thorough
def test_half_precision_and_accumulated_gradients(classes):
    keras.config.set_dtype_policy("mixed_float16")
    recipe = Recipe(regularizer="none", learning_rate=0.05)
    source = recipes.mlp(classes.spec, hidden=(8,))
    model = transfer(source, classes)
    trained = recipes.fit(classes, unfreeze(model, recipe), epochs=2, model=model, verbose=0)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert not trained.diverged
    keras.config.set_dtype_policy("float32")
    variable, other = keras.Variable([1.0]), keras.Variable([1.0])
    with keras.name_scope("lower"):
        lowered = keras.Variable([1.0], name="kernel")
    optimizer = LayerRates(SGD(0.5, gradient_accumulation_steps=2), {"lower": 0.1})
    for slope in (1.0, 3.0):
        optimizer.apply([np.array([slope], "float32")] * 2, [variable, lowered])
    assert float(variable[0]) == pytest.approx(0.0)
    assert float(lowered[0]) == pytest.approx(0.9)
    assert float(other[0]) == 1.0


def test_what_the_optimizer_refuses():
    inner = keras.optimizers.SGD(0.1)
    for message, arguments in [
        ("inner_optimizer must be a Keras optimizer", ("sgd", {})),
        *(
            ("inner_optimizer must be one that keeps no weights of its own", (OPTIMIZERS.build(name), {}))
            for name in FOLLOWING
        ),
        ("inner_optimizer must be one with use_ema=False", (keras.optimizers.SGD(0.1, use_ema=True), {})),
        ("factors must be a mapping", (inner, 0.1)),
        (r"factors\['a'\] must be a number > 0 and <= 1", (inner, {"a": 0})),
    ]:
        with pytest.raises(InvalidArgument, match=message):
            LayerRates(*arguments)
    given = LayerRates(SGD(0.1, weight_decay=0.1), {}).get_config()
    with pytest.raises(InvalidArgument, match="weight_decay must be given once"):
        LayerRates.from_config({**given, "weight_decay": 0.2})
