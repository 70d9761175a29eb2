import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.data.names import SUFFIXES, Names
from recipes.models import mixed

COMMON = {"name": "some", "kind": "tabular", "task": "binary", "input_shape": (), "input_dtype": "record", "outputs": 1}
COMMON |= {"class_names": ("no", "yes")}


def number(name, **options):
    return Feature(name, "number", (), "float32", (0.0,), (1.0,), **options)


@pytest.mark.parametrize(
    ("name", "inner", "argument"),
    [
        ("age", "age", "age"),
        ("pH", "pH", "pH"),
        ("a.b_C9", "a.b_C9", "a_b_C9"),
        ("citric acid (g/l)", "citric_acid__g_l_", "citric_acid__g_l_"),
        ("_private", "x_private", "x_private"),
        ("größe", "gr__e", "gr__e"),
        ("年龄", "x__", "x__"),
        ("%", "x_", "x_"),
        ("2nd", "2nd", "arg_2nd"),
        ("class", "class_", "class_"),
        ("self", "self_", "self_"),
        ("Class", "Class", "Class"),
        ("dense", "dense_", "dense_"),
        ("dense_2", "dense_2_", "dense_2_"),
        ("sum", "sum_", "sum_"),
        ("outputs", "outputs_", "outputs_"),
    ],
)
def test_one_name(name, inner, argument):
    names = Names([name])
    assert names.inner == {name: inner}
    assert names.outer == {inner: name}
    assert names.arguments == {name: argument}
    assert names.find(name) == names.find(inner) == name
    assert Names([inner]).inner == {inner: inner} or inner != name.strip("_")


@pytest.mark.parametrize(
    "listed",
    [
        ["a/b", "a_b", "a b", "a.b", "a_b_2"],
        ["Age", "age", "AGE", "age_2"],
        ["age_embedding", "age", "AGE_one_hot"],
        ["年龄", "x__", "_", "x_"],
        ["arg_2nd", "2nd", "2ND"],
        ["class", "class_", "CLASS"],
    ],
)
def test_names_that_tensorflow_would_confuse(listed):
    names = Names(listed)
    assert list(names.inner) == listed
    assert len({argument.lower() for argument in names.arguments.values()}) == len(listed)
    layers = [f"{argument.lower()}{end}" for argument in names.arguments.values() for end in SUFFIXES]
    assert len(set(layers)) == len(layers)
    for name, inner in names.inner.items():
        assert names.find(inner) == name or inner in listed
    columns = {name: place for place, name in enumerate(listed)}
    assert names.to_user(names.to_model(columns)) == columns


def test_what_can_stay_stays_wherever_it_stands():
    assert Names(["a/b", "a_b"]).inner == {"a/b": "a_b_2", "a_b": "a_b"}
    assert Names(["a_b", "a/b"]).inner == {"a_b": "a_b", "a/b": "a_b_2"}


def test_names_that_are_known_already():
    names = Names(["a/b", "c"], {"a/b": "C"})
    assert names.inner == {"a/b": "C", "c": "c_2"}
    with pytest.raises(InvalidArgument, match="names must be different for every column"):
        Names(["a", "b"], {"a": "x", "b": "x"})


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (["a", ""], "x must be named by strings that are not empty. Received: x=''"),
        (["a", 5], "x must be named by strings that are not empty. Received: x=5"),
        (["a", "b", "a"], "x must be named without repetition. Received: x='a'"),
        (["a", "\ud800"], "x must be text in UTF-8, without lone surrogates"),
    ],
)
def test_names_that_are_refused(listed, message):
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        Names(listed, argument="x")


def test_only_a_table_that_has_lost_the_names_guesses():
    assert Names(["a_b"]).find("a/b") is None
    loose = Names(["a_b", "c"], {"a_b": "a_b", "c": "c"}, loose=True)
    assert (loose.find("a/b"), loose.find("c"), loose.find("d")) == ("a_b", "c", None)


def test_a_spec_names_its_inputs_and_keeps_names_that_it_has():
    spec = Spec(features=(number("a/b"), number("a_b", input="q"), number("Q")), **COMMON)
    assert [feature.key for feature in spec.features] == ["a_b", "q", "Q_2"]
    again = Spec.from_config(spec.to_config())
    assert again == spec
    assert again.names.inner == spec.names.inner
    old = spec.to_config()
    old["features"] = [
        {**each, "name": name} for each, name in zip(old["features"], ("class", "a.b", "A"), strict=True)
    ]
    for each in old["features"]:
        del each["input"]
    assert Spec.from_config(old).names.inner == {"class": "class", "a.b": "a.b", "A": "A"}


def test_arguments_are_those_of_a_saved_model(tmp_path):
    names = Names(["2nd", "a.b", "pH", "x y", "class", "age", "Age"])
    inputs = {inner: keras.Input((), name=inner) for inner in names.outer}
    keras.Model(inputs, keras.layers.Add()(list(inputs.values()))).export(tmp_path / "served", verbose=False)
    signature = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == set(names.arguments.values())
    values = {argument: tf.constant([2.0**place]) for place, argument in enumerate(names.arguments.values())}
    (answer,) = signature(**values).values()
    np.testing.assert_array_equal(answer, [127.0])


@pytest.mark.parametrize("regularizer", ["none", "l2+dropout", "input_noise"])
def test_no_layer_of_a_model_of_records_can_be_called_like_a_column(regularizer):
    """Whatever name Keras gives to an operation, a column of that name has another one in the model."""
    options = {"vocabulary": tuple(f"v{number}" for number in range(40))}
    features = (
        number("n", missing="nan"),
        Feature("c", "category", dtype="string", **options),
        Feature("d", "category", dtype="int64", vocabulary=(1, 2)),
        Feature("t", "text", dtype="string", vocabulary=tuple(f"w{number}" for number in range(3000)), length=3),
        Feature("s", "sequence", (None, 2), "float32", (0.0,) * 2, (1.0,) * 2, length=4, padding=0.0),
        Feature("v", "vector", (2,), "float32", (0.0,) * 2, (1.0,) * 2),
        Feature("i", "image", (8, 8, 1), "uint8", (0.0,), (1.0,), high=255.0),
    )
    spec = Spec(features=features, **{**COMMON, "kind": "mixed"})
    model = mixed(spec, regularizer=regularizer, normalization="batch", activation="leaky_relu")
    operations = {operation["name"] for operation in model.get_config()["layers"]} - set(spec.names.outer)
    columns = {f"{inner}{end}" for inner in spec.names.outer for end in SUFFIXES}
    for name in operations - columns:
        assert Names([name]).inner[name] != name, name
