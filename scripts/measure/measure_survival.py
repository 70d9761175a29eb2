"""A search that is killed repeatedly has the results of an undisturbed one, and trains nothing twice.

    python scripts/measure/measure_survival.py

Searches the digits with two workers, once undisturbed and once with SIGKILL sent at random moments to the main process
or to a worker; a killed main process is restarted. Then compares all records. Writes ``results/survival.csv``: one row.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

SEARCH = """
import sys, recipes
recipes.search(
    recipes.load("digits"), optimizers=["momentum", "adam", "rmsprop"], regularizers=["none", "l2", "dropout"],
    epochs=int(sys.argv[2]), trials=3, repeats=2, prune="asha", workers=2, directory=sys.argv[1], verbose=0,
)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--pause", type=float, default=20.0, help="the longest time between two kills, in seconds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, disturbed = Path(folder) / "alone", Path(folder) / "disturbed"
        start = time.perf_counter()
        started(alone, options.epochs).wait()
        undisturbed = time.perf_counter() - start
        start = time.perf_counter()
        kills = disturb(disturbed, options.epochs, options.kills, options.pause, random.Random(options.seed))
        row = {
            **kills,
            "trainings": len(records(alone)),
            "trained twice": twice(disturbed),
            "records that differ": differing(alone, disturbed),
            "same summary": summary(alone) == summary(disturbed),
            "seconds undisturbed": round(undisturbed, 1),
            "seconds disturbed": round(time.perf_counter() - start, 1),
        }
    print(row)
    print(write_results("survival", [row]))


def started(directory: Path, epochs: int) -> subprocess.Popen[bytes]:
    """Starts the main process of a search."""
    return subprocess.Popen([sys.executable, "-c", SEARCH, str(directory), str(epochs)], stderr=subprocess.DEVNULL)


def disturb(directory: Path, epochs: int, count: int, pause: float, chance: random.Random) -> dict[str, Any]:
    """Runs a search to its end with ``count`` kills; returns the number of kills by kind of process."""
    killed = {"main": 0, "worker": 0}
    process = started(directory, epochs)
    while sum(killed.values()) < count:
        try:
            code = process.wait(timeout=chance.uniform(1.0, pause))
        except subprocess.TimeoutExpired:
            workers = children(process.pid)
            if workers and chance.random() < 0.6:
                subprocess.run(["kill", "-KILL", str(chance.choice(workers))], check=False)
                killed["worker"] += 1
            else:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed["main"] += 1
                process = started(directory, epochs)
        else:
            if code:
                raise SystemExit(f"the search ended with {code}")
            break
    if process.wait():
        raise SystemExit(f"the search ended with {process.returncode}")
    return {f"kills of a {name}" if name == "worker" else "kills of the main process": n for name, n in killed.items()}


def children(pid: int) -> list[int]:
    """The workers that a process has started."""
    listing = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    lines = [line.split(maxsplit=1) for line in listing.stdout.splitlines()]
    return [int(number) for number, arguments in lines if "spawn_main" in arguments]


def lines_of(directory: Path) -> list[dict[str, Any]]:
    """The entries of a ledger."""
    return [json.loads(line) for line in (directory / "trainings.jsonl").read_text().splitlines()]


def records(directory: Path) -> dict[str, str]:
    """The finished trainings by key, without their seconds."""
    return {
        record["key"]: json.dumps({name: value for name, value in record.items() if name != "seconds"})
        for record in lines_of(directory)
    }


def twice(directory: Path) -> int:
    """The number of finished trainings that were run again."""
    return len(lines_of(directory)) - len(records(directory))


def differing(alone: Path, disturbed: Path) -> int:
    """The number of trainings that differ."""
    first, second = records(alone), records(disturbed)
    return sum(first.get(key) != second.get(key) for key in {*first, *second})


def summary(directory: Path) -> Any:
    """The summary without its seconds."""
    import pandas as pd

    table = pd.read_csv(directory / "summary.csv")
    return table.drop(columns=["seconds", "seconds_to_default"]).to_csv()


if __name__ == "__main__":
    main()
