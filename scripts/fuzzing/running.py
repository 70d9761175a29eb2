"""run: makes calls in processes of their own, which may crash, and keeps what came of each in a file."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["WRONG", "read", "rows", "run"]

LONGEST = 300
"""Seconds after which a call that the end of the time interrupts counts as one that hangs."""

BLOCK = 2000
"""Calls of one process: what they leave behind in Keras and TensorFlow goes with it."""


def run(
    state: Path,
    *,
    seed: int,
    first: int,
    count: int | None,
    minutes: float,
    only: Sequence[str] = (),
    again: Path | None = None,
    blocks: int = BLOCK,
) -> None:
    """Makes the calls that the state file lacks, until there are no more or the time is up.

    Args:
        state: a file of JSON lines, to which each outcome is added: the same call again goes on where it ended.
        seed: of the order of the cases.
        first, count: the numbers of the cases.
        minutes: the time.
        only: parts of the names of the calls to make; all by default.
        again: the state file of an earlier run, whose wrong calls are made instead of all.
        blocks: calls of one process.
    """
    until = time.time() + 60 * minutes
    context = multiprocessing.get_context("spawn")
    while time.time() < until:
        done = len(read(state))
        begun = _begun(state)
        worker = context.Process(target=work, args=(state, seed, first, count, until, tuple(only), again, blocks))
        worker.start()
        worker.join(max(1.0, until + 120 - time.time()))
        if worker.is_alive():  # the time is up, or a call that no signal interrupts
            within_its_time = time.time() - state.stat().st_mtime < LONGEST
            worker.kill()
            worker.join()
            if within_its_time:
                break
        crashed = _begun(state)
        if worker.exitcode and crashed is not None and crashed != begun:
            _append(
                state,
                {
                    **crashed,
                    "result": "hang" if worker.exitcode < 0 else "foreign",
                    "kind": f"exit status {worker.exitcode}",
                    "message": "",
                },
            )
        elif worker.exitcode or len(read(state)) == done:
            break


def work(
    state: Path,
    seed: int,
    first: int,
    count: int | None,
    until: float,
    only: Sequence[str],
    again: Path | None,
    blocks: int,
) -> None:
    """Makes the next calls."""
    quiet()
    from .cases import Case, all_cases, outcome
    from .world import World

    known = {entry["number"] for entry in read(state)}
    drawn = all_cases(seed) if again is None else _wrong(again, Case)
    cases = list(enumerate(drawn))[first : None if count is None else first + count]
    left = [
        (number, case)
        for number, case in cases
        if number not in known and (not only or any(part in str(case) for part in only))
    ]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        world = World(Path(folder))
        for number, case in left[:blocks]:
            if time.time() > until:
                break
            entry = {"number": number, **vars(case)}
            _append(state, entry)
            start = time.perf_counter()
            verdict = outcome(case, world)
            _append(state, {**entry, **vars(verdict), "seconds": round(time.perf_counter() - start, 3)})
        os.chdir("/")


def quiet() -> None:
    """Settings of a process that makes calls: models are not compiled, pictures not drawn on a screen."""
    os.environ.update(
        TF_CPP_MIN_LOG_LEVEL="3", ABSL_MIN_LOG_LEVEL="3", MPLBACKEND="Agg", XDG_CACHE_HOME=tempfile.mkdtemp()
    )
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    tf.get_logger().setLevel("ERROR")
    from recipes.report import plots

    plots.save_plots = lambda *arguments: []  # type: ignore[assignment]


def _append(state: Path, entry: dict[str, Any]) -> None:
    with open(state, "a") as file:
        file.write(json.dumps(entry) + "\n")


def _entries(state: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in state.read_text().splitlines()] if state.exists() else []


def _begun(state: Path) -> dict[str, Any] | None:
    """The call that was begun and has no outcome."""
    entries = _entries(state)
    return entries[-1] if entries and "result" not in entries[-1] else None


def _wrong(state: Path, make: Callable[..., Any]) -> list[Any]:
    """The calls in a state file that were neither right nor refused, each once."""
    names = ("surface", "name", "argument", "value")
    wrong = [tuple(entry[name] for name in names) for entry in read(state) if entry["result"] in WRONG]
    return [make(*case) for case in dict.fromkeys(wrong)]


def read(state: Path) -> list[dict[str, Any]]:
    """The outcomes in a state file."""
    return [entry for entry in _entries(state) if "result" in entry]


RESULTS = ("right", "refused", "unclear", "foreign", "exotic", "senseless", "hang")
WRONG = ("unclear", "foreign", "senseless", "hang")


def rows(outcomes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table: how the calls of each name ended, then each kind of fault with an example."""
    by_name: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    faults: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in outcomes:
        for name in (entry["name"], "all"):
            by_name[entry["surface"], name][entry["result"]] += 1
        if entry["result"] not in ("right", "refused"):
            faults[entry["result"], entry["kind"]].append(entry)
    table = [
        {
            "what": surface,
            "name": name,
            "calls": sum(counts.values()),
            **{result: counts[result] for result in RESULTS},
            "example": "",
        }
        for (surface, name), counts in sorted(by_name.items())
    ]
    for (result, kind), entries in sorted(faults.items(), key=lambda item: -len(item[1])):
        entry = entries[0]
        example = f"{entry['name']}({entry['argument']}={entry['value'][:60]}): {entry['message'][:200]}"
        table.append(
            {
                "what": result,
                "name": kind,
                "calls": len(entries),
                **dict.fromkeys(RESULTS, 0),
                result: len(entries),
                "example": " ".join(example.encode("ascii", "backslashreplace").decode().split()),
            }
        )
    return table
