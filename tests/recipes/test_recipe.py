import dataclasses
import json

import keras
import numpy as np
import pytest

from callbacks import OneCycle, StopOnNaN
from callbacks.checks import InvalidArgument
from recipes import Momentum, Recipe, mlp
from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.regularization import L2, Dropout, EarlyStopping, Regularizer

EVERYTHING_BY_NAME = Recipe(
    model="cnn",
    initializer="orthogonal",
    activation="tanh",
    normalization="batch",
    regularizer="l2+dropout",
    optimizer="nadam",
    learning_rate=0.25,
    schedule="constant",
)
WITH_OPTIONS = Recipe(
    model={"name": "mlp", "hidden": [8, 4]},
    initializer={"name": "he_normal", "seed": 3},
    regularizer=[{"name": "dropout", "rate": 0.3}, {"name": "early_stopping", "patience": 2}],
    optimizer={"name": "adam", "beta_2": 0.8},
    schedule={"name": "one_cycle", "momentum": (0.8, 0.9), "start_fraction": 0.5},
)


def test_the_default_is_the_table_of_2019():
    recipe = Recipe()
    assert recipe.model == "auto"
    assert recipe.initializer == "he_normal"
    assert recipe.activation == "elu"
    assert recipe.normalization == "auto"
    assert recipe.regularizer == ("auto",)
    assert recipe.optimizer == "momentum"
    assert recipe.learning_rate is None
    assert recipe.schedule == "one_cycle"


@pytest.mark.parametrize(
    ("given", "name", "kinds"),
    [
        ("none", "none", []),
        (None, "none", []),
        ((), "none", []),
        ("l2+dropout", "l2+dropout", [L2, Dropout]),
        (" l2 + dropout ", "l2+dropout", [L2, Dropout]),
        (["l2", {"name": "dropout", "rate": 0.4}], "l2+dropout", [L2, Dropout]),
        ({"name": "l2", "strength": 0.1}, "l2", [L2]),
        (Dropout(0.1), "dropout", [Dropout]),
        ([EarlyStopping(2), "l2"], "early_stopping+l2", [EarlyStopping, L2]),
    ],
)
def test_the_forms_of_regularization(given, name, kinds):
    recipe = Recipe(regularizer=given)
    assert recipe.regularizer_name == name
    assert [type(each) for each in recipe.regularizers()] == kinds


def test_options_reach_the_regularizer():
    assert Recipe(regularizer={"name": "dropout", "rate": 0.4}).regularizers()[0].rate == 0.4
    assert Recipe(regularizer=[L2(0.5)]).regularizers()[0].strength == 0.5


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        EVERYTHING_BY_NAME,
        WITH_OPTIONS,
        Recipe(regularizer=[Dropout(0.4), L2(0.01), EarlyStopping(3)]),
        Recipe(optimizer=keras.optimizers.Adam(0.003, beta_1=0.8, clipnorm=1.0)),
        Recipe(optimizer=Momentum(0.02, momentum=0.7, nesterov=True)),
        Recipe(initializer=keras.initializers.HeNormal(seed=5)),
        Recipe(initializer=keras.initializers.RandomNormal(0.0, 0.1)),
        Recipe(regularizer={"name": "dropout", "rate": np.float64(0.25)}, learning_rate=np.float32(0.5)),
    ],
)
def test_json_gives_the_same_recipe(recipe):
    text = recipe.to_json()
    back = Recipe.from_json(text)
    assert back == recipe
    assert hash(back) == hash(recipe)
    assert back.to_json() == text
    assert json.loads(text)["recipe"] == 1
    for field in dataclasses.fields(Recipe):
        other = {"activation": "relu", "learning_rate": 0.125, "normalization": "none"}.get(field.name)
        if other is not None:
            assert dataclasses.replace(recipe, **{field.name: other}) != recipe


def test_json_keeps_what_objects_were_made_with():
    optimizer = Recipe.from_json(Recipe(optimizer=keras.optimizers.Adam(0.003, beta_1=0.8)).to_json()).build_optimizer()
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert optimizer.beta_1 == 0.8
    assert float(optimizer.learning_rate) == pytest.approx(0.003)
    momentum = Recipe.from_json(Recipe(optimizer=Momentum(0.02, momentum=0.7, nesterov=True)).to_json())
    assert momentum.build_optimizer().get_config()["momentum"] == pytest.approx(0.7)
    assert momentum.build_optimizer().nesterov is True
    assert Recipe.from_json(Recipe(regularizer=Dropout(0.4)).to_json()).regularizers()[0].rate == 0.4
    assert Recipe.from_json(Recipe(initializer=keras.initializers.HeNormal(seed=5)).to_json()).initializer.seed == 5


