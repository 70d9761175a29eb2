"""A search whose trainings are packed: the same numbers up to rounding, and to the bit when it is resumed."""

import functools
import json

import keras
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning import packing
from recipes.tuning.protocol import Protocol
from recipes.tuning.search_files import SETTINGS, TRAININGS

pytestmark = pytest.mark.whole_epochs

OPTIONS = {
    "optimizers": ["adam"],
    "regularizers": ["dropout"],
    "epochs": 2,
    "trials": 2,
    "repeats": 2,
    "verbose": 0,
}


def records(directory):
    """The records by key, without their seconds."""
    lines = [json.loads(line) for line in (directory / TRAININGS).read_text().splitlines()]
    return {line["key"]: {name: value for name, value in line.items() if name != "seconds"} for line in lines}


@pytest.fixture(scope="module")
def searches(classes, tmp_path_factory):
    """The directories of a search with its trainings one by one, and packed."""
    directories = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recipes.tuning.run_search.export_best", lambda *_: None)
        patch.setattr("recipes.tuning.comparison.Comparison.write", lambda _: None)
        for pack in (1, 4):
            directories[pack] = tmp_path_factory.mktemp("search") / str(pack)
            recipes.search(classes, pack=pack, directory=directories[pack], **OPTIONS)
    return directories


def test_the_same_records_up_to_rounding(searches):
    alone, packed = records(searches[1]), records(searches[4])
    assert sorted(alone) == sorted(packed)
    for key, record in alone.items():
        other = packed[key]
        for name in ("seed", "split", "trial", "status", "epochs_run", "best_epoch"):
            assert other.get(name) == record.get(name), (key, name)
        assert other["values"] == pytest.approx(record["values"], rel=1e-6)
        assert other["validation_loss"] == pytest.approx(record["validation_loss"], rel=1e-4)
        if record["stage"] == "confirm":
            assert other["test_loss"] == pytest.approx(record["test_loss"], rel=1e-4)
            assert other.get("scores") == record.get("scores")


def test_how_it_was_trained_is_on_record(searches):
    settings = {pack: json.loads((searches[pack] / SETTINGS).read_text()) for pack in searches}
    assert settings[4]["pack"] == 4
    assert "pack" not in settings[1]  # as in searches of before


@pytest.mark.parametrize("kept", [pytest.param(2, marks=pytest.mark.thorough), 3])
def test_resumed_it_has_the_same_numbers_to_the_bit(classes, searches, tmp_path, kept, monkeypatch):
    monkeypatch.setattr("recipes.tuning.run_search.export_best", lambda *_: None)
    monkeypatch.setattr("recipes.tuning.comparison.Comparison.write", lambda _: None)
    lines = (searches[4] / TRAININGS).read_text().splitlines(keepends=True)
    directory = tmp_path / "search"
    directory.mkdir()
    (directory / SETTINGS).write_text((searches[4] / SETTINGS).read_text())
    (directory / TRAININGS).write_text("".join(lines[:kept]))
    recipes.search(classes, directory=directory, **OPTIONS)  # packed as before, without being told
    resumed, whole = records(directory), records(searches[4])
    for key, record in whole.items():
        resumed[key].pop("checksum", None)
        record.pop("checksum", None)
        assert resumed[key] == record


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"prune": "asha", "trials": 4, "epochs": 16}, "with pruning"),
        ({"workers": 2}, "where other processes train"),
        ({"callbacks": [keras.callbacks.TerminateOnNaN]}, "with callbacks"),
        ({"metric": "balanced_accuracy"}, "with a metric"),
    ],
    ids=["pruning", "processes", "callbacks", "metric"],
)
def test_where_trainings_cannot_be_packed(classes, tmp_path, options, reason):
    with pytest.raises(InvalidArgument, match=f"pack must be 1 {reason}"):
        recipes.search(classes, pack=4, directory=tmp_path / "search", **{**OPTIONS, **options})
    assert not (tmp_path / "search").exists()


