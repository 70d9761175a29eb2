import json

import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Spec

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


@pytest.mark.parametrize("fields", [IMAGE, TABLE])
def test_round_trip_through_json_is_exact(fields):
    spec = Spec(**fields)
    config = json.loads(json.dumps(spec.to_config()))
    assert Spec.from_config(config) == spec
    assert Spec.from_config(spec.to_config()).to_config() == config
    assert isinstance(Spec.from_config(config).input_mean, tuple)
    assert hash(spec) == hash(Spec.from_config(config))


def test_metric_and_direction():
    assert (Spec(**IMAGE).metric, Spec(**IMAGE).direction) == ("accuracy", "max")
    assert (Spec(**TABLE).metric, Spec(**TABLE).direction) == ("root_mean_squared_error", "min")


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
