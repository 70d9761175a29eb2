"""The grammar of choices: what is taken, in which form it is kept, and what is said of anything else."""

import json

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import choice
from recipes.catalogue import Catalogue, Entry, UnknownName


class Tree:
    """What the entries of this catalogue are made of."""

    name = "oak"

    def __init__(self, height=10.0, rings=(1, 2)):
        self.height, self.rings = height, rings

    def to_choice(self):
        return {"name": self.name, "height": self.height}


class Palm(Tree):
    """Of the kind, but in no catalogue."""

    name = "palm"


@pytest.fixture(scope="module")
def trees():
    entries = [Entry("oak", Tree, "Broad.", "Nobody"), Entry("elm", lambda height=1.0: Tree(height), "Tall.", "Nobody")]
    return Catalogue("tree", entries, objects=Tree)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("oak", "oak"),
        ("auto", "auto"),
        ({"name": "oak"}, "oak"),
        ({"name": "auto", "height": 3}, {"name": "auto", "height": 3}),
        ({"height": 3, "name": "oak"}, {"name": "oak", "height": 3}),
        ({"name": "oak", "rings": [1, 2]}, {"name": "oak", "rings": (1, 2)}),
        (Tree(3.0), {"name": "oak", "height": 3.0}),
    ],
)
def test_one_choice(trees, value, expected):
    parsed = choice.parse(trees, value, ("auto",))
    assert parsed == expected
    assert choice.parse(trees, parsed, ("auto",)) == expected
    assert choice.is_named(parsed)
    assert choice.named(choice.name_of(parsed), choice.options_of(parsed)) == expected


def test_an_object_that_is_not_of_the_catalogue_stays_what_it_is(trees):
    palm = Palm()
    assert choice.parse(trees, palm) is palm
    assert choice.build(trees, palm) is palm
    assert not choice.is_named(palm)
    assert (choice.name_of(palm), choice.options_of(palm)) == ("palm", {})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("oack(height=1)", "unknown tree 'oack': did you mean 'oak'? Accepted: auto, oak, elm"),
        ("oack", "unknown tree 'oack': did you mean 'oak'? Accepted: auto, oak, elm"),
        ({"name": "oack", "height": 1}, "unknown tree 'oack': did you mean 'oak'? Accepted: auto, oak, elm"),
        ({"name": ["oak"]}, "unknown tree ['oak']: did you mean 'oak'? Accepted: auto, oak, elm"),
        (
            Tree,
            f"unknown tree {Tree!r}: one of your own gets a name by recipes.register('tree', NAME, CLASS). "
            "Accepted: auto, oak, elm",
        ),
        (None, "unknown tree None. Accepted: auto, oak, elm"),
        (5, "unknown tree 5. Accepted: auto, oak, elm"),
    ],
)
def test_what_is_no_choice(trees, value, message):
    with pytest.raises(UnknownName) as raised:
        choice.parse(trees, value, ("auto",))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("none", ()),
        (None, ()),
        ((), ()),
        ({"name": "none"}, ()),
        ("oak", ("oak",)),
        (" oak + elm ", ("oak", "elm")),
        (["elm", {"name": "oak", "height": 2}], ("elm", {"name": "oak", "height": 2})),
        (Tree(2.0), ({"name": "oak", "height": 2.0},)),
    ],
)
def test_several(trees, value, expected):
    parsed = choice.parse_several(trees, value)
    assert parsed == expected
    assert choice.parse_several(trees, parsed) == expected
    joined = choice.join_names(parsed)
    assert choice.split_names(joined) == [choice.name_of(each) for each in parsed]
    assert (joined == "none") == (not parsed)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nune", "unknown tree 'nune': did you mean 'none'? Accepted: none, oak, elm"),
        ("oak+none", "unknown tree 'none'. Accepted: oak, elm"),
        ("oak+", "unknown tree ''. Accepted: oak, elm"),
        ("oak+oak", "tree must be given each tree at most once. Received: tree='oak+oak'"),
        (["elm", "oak", Tree()], "tree must be given each tree at most once. Received: tree='elm+oak+oak'"),
    ],
)
def test_several_that_are_refused(trees, value, message):
    with pytest.raises(InvalidArgument) as raised:
        choice.parse_several(trees, value)
    assert str(raised.value) == message


def test_a_mapping_without_a_name(trees):
    with pytest.raises(
        InvalidArgument, match=r"tree must be a name, or a mapping with one: .* Received: tree={\'height"
    ):
        choice.parse(trees, {"height": 2.0})


def test_build(trees):
    assert choice.build(trees, "oak").height == 10.0
    assert choice.build(trees, {"name": "oak", "height": 2.0}, height=3.0, rings=()).height == 2.0
    with pytest.raises(InvalidArgument, match="tree 'oak' must be given options that it has"):
        choice.build(trees, {"name": "oak", "leaves": 3})


@pytest.mark.parametrize(
    "value",
    ["oak", {"name": "oak", "rings": (1, 2)}, ("oak", {"name": "elm", "height": 2.0}), (), 0.5, None, True],
)
def test_json(value):
    assert choice.from_json(json.loads(json.dumps(choice.to_json("tree", value)))) == (
        {**value, "rings": [1, 2]} if isinstance(value, dict) else value  # parse makes a tuple of it again
    )


def test_json_of_objects():
    initializer = keras.initializers.HeNormal(seed=3)
    again = choice.from_json(json.loads(json.dumps(choice.to_json("initializer", initializer))))
    assert again.get_config() == initializer.get_config()
    assert choice.to_json("x", {"name": "a", "b": np.float32(0.5)}) == {"name": "a", "b": 0.5}
    with pytest.raises(InvalidArgument, match=r"tree\['height'\] must be a name, a mapping or a Keras object"):
        choice.to_json("tree", {"name": "oak", "height": Tree()})


def test_equal_choices_have_one_identity():
    one, other = keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)
    assert one.name != other.name
    assert choice.identity(one) == choice.identity(other) != choice.identity(keras.optimizers.Adam(0.2))
    tree = Tree()
    assert choice.identity(tree) == choice.identity(tree) != choice.identity(Tree())


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("oak", "oak", {}),
        ("oak()", "oak", {}),
        (" oak( height = 3 , old=True )", "oak", {"height": 3, "old": True}),
        (
            "oak(leaves=(300, 100), kind='a+b, c', root=None)",
            "oak",
            {"leaves": (300, 100), "kind": "a+b, c", "root": None},
        ),
    ],
)
def test_text(text, name, options):
    assert (choice.name_of(text), choice.options_of(text)) == (name, options)
    written = choice.text_of(text)
    assert (choice.name_of(written), choice.options_of(written)) == (name, options)
    assert choice.text_of({"name": name, **options}) == written
    assert choice.split_names(f"{text}+elm") == [text.strip(), "elm"]


@pytest.mark.parametrize(
    "text", ["oak(", "oak(3)", "oak(height=nan)", "oak(height=3) elm", "oak(**{})", "oak(height=)"]
)
def test_text_that_is_no_choice(trees, text):
    with pytest.raises(InvalidArgument, match="choice must be a name with options, such as"):
        choice.parse(trees, text)


def test_a_text_without_quotes_among_the_options(trees):
    with pytest.raises(InvalidArgument, match="choice must be with texts in quotes: height='tall'"):
        choice.parse(trees, "oak(width=3, height=tall)")
