"""Options of the command line as values."""

import pytest

from callbacks.checks import InvalidArgument
from recipes.cli.options import Choices, Reading


def test_class_weights_are_named_or_given_by_label():
    assert Choices().recipe().class_weight == "none"
    assert Choices(class_weight="balanced").recipe().class_weight == "balanced"
    assert Choices(class_weight="spam:10, a:b:0.5").recipe().class_weight == {"spam": 10.0, "a:b": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "spam:much",
            "class_weight must be none, balanced, effective, or label:weight, e.g. spam:10,ham:1. Received.*spam:much",
        ),
        ("spam:1,ham", "class_weight must be none, balanced, effective, or label:weight"),
        ("spam:-1", r"class_weight\['spam'\] must be"),
        ("balance", "class_weight must be 'none', 'balanced', 'effective' or a mapping"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(InvalidArgument, match=message):
        Choices(class_weight=text).recipe()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"age ",town', ["age ", "town"]),
        ('"bill, EUR" , town', ["bill, EUR", "town"]),
        ("age : number, a:b:category", {"age": "number", "a:b": "category"}),
        ('"age :number"', {"age ": "number"}),
    ],
)
def test_features_by_name_and_kind(text, expected):
    assert Reading(features=text).for_load()["features"] == expected
