"""Which results are stale: what counts as a change of the code that they measure, in a small repository."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.support import results_status
from scripts.support.history import History
from scripts.support.meaning import meaning
from scripts.support.measured_code import MEASURED_CODE
from scripts.support.results_status import Measurement, Staleness, current_command, measurements, scripts_of, staleness

ROOT = Path(__file__).parents[2]
HEADER = "score,commit,command\n"


def test_every_results_file_says_what_it_measures():
    files = {path.name for path in (ROOT / "results").iterdir()}
    assert set(MEASURED_CODE) == files
    missing = {path for paths in MEASURED_CODE.values() for path in paths if not (ROOT / path).exists()}
    assert not missing


def test_how_each_was_measured_is_known():
    for name in MEASURED_CODE:
        for measurement in measurements(ROOT / "results" / name):
            assert re.fullmatch("[0-9a-f]{12}", measurement.commit)
            program, script = current_command(measurement.command).split()[:2]
            assert program == "recipes" or (program == "python" and (ROOT / script).is_file()), measurement.command


def test_what_a_script_imports_counts():
    command = "python scripts/measure_defaults.py --splits 5"
    paths = scripts_of(command)
    assert paths[0] == "scripts/measure/measure_defaults.py"
    assert {"scripts/support/tables.py", "scripts/support/ranks.py", "scripts/support/peers.py"} <= set(paths)
    assert scripts_of("recipes search digits") == ()
    assert current_command(command) == "python scripts/measure/measure_defaults.py --splits 5"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1  # one"),
        ("def f(a): return a", '"""Text."""\nimport math\n\ndef f(a: int) -> int:\n    """Text."""\n    return a'),
        ("f(1,\n  2)", "f(1, 2)"),
    ],
)
def test_what_results_do_not_depend_on(one, other):
    assert meaning(one) == meaning(other)
    assert meaning(one) != meaning(other.replace("1", "3").replace("return a", "return -a"))


class Repository(NamedTuple):
    folder: Path
    commit: Callable[..., str]  # files and their new text, or None to delete; returns the commit
    status: Callable[[list[str]], list[Staleness]]  # of a results file with a row of each commit
    text: str  # of a file that is long enough to be found under another name


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose ``results/it.csv`` measures the folder ``code`` and a file."""

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        run = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return run.stdout.strip()

    def commit(**files):
        for name, text in files.items():
            path = tmp_path / "code" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.unlink() if text is None else path.write_text(text)
        git("add", ".")
        git("commit", "--quiet", "-m", "change")
        return git("rev-parse", "--short=12", "HEAD")

    def status(commits):
        rows = "".join(f"1,{name},python scripts/measure_it.py\n" for name in commits)
        (tmp_path / "results" / "it.csv").write_text(HEADER + rows)
        return staleness("it.csv", History(tmp_path))

    git("init", "--quiet")
    (tmp_path / "results").mkdir()
    (tmp_path / "scripts").mkdir()
    monkeypatch.setitem(MEASURED_CODE, "it.csv", ("code", "one.py"))
    (tmp_path / "one.py").write_text("y = 1\n")
    text = "".join(f"def f{i}(x):\n    return x + {i}\n\n\n" for i in range(9))
    return Repository(tmp_path, commit, status, text)


def test_changes_of_measured_code_are_found(repository):
    _, commit, status, text = repository
    first = commit(a=text, b="x = 1\n", c="x = 2\n")
    assert [item.is_stale for item in status([first])] == [False]
    second = commit(b="x = 1  # a comment\n")
    assert not any(item.is_stale for item in status([first, second]))
    third = commit(b="x = 3\n")
    old, new = status([f"{first}+", first, third])[0], status([third])[0]
    assert old.changed == ("code/b.py",)
    assert not new.is_stale
    assert f"commit {first} and uncommitted changes: 1 of 4 files have changed since: code/b.py" in str(old)
    commit(c=None, d="z = 3\n")
    assert status([third])[0].changed == ("code/c.py", "code/d.py")


def test_a_renamed_file_is_the_same(repository):
    _, commit, status, text = repository
    first = commit(a=text)
    commit(a=None, renamed=f'"""Text."""\nimport math\n\n\n{text}')
    assert not status([first])[0].is_stale
    commit(renamed=text.replace("x + 8", "x - 8"))
    assert status([first])[0].changed == ("code/renamed.py",)


def test_a_commit_that_is_not_here(repository):
    _, commit, status, text = repository
    commit(a=text)
    (item,) = status(["0123456789ab"])
    assert item.is_stale
    assert "0123456789ab, which this clone does not have" in str(item)


def test_a_folder_of_a_search(tmp_path):
    stored = {"commit": "0123456789ab+", "command": "recipes search digits"}
    (tmp_path / "environment.json").write_text(json.dumps(stored))
    assert measurements(tmp_path) == [Measurement("0123456789ab", True, "recipes search digits", None)]


def test_the_command(repository, monkeypatch, capsys):
    _, commit, status, text = repository
    first = commit(a=text)
    second = commit(a=f"{text}x = 2\n")
    status([first, first, second])
    monkeypatch.setattr(results_status, "ROOT", repository.folder)

    def printed(*names):
        monkeypatch.setattr(sys, "argv", ["results_status", *names])
        results_status.main()
        return capsys.readouterr().out

    monkeypatch.setattr(results_status, "MEASURED_CODE", {"it.csv": ("code",)})
    out = printed()
    assert re.match(r"it\.csv: 2 of 3 rows, \d{4}-\d\d-\d\d; 1 of 1 files have changed since\n", out)
    assert "    python scripts/measure_it.py\n" in out
    assert out.endswith("1 of 1 results have rows from before the code they measure changed.\n")
    assert "code/a.py" in printed("results/it.csv")
    status([second])
    assert "Measured with the code of today: it.csv\n0 of 1" in printed()
    with pytest.raises(SystemExit) as left:
        printed("other.csv")
    assert left.value.code == 2
