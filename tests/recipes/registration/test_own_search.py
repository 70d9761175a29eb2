"""Searches over parts of one's own, in processes and read back by a program without them."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.comparison import Comparison

from .own_parts import narrow

ROOT = Path(__file__).parents[3]


@pytest.mark.thorough
def test_a_search_over_own_parts(classes, tmp_path, monkeypatch):
    (tmp_path / "my_parts.py").write_text(Path(__file__).with_name("own_parts.py").read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("my_parts")
    options = {"optimizers": [mine.SlowLion, "momentum"], "regularizers": ["none"], "trials": 1, "repeats": 2}
    options |= {"models": [mine.wide, mine.narrow], "epochs": 1, "tunings": "once", "verbose": 0}
    found = recipes.search(classes, **options, directory=tmp_path / "search", workers=2)
    assert {row["status"] for row in found.results.trials.to_dict("records")} == {"finished"}
    alone = recipes.search(classes, **options, directory=tmp_path / "alone")
    assert alone.verdict == found.verdict
    lines = len((tmp_path / "search" / "trainings.jsonl").read_text().splitlines())
    recipes.search(classes, **options, directory=tmp_path / "search")  # nothing is left to do
    assert len((tmp_path / "search" / "trainings.jsonl").read_text().splitlines()) == lines
    read = f"import recipes; c = recipes.Comparison.load({str(tmp_path / 'search')!r}); print(*c.verdict, sep='\\n')"
    other = subprocess.run(
        [sys.executable, "-c", read],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert other.stdout.splitlines() == found.verdict, other.stderr
    assert Comparison.load(tmp_path / "search").best == found.best


def test_what_processes_cannot_import_is_refused_before_work(classes, tmp_path, monkeypatch):
    monkeypatch.setattr("recipes.tuning.running.where.available_cores", lambda: 2)

    def build(spec):
        return narrow(spec)

    with pytest.raises(
        InvalidArgument, match=r"model must be defined in a module .*, not as .*<locals>.build; or workers=1"
    ):
        recipes.search(classes, models=[build], workers=2, directory=tmp_path / "search", verbose=0)
    assert not (tmp_path / "search").exists()
