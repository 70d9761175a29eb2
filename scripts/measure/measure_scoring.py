"""Speed and memory of scoring files: `Predictor.predict_files` on 100,000 and 1,000,000 rows.

    python scripts/measure/measure_scoring.py --rows 100000 1000000

Trains two small models, of a table of ten numbers and of a record of numbers, categories and missing values, and makes
files of these sizes in a temporary folder. Each is scored into a CSV file, with its id kept, by a process of its own.
Writes ``results/scoring.csv``, one row per file: the rows a second, reading and writing included, by the clock, which
counts what else the machine does, and by the processor; and the peak of the process's resident memory, sampled 50 times
a second, above what it is when the model is loaded and has answered once. Two sizes show whether it grows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, results_path, write_results

sys.path.insert(0, str(ROOT))

import numpy as np
import pandas as pd

BLOCK = 50_000
"""Rows made at a time."""
COLUMNS = 10
TOWNS = np.array(["Ulm", "Köln", "Bonn", "Hamm, West"])


def numbers(start: int, count: int) -> pd.DataFrame:
    """A table of numbers."""
    random = np.random.default_rng(start)
    table = {f"x{k}": random.normal(k, 1 + k, count).round(4) for k in range(COLUMNS)}
    return pd.DataFrame({"id": np.arange(start, start + count), **table})


def record(start: int, count: int) -> pd.DataFrame:
    """Numbers, some of them missing, categories and booleans."""
    random = np.random.default_rng(start)
    table: dict[str, Any] = {f"x{k}": random.normal(k, 1 + k, count).round(3) for k in range(4)}
    table["x0"] = np.where(random.random(count) < 0.05, np.nan, table["x0"])
    table |= {"town": TOWNS[random.integers(0, len(TOWNS), count)], "flag": random.random(count) < 0.2}
    table["product"] = np.char.add("article ", random.integers(0, 200, count).astype(str))
    return pd.DataFrame({"id": np.arange(start, start + count), **table})


KINDS = {"table": numbers, "record": record}
FILES = [("table", "csv"), ("record", "csv"), ("table", "parquet"), ("record", "jsonl")]


def write_file(path: Path, kind: str, rows: int) -> None:
    """Writes a file block by block."""
    blocks = (KINDS[kind](start, min(BLOCK, rows - start)) for start in range(0, rows, BLOCK))
    if path.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        first = pa.Table.from_pandas(next(blocks), preserve_index=False)
        with parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            for block in blocks:
                writer.write_table(pa.Table.from_pandas(block, preserve_index=False))
        return
    with open(path, "w", encoding="utf-8") as file:
        for number, block in enumerate(blocks):
            if path.suffix == ".csv":
                block.to_csv(file, index=False, header=not number)
            else:
                block.to_json(file, orient="records", lines=True, force_ascii=False)


def export_model(kind: str, folder: Path) -> str:
    """Exports a small model, hardly trained."""
    import recipes

    frame = KINDS[kind](0, 2_000)
    y = np.where(frame["x1"] + np.random.default_rng(0).normal(0, 2, len(frame)) > 1, "yes", "no")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = recipes.Data.from_arrays(frame.drop(columns="id"), y)
        run = recipes.fit(data, recipes.Recipe(learning_rate=0.01), epochs=1, verbose=0)
    return recipes.export(run, folder)


def resident_mib() -> float:
    """The resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def measure(model: str, path: Path) -> dict[str, Any]:
    """Scores one file; runs in a process of its own."""
    import recipes

    warnings.simplefilter("ignore")
    predictor = recipes.Predictor(model)
    small = path.with_name(f"small{path.suffix}")
    write_file(small, path.stem.split("_")[0], 5_000)
    predictor.predict_files(small, path.with_name("warm.csv"), keep=["id"], overwrite=True)
    before, peak, done = resident_mib(), 0.0, threading.Event()

    def sample() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, resident_mib())

    sampler = threading.Thread(target=sample)
    sampler.start()
    processor, start = time.process_time(), time.perf_counter()
    count = predictor.predict_files(path, path.with_name("scores.csv"), keep=["id"], overwrite=True)
    seconds, of_processor = time.perf_counter() - start, time.process_time() - processor
    done.set()
    sampler.join()
    return {
        "rows": count,
        "rows_a_second": round(count / seconds),
        "rows_a_processor_second": round(count / of_processor),
        "peak_mib": round(peak - before, 1),
        "before_mib": round(before),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the files")
    choices = [f"{kind}.{suffix}" for kind, suffix in FILES]
    parser.add_argument("--only", nargs="+", choices=choices, default=choices, help="files; the rows of others stay")
    parser.add_argument("--file", nargs=2, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.file is not None:
        print(json.dumps(measure(options.file[0], Path(options.file[1]))))
        return
    rows: list[dict[str, Any]] = []
    earlier = results_path("scoring")
    kept = pd.read_csv(earlier).to_dict("records") if options.only != choices else []
    kept = [row for row in kept if f"{row['inputs']}.{row['file']}" not in options.only]
    with tempfile.TemporaryDirectory() as folder:
        models = {kind: export_model(kind, Path(folder, kind)) for kind in KINDS}
        for kind, suffix in (pair for pair in FILES if ".".join(pair) in options.only):
            for count in options.rows:
                path = Path(folder, f"{kind}_rows.{suffix}")
                write_file(path, kind, count)
                command = [sys.executable, __file__, "--file", models[kind], str(path)]
                environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(done.stderr[-3000:])
                megabytes = round(path.stat().st_size / 1e6, 1)
                rows.append({"inputs": kind, "file": suffix, "megabytes": megabytes})
                rows[-1] |= json.loads(done.stdout.splitlines()[-1])
                print(rows[-1], flush=True)
                path.unlink()
                write_results("scoring", rows, kept)


if __name__ == "__main__":
    main()