def test_equality():
    assert Recipe() == Recipe()
    assert Recipe(optimizer="adam") != Recipe()
    assert Recipe(regularizer=Dropout(0.2)) == Recipe(regularizer={"name": "dropout", "rate": 0.2})
    assert Recipe(regularizer="l2+dropout") != Recipe(regularizer="dropout+l2")
    assert Recipe(optimizer=keras.optimizers.Adam(0.1)) == Recipe(optimizer=keras.optimizers.Adam(0.1))
    assert Recipe(optimizer=keras.optimizers.Adam(0.1)) != Recipe(optimizer=keras.optimizers.Adam(0.1, beta_1=0.5))
    assert Recipe(model=mlp) == Recipe(model=mlp)
    assert Recipe(model=mlp) != Recipe(model=lambda spec: None)
    assert Recipe() != "mlp"
    assert len({Recipe(), Recipe(), WITH_OPTIONS}) == 2


@pytest.mark.parametrize("name", ["dropout", {"name": "dropout", "rate": 0.2}, Dropout(0.2), [Dropout()]])
def test_a_name_its_default_options_and_the_object_are_one_choice(name):
    recipe = Recipe(regularizer=name)
    for other in ("dropout", {"name": "dropout"}, {"name": "dropout", "rate": 0.2}, Dropout(0.2), Dropout()):
        assert recipe == Recipe(regularizer=other)
        assert hash(recipe) == hash(Recipe(regularizer=other))
    assert recipe != Recipe(regularizer=Dropout(0.3))
    assert recipe != Recipe(regularizer={"name": "dropout", "spatial": False})
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_json_is_stable():
    assert json.loads(Recipe().to_json()) == {
        "recipe": 1,
        "model": "auto",
        "initializer": "he_normal",
        "activation": "elu",
        "normalization": "auto",
        "regularizer": ["auto"],
        "optimizer": "momentum",
        "learning_rate": None,
        "schedule": "one_cycle",
        "bias": 0.0,
        "class_weight": "none",
    }


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"optimizer": "adm"}, "unknown optimizer 'adm': did you mean 'adam'"),
        ({"model": "cn"}, "unknown model 'cn': did you mean 'cnn'"),
        ({"initializer": "he_norml"}, "did you mean 'he_normal'"),
        ({"activation": "rel"}, "did you mean 'relu'"),
        ({"activation": 5}, "unknown activation 5"),
        ({"schedule": "onecycle"}, "did you mean 'one_cycle'"),
        ({"regularizer": "dropuot"}, "did you mean 'dropout'"),
        ({"regularizer": "l2+dropuot"}, "did you mean 'dropout'"),
        ({"regularizer": "l2+none"}, "unknown regularizer 'none'"),
        ({"regularizer": ""}, "unknown regularizer ''"),
        ({"regularizer": "nun"}, "unknown regularizer 'nun': did you mean 'none'"),
        ({"regularizer": 5}, "unknown regularizer 5"),
        (
            {"regularizer": keras.regularizers.OrthogonalRegularizer()},
            "by recipes.register\\('regularizer', NAME, CLASS",
        ),
        ({"optimizer": keras.optimizers.Adam}, "by recipes.register\\('optimizer', NAME, CLASS"),
        ({"schedule": keras.optimizers.schedules.CosineDecay(0.1, 9)}, "by recipes.register\\('schedule', NAME, CLASS"),
        ({"initializer": keras.initializers.HeNormal}, "by recipes.register\\('initializer', NAME, CLASS"),
        ({"regularizer": "l2+l2"}, "each regularizer at most once"),
        ({"regularizer": [Dropout(0.1), "dropout"]}, "each regularizer at most once"),
        ({"regularizer": {"name": "dropout", "rate": 1.0}}, "rate must be a number >= 0 and < 1"),
        ({"regularizer": {"name": "dropout", "ratio": 0.1}}, "ratio"),
        ({"regularizer": {"rate": 0.1}}, "regularizer must be a name, or a mapping with one"),
        ({"optimizer": {"name": "adam", "beta": 0.1}}, "beta"),
        ({"optimizer": {"name": "momentum", "momentum": 2.0}}, "momentum must be"),
        ({"optimizer": {"name": "adam", "learning_rate": -1.0}}, "learning_rate must be a number >= 0"),
        ({"optimizer": 5}, "unknown optimizer 5"),
        ({"optimizer": keras.optimizers.Adam}, "unknown optimizer"),
        ({"optimizer": keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10))}, "a number"),
        ({"initializer": {"name": "he_normal", "scale": 2.0}}, "scale"),
        ({"schedule": {"name": "one_cycle", "start": 0.1}}, "start"),
        ({"schedule": {"name": "one_cycle", "start_fraction": 2.0}}, "start_fraction must be"),
        ({"schedule": {"name": "one_cycle", "peak": 0.1}}, "without the peak"),
        ({"schedule": None}, "unknown schedule None"),
        (
            {"normalization": "layers"},
            "normalization must be one of 'auto', 'batch', 'layer', 'group', 'rms', 'unit', 'none'",
        ),
        ({"learning_rate": 0.0}, "learning_rate must be a number > 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be"),
        ({"learning_rate": "0.1"}, "learning_rate must be"),
        ({"learning_rate": True}, "learning_rate must be"),
    ],
)
def test_what_is_refused(choices, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        Recipe(**choices)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSON as Recipe.to_json writes it"),
        (None, "JSON as Recipe.to_json writes it"),
        ("[]", '"recipe": 1'),
        ("{}", '"recipe": 1'),
        ('{"recipe": 2}', '"recipe": 1'),
        ('{"recipe": 1, "optimiser": "adam"}', "field must be one of"),
        ('{"recipe": 1, "optimizer": "adm"}', "did you mean 'adam'"),
        (
            '{"recipe": 1, "optimizer": {"class_name": "Nothing", "module": "keras.optimizers", "config": {}}}',
            "text must",
        ),
    ],
)
def test_json_that_is_refused(text, message):
    with pytest.raises(InvalidArgument, match=message):
        Recipe.from_json(text)


