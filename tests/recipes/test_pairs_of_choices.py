"""Any two choices of a recipe work together, or are refused in one line; and each changes something, or is refused."""

import itertools
import json
import warnings

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.activations import ACTIVATIONS
from recipes.initializers import INITIALIZERS
from recipes.models import MODELS
from recipes.normalizations import NORMALIZATIONS
from recipes.optimizers import OPTIMIZERS
from recipes.regularization import REGULARIZERS
from recipes.schedules import SCHEDULES
from recipes.training_checks import check_choices_act

from .covering import covering_array

CHOICES = {
    "optimizer": [*OPTIMIZERS, {"name": "momentum", "momentum": 0.5}, {"name": "adam", "use_ema": True}],
    "schedule": [*SCHEDULES, {"name": "one_cycle", "momentum": (0.8, 0.9)}, {"name": "linear", "warm_up": 0.5}],
    "regularizer": ["none", *REGULARIZERS],
    "normalization": ["auto", *NORMALIZATIONS, "none"],
    "activation": [*ACTIVATIONS],
    "initializer": ["auto", *INITIALIZERS],
    "bias": [0.0, 0.5, "auto"],
}

OWN_STEP = ["conjugate_gradient", "exact_line_search", "hessian_free", "line_search", "newton"]
WITHOUT_MOMENTUM = ["adadelta", "adafactor", "adagrad", "delta_bar_delta", "rmsprop", "schedule_free_adamw", "sgd"]
MOMENTA = "{'name': 'one_cycle', 'momentum': (0.8, 0.9)}"
REFUSED = {
    *(
        (name, noise)
        for name in OWN_STEP
        for noise in ("weight_decay", "weight_noise", "ema", "sam", "mixup", "cutmix")
    ),
    *((name, MOMENTA) for name in [*OWN_STEP, *WITHOUT_MOMENTUM, "{'name': 'momentum', 'momentum': 0.5}"]),
    ("{'name': 'adam', 'use_ema': True}", "early_stopping"),
    ("adamw", "weight_decay"),
    ("{'name': 'adam', 'use_ema': True}", "ema"),
    ("lookahead", "ema"),
    ("schedule_free_adamw", "ema"),
    ("schedule_free_adamw", "swa"),
}
"""All pairs that no recipe can have, whatever the data."""


def refusal(make):
    """The one line in which something is refused; empty if it is not."""
    try:
        make()
        message = ""
    except InvalidArgument as error:
        message = str(error)
    assert "\n" not in message
    return message


@pytest.mark.thorough
def test_the_pairs_that_a_recipe_refuses():
    """A new choice appears here if it contradicts another; everything else can be combined."""
    refused = set()
    for first, second in itertools.combinations(CHOICES, 2):
        for one, other in itertools.product(CHOICES[first], CHOICES[second]):
            if refusal(lambda: Recipe(**{"regularizer": "none", first: one, second: other})):  # noqa: B023
                refused.add((str(one), str(other)))
    assert refused == REFUSED


# --- in the model -----------------------------------------------------------------------------------------------------

IN_MODEL = [name for name in REGULARIZERS if REGULARIZERS.build(name).acts_in_model]
CHANGES = [
    *({"regularizer": name} for name in IN_MODEL),
    *({"normalization": name} for name in NORMALIZATIONS),
    *({"activation": "tanh"}, {"initializer": "orthogonal"}, {"bias": 0.5}),
]

NEITHER = {"regularizer": "none", "normalization": "none"}

SMALL = {
    "mlp": {"hidden": (4,)},
    "cnn": {"filters": (2,), "hidden": (4,)},
    "resnet": {"filters": (2,), "blocks": (1,)},
    "resnet9": {"widths": (4,), "convolutions": (3,), "stem": 3},
    "densenet": {"growth": 2, "blocks": (2,)},
    "application": {"network": "MobileNetV3Small"},
    "rnn": {"units": (3,)},
    "text": {"embedding": 3, "hidden": (4,)},
    "tabular": {"hidden": (4,)},
    "mixed": {"hidden": (4,)},
}

WITHOUT_PLACE = set(itertools.product(("rnn", "application"), ("normalization", "activation", "initializer", "bias")))
"""Of models whose hidden layers are recurrent, or of keras.applications, with activations and the like of their own."""


