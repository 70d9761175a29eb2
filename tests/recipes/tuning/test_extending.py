"""What extends a search and what makes it another one."""

import pytest

from recipes.tuning.extending import first_difference

FACTORS = {"optimizers": ["momentum", "adam"], "regularizers": ["none"]}
STORED = {"factors": FACTORS, **FACTORS, "design": "crossed", "epochs": 5, "repeats": 3, "trials": 4}
STORED |= {"default_arm": "momentum+none", "confidence": 0.95, "widen": False, "ranges": None}
STORED |= {"data": {"name": "digits", "fingerprint": "a"}, "recipe": {"optimizer": "adam"}}
MORE = {"optimizers": ["sgd", "momentum", "adam"], "regularizers": ["none", "l2"]}


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({}, None),
        ({"repeats": 10, "trials": 8, "confidence": 0.9, "margin": 1.0}, None),
        ({"factors": MORE, **MORE, "default_arm": "sgd+none"}, None),
        ({"repeats": 2}, "repeats=3, not 2, and a search leaves out nothing that it has"),
        ({"trials": 3}, "trials=4, not 3, and a search leaves out nothing that it has"),
        ({"epochs": 6}, "epochs=5, not 6, on which its trainings depend"),
        (
            {"data": {"name": "digits", "fingerprint": "b"}},
            'data.fingerprint="a", not "b", on which its trainings depend',
        ),
        ({"recipe": {"optimizer": {"name": "adam"}}}, 'recipe.optimizer="adam", not {"name": "adam"}, on which'),
        ({"ranges": "adam.beta_1=0.8"}, 'ranges=null, not "adam.beta_1=0.8", on which'),
        ({"widen": True, "trials": 8}, "widen=false, not true, on which"),
        (
            {"factors": {**FACTORS, "optimizers": ["sgd", "adam"]}},
            'optimizers=["momentum", "adam"], not ["sgd", "adam"], ',
        ),
        ({"factors": {**FACTORS, "activations": ["elu"]}}, 'factors=["optimizers", "regularizers"], not '),
    ],
)
def test_what_extends_a_search_and_what_makes_another(change, difference):
    first = first_difference(STORED, {**STORED, **change})
    assert first is None if difference is None else str(first).startswith(difference)


def test_trials_beyond_a_range_stand_in_the_way_of_more():
    stored = {**STORED, "widen": True}
    assert first_difference(stored, {**stored, "repeats": 5}) is None
    assert str(first_difference(stored, {**stored, "trials": 5})).startswith("trials=4, not 5, and where ranges are")


def test_one_at_a_time_no_arm_may_be_lost():
    factors = {**FACTORS, "regularizers": ["none", "l2"]}
    stored = {**STORED, "factors": factors, "design": "one_at_a_time"}
    turned = {**factors, "optimizers": ["adam", "momentum", "sgd"]}  # without momentum+l2
    assert first_difference(stored, {**stored, "factors": turned}).name == "default_arm"
    longer = {**factors, "optimizers": ["momentum", "adam", "sgd"]}
    assert first_difference(stored, {**stored, "factors": longer}) is None
