"""Which results were measured before the code they measure changed. The command is ``scripts/results_status``."""

from __future__ import annotations

import argparse
import ast
import collections
import csv
import json
from dataclasses import dataclass
from pathlib import Path

from .history import History
from .measured_code import MEASURED_CODE

__all__ = ["Measurement", "Staleness", "main", "measurements", "staleness"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measurement:
    """Rows of a results file that one command has written.

    ``commit`` is that of the code; ``changed`` says whether there were uncommitted changes, which nobody knows now.
    """

    commit: str
    changed: bool
    command: str
    rows: int | None


def measurements(path: Path) -> list[Measurement]:
    """The measurements in a CSV file with the columns ``commit`` and ``command``, or in the folder of a search."""
    if path.is_dir():
        (stored,) = (path / name for name in ("environment.json", "bench.json") if (path / name).is_file())
        fields = json.loads(stored.read_text(encoding="utf-8"))
        rows = {(fields["commit"], fields["command"]): None}
    else:
        with open(path, newline="", encoding="utf-8") as file:
            rows = collections.Counter((row["commit"], row["command"]) for row in csv.DictReader(file))
    return [
        Measurement(commit.removesuffix("+"), commit.endswith("+"), command, n) for (commit, command), n in rows.items()
    ]


def current_command(command: str, root: Path = ROOT) -> str:
    """A stored command with the paths that the scripts have today."""
    words = command.split(" ")
    return " ".join(_path_of(word, root) or word for word in words)


def _path_of(word: str, root: Path) -> str | None:
    """Today's path of a script, or None for a word that is none."""
    if not (word.startswith("scripts/") and word.endswith(".py")):
        return None
    places = sorted((root / "scripts").rglob(Path(word).name))
    return places[0].relative_to(root).as_posix() if len(places) == 1 else None


def scripts_of(command: str, root: Path = ROOT) -> tuple[str, ...]:
    """The script of a stored command and the modules of ``scripts/support`` that it imports, as paths."""
    paths: list[str] = [path for word in command.split(" ") if (path := _path_of(word, root))]
    for path in paths:  # grows
        for node in ast.walk(ast.parse((root / path).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom):
                continue
            module = (node.module or "").removeprefix("support").strip(".")
            inside = node.level == 1 or (node.module or "").split(".")[0] == "support"
            for name in [module] if module else [alias.name for alias in node.names]:
                imported = f"scripts/support/{name}.py"
                if inside and imported not in paths and (root / imported).is_file():
                    paths.append(imported)
    return tuple(path for path in paths if path != "scripts/support/results.py")  # writes the rows, measures nothing


@dataclass(frozen=True)
class Staleness:
    """What has changed since a measurement."""

    measurement: Measurement
    date: str | None  # of the commit; None if this clone does not have it
    changed: tuple[str, ...]  # paths
    files: int  # that are measured

    @property
    def is_stale(self) -> bool:
        return self.date is None or bool(self.changed)

    def __str__(self) -> str:
        commit = self.measurement.commit
        if self.date is None:
            return f"commit {commit}, which this clone does not have"
        uncommitted = " and uncommitted changes" if self.measurement.changed else ""
        share = f"{len(self.changed)} of {self.files} files have changed since"
        return f"{self.date}, commit {commit}{uncommitted}: {share}: {', '.join(self.changed)}"


def staleness(name: str, history: History) -> list[Staleness]:
    """What has changed since each measurement of a results file.

    Args:
        name: a key of MEASURED_CODE.
        history: that of the repository.
    """
    result = []
    for measurement in measurements(history.root / "results" / name):
        paths = (*MEASURED_CODE[name], *scripts_of(measurement.command, history.root))
        date = history.date(measurement.commit)
        changed = () if date is None else history.changed(measurement.commit, paths)
        files = {*history.files(paths), *changed}
        result.append(Staleness(measurement, date, tuple(changed), len(files)))
    return result


def _line(name: str, found: list[Staleness]) -> str:
    """A results file in one line."""
    stale = [item for item in found if item.is_stale]
    rows, all_rows = (sum(item.measurement.rows or 0 for item in items) for items in (stale, found))
    share = f"{rows} of {all_rows} rows, " if all_rows else ""
    most = max(stale, key=lambda item: len(item.changed))
    dates = sorted({item.date or "unknown" for item in stale})
    return f"{name}: {share}{dates[0]}; {len(most.changed)} of {most.files} files have changed since"


def main() -> None:
    """Prints the stale results with the commands that measure them again."""
    parser = argparse.ArgumentParser(
        prog="scripts/results_status",
        description="Which results were measured before the code they measure changed, and the commands to measure "
        "again (DIR stands for a folder). The code of each is listed in scripts/support/measured_code.py.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file or folder below results/, to see all of it")
    chosen = [name.rstrip("/").removeprefix("results/") for name in parser.parse_args().names]
    unknown = sorted(set(chosen) - set(MEASURED_CODE))
    if unknown:
        parser.error(f"not in scripts/support/measured_code.py: {', '.join(unknown)}")
    history, current = History(ROOT), []
    names = chosen or list(MEASURED_CODE)
    for name in names:
        found = staleness(name, history)
        stale = [item for item in found if item.is_stale]
        if not stale:
            current.append(name)
            continue
        print(_line(name, found))
        if chosen:
            for item in stale:
                print(f"  {item}\n    {current_command(item.measurement.command, history.root)}")
        elif len(stale) == 1:
            print(f"    {current_command(stale[0].measurement.command, history.root)}")
        else:
            print(f"    {len(stale)} commands: scripts/results_status {name}")
    if current:
        print(f"Measured with the code of today: {', '.join(current)}")
    print(f"{len(names) - len(current)} of {len(names)} results have rows from before the code they measure changed.")