def test_json_of_version_0_1_which_called_the_regularizer_regularization():
    text = """{
      "recipe": 1, "model": "mlp", "initializer": "he_normal", "activation": "elu", "normalization": "auto",
      "regularization": ["l2", {"name": "dropout", "rate": 0.3}], "optimizer": {"name": "adam", "beta_1": 0.8},
      "learning_rate": 0.01, "schedule": "one_cycle", "bias": 0.0
    }"""
    expected = Recipe(
        model="mlp",
        regularizer=["l2", {"name": "dropout", "rate": 0.3}],
        optimizer={"name": "adam", "beta_1": 0.8},
        learning_rate=0.01,
    )
    assert Recipe.from_json(text) == expected
    assert "regularization" not in expected.to_json()


def test_a_word_in_place_of_a_name_may_have_options(classes):
    recipe = Recipe(
        model={"name": "auto", "hidden": [7]},
        schedule={"name": "auto", "start_fraction": 0.5},
        initializer={"name": "auto", "seed": 3},
    )
    assert recipe.schedule == {"name": "one_cycle", "start_fraction": 0.5}
    assert recipe.resolved(classes.spec).model == {"name": "mlp", "hidden": (7,)}
    assert Recipe.from_json(recipe.to_json()) == recipe
    for each in (recipe, recipe.resolved(classes.spec)):
        first = next(layer for layer in each.build_model(classes.spec).layers if hasattr(layer, "kernel"))
        assert (first.units, first.kernel_initializer.seed) == (7, 3)


def test_json_may_leave_fields_out():
    assert Recipe.from_json('{"recipe": 1, "optimizer": "adam"}') == Recipe(optimizer="adam")


class OwnRegularizer(Regularizer):
    name = "own"


@pytest.mark.parametrize("choices", [{"model": mlp}, {"regularizer": OwnRegularizer()}])
def test_what_json_cannot_hold(choices):
    with pytest.raises(InvalidArgument, match="to be written as JSON"):
        Recipe(**choices).to_json()


def test_a_recipe_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().optimizer = "adam"
    assert dataclasses.replace(Recipe(), optimizer="adam") == Recipe(optimizer="adam")


