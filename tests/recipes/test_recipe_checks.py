import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, mlp
from recipes.optimizers import LineSearch, Momentum
from recipes.recipe_checks import missing_from
from recipes.regularization import WeightNoise


@pytest.mark.parametrize(
    "optimizer", ["line_search", "exact_line_search", "newton", "hessian_free", "conjugate_gradient"]
)
@pytest.mark.parametrize("regularizer", ["weight_noise", "l2+weight_noise", WeightNoise(0.2)])
def test_weight_noise_is_refused_where_the_loss_is_evaluated_again(optimizer, regularizer):
    with pytest.raises(InvalidArgument, match=rf"regularizer must be one that '{optimizer}', which evaluates .* again"):
        Recipe(optimizer=optimizer, regularizer=regularizer)


def test_weight_noise_is_refused_with_such_an_optimizer_as_an_object():
    with pytest.raises(InvalidArgument, match="'line_search', which evaluates the loss again within a step"):
        Recipe(optimizer=LineSearch(), regularizer="weight_noise")


def test_a_schedule_of_momenta_needs_an_optimizer_with_one():
    cycle = {"name": "one_cycle", "momentum": (0.8, 0.9)}
    with pytest.raises(InvalidArgument, match=r"leaves the momentum alone, as that of 'adagrad' cannot change"):
        Recipe(optimizer="adagrad", schedule=cycle)
    assert Recipe(optimizer="adam", schedule=cycle).build_schedule(0.1).momentum == (0.8, 0.9)
    Recipe(optimizer="adagrad", schedule="one_cycle")  # cycles the rate alone


@pytest.mark.parametrize("optimizer", [{"name": "adam", "beta_1": 0.8}, Momentum(0.1, momentum=0.5)])
def test_a_momentum_is_given_once(optimizer):
    with pytest.raises(InvalidArgument, match=r"schedule must be one that leaves the momentum alone, .* is given with"):
        Recipe(optimizer=optimizer, schedule={"name": "one_cycle", "momentum": (0.8, 0.9)})


@pytest.mark.parametrize("optimizer", [{"name": "momentum", "use_ema": True}, keras.optimizers.Adam(0.1, use_ema=True)])
def test_early_stopping_would_put_back_weights_that_are_not_averaged(optimizer):
    with pytest.raises(InvalidArgument, match=r"regularizer must be given without early_stopping, .*\(use_ema=True\)"):
        Recipe(optimizer=optimizer, regularizer="l2+early_stopping")
    assert Recipe(optimizer=optimizer).regularizers() == []


@pytest.mark.parametrize("optimizer", [{"name": "adam", "weight_decay": 0.1}, keras.optimizers.AdamW(0.1)])
def test_the_regularizers_by_the_data_leave_out_what_the_optimizer_has(classes, optimizer):
    assert Recipe().resolved(classes.spec).regularizer_name == "early_stopping+dropout+weight_decay"
    recipe = Recipe(optimizer=optimizer).resolved(classes.spec)
    assert recipe.regularizer_name == "early_stopping+dropout"
    assert recipe.build_optimizer().get_config()["weight_decay"] in (0.1, 0.004)


def test_early_stopping_waits_for_a_plateau():
    recipe = Recipe(schedule={"name": "performance", "patience": 5})
    with pytest.raises(InvalidArgument, match="patience must be an integer below 5, the patience of early_stopping"):
        recipe.callbacks(epochs=10)
    recipe.callbacks(epochs=100)  # of which early stopping waits 10
    Recipe(schedule="performance").callbacks(epochs=10)


def test_gradients_are_accumulated_over_no_more_steps_than_there_are():
    recipe = Recipe(optimizer={"name": "momentum", "gradient_accumulation_steps": 10})
    with pytest.raises(InvalidArgument, match="gradient_accumulation_steps must be <= 9, the steps of the training"):
        recipe.callbacks(steps_per_epoch=3, epochs=3)
    recipe.callbacks(steps_per_epoch=5, epochs=2)


def test_a_model_without_the_recipes_regularizers_is_compiled_with_a_warning():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dropout(0.5)])
    model.add(keras.layers.Dense(3, "softmax", kernel_constraint=keras.constraints.MaxNorm(2.0)))
    assert missing_from(Recipe(regularizer="l2+dropout+early_stopping+input_noise+max_norm"), model) == [
        "l2",
        "input_noise",
    ]
    with pytest.warns(UserWarning, match="^l2 acts inside the model, which was not made by a factory") as caught:
        Recipe(regularizer="l2+dropout").compile(model)
    assert caught[0].filename == __file__
    Recipe(regularizer="dropout+max_norm").compile(model)


def test_half_precision_scales_the_loss_that_a_line_search_would_evaluate():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = mlp(input_shape=(4,), outputs=3, hidden=(5,))
    finally:
        keras.config.set_dtype_policy(policy)
    with pytest.raises(InvalidArgument, match="optimizer must be one that uses the step's gradient: mixed_float16"):
        Recipe(optimizer="line_search").compile(model)
    Recipe(optimizer="momentum").compile(model)


@pytest.mark.parametrize(
    ("optimizer", "regularizer", "message"),
    [
        ("adam(use_ema=True)", "swa", "regularizer must be given once, here or by the optimizer"),
        (keras.optimizers.Adam(use_ema=True), "swa", "regularizer must be given once, here or by the optimizer"),
        ("adam(use_ema=True)", "ema", "regularizer must be given once"),
        ("schedule_free_adamw", "swa", "regularizer must be given once, here or by the optimizer"),
        ("lookahead", "ema", "regularizer must be one that 'lookahead' can have .*Received: regularizer='ema'"),
        ("schedule_free_adamw(use_ema=True)", "none", "use_ema must be False: ScheduleFreeAdamW averages the weights"),
        ("lookahead(use_ema=True)", "none", "use_ema must be False: the average would be that of the fast weights"),
    ],
)
def test_the_weights_are_averaged_in_one_way(optimizer, regularizer, message):
    with pytest.raises(InvalidArgument, match=message):
        Recipe(optimizer=optimizer, regularizer=regularizer)
