"""The seconds that each script under examples/ takes, from start to end, and what it prints last.

    python scripts/measure/measure_examples.py [--pictures DIR]

Each script runs in a process of its own, with a picture. Writes ``results/examples.csv``, one row per script: seconds
by the clock and of the processors, and the last line of its output.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, write_results

OWN_ARGUMENT = ("plain_keras",)
"""Those whose argument is a folder for checkpoints, not a picture."""


def measured(script: Path, argument: Path) -> dict[str, object]:
    """A row of the table."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(script), str(argument)], capture_output=True, text=True, env=environment, check=False
    )
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{script.name} failed:\n{done.stderr[-3000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row = {"script": script.stem, "seconds": round(seconds, 1), "processor_seconds": round(processor, 1)}
    return {**row, "last_line": done.stdout.splitlines()[-1]}


def main() -> None:
    """Runs every script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures; by default they are thrown away")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = options.pictures or Path(folder)
        pictures.mkdir(parents=True, exist_ok=True)
        for script in sorted((ROOT / "examples").glob("*.py")):
            name = script.stem
            rows.append(measured(script, Path(folder) / name if name in OWN_ARGUMENT else pictures / f"{name}.png"))
            print(rows[-1], flush=True)
    print(write_results("examples", rows))


if __name__ == "__main__":
    main()