FASTER_VECTORS = (packing.Times((1.0, 3.0), (4.0, 12.0), 2, 2, packing.SIZE, idle_places_cost=True), 160, packing.SIZE)
SLOWER_VECTORS = (packing.Times((1.0, 3.0), (40.0, 120.0), 2, 2, packing.SIZE, idle_places_cost=True), 160, 1)


@pytest.mark.parametrize(
    ("times", "repeats", "pack"),
    [
        pytest.param(*FASTER_VECTORS, marks=pytest.mark.thorough),
        pytest.param(*SLOWER_VECTORS, marks=pytest.mark.thorough),
        (packing.Times((1.0, 3.0), (1.1, 3.3), 2, 2, packing.SIZE, idle_places_cost=False), 160, packing.SIZE),
        (packing.Times((1.0, 3.0), (2.0, 6.0), 2, 2, packing.SIZE, idle_places_cost=False), 160, 1),
        pytest.param(None, 160, 1, marks=pytest.mark.thorough),
        (packing.Times((1.0, 3.0), (0.1, 0.3), 2, 2, packing.SIZE, idle_places_cost=False), 3, 1),
    ],
    ids=["faster", "slower", "faster side by side", "slower side by side", "impossible", "too few"],
)
def test_what_is_measured_decides(classes, tmp_path, monkeypatch, times, repeats, pack):
    class Decided(Exception):
        pass

    def decided(*arguments):
        raise Decided(next(argument.pack for argument in arguments if isinstance(argument, Protocol)))

    monkeypatch.setattr(packing, "measured_times", lambda *_: times)
    monkeypatch.setattr("recipes.tuning.run_search.make_settings", decided)
    options = {**OPTIONS, "repeats": repeats, "trials": 2}
    with pytest.raises(Decided) as caught:
        recipes.search(classes, directory=tmp_path / "search", **options)
    assert caught.value.args == (pack,)


@pytest.mark.parametrize(
    ("seconds", "count"),
    [pytest.param(0.01, 10, marks=pytest.mark.thorough), (0.7, 3), pytest.param(30.0, 1, marks=pytest.mark.thorough)],
)
def test_short_trainings_are_measured_several_times_in_turn(seconds, count):
    taken = {
        name: [seconds + 0.005 * ((number + late) % 7) for number in range(10)] for name, late in (("a", 0), ("b", 3))
    }
    order = []

    def training(name):
        order.append(name)
        return taken[name][order.count(name) - 1]

    quickest = packing.quickest_in_turns([functools.partial(training, name) for name in taken])
    assert quickest == [min(taken[name][:count]) for name in taken]
    assert order == ["a", "b"] * count


@pytest.mark.thorough
def test_the_measurement_is_of_a_training_and_of_a_pack(classes):
    recipe = recipes.Recipe(regularizer="none").resolved(classes.spec)
    times = packing.measured_times(classes, recipe, 4)
    assert 0 < times.one(5) < 60
    assert 0 < times.together(4, 5) < 60
    assert not times.idle_places_cost  # as of networks that are not recurrent, on processors
    cnn = recipes.Recipe(optimizer="line_search", regularizer="none").resolved(classes.spec)
    assert packing.measured_times(classes, cnn, 4) is None


@pytest.mark.thorough
def test_the_decision_is_exported_with_the_numbers_of_its_pack(classes, tmp_path):
    comparison = recipes.search(classes, pack=4, resplit=False, directory=tmp_path / "search", **OPTIONS)
    exported = json.loads((tmp_path / "search" / "best" / "export.json").read_text())
    trainings = comparison.results.stage("confirm")
    best = trainings[(trainings["arm"] == comparison.results.winner) & (trainings["seed"] == comparison.best_seed)]
    assert exported["test"]["loss"] == pytest.approx(best["test_loss"].iloc[0], rel=1e-6)
