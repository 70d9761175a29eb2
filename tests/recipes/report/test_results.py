"""What a comparison must bring to be reported."""

from __future__ import annotations

import dataclasses
import os
import stat
import subprocess
import sys

import pytest

import recipes.report
from callbacks.checks import InvalidArgument
from recipes.files import write_bytes
from recipes.report.how_measured import protocol


@pytest.mark.parametrize("table", ["trials", "epochs", "summary", "main_effects"])
def test_a_missing_column_is_named(results, table):
    column = getattr(results, table).columns[0]
    with pytest.raises(InvalidArgument, match=rf"^{table} must be a table with the columns {column} as well"):
        dataclasses.replace(results, **{table: getattr(results, table).drop(columns=column)})


@pytest.mark.parametrize("name", ["metric", "direction", "default_arm"])
def test_a_missing_setting_is_named(results, name):
    settings = {key: value for key, value in results.settings.items() if key != name}
    with pytest.raises(InvalidArgument, match=f"settings must be a dict with the key '{name}'"):
        dataclasses.replace(results, settings=settings)


def test_bad_values_are_refused(results):
    with pytest.raises(InvalidArgument, match="direction"):
        dataclasses.replace(results, settings=results.settings | {"direction": "up"})
    with pytest.raises(InvalidArgument, match="at least one arm"):
        dataclasses.replace(results, summary=results.summary.iloc[:0])
    with pytest.raises(InvalidArgument, match="one row per arm"):
        dataclasses.replace(results, summary=results.summary.assign(arm="same"))


def test_the_winner_is_the_decision_wherever_it_stands(make):
    found = make(("momentum", "adam"), ("none", "l2"), all_diverged=("adam+l2",))
    assert found.winner == found.summary["arm"].iloc[0]
    backwards = dataclasses.replace(found, summary=found.summary.iloc[::-1])
    assert backwards.winner == found.winner
    assert dataclasses.replace(found, summary=found.summary.assign(chosen="no")).winner is None


@pytest.mark.parametrize(
    ("regression", "margin", "size"), [(False, None, 0.005), (False, 2.0, 0.02), (True, None, ...), (True, 2.0, 2.0)]
)
def test_the_margin_is_in_units_of_the_score(make, regression, margin, size):
    results = make(("momentum",), ("none", "l2"), regression=regression, trials=1, epochs=1)
    results = dataclasses.replace(results, settings=results.settings | {"margin": margin})
    expected = 0.01 * results.row(results.reference)["test_mean"] if size is ... else size
    assert results.margin == pytest.approx(expected)


def test_levels_follow_the_settings(results):
    assert results.levels("optimizer") == results.settings["optimizers"]
    assert results.strengths == ["l2.strength", "dropout.rate", "label_smoothing.amount"]


def test_protocol_follows_the_settings(make, results):
    steps = " ".join(protocol(results))
    assert "8 trials of at most 10 epochs" in steps
    assert "with 3 fresh seeds" in steps
    assert "Dunnett" in steps
    lone = " ".join(protocol(make(seeds=1)))
    assert "Dunnett" not in lone
    assert "One seed says nothing" in lone
    diverged = int(results.trials["diverged"].sum())
    assert f"Of {len(results.trials)} trainings {diverged} diverged;" in steps
    bare = dataclasses.replace(results, settings={"metric": "accuracy", "direction": "max", "default_arm": "a"})
    assert "None" not in " ".join(protocol(bare))


def test_every_public_name_is_there_and_importing_them_is_free():
    for name in recipes.report.__all__:
        assert getattr(recipes.report, name) is not None
        assert name in dir(recipes.report)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = recipes.report.nothing
    source = recipes.report.__file__
    code = (
        "import importlib.util, sys; before = set(sys.modules);"
        f"spec = importlib.util.spec_from_file_location('report', {source!r});"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module);"
        "print([name for name in ('matplotlib', 'pandas', 'rich', 'jinja2', 'keras') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_files_are_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file"
    path.parent.mkdir()
    assert write_bytes(path, b"old") == path
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_the_protocol_tells_of_what_was_pruned_failed_and_widened(results):
    plain = " ".join(protocol(results))
    assert "best third" not in plain
    assert "decade beyond" not in plain
    status = ["failed", "pruned", "pruned", *["finished"] * (len(results.trials) - 3)]
    for rule, words in (("asha", "best third"), ("median", "below the median")):
        settings = {**results.settings, "prune": rule, "widen": True}
        told = dataclasses.replace(results, settings=settings, trials=results.trials.assign(status=status))
        steps = " ".join(protocol(told))
        assert words in steps
        assert "decade beyond" in steps
        assert "and 1 failed and 2 were pruned" in steps
