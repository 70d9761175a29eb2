"""Entry, Range and Catalogue."""

import pickle

import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes.activations import ACTIVATIONS
from recipes.catalogue import Catalogue, Entry, Range, UnknownName, entries_of
from recipes.initializers import INITIALIZERS
from recipes.optimizers import OPTIMIZERS


def _fruit(weight=1.0, *, ripe=True):
    return ("fruit", weight, ripe)


@pytest.fixture
def fruits():
    return Catalogue("fruit", [Entry("apple", _fruit, "Round.", "Newton"), Entry("pear", _fruit, "Long.", "Eve")])


def test_it_is_a_mapping_in_the_order_given(fruits):
    assert list(fruits) == ["apple", "pear"]
    assert len(fruits) == 2
    assert "pear" in fruits
    assert "plum" not in fruits
    assert fruits["pear"].summary == "Long."
    assert dict(fruits.items())["apple"].source == "Newton"
    assert fruits.get("plum") is None


def test_add(fruits):
    plum = fruits.add(Entry("plum", _fruit, "Blue.", "Nobody"))
    assert fruits["plum"] is plum
    assert list(fruits)[-1] == "plum"
    with pytest.raises(InvalidArgument, match=r"name must be a name that no other fruit has. Received: name='plum'"):
        fruits.add(Entry("plum", _fruit, "Blue.", "Nobody"))
    with pytest.raises(InvalidArgument, match="that no other fruit has"):
        Catalogue("fruit", [plum, plum])


def test_the_entries_of_a_folder_in_the_order_of_its_modules(tmp_path, monkeypatch):
    modules = {
        "plum": 'ENTRIES = (Entry("plum", list, "Blue.", "A"), Entry("damson", set, "Small.", "B"))',
        "apple": 'ENTRIES = (Entry("apple", functools.partial(dict, ripe=True), "Round.", "C"),)',
        "basket": "",
    }
    folder = tmp_path / "orchard"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, entries in modules.items():
        (folder / f"{name}.py").write_text(f"import functools\nfrom recipes.catalogue import Entry\n{entries}\n")
    monkeypatch.syspath_prepend(tmp_path)
    orchard = Catalogue("fruit", entries_of("orchard"))
    assert list(orchard) == ["apple", "plum", "damson"]
    assert orchard.classes == {"dict": dict, "list": list, "set": set}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aple", "unknown fruit 'aple': did you mean 'apple'? Accepted: apple, pear"),
        ("PEAR", "unknown fruit 'PEAR': did you mean 'pear'? Accepted: apple, pear"),
        ("xyz", "unknown fruit 'xyz'. Accepted: apple, pear"),
        (3, "unknown fruit 3. Accepted: apple, pear"),
        (None, "unknown fruit None. Accepted: apple, pear"),
        (["apple"], "unknown fruit ['apple']: did you mean 'apple'? Accepted: apple, pear"),
    ],
)
def test_an_unknown_name(fruits, name, message):
    for look_up in (fruits.__getitem__, fruits.build):
        with pytest.raises(UnknownName) as raised:
            look_up(name)
        assert str(raised.value) == message
        assert isinstance(raised.value, KeyError)
        assert isinstance(raised.value, ValueError)
        assert raised.value.argument == "fruit"


def test_an_unknown_name_arrives_from_another_process(fruits):
    with pytest.raises(UnknownName) as raised:
        fruits["aple"]
    again = pickle.loads(pickle.dumps(raised.value))
    assert type(again) is UnknownName
    assert str(again) == str(raised.value)
    assert again.argument == "fruit"


def test_build_passes_the_options(fruits):
    assert fruits.build("apple") == ("fruit", 1.0, True)
    assert fruits.build("apple", weight=2.0, ripe=False) == ("fruit", 2.0, False)


def test_an_unknown_option(fruits):
    with pytest.raises(InvalidArgument, match=r"fruit 'apple' must be given options that it has .*'colour'.*Received"):
        fruits.build("apple", colour="red")
    with pytest.raises(InvalidArgument, match=r"; did you mean 'weight'\?\). Received: fruit 'apple'={'wieght': 2.0}$"):
        fruits.build("apple", wieght=2.0, ripe=False)