def test_callbacks():
    stop, schedule, keep = Recipe(learning_rate=0.5).callbacks(steps_per_epoch=7, epochs=3)
    assert isinstance(stop, StopOnNaN)
    assert isinstance(schedule, OneCycle)
    assert (schedule.peak, schedule.total_steps) == (0.5, 21)
    assert isinstance(keep, keras.callbacks.EarlyStopping)
    assert Recipe(learning_rate=0.5).callbacks(3)[1].total_steps is None
    assert Recipe(learning_rate=0.5).callbacks(epochs=3, learning_rate=0.25)[1].peak == 0.25
    own = Recipe(schedule={"name": "one_cycle", "total_steps": 5, "start_fraction": 0.5}, regularizer="none")
    assert [type(each) for each in own.callbacks(steps_per_epoch=7, epochs=3)] == [StopOnNaN, OneCycle]
    assert own.callbacks(steps_per_epoch=7, epochs=3)[1].total_steps == 5
    assert own.callbacks(steps_per_epoch=7, epochs=3)[1].start_fraction == 0.5
    assert len(Recipe(schedule="constant", regularizer="none").callbacks(epochs=3)) == 1


@pytest.mark.parametrize(
    "options",
    [{"epochs": 0}, {"epochs": 1.5}, {"epochs": 1, "steps_per_epoch": 0}, {"epochs": 1, "learning_rate": 0.0}],
)
def test_callbacks_refuse_impossible_numbers(options):
    with pytest.raises(InvalidArgument):
        Recipe().callbacks(**options)


def test_in_a_plain_keras_script():
    random = np.random.default_rng(0)
    x = random.normal(size=(96, 4)).astype("float32")
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "elu"), keras.layers.Dense(3, activation="softmax")]
    )
    recipe = Recipe(learning_rate=0.1)
    assert recipe.compile(model) is model
    history = model.fit(
        x,
        y,
        batch_size=8,
        epochs=4,
        validation_split=0.25,
        verbose=0,
        callbacks=recipe.callbacks(steps_per_epoch=9, epochs=4),
    ).history
    assert isinstance(model.optimizer, Momentum)
    assert history["accuracy"][-1] > 0.7
    assert history["learning_rate"][-1] < 1e-4
    assert max(history["learning_rate"]) <= 0.1
    recipe.compile(model, loss="mse", metrics=[])
    assert model.loss == "mse"


def test_build_model(classes):
    recipe = WITH_OPTIONS
    model = recipe.build_model(classes.spec)
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [8, 4, 3, 3]
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.3]
    assert not model.compiled
    other = recipe.build_model(input_shape=(6,), outputs=2, hidden=(5,))
    assert [layer.units for layer in other.layers if isinstance(layer, keras.layers.Dense)] == [5, 2]
    own = Recipe(model=lambda spec, width=3: mlp(spec, hidden=(width,)))
    assert own.build_model(classes.spec, width=7).layers[2].units == 7
    with pytest.raises(InvalidArgument, match="hiden"):
        Recipe(model={"name": "mlp", "hiden": (3,)}).build_model(classes.spec)


def test_style_reaches_the_model(classes):
    model = EVERYTHING_BY_NAME.build_model(input_shape=(8, 8, 1), outputs=3)
    convolution = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert isinstance(convolution.kernel_initializer, keras.initializers.Orthogonal)
    assert convolution.kernel_regularizer is not None
    assert any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)
    assert any(getattr(getattr(layer, "activation", None), "__name__", "") == "tanh" for layer in model.layers)
    seeded = Recipe(model="mlp", initializer={"name": "he_normal", "seed": 3}).build_model(classes.spec)
    assert seeded.layers[2].kernel_initializer.seed == 3


def test_auto_regularizers_follow_the_data(classes, images):
    recipe = Recipe()
    assert recipe.regularizer_name == "auto"
    assert recipe.resolved(classes.spec).regularizer_name == "early_stopping+dropout+weight_decay"
    assert recipe.resolved(images.spec).regularizer_name == "early_stopping+dropout"  # 6x6 pixels
    big = dataclasses.replace(images.spec, input_shape=(16, 16, 1))
    assert recipe.resolved(big).regularizer_name == "early_stopping"
    texts = Spec(
        "t",
        "text",
        "binary",
        (),
        "string",
        1,
        class_names=("a", "b"),
        features=(Feature("x", "text", (), "string", length=3),),
    )
    assert recipe.resolved(texts).regularizer_name == "early_stopping+weight_decay"
    assert Recipe(optimizer="newton").resolved(classes.spec).regularizer_name == "early_stopping"
    assert Recipe(regularizer="none").resolved(classes.spec).regularizer_name == "none"
    assert any(isinstance(layer, keras.layers.Dropout) for layer in recipe.build_model(classes.spec).layers)
    with pytest.raises(InvalidArgument, match="auto"):
        Recipe(regularizer="auto+l2")