def make_data(kind, count=33, batch_size=8):
    """33 examples of a kind: full batches of 8, and one example left over."""
    random = np.random.default_rng(0)
    y = np.arange(count) % 3
    words = np.array([" ".join(random.choice(["red", "blue", "cat", "dog"], 3)) for _ in range(count)])
    numbers = random.normal(size=(count, 4)).astype("float32")
    x = {
        "images": lambda: random.integers(0, 255, (count, 8, 8, 1)).astype("uint8"),
        "sequences": lambda: random.normal(size=(count, 5, 2)).astype("float32"),
        "texts": lambda: words,
        "records": lambda: {"a": numbers[:, 0], "b": random.choice(["u", "v"], count)},
        "mixed": lambda: {"a": numbers[:, 0], "t": words},
    }.get(kind, lambda: numbers)()
    y = {
        "binary": lambda: np.arange(count) % 2,
        "labels": lambda: np.stack([np.arange(count) % 2, np.arange(count) // 2 % 2], axis=1),
        "number": lambda: 1000.0 * numbers[:, 0],
        "numbers": lambda: numbers[:, :2] * [1000.0, 1.0],
    }.get(kind, lambda: y)()
    halves = {"x_validation": x, "y_validation": y, "x_test": x, "y_test": y, "duplicates": "ignore"}
    return recipes.Data.from_arrays(x, y, **halves, batch_size=batch_size, name=kind)


KIND = {
    **dict.fromkeys(("cnn", "resnet", "resnet9", "densenet", "application"), "images"),
    "rnn": "sequences",
    "text": "texts",
}
KIND |= {"mlp": "classes", "tabular": "records", "mixed": "mixed"}


def facts(model):
    """What a model is made of, without names and seeds."""
    return json.dumps([(type(layer).__name__, layer.get_config()) for layer in model.layers], default=str)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.ordinarily("mlp")
def test_every_choice_of_style_changes_every_model_or_is_refused(name):
    """Alone: an option that leaves no trace would be an option that does nothing."""
    spec = make_data(KIND[name]).spec

    neither = {**NEITHER, **({"normalization": "auto"} if name == "application" else {})}

    def build(**choices):
        keras.backend.clear_session()  # numbers the layers anew
        keras.utils.set_random_seed(0)
        recipe = Recipe(model={"name": name, **SMALL[name]}, **{**neither, **choices})
        model = recipe.build_model(spec)
        check_choices_act(recipe, model)
        return model

    plain, idle = facts(build()), set()
    for change in CHANGES:
        if refusal(lambda: build(**change)):  # noqa: B023
            idle.add((name, next(iter(change))))
        else:
            assert facts(build(**change)) != plain, change
    assert idle == {place for place in WITHOUT_PLACE if place[0] == name}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"regularizer": "dropout"}, "regularizer must be one that changes something in 'mlp', which has no place for"),
        ({"regularizer": "l2+activity_l1"}, "Received: regularizer='activity_l1'"),
        (
            {"normalization": "batch"},
            "normalization must be 'auto', the default, for 'mlp', which has no hidden layers",
        ),
    ],
)
def test_a_linear_model_has_no_place_for_what_acts_in_hidden_layers(classes, choices, message):
    linear = {"name": "mlp", "hidden": ()}
    with pytest.raises(InvalidArgument, match=message):
        recipes.fit(classes, Recipe(model=linear, learning_rate=0.1, **choices), epochs=1, verbose=0)


@pytest.mark.thorough
def test_the_regularizers_by_the_data_have_a_place(classes):
    linear = Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.1)
    assert linear.resolved(classes.spec).regularizer_name == "early_stopping+weight_decay"
    assert not recipes.fit(classes, linear, epochs=1, verbose=0).diverged


@pytest.mark.thorough
def test_batch_normalization_takes_the_place_of_biases(classes, tiny):
    with pytest.raises(InvalidArgument, match=r"bias must be 0.0 for 'mlp', whose batch normalization takes the place"):
        recipes.fit(classes, tiny(normalization="batch", bias=0.5), epochs=1, verbose=0)
    model = tiny(normalization="batch", bias="auto").build_model(classes.spec)
    check_choices_act(tiny(normalization="batch", bias="auto"), model)


# --- trained ----------------------------------------------------------------------------------------------------------

TRAINED = {
    **CHOICES,
    "regularizer": ["auto", "none", *REGULARIZERS],
    "problem": [
        *(("auto", kind) for kind in ("binary", "labels", "number", "numbers", "images", "texts", "records", "mixed")),
        *(({"name": name, **options}, KIND[name]) for name, options in SMALL.items() if name != "application"),
    ],
    "batch_size": [8, 1, 32, 100],
    "epochs": [2, 1],
    "seed": [0],
}
CASES = covering_array(TRAINED)


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.ordinarily("[100]")
def test_any_two_choices_train_or_are_refused_in_one_line(case):
    choices = dict(CASES[case])
    choices["model"], kind = choices.pop("problem")
    data = make_data(kind, batch_size=choices.pop("batch_size"))
    options = {name: choices.pop(name) for name in ("epochs", "seed")}
    runs = []

    def train():
        runs.append(recipes.fit(data, Recipe(learning_rate=0.01, **choices), **options, verbose=0))

    with warnings.catch_warnings():
        expected = ".*the rate is the same|.*in fewer than 5 %|.*keeps mean and variance"
        warnings.filterwarnings("ignore", category=UserWarning, message=expected)
        warnings.filterwarnings("ignore", category=RuntimeWarning, message="training stopped")
        if refusal(train):
            return
    (run,) = runs
    assert run.diverged or np.isfinite(run.history["loss"]).all()
    assert all(np.isfinite(weight).all() for weight in run.model.get_weights())


def test_every_pair_is_covered():
    pairs = itertools.combinations(TRAINED, 2)
    assert len(CASES) < 700
    for first, second in pairs:
        met = {(str(case[first]), str(case[second])) for case in CASES}
        assert len(met) == len(TRAINED[first]) * len(TRAINED[second])


def test_the_example_that_is_left_over_is_no_batch_of_its_own():
    """33 examples in batches of 8 or 32: with batch normalization a batch of one would be nothing but its shift."""
    for size in (8, 32):
        data = make_data("classes", batch_size=size)
        assert [len(y) for _, y in data.train] == [size] * (33 // size)
    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, normalization="batch", learning_rate=0.01)
    assert not recipes.fit(make_data("classes", batch_size=32), recipe, epochs=1, verbose=0).diverged
    with pytest.raises(InvalidArgument, match="data must be batches of at least 2 examples for batch normalization"):
        recipes.pretrain(make_data("classes", batch_size=1), recipe=recipe, epochs=1, verbose=0)
