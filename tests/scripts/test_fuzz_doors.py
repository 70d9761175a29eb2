"""Random datasets through every way in, a few of them; and that the fuzz would see a difference."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import recipes
from scripts.fuzz_doors import Tally, examine
from scripts.support.doors import difference, outcomes
from scripts.support.random_tables import INPUTS, TARGETS, random_table, target_columns


@pytest.fixture
def failures(tmp_path, monkeypatch):
    """``failures(numbers, train, export)``: what fails of these datasets."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def found(numbers, train=False, export=False):
        tally = Tally()
        for number in numbers:
            folder = tmp_path / str(number)
            folder.mkdir()
            examine(random_table(number), folder, tally, train=lambda data: train, export=export)
        return tally.failures

    return found


def test_every_way_in_gives_the_same_data(failures):
    assert failures(range(3000, 3012)) == []


@pytest.mark.thorough
def test_every_way_in_gives_the_same_data_and_numbers(failures):
    assert failures(range(100), train=True) == []


@pytest.mark.thorough
def test_every_door_of_an_export_gives_the_same_answers(failures):
    numbers = [number for number in range(60) if random_table(number).test]
    assert failures(numbers[:4], export=True) == []


def test_every_kind_can_be_drawn():
    random = np.random.default_rng(0)
    for _, make in INPUTS.values():
        assert len(make(random, 40).values) == 40
    for kind in TARGETS:
        assert {len(column) for column in target_columns(kind, random, 40)[0]} == {40}


def test_a_number_makes_the_same_dataset_again():
    first, again = random_table(7), random_table(7)
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert str(first) == str(again)


def test_a_difference_of_one_value_is_seen():
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.array(["x", "y", "z"])[np.arange(40) % 3]})
    y = np.arange(40) % 2
    data = recipes.Data.from_arrays(frame, y)
    assert difference(data, recipes.Data.from_arrays(frame[["b", "a"]], y)) == ""
    other = frame.copy()
    other.loc[:, "a"] = other["a"].where(other.index != 3, 4.5)
    assert "'a'" in difference(data, recipes.Data.from_arrays(other, y))
    other = frame.assign(b=frame["b"].replace("z", "two"))
    assert "'b'" in difference(data, recipes.Data.from_arrays(other, y))
    assert "task" in difference(data, recipes.Data.from_arrays(frame, y.astype(float), task="regression"))


def test_errors_of_other_kinds_and_foreign_warnings_are_faults(tmp_path, monkeypatch):
    table = dataclasses.replace(random_table(2), test=0)
    monkeypatch.setattr("scripts.support.doors.recipes.load", lambda *args, **options: {}["x"])
    made = outcomes(table, tmp_path)
    assert made["read"]["CSV"].fault.startswith("KeyError")
    assert made["read"]["frame of the CSV"].fault == ""
