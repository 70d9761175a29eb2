"""checked: what annotations accept, and that the body of a function does not begin with anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import recipes
from callbacks.checked import checked
from callbacks.checks import InvalidArgument


@checked
def call(
    text: str = "",
    names: Sequence[str] = (),
    folder: str | os.PathLike[str] = "",  # noqa: F821 - read as text
    options: Mapping[str, Any] | None = None,
    function: Callable[..., Any] | None = None,
    layer: keras.layers.Layer | None = None,
    spec: recipes.Spec | Any = None,
    count: int = 1,
    listeners: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 1,
) -> str:
    del text, names, folder, options, function, layer, spec, count, listeners, verbose
    return "begun"


@pytest.mark.parametrize(
    "options",
    [
        {"names": ["a", "b"]},
        {"names": np.array(["a", "b"])},
        {"names": ()},
        {"folder": Path("runs")},
        {"options": {}},
        {"function": len},
        {"layer": keras.layers.Flatten()},
        {"spec": 5},
        {"count": "abc"},  # numbers are checked with their bounds, by the function
        {"listeners": [keras.callbacks.EarlyStopping()]},
        {"verbose": "auto"},
        {"verbose": 0},
    ],
)
def test_what_is_accepted(options):
    assert call(**options) == "begun"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": 5}, "text must be a string. Received: text=5"),
        ({"text": None}, "text must be a string. Received: text=None"),
        ({"names": "abc"}, "names must be a sequence of strings. Received: names='abc'"),
        ({"names": ["a", 1]}, "names must be a sequence of strings. Received: names=['a', 1]"),
        (
            {"names": np.array([["a"]])},
            "names must be a sequence of strings. Received: names=array([['a']], dtype='<U1')",
        ),
        ({"names": iter("abc")}, "names must be a sequence of strings"),
        ({"names": 5}, "names must be a sequence of strings"),
        ({"folder": 5}, "folder must be a path. Received: folder=5"),
        ({"folder": b"runs"}, "folder must be a path. Received: folder=b'runs'"),
        ({"folder": ""}, "folder must be a path, not an empty text"),
        ({"folder": "a\0b"}, r"folder must be a path without NUL characters. Received: folder='a\x00b'"),
        (
            {"folder": "caf\udce9"},
            r"folder must be text in UTF-8, without lone surrogates. Received: folder='caf\udce9'",
        ),
        ({"text": "caf\udce9"}, "text must be text in UTF-8, without lone surrogates"),
        ({"names": ["a", "caf\udce9"]}, "names must be text in UTF-8, without lone surrogates"),
        ({"folder": "x" * 300}, "folder must be a path of at most 4095 bytes, 255 in each name"),
        ({"folder": "x/" * 3000}, "folder must be a path of at most 4095 bytes, 255 in each name"),
        ({"options": [1]}, "options must be a mapping or None. Received: options=[1]"),
        ({"function": "len"}, "function must be a function or None"),
        ({"layer": "dense"}, "layer must be a Keras layer or None. Received: layer='dense'"),
        ({"listeners": None}, "listeners must be a sequence of Keras callbacks. Received: listeners=None"),
        ({"listeners": [5]}, "listeners must be a sequence of Keras callbacks"),
        ({"verbose": 3}, "verbose must be one of 0, 1, 2, 'auto', True, False. Received: verbose=3"),
        ({"verbose": np.zeros(3)}, "verbose must be one of"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument) as raised:
        call(**options)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_names_of_arguments_are_left_to_python():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        call(colour="red")
