import random
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.data.strings.automaton import Automaton
from recipes.data.strings.string_codes import END, codes_of

CODES = {END: 0, **{character: place + 1 for place, character in enumerate("abAB01 \t")}}
UNKNOWN = 20


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "a+b?",
            "(?:ab|a|b1)*",
            "a{2,3}b{2}",
            "[ab]*1",
            "[0-1]{1,2}(?:a|b{0,2}a)?",
            r"\s*a\s*",
            "(a|(b|1)+)0?",
            "a|",
            "",
        ),
        *("(?:a?b){0,2}", "(?:a*b*)*1", "[0a-b]+ ?"),
    ],
)
def test_strings_match_as_in_python(pattern):
    draw = random.Random(0)
    texts = ["".join(draw.choices("abAB01 \tx", k=draw.randint(0, 6))) for _ in range(4000)]
    expected = [re.fullmatch(pattern, text, re.IGNORECASE) is not None for text in texts]
    assert 0 < sum(expected) < len(texts)
    found = Automaton(pattern, CODES, UNKNOWN).matches(codes_of(texts, CODES, UNKNOWN, 7), np)[:, 0]
    assert [text for text, one, other in zip(texts, expected, found, strict=True) if one != other] == []


def test_a_model_holds_the_table_once():
    inputs = keras.Input((20,), dtype="int32")
    automaton = Automaton("[ab]+ [ab]+", CODES, UNKNOWN)
    model = keras.Model(inputs, automaton.matches(inputs, keras.ops))
    graph = tf.function(model).get_concrete_function(tf.TensorSpec((None, 20), tf.int32)).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    sizes = [tf.make_ndarray(node.attr["value"].tensor).size for node in nodes if node.op == "Const"]
    assert sum(size > 20 for size in sizes) == 1
    codes = codes_of(["ab ba", "ab"], CODES, UNKNOWN, 20)
    assert model(codes).numpy().tolist() == automaton.matches(codes, np).tolist() == [[True], [False]]


def test_a_string_without_its_end_does_not_match():
    codes = codes_of(["aaa", "aa"], CODES, UNKNOWN, 3)
    assert Automaton("a+", CODES, UNKNOWN).matches(codes, np).tolist() == [[False], [True]]


@pytest.mark.parametrize("pattern", [r"(a)\1", "^a", "a(?=b)", "[^a]", r"\d", "a.", "a+?"])
def test_what_is_not_supported_is_an_error(pattern):
    with pytest.raises(re.error, match="not supported"):
        Automaton(pattern, CODES, UNKNOWN)