@pytest.mark.parametrize(
    ("catalogue", "name"),
    [(c, name) for c in (OPTIMIZERS, INITIALIZERS, ACTIVATIONS) for name in c],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_every_entry_can_be_built_and_refuses_an_unknown_option(catalogue, name):
    entry = catalogue[name]
    assert entry.name == name
    assert entry.summary.endswith(".")
    assert "\n" not in entry.summary
    assert entry.source
    built = catalogue.build(name)
    kinds = (keras.optimizers.Optimizer, keras.initializers.Initializer, keras.layers.Layer)
    assert isinstance(built, kinds[("optimizer", "initializer", "activation").index(catalogue.kind)])
    with pytest.raises(InvalidArgument, match=rf"{catalogue.kind} '{name}' must be given options that it has .*colour"):
        catalogue.build(name, colour="red")
    for tunable in entry.hyperparameters:
        assert tunable.low <= tunable.default <= tunable.high or name == "sgd"
        for value in (tunable.low, tunable.high):
            made = catalogue.build(name, **{tunable.name: value})
            scaled = tunable.name == "gain" and isinstance(made, keras.initializers.VarianceScaling)  # of a variance
            seen = (made.scale / built.scale) ** 0.5 if scaled else getattr(made, tunable.name)
            assert float(seen) == pytest.approx(value)


def test_other_errors_come_through():
    def fails(value=0):
        raise (TypeError, ValueError)[value]("something else")

    catalogue = Catalogue("thing", [Entry("it", fails, "It.", "Here")])
    with pytest.raises(TypeError, match=r"^something else$"):
        catalogue.build("it", value=0)
    with pytest.raises(ValueError, match=r"^something else$"):
        catalogue.build("it", value=1)
    broken = Catalogue("thing", [Entry("it", lambda: _fruit(colour="red"), "It.", "Here")])
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        broken.build("it")
    with pytest.raises(InvalidArgument, match="learning_rate must be a number"):
        OPTIMIZERS.build("momentum", learning_rate=-1)


@pytest.mark.parametrize(
    ("fraction", "log", "linear"),
    [(0, 1e-4, 1e-4), (0.5, 1e-3, 0.00505), (1, 1e-2, 1e-2), (1 / 3, 0.000464159, 0.0034)],
)
def test_the_value_at_a_fraction(fraction, log, linear):
    assert Range("learning_rate", 1e-4, 1e-2).at(fraction) == log
    assert Range("learning_rate", 1e-4, 1e-2, log=False).at(fraction) == linear


def test_values_have_six_significant_digits():
    for fraction in (0.123456789, 0.7, 0.999):
        value = Range("strength", 1e-7, 3.0).at(fraction)
        assert type(value) is float
        assert value == float(f"{value:.6g}") == pytest.approx(1e-7 * 3e7**fraction, rel=1e-5)


def test_a_range_through_zero():
    assert Range("momentum", 0.0, 0.5, log=False).at(0.5) == 0.25
    assert Range("shift", -1.0, 1.0, log=False).at(0) == -1.0
    with pytest.raises(InvalidArgument, match=r"low must be a number > 0\. Received: low=0\.0"):
        Range("momentum", 0.0, 0.5)


@pytest.mark.parametrize("fraction", [-0.01, 1.01, "half", None])
def test_a_fraction_outside(fraction):
    with pytest.raises(InvalidArgument, match="fraction must be a number >= 0 and <= 1"):
        Range("learning_rate", 1e-4, 1e-2).at(fraction)


def test_bad_bounds():
    with pytest.raises(InvalidArgument, match=r"high must be a number > 0\.1\. Received: high=0\.1"):
        Range("learning_rate", 0.1, 0.1)
    with pytest.raises(AttributeError):
        Range("learning_rate", 0.1, 0.2).low = 0.0
