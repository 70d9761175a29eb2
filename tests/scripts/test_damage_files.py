"""A sample of the damages of ``scripts/measure/damage_files.py``, on the stored search of the quickstart."""

import shutil
from pathlib import Path

import pytest

from recipes.stored.json_files import write_json
from recipes.tuning.environment_file import read_environment
from recipes.tuning.ledger import line_of, read_records
from recipes.tuning.settings import read_settings
from scripts.measure.damage_files import examine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def search(tmp_path):
    """The stored search, six of its trainings, as this version writes it."""
    folder = tmp_path / "search"
    shutil.copytree(ROOT / "results" / "quickstart", folder)
    write_json(folder / "settings.json", read_settings(folder))
    write_json(folder / "environment.json", read_environment(folder))
    records = list(read_records(folder)[0].values())
    kept = [record for record in records if record.arm == "adam+dropout+mlp"]
    (folder / "trainings.jsonl").write_text("".join(f"{line_of(record)}\n" for record in kept))
    return folder


def test_damage_is_unchanged_older_or_refused(search, capsys):
    rows = examine("search", search, 20, 0, seed=1)
    assert sum(row["tried"] for row in rows) == 80
    assert [row for row in rows if row["wrong_values"] or row["tracebacks"] or row["hangs"]] == [], capsys.readouterr()
    assert sum(row["refused"] for row in rows) > 40


@pytest.mark.thorough
def test_forged_files_are_results_or_refused(search, capsys):
    rows = examine("search", search, 1, 15, seed=1)
    assert [row for row in rows if row["wrong_values"] or row["tracebacks"] or row["hangs"]] == [], capsys.readouterr()
