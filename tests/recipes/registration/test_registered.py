import json

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Range, Recipe
from recipes.models import MODELS
from recipes.optimizers import OPTIMIZERS
from recipes.registration.named_choices import named_choice
from recipes.registration.own_entries import import_own, own_entries, stand_in, unimportable
from recipes.registration.own_model import is_own_model
from recipes.registration.registered import CATALOGUES
from recipes.schedules import SCHEDULES
from recipes.tuning.arms import Arm
from recipes.tuning.designs import arms_of
from recipes.tuning.space import Space

from .own_parts import SlowLion, narrow, wide


def test_an_optimizer_of_ones_own_is_tuned_by_name():
    recipes.register("optimizer", "slow", SlowLion)
    recipes.register("optimizer", "slow", SlowLion)  # again, as a notebook does
    recipe = Recipe(optimizer="slow(beta_1=0.8)", learning_rate=0.01)
    built = recipe.build_optimizer()
    assert type(built) is SlowLion
    assert (float(built.learning_rate), built.beta_1) == (pytest.approx(0.01), 0.8)
    (rate,) = Space().tuned(Arm("slow", "none"))
    assert (rate.low, rate.high) == (pytest.approx(0.001 / 30), pytest.approx(0.03))
    recipes.register("optimizer", "fast", keras.optimizers.Ftrl, hyperparameters=[Range("learning_rate", 0.1, 1.0)])
    assert Space().tuned(Arm("fast", "none"))[0].high == 1.0


def test_classes_functions_and_objects_get_names():
    assert named_choice(OPTIMIZERS, SlowLion) == "slow_lion"
    assert named_choice(OPTIMIZERS, type(OPTIMIZERS.build("adam"))) == "adam"
    assert named_choice(OPTIMIZERS, OPTIMIZERS.build("adam", learning_rate=0.5)) == {
        "name": "adam",
        "learning_rate": 0.5,
    }
    theirs = named_choice(OPTIMIZERS, keras.optimizers.Adam(0.01, beta_2=0.95))
    assert theirs == {"name": "keras_adam", "learning_rate": 0.01, "beta_2": 0.95}
    assert type(Recipe(optimizer=theirs).build_optimizer()) is keras.optimizers.Adam
    assert named_choice(MODELS, wide) == "wide"
    levels = arms_of(Recipe(), {"optimizers": [SlowLion, SlowLion(0.02)], "models": [wide, narrow]})
    assert [arm.name for arm in levels] == [
        "slow_lion+early_stopping+wide",
        "slow_lion(learning_rate=0.02)+early_stopping+wide",
        "slow_lion+early_stopping+narrow",
        "slow_lion(learning_rate=0.02)+early_stopping+narrow",
    ]
    assert levels[1].fixed == {"slow_lion.learning_rate": 0.02}


