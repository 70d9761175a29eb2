import json

import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Spec
from recipes.data.feature import Feature

IMAGE = {
    "name": "pictures",
    "kind": "image",
    "task": "multiclass",
    "input_shape": (4, 5, 3),
    "input_dtype": "uint8",
    "outputs": 3,
    "input_mean": (0.1, 1 / 3, 200.5),
    "input_variance": (1.0, 2.0, 3.0),
    "class_names": ("a", "b", "c"),
    "input_max": 250.0,
}
TABLE = {
    "name": "rows",
    "kind": "tabular",
    "task": "regression",
    "input_shape": (2,),
    "input_dtype": "float32",
    "outputs": 1,
    "input_mean": (0.1, 0.2),
    "input_variance": (1.0, 2.0),
    "feature_names": ("left", "right"),
    "target_mean": 1 / 7,
    "target_variance": 2 / 7,
}
RESIZED = {**IMAGE, "resized": True}
AGE = Feature("age", "number", (), "int64", (30.0,), (1 / 3,), missing=-1.0)
DECK = Feature("deck", "category", dtype="string", vocabulary=("B", "A"))
WORDS = Feature("inputs", "text", dtype="string", vocabulary=("the", "film"), length=7)
TRACK = Feature("inputs", "sequence", (None, 2), "float32", (0.1, 0.2), (1.0, 2.0), length=9, padding=0.0)
STEPS = Feature("inputs", "sequence", (9, 2), "float32", (0.1, 0.2), (1.0, 2.0))
COMMON = {"name": "some", "task": "multilabel", "outputs": 2, "class_names": ("sad", "long")}
RECORD = {
    **COMMON,
    "kind": "tabular",
    "input_shape": (),
    "input_dtype": "record",
    "features": (AGE, DECK),
}
MIXED = {**RECORD, "kind": "mixed", "features": (AGE, WORDS)}
TEXT = {**COMMON, "kind": "text", "input_shape": (), "input_dtype": "string", "features": (WORDS,)}
SEQUENCE = {**COMMON, "kind": "sequence", "input_shape": (None, 2), "input_dtype": "float32", "features": (TRACK,)}
VECTOR = {**TABLE, "outputs": 2, "target_mean": (1 / 7, 2.0), "target_variance": (1 / 3, 2.0)}
ALL = [IMAGE, TABLE, RESIZED, RECORD, MIXED, TEXT, SEQUENCE, {**SEQUENCE, "features": (STEPS,)}, VECTOR]


@pytest.mark.parametrize("fields", ALL)
def test_round_trip_through_json_is_exact(fields):
    spec = Spec(**fields)
    config = json.loads(json.dumps(spec.to_config()))
    assert Spec.from_config(config) == spec
    assert Spec.from_config(spec.to_config()).to_config() == config
    assert isinstance(Spec.from_config(config).input_mean, tuple)
    assert Spec.from_config(config).features == spec.features
    assert [each.name for each in spec.features] == [each.name for each in fields.get("features", ())]
    assert Spec.from_config(config).resized is fields.get("resized", False)
    assert hash(spec) == hash(Spec.from_config(config))


def test_metric_and_direction():
    assert (Spec(**IMAGE).metric, Spec(**IMAGE).direction) == ("accuracy", "max")
    assert (Spec(**TABLE).metric, Spec(**TABLE).direction) == ("root_mean_squared_error", "min")
    assert (Spec(**VECTOR).metric, Spec(**VECTOR).direction) == ("root_mean_squared_error", "min")
    assert (Spec(**TEXT).metric, Spec(**TEXT).direction) == ("accuracy", "max")


@pytest.mark.parametrize(
    ("fields", "record", "movable"),
    [
        (IMAGE, False, True),
        (TABLE, False, True),
        (RECORD, True, False),
        (MIXED, True, False),
        (TEXT, False, False),
        (SEQUENCE, False, False),
        ({**SEQUENCE, "features": (STEPS,)}, False, True),
    ],
)
def test_records_and_what_can_be_moved(fields, record, movable):
    spec = Spec(**fields)
    assert (spec.record, spec.movable) == (record, movable)


