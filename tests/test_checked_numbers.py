"""A checked number is used as it was checked: a tensor or an array of one number would go on as what it is."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest

import callbacks
import recipes

ROOT = Path(__file__).resolve().parents[1]


def unused(tree):
    """The arguments whose checked value nobody takes: line -> name."""
    found = {}
    for node in ast.walk(tree):
        call = node.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
        if call is None or getattr(call.func, "id", "") not in ("check_number", "check_integer"):
            continue
        name, value = call.args[:2]
        if isinstance(name, ast.Constant) and isinstance(value, ast.Name) and name.value == value.id:
            found[node.lineno] = value.id
    return found


def test_no_checked_number_is_dropped():
    for path in sorted([*ROOT.glob("callbacks/**/*.py"), *ROOT.glob("recipes/**/*.py")]):
        assert not unused(ast.parse(path.read_text())), f"{path}: write NAME = check_number('NAME', NAME, ...)"


def test_one_would_be_seen():
    assert unused(ast.parse("check_number('rate', rate, low=0)")) == {1: "rate"}
    assert not unused(ast.parse("rate = check_number('rate', rate, low=0)"))


@pytest.mark.parametrize("five", [keras.ops.convert_to_tensor(5), np.array(5), np.float32(5)])
def test_a_tensor_of_a_number_is_a_number(five):
    assert callbacks.LRFinder(low=five).low == 5.0
    assert type(recipes.Range("rate", five, 7, default=five).default) is float
    assert recipes.HessianFree(tolerance=five).get_config()["tolerance"] == 5.0
