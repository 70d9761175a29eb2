"""Every public argument that is True or False refuses what is neither: overwrite="no" must not overwrite."""

import inspect
import re

import keras
import keras_tuner
import pytest

import callbacks
import recipes
from callbacks.checks import InvalidArgument
from recipes import catalogue, models, optimizers, regularization, seeding, training

PLACES = (recipes, callbacks, catalogue, models, optimizers, regularization, seeding, training)

HOOKS = ("after_activation",)  # called by the model factories


def functions():
    """(name, function, class) of each public function, constructor and method; a class may stand in several places."""
    for place in PLACES:
        for name in getattr(place, "__all__", None) or [name for name in vars(place) if not name.startswith("_")]:
            thing = getattr(place, name)
            if inspect.isfunction(thing):
                yield name, thing, None
            elif inspect.isclass(thing) and re.match(r"(keras_recipes|recipes|callbacks)\.", thing.__module__):
                for method, function in inspect.getmembers(thing, inspect.isfunction):
                    if method == "__init__" or not method.startswith(("_", *HOOKS)):
                        yield f"{name}.{method}", function, thing


FLAGS = {
    (name, flag.name): (function, owner)
    for name, function, owner in functions()
    for flag in inspect.signature(function).parameters.values()
    if re.search(r"\bbool\b", str(flag.annotation))
}


def test_flags_are_found_in_functions_constructors_and_methods():
    found = {flag[:2] for flag in FLAGS}
    assert {
        ("search", "widen"),
        ("Resume.__init__", "replay"),
        ("Run.save", "overwrite"),
        ("rnn", "bidirectional"),
    } < found


@pytest.mark.parametrize(("name", "flag"), sorted(FLAGS))
def test_a_flag_is_true_or_false(name, flag, classes, tmp_path):
    function, owner = FLAGS[name, flag]
    usable = {
        "self": owner and object.__new__(owner),
        "data": classes,
        "recipe": recipes.Recipe(),
        "candidates": {"a": recipes.Recipe(), "b": recipes.Recipe(optimizer="adam")},
        "run": keras.Sequential(),
        "model": keras.Sequential(),
        "directory": tmp_path / "out",
        "folder": tmp_path,
        "inputs": "inputs.csv",
        "to": tmp_path / "scores.csv",
        "epochs": 1,
        "seed": 0,
        "name": "name",
        "split": "train",
        "low": 1.0,
        "high": 2.0,
        "kind": "image",
        "input_shape": (4, 4) if name in ("rnn", "encoder_decoder") else (4, 4, 1),
        "outputs": 3,
        "output_steps": None if name == "rnn" else 2,
        "input_dtype": "float32",
        "task": "multiclass",
    }
    parameters = inspect.signature(function).parameters
    optional = ("input_shape", "outputs", "output_steps")  # of a model: instead of a Spec
    needed = [key for key, value in parameters.items() if value.default is value.empty or key in optional]
    arguments = {key: usable[key] for key in needed if key in usable}
    for value in ("no", 1.5, *([] if "None" in parameters[flag].annotation else [None])):
        with pytest.raises(InvalidArgument, match=rf"^{flag} must be .*Received: {flag}=") as raised:
            function(**arguments, **{flag: value})
        assert raised.value.argument == flag
    assert not any(tmp_path.iterdir())


def test_options_that_are_passed_on_to_keras_and_keras_tuner():
    with pytest.raises(InvalidArgument, match="use_ema must be True or False"):
        optimizers.Adam(0.1, use_ema="no")
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=1)
    with pytest.raises(InvalidArgument, match="overwrite must be True or False"):
        recipes.QuickTuner(oracle, lambda hp: None, overwrite="no")