def test_texts_and_sequences_are_what_their_feature_says():
    spec = Spec(**{**SEQUENCE, "input_shape": (7, 7)})
    assert (spec.input_shape, spec.input_mean, spec.input_variance) == ((None, 2), TRACK.mean, TRACK.variance)
    assert (Spec(**TEXT).input_shape, Spec(**TEXT).input_mean) == ((), ())


def test_several_targets():
    spec = Spec(**VECTOR)
    assert (spec.target_mean, spec.target_variance, spec.class_names) == ((1 / 7, 2.0), (1 / 3, 2.0), ())
    assert Spec(**TABLE).target_mean == 1 / 7  # of a single one, a plain number


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        (IMAGE, {"name": ""}),
        (IMAGE, {"kind": "sound"}),
        (IMAGE, {"task": "ranking"}),
        (IMAGE, {"input_dtype": "int32"}),
        (IMAGE, {"input_shape": (4, 5)}),
        (IMAGE, {"input_shape": (4, 5, 0)}),
        (IMAGE, {"input_shape": (4, 5.0, 3)}),
        (IMAGE, {"input_shape": None}),
        (IMAGE, {"outputs": 2}),
        (TABLE, {"outputs": 0}),
        (IMAGE, {"class_names": ("a", "b")}),
        (IMAGE, {"class_names": ("a", "b", "b")}),
        (IMAGE, {"class_names": "abc"}),
        (IMAGE, {"feature_names": ("x", "y", "z")}),
        (TABLE, {"feature_names": ("left",)}),
        (TABLE, {"class_names": ("a", "b")}),
        (IMAGE, {"input_mean": (1.0,)}),
        (IMAGE, {"input_mean": (1.0, 2.0, float("nan"))}),
        (IMAGE, {"input_variance": (1.0, 0.0, 1.0)}),
        (IMAGE, {"input_variance": (1.0, True, 1.0)}),
        (IMAGE, {"target_mean": 0.0}),
        (TABLE, {"target_mean": None}),
        (TABLE, {"target_variance": 0.0}),
        (IMAGE, {"input_max": 0.0}),
        (IMAGE, {"input_max": 256.0}),
        (TABLE, {"input_max": 1.0}),
        (TABLE, {"resized": True}),
        (IMAGE, {"resized": 1}),
        (IMAGE, {"features": (AGE,)}),
        (TABLE, {"features": (AGE, DECK)}),
        (RECORD, {"features": ()}),
        (RECORD, {"features": (AGE, AGE)}),
        (RECORD, {"features": AGE}),
        (RECORD, {"features": ("age",)}),
        (RECORD, {"features": ({"name": "age", "kind": "number", "colour": 1},)}),
        (TEXT, {"features": ()}),
        (TEXT, {"features": (TRACK,)}),
        (TEXT, {"features": (WORDS, WORDS)}),
        (SEQUENCE, {"features": (WORDS,)}),
        (RECORD, {"input_shape": (2,)}),
        (RECORD, {"input_mean": (1.0, 2.0)}),
        (RECORD, {"feature_names": ("age", "deck")}),
        (MIXED, {"input_dtype": "float32"}),
        (TEXT, {"input_dtype": "record"}),
        (TEXT, {"class_names": ("sad",)}),
        (RECORD, {"input_max": 1.0}),
        (RECORD, {"target_mean": (0.0, 0.0)}),
        (VECTOR, {"target_mean": 0.0}),
        (VECTOR, {"target_mean": (0.0, 0.0, 0.0)}),
        (VECTOR, {"target_variance": (1.0, 0.0)}),
        (VECTOR, {"outputs": 0}),
    ],
)
def test_refuses_contradictions(fields, change):
    (name,) = change
    with pytest.raises(InvalidArgument, match=rf"^{name} must be .* Received: {name}="):
        Spec(**{**fields, **change})


def test_from_config_refuses_what_is_no_spec():
    with pytest.raises(InvalidArgument, match="no other keys"):
        Spec.from_config({**IMAGE, "colour": 1})
    with pytest.raises(InvalidArgument, match="complete description"):
        Spec.from_config({"name": "x"})
