"""Damages the files of a search, a run, an export and a bench in every way, and reads them back by every door.

Three small trainings make a search, a run and an export. Of their files bytes are changed, inserted, removed and cut
off, fields are deleted, and fields get values of other types and sizes. *Damage* leaves the checksum as it is: what is
read must be the value that was written, an older one (the search without its last training), or be refused in one line.
*Forged* files have a checksum that fits: they may say something else, but in every door (the comparison, its page, the
progress, the same search again, a merge) it must be a result or one line. Nothing may raise anything else, print a
control character, write outside of the directory, or take 15 seconds of the processor.

    python scripts/measure/damage_files.py --cases 5000 --write

Writes ``results/damaged_files.csv``, one row per file and kind of damage; the exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import hashlib
import io
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from callbacks.checks import InvalidArgument
from recipes.report.page import render_page
from recipes.saved_run import read_run
from recipes.stored.json_files import CHECKSUM, sealed
from recipes.terminal import Terminal
from recipes.tuning.benchmark import read_bench
from recipes.tuning.comparison import Comparison
from recipes.tuning.environment_file import read_environment
from recipes.tuning.kept_weights import read_weights
from recipes.tuning.ledger import Ledger, read_lines
from recipes.tuning.merging import merge_searches
from recipes.tuning.outcomes import read_outcomes
from recipes.tuning.running.watching import shown, standing
from recipes.tuning.settings import read_settings, settings_in

CLOCKS = ((signal.ITIMER_PROF, signal.SIGPROF, 15), (signal.ITIMER_REAL, signal.SIGALRM, 180))
"""The seconds of the processor, and of the clock, that one case may take."""

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
RIGHT = ("unchanged", "older", "refused")

FORGERIES = 40
"""The most forgeries of a file: those that are accepted go through every door, which takes seconds."""

VALUES: list[Any] = [
    *(None, True, -1, 0, 5.0, 1e308, float("inf"), float("nan"), 10**6, 10**40, "", "x", "cat\x1b[2J", "../../x", "\0"),
    *("x" * 5000, [], {}, [[]], {"a": 1}, ["a", 1], "nan", "auto", "1e999"),
]
"""What a field of another type or size gets."""


def make(folder: Path) -> dict[str, Path]:
    """A search, a run, an export and a bench, in folders of their names."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(90, 3)).astype("float32")
    data = recipes.Data.from_arrays(x, (x[:, 0] > 0).astype(int), class_names=("no", "yes"), batch_size=32)
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)})
    options: dict[str, Any] = {"regularizers": ["none", "l2"], "recipe": recipe, "verbose": 0}
    options |= {"epochs": 2, "trials": 2, "repeats": 2, "tunings": "once", "resplit": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recipes.search(data, optimizers=["momentum", "adam"], directory=folder / "search", keep_weights=True, **options)
        run = recipes.fit(data, recipe, epochs=2, verbose=0)
        run.save(folder / "run")
        recipes.export(run, folder / "export")
        recipes.bench([data], optimizers=["adam"], directory=folder / "bench", **options)
    shutil.rmtree(folder / "search" / "best")
    shutil.rmtree(folder / "search" / "plots")
    return {name: folder / name for name in ("search", "run", "export", "bench")}


# --- what is read ---------------------------------------------------------------------------------------------------


def digest(array: Any) -> str:
    """What is the same for the same array only."""
    array = np.asarray(array)
    return f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"


def search_values(folder: Path) -> list[Any]:
    """Settings, environment, records with their arrays; those of the last record come last."""
    lines = read_lines(folder)[0]
    arrays = []
    for key in lines:
        outcomes = read_outcomes(folder, key)
        weights = read_weights(folder, key, like=[np.zeros(2**16)])
        arrays.append([digest(array) for array in [*(vars(outcomes).values() if outcomes else ()), *(weights or ())]])
    records = [record.to_json() for _, record in lines.values()]
    return [settings_in(folder), read_environment(folder), *zip(records, arrays, strict=True)]


def run_values(folder: Path) -> list[Any]:
    """Everything that a saved run holds."""
    saved = read_run(folder)
    weights = [digest(array) for array in saved.model.get_weights()]
    facts = {name: value for name, value in saved.facts.items() if name != "sha256"}
    return [saved.recipe.to_json(), saved.spec.to_config(), saved.history, facts, digest(saved.examples), weights]


def export_values(folder: Path) -> list[Any]:
    """What an exported model answers, and its description."""
    predictor = recipes.Predictor(folder)
    return [predictor.spec.to_config(), predictor.scores(np.ones((2, 3), "float32")).tolist()]


READ: dict[str, Callable[[Path], list[Any]]] = {
    "search": search_values,
    "run": run_values,
    "export": export_values,
    "bench": lambda folder: [read_bench(folder)],
}


def doors(name: str, folder: Path) -> None:
    """Opens what may be forged by all doors."""
    if name == "bench":
        recipes.Benchmark.load(folder)
    if name != "search":
        READ[name](folder)
        return
    comparison = Comparison.load(folder)
    text = "\n".join(comparison.verdict)
    if CONTROL.search(text):
        raise RuntimeError(f"a control character in the verdict: {text!r}")
    render_page(comparison.results)
    screen = Terminal(file=io.StringIO(), width=100)
    screen.print(shown(standing(folder), 5))
    if CONTROL.search(screen.file.getvalue()):
        raise RuntimeError("a control character on the terminal")
    with Ledger(folder, read_settings(folder)):
        pass
    with contextlib.suppress(InvalidArgument):
        merge_searches(folder, folder.parent / "whole", to=folder.parent / "merged")
    shutil.rmtree(folder.parent / "merged", ignore_errors=True)


# --- damage ---------------------------------------------------------------------------------------------------------


def damaged_bytes(content: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """(kind, content) of endless damages that one byte can take."""
    while True:
        place = chance.randrange(len(content))
        other = bytes([content[place] ^ (1 << chance.randrange(8)) if chance.random() < 0.5 else chance.randrange(256)])
        yield "byte changed", content[:place] + other + content[place + 1 :]
        yield "byte removed", content[:place] + content[place + 1 :]
        yield "byte inserted", content[:place] + other + content[place:]
        yield "cut", content[:place]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields and entries."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key != CHECKSUM:
            yield (*path, key)
            yield from places(item, (*path, key))


def forged_fields(content: bytes, lines: bool, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """(kind, content) of endless forgeries: a field is deleted, or has another value; the checksum fits."""
    rows = content.decode().splitlines() if lines else [content.decode()]
    while True:
        number = chance.randrange(len(rows))
        value = json.loads(rows[number])
        path = chance.choice(list(places(value)))
        for kind in ("field deleted", "field mistyped"):
            changed = copy.deepcopy(value)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            if kind == "field deleted":
                del holder[path[-1]]
            else:
                holder[path[-1]] = chance.choice(VALUES)
            text = json.dumps(sealed(changed))
            yield kind, "\n".join([*rows[:number], text, *rows[number + 1 :], ""]).encode()


class TooLong(BaseException):
    """Not an Exception, so that nothing catches it."""


def _stop(*_: Any) -> None:
    raise TooLong


def outcome(name: str, folder: Path, forged: bool, before: list[Any]) -> str:
    """What reading a damaged directory leads to."""
    for clock, alarm, seconds in CLOCKS:
        signal.signal(alarm, _stop)
        signal.setitimer(clock, seconds)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            if forged:
                doors(name, folder)
                return "unchanged"
            values = READ[name](folder)
        if repr(values) == repr(before):
            return "unchanged"
        return "older" if repr(values) == repr(before[: len(values)]) else "wrong"
    except InvalidArgument as error:
        return "refused" if "\n" not in str(error) and not CONTROL.search(str(error)) else "several lines"
    except TooLong:
        return "hangs"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:150]} ({Path(where.filename).name}, line {where.lineno})"
    finally:
        for clock, _, _ in CLOCKS:
            signal.setitimer(clock, 0)


FILES = {
    "search": ("settings.json", "trainings.jsonl", "environment.json", "outcomes", "weights"),
    "run": ("run.json", "recipe.json", "spec.json", "history.csv", "examples.npz", "calibration.npz", "model.keras"),
    "export": ("export.json", "1/saved_model.pb", "1/variables/variables.index"),
    "bench": ("bench.json",),
}


SEALED = ("settings.json", "trainings.jsonl", "environment.json", "run.json", "export.json", "bench.json")
"""Files with a checksum of their own."""


def examine(name: str, whole: Path, cases: int, forgeries: int, seed: int) -> list[dict[str, Any]]:
    """Damages the files of one kind of directory; one row per file and kind of damage."""
    rows = []
    before = READ[name](whole)
    for entry in FILES[name]:
        if not (whole / entry).exists():  # a search keeps weights only if it is told to
            continue
        file = entry
        if (whole / entry).is_dir():
            file = next((whole / entry).iterdir()).relative_to(whole).as_posix()
        counts: dict[str, Counter[str]] = {}
        content = (whole / file).read_bytes()
        chance = random.Random(f"{seed} {name} {entry}")
        plans = [(damaged_bytes(content, chance), cases, False)]
        if Path(file).name in SEALED:
            plans.append((forged_fields(content, file.endswith("l"), chance), forgeries, True))
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, name)
            shutil.copytree(whole, folder)
            shutil.copytree(whole, folder.parent / "whole")
            for damages, count, forged in plans:
                for _, (kind, damaged) in zip(range(count), damages, strict=False):
                    (folder / file).write_bytes(damaged)
                    result = outcome(name, folder, forged, before)
                    counts.setdefault(f"{kind}{', forged' if forged else ''}", Counter())[result] += 1
                    if result not in RIGHT:
                        print(f"{name}/{entry}: {kind}: {result}", flush=True)
        for kind, count in counts.items():
            row = {"directory": name, "file": entry, "damage": kind, "bytes": len(content), "tried": count.total()}
            row |= {right: count[right] for right in RIGHT}
            hangs = count["hangs"]
            wrong = count["wrong"]
            other = count.total() - sum(count[right] for right in RIGHT) - hangs - wrong
            rows.append({**row, "wrong_values": wrong, "tracebacks": other, "hangs": hangs})
        print(f"{name}/{entry}: {time.perf_counter() - begin:.0f} s", flush=True)
    return rows


def main() -> None:
    """Examines every directory and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000, help="in all; default 5000")
    parser.add_argument("--directories", default=",".join(FILES), help="separated by commas; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the damages; default 0")
    parser.add_argument("--write", action="store_true", help="write results/damaged_files.csv")
    options = parser.parse_args()
    names = options.directories.split(",")
    forgeries = min(FORGERIES, options.cases // 100)
    files, with_checksum = sum(len(FILES[name]) for name in FILES), len(SEALED)
    damages = max(1, -(-(options.cases - forgeries * with_checksum) // files))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        for name in names:
            rows += examine(name, made[name], damages, forgeries, options.seed)
    bad = {name: sum(row[name] for row in rows) for name in ("wrong_values", "tracebacks", "hangs")}
    print(f"{sum(row['tried'] for row in rows):,} cases: {bad}")
    if options.write:
        print(write_results("damaged_files", rows))
    sys.exit(any(bad.values()))


if __name__ == "__main__":
    main()
