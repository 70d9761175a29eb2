import json

import pytest

from callbacks.checks import InvalidArgument
from recipes.data.feature import Feature

FEATURES = [
    Feature("age", "number", (), "float64", (29.9,), (207.0,), missing=-1),
    Feature("fare", "number", (), "float32", (1 / 3,), (2 / 7,), missing="nan"),
    Feature("deck", "category", (), "string", vocabulary=("B", "A", "")),
    Feature("class", "category", (), "int64", vocabulary=(2, 0, 1)),
    Feature("review", "text", (), "string", vocabulary=("the", "film"), length=7, ngrams=(" th",), idf=(1.0, 2.5, 1.5)),
    Feature("box", "vector", (2,), "float32", (0.1, 0.2), (1.0, 2.0)),
    Feature("track", "sequence", (None, 2), "float32", (0.1, 0.2), (1.0, 2.0), length=9, padding=-3),
    Feature("photo", "image", (4, 5, 3), "uint8", (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), high=255),
    Feature("price", "number", (), "string", (3.0,), (4.0,), missing="nan", format=","),
    Feature("day", "date", (), "string", (18000.5,), (90.0,), format="%d/%m/%Y", parts=("month", "weekday")),
]
NUMBER, _, CATEGORY, _, TEXT, VECTOR, SEQUENCE, IMAGE, PRICE, DAY = (each.to_config() for each in FEATURES)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda each: each.name)
def test_round_trip_through_json_is_exact(feature):
    config = json.loads(json.dumps(feature.to_config()))
    again = Feature.from_config(config)
    assert again == feature
    assert hash(again) == hash(feature)
    assert again.to_config() == feature.to_config()
    assert all(isinstance(getattr(again, name), tuple) for name in ("shape", "mean", "variance", "vocabulary"))


def test_numbers_become_floats():
    track = FEATURES[6]
    assert (type(track.padding), type(FEATURES[7].high), type(track.mean[0])) == (float, float, float)


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        (NUMBER, {"name": ""}),
        (NUMBER, {"input": 5}),
        (NUMBER, {"name": 5}),
        (NUMBER, {"kind": "day"}),
        (NUMBER, {"shape": (1,)}),
        (VECTOR, {"shape": ()}),
        (VECTOR, {"shape": (0,)}),
        (VECTOR, {"shape": (None,)}),
        (SEQUENCE, {"shape": (None, 0)}),
        (IMAGE, {"shape": (4, 5.5, 3)}),
        (IMAGE, {"shape": None}),
        (NUMBER, {"mean": ()}),
        (NUMBER, {"mean": (1.0, 2.0)}),
        (NUMBER, {"mean": (float("nan"),)}),
        (NUMBER, {"mean": (True,)}),
        (CATEGORY, {"mean": (1.0,)}),
        (NUMBER, {"variance": (0.0,)}),
        (VECTOR, {"variance": (1.0, -1.0)}),
        (IMAGE, {"variance": (1.0,)}),
        (CATEGORY, {"vocabulary": ("a", "a")}),
        (CATEGORY, {"vocabulary": ("a", 1)}),
        (CATEGORY, {"vocabulary": (1.5, 2.5)}),
        (CATEGORY, {"vocabulary": "abc"}),
        (NUMBER, {"vocabulary": (1, 2)}),
        (NUMBER, {"missing": "none"}),
        (NUMBER, {"missing": float("inf")}),
        (CATEGORY, {"missing": -1.0}),
        (TEXT, {"ngrams": ("the", "the")}),
        (TEXT, {"ngrams": ("t",)}),
        (TEXT, {"ngrams": "the"}),
        (CATEGORY, {"ngrams": ("the",)}),
        (TEXT, {"idf": (1.0, 2.0)}),
        (TEXT, {"idf": (1.0, 0.0, 1.0)}),
        (CATEGORY, {"idf": (1.0, 1.0)}),
        (TEXT, {"length": 0}),
        (TEXT, {"length": 2.5}),
        (NUMBER, {"length": 3}),
        (SEQUENCE, {"padding": "nan"}),
        (VECTOR, {"padding": 0.0}),
        (IMAGE, {"high": float("inf")}),
        (NUMBER, {"high": 3.0}),
        (NUMBER, {"format": "."}),
        (NUMBER, {"parts": ("month",)}),
        (PRICE, {"format": ""}),
        (DAY, {"format": ""}),
        (DAY, {"parts": ("year",)}),
        (DAY, {"mean": ()}),
    ],
)
def test_refuses_contradictions(fields, change):
    (name,) = change
    with pytest.raises(InvalidArgument, match=rf"^{name} must be .* Received: {name}="):
        Feature(**{**fields, **change})


@pytest.mark.parametrize("config", [{**NUMBER, "colour": 1}, {"kind": "number"}, {"name": "age"}, ["age"], None])
def test_from_config_refuses_what_is_no_feature(config):
    with pytest.raises(InvalidArgument, match="a dict with name and kind, and no other keys"):
        Feature.from_config(config)


def test_a_description_of_before_has_the_name_of_the_model():
    config = {key: value for key, value in NUMBER.items() if key != "input"}
    old = Feature.from_config(config)
    assert (old.input, old.key) == (None, "age")
    assert Feature.from_config(json.loads(json.dumps(old.to_config()))) == old