def test_a_model_of_ones_own_gets_what_it_takes(classes):
    recipes.register("model", "wide", wide)
    spec = classes.spec
    model = Recipe(model={"name": "wide", "units": 3}, activation="tanh").build_model(spec)
    assert model.layers[1].units == 3
    assert model.layers[1].activation is keras.activations.tanh
    assert is_own_model("wide")
    assert is_own_model(wide)
    assert not is_own_model("mlp")
    assert Recipe(model=narrow).build_model(spec).layers[1].units == 2
    assert Recipe(model=lambda s, units=5: wide(s, units)).build_model(spec).layers[1].units == 5
    assert Recipe(model=lambda: narrow(spec)).build_model(spec).output_shape == (None, spec.outputs)
    for model, message in (
        (lambda: 3, "a function that returns a keras.Model, not int"),
        (lambda spec, depth: 3, "one with a default for 'depth'"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            Recipe(model=model).build_model(spec)
    with pytest.raises(InvalidArgument, match="a function that takes 'depth'"):
        Recipe(model={"name": "wide", "depth": 3}).build_model(spec)


def test_an_error_of_ones_own_stays_as_it_is():
    def refuse(learning_rate=0.1):
        raise ValueError(f"an argument of the data is required at {learning_rate}")

    recipes.register("optimizer", "refuse", refuse)
    with pytest.raises(ValueError, match=r"^an argument of the data is required at 0.1$"):
        OPTIMIZERS.build("refuse")


def test_an_activation_and_a_schedule_of_ones_own(classes):
    recipes.register("activation", "silent", keras.activations.silu)
    model = Recipe(model={"name": "mlp", "hidden": (3,)}, activation="silent").build_model(classes.spec)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    assert layers[0].activation is keras.activations.silu
    recipes.register("schedule", "mine", SCHEDULES["step"].build)
    assert Recipe(schedule="mine").build_schedule(0.1) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("layer", "x", SlowLion), "kind must be one of"),
        (("optimizer", "Slow Lion", SlowLion), "name must be of at most 100 lower-case letters"),
        (("optimizer", "x" * 101, SlowLion), "name must be of at most 100 lower-case letters"),
        (("optimizer", "adam", SlowLion), "name must be a name that no other optimizer has"),
        (("optimizer", "auto", SlowLion), "name must be another: 'auto', 'none', 'own' mean something in every recipe"),
        (("model", "own", wide), "name must be another: .* Received: name='own'"),
        (("regularizer", "none", lambda: None), "name must be another: .* Received: name='none'"),
        (("optimizer", "slow", 3), "build must be a class or function"),
        (("optimizer", "slow", lambda: None), "optimizer must be with a learning_rate that has a default above 0"),
    ],
)
def test_what_cannot_be_registered(arguments, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.register(*arguments)


WRONG = {
    "optimizer": [
        keras.optimizers.Adam(0.1),
        lambda learning_rate=0.1, **_: 5,
        lambda learning_rate=0.1, **_: SlowLion,
    ],
    "regularizer": [keras.regularizers.L1(0.1), keras.layers.Dense, lambda: 5, lambda strength: None],
    "schedule": [
        keras.optimizers.schedules.CosineDecay(0.1, 9),
        keras.optimizers.schedules.CosineDecay,
        lambda peak: 5,
    ],
    "initializer": [keras.initializers.HeNormal(), keras.layers.Dense, lambda: 5],
    "activation": [keras.layers.ReLU(), keras.layers.Dense],
    "model": [keras.Sequential(), keras.losses.MeanSquaredError(), lambda: 5],
    "loss": [
        keras.losses.MeanSquaredError(),
        keras.losses.CategoricalCrossentropy,
        keras.layers.Dense,
        lambda y: y,
        lambda y, predicted: keras.ops.mean(predicted),
        lambda y, predicted: 5,
        lambda y, predicted: None,
    ],
}
"""What a user might register as a part of this kind, and is none."""


@pytest.mark.parametrize("kind", ["optimizer", "model", "loss", "metric"])
def test_types_of_python_whose_parameters_it_cannot_tell_are_refused(kind):
    def use():
        recipes.register(kind, "wrong", dict, **({"direction": "max"} if kind == "metric" else {}))
        Recipe(**{kind: "wrong"}).build_optimizer()

    with pytest.raises(InvalidArgument, match="must be"):
        use()
    if kind in ("model", "loss"):
        with pytest.raises(InvalidArgument, match="must be"):
            Recipe(**{kind: dict})


def test_every_kind_has_its_mistakes():
    assert set(WRONG) == set(CATALOGUES)


@pytest.mark.parametrize(("kind", "build"), [(kind, build) for kind, builds in WRONG.items() for build in builds])
def test_what_is_no_part_of_its_kind_is_refused_in_a_line(kind, build, classes):
    """When it is registered, or when a training is about to start: never by an error of Python or Keras."""
    name = f"wrong_{WRONG[kind].index(build)}"

    def use():
        recipes.register(kind, name, build)
        recipes.fit(classes, Recipe(**{kind: name}), epochs=1, verbose=0)

    with pytest.raises(InvalidArgument) as caught:
        use()
    assert caught.value.argument.split()[0] in (kind, "build")
    assert "\n" not in str(caught.value)


class QuarticPenalty(keras.regularizers.Regularizer):
    """strength * sum of fourth powers."""

    def __init__(self, strength=0.1):
        self.strength = strength

    def __call__(self, x):
        return self.strength * keras.ops.sum(x**4)

    def get_config(self):
        return {"strength": self.strength}


def test_a_penalty_of_keras_is_put_on_all_kernels(classes):
    recipes.register("regularizer", "quartic", QuarticPenalty, hyperparameters=[Range("strength", 1e-6, 1e-2)])
    recipe = Recipe(model={"name": "mlp", "hidden": (4, 3)}, regularizer="quartic(strength=0.25)+early_stopping")
    model = recipe.build_model(classes.spec)
    kernels = [np.float64(layer.kernel) for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert len(kernels) >= 3
    assert float(sum(model.losses)) == pytest.approx(0.25 * sum(np.sum(kernel**4) for kernel in kernels), rel=1e-5)
    (built, _) = recipe.regularizers()
    assert built.to_choice() == {"name": "quartic", "strength": 0.25}
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe(regularizer="quartic") != Recipe(regularizer="quartic(strength=0.2)")
    (strength,) = [range_ for range_ in Space().tuned(Arm("adam", "quartic")) if range_.name.endswith("strength")]
    assert strength.high == 1e-2


@pytest.mark.parametrize(
    "penalty",
    [
        keras.regularizers.L1(1e-3),
        keras.regularizers.L2(1e-3),
        keras.regularizers.L1L2(1e-3, 2e-3),
        keras.regularizers.L2,
        keras.regularizers.L1L2,
    ],
)
def test_keras_penalties_are_those_of_the_same_numbers_here(penalty, classes):
    theirs = penalty() if isinstance(penalty, type) else penalty
    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, regularizer=penalty)
    model = recipe.build_model(classes.spec)
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert float(sum(model.losses)) == pytest.approx(
        float(sum(theirs(kernel) for kernel in kernels)), rel=1e-5, abs=1e-9
    )
    assert Recipe.from_json(recipe.to_json()) == recipe
    (arm,) = arms_of(Recipe(), {"regularizers": [penalty], "optimizers": ["adam"]})
    assert recipe.regularizer[0]["name"] in arm.name


@pytest.mark.parametrize("kind", ["model", "loss", "optimizer", "initializer", "schedule"])
def test_objects_whose_module_python_does_not_tell_are_refused_in_a_line(kind):
    for value in ((number for number in range(3)), type.__dict__["__dict__"], property()):
        with pytest.raises(InvalidArgument, match=f"{kind} must be|unknown {kind} <"):
            Recipe(**{kind: value})


def test_values_that_are_no_choice():
    for value in (lambda spec: None, 3, object()):
        with pytest.raises(InvalidArgument, match="model must be"):
            named_choice(MODELS, value)
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    with pytest.raises(InvalidArgument, match="made with a number as its learning rate"):
        named_choice(OPTIMIZERS, keras.optimizers.Adam(rate))


def test_a_program_without_them_reads_what_was_written():
    recipe = Recipe(optimizer=named_choice(OPTIMIZERS, SlowLion), model=named_choice(MODELS, wide))
    text = recipe.to_json()
    own = own_entries(recipe.names)
    assert [entry["origin"].rpartition(".")[2] for entry in own] == ["own_parts:SlowLion", "own_parts:wide"]
    del OPTIMIZERS.entries["slow_lion"], MODELS.entries["wide"]
    again = Recipe.from_json(text)
    assert again.optimizer_name == "slow_lion"
    with pytest.raises(InvalidArgument, match=r"registered by this program first: it is .*own_parts:SlowLion"):
        again.build_optimizer()
    assert Arm("slow_lion(beta_1=0.8)", "none").name == "slow_lion(beta_1=0.8)+none"
    assert again.to_json() == text
    import_own(json.loads(json.dumps(own)))
    assert type(again.build_optimizer()) is SlowLion


def test_what_other_processes_cannot_import():
    class Local(SlowLion):
        pass

    names = [("optimizer", named_choice(OPTIMIZERS, SlowLion)), ("optimizer", named_choice(OPTIMIZERS, Local))]
    assert unimportable(own_entries(names[:1])) is None
    assert unimportable(own_entries(names))["name"] == "local"
    missing = [{**own_entries(names)[0], "name": "gone", "origin": "no_such_module:Gone"}]
    with pytest.raises(InvalidArgument, match="can be imported where trainings run, but no_such_module:Gone cannot"):
        import_own(missing)


@pytest.mark.parametrize("own", [3, [3], [{"kind": "optimizer"}], [{"kind": "x", "name": "a", "origin": "b:c"}]])
def test_damaged_lists_of_own_parts(own):
    with pytest.raises(InvalidArgument, match="own must be a list of kind, name, origin and hyperparameters"):
        stand_in(own)


def test_dropout_suits_models_alone_that_have_a_place_for_it(classes):
    def placed(spec, regularizer=()):
        return wide(spec, 3 + len(regularizer))

    assert "dropout" in Recipe().resolved(classes.spec).regularizer_name
    assert "dropout" in Recipe(model=placed).resolved(classes.spec).regularizer_name
    for model in (wide, named_choice(MODELS, narrow)):
        assert "dropout" not in Recipe(model=model).resolved(classes.spec).regularizer_name
    assert Recipe(model=wide, regularizer="dropout").resolved(classes.spec).regularizer_name == "dropout"
