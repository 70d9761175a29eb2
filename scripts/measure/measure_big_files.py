"""Memory and speed with files that are read from disk: CSV and Parquet tables, and a folder of images.

    python scripts/measure/measure_big_files.py --gigabytes 0.25 2

Makes files of these sizes in a temporary folder, loads each with ``memory=0``, so that it is decoded once and read from
disk, and trains some steps; every file in a process of its own. Writes ``results/big_files.csv``, one row per file: the
seconds of decoding, the records a second in shuffled batches (without a model, and in training), and the peak of the
process's memory above what the imports take. Two sizes show whether the peak grows with the file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))

import numpy as np

BLOCK = 100_000
"""Rows made at a time."""
STEPS = 300
SIDE = 96
"""Height and width of the images."""
TOWNS = np.array(["Ulm", "Köln", "Bonn", "Jena", "Hamm, West"], object)


def numbers(seed: int) -> dict[str, np.ndarray]:
    """A block of 20 columns of numbers and a target."""
    random = np.random.default_rng(seed)
    table = {f"x{k}": random.normal(k, 1 + k, BLOCK).round(4) for k in range(20)}
    table["target"] = np.where(table["x0"] + random.normal(size=BLOCK) > 0, "yes", "no")
    return table


def record(seed: int) -> dict[str, np.ndarray]:
    """A block of numbers with missing ones, whole numbers, booleans, categories and a target."""
    random = np.random.default_rng(seed)
    table: dict[str, np.ndarray] = {}
    for k in range(8):
        values = random.normal(k, 1 + k, BLOCK).round(4)
        values[random.random(BLOCK) < 0.05] = np.nan
        table[f"x{k}"] = values
    table |= {f"count{k}": random.integers(0, 10 ** (k + 1), BLOCK) for k in range(4)}
    table |= {f"flag{k}": random.random(BLOCK) < 0.2 for k in range(2)}
    table |= {f"town{k}": TOWNS[random.integers(0, len(TOWNS), BLOCK)] for k in range(3)}
    table["product"] = np.array([f"article {number}" for number in random.integers(0, 5_000, BLOCK)], object)
    table["target"] = np.where(table["count0"] + random.normal(size=BLOCK) > 5, "yes", "no")
    return table


def table_of(columns: dict[str, np.ndarray]) -> Any:
    """The block as an Arrow table, without the missing numbers."""
    import pyarrow

    return pyarrow.table({name: pyarrow.array(values, from_pandas=True) for name, values in columns.items()})


def write_csv(path: Path, size: float, block: Callable[[int], dict[str, np.ndarray]]) -> int:
    """Writes blocks until the file has this size; returns the number of rows."""
    from pyarrow import csv

    count = 0
    with open(path, "wb") as file:
        while file.tell() < size:
            csv.write_csv(table_of(block(count)), file, csv.WriteOptions(include_header=not count))
            count += 1
    return count * BLOCK


def write_parquet(path: Path, size: float, block: Callable[[int], dict[str, np.ndarray]]) -> int:
    """Writes row groups, one a block, until the file has this size; returns the number of rows."""
    from pyarrow import parquet

    table, count = table_of(block(0)), 1
    with parquet.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        while path.stat().st_size < size:
            writer.write_table(table_of(block(count)))
            count += 1
    return count * BLOCK


def write_images(folder: Path, size: float) -> int:
    """Writes JPEG files of noise in a folder a class until they take this much; returns their number."""
    import tensorflow as tf

    random, count, written = np.random.default_rng(0), 0, 0
    for label in ("dark", "bright"):
        (folder / label).mkdir(parents=True)
    while written < size:
        bright = random.random() < 0.5
        image = random.integers(80 * bright, 176 + 80 * bright, (SIDE, SIDE, 3)).astype("uint8")
        content = tf.io.encode_jpeg(image, quality=95).numpy()
        (folder / ("bright" if bright else "dark") / f"{count}.jpg").write_bytes(content)
        written += len(content)
        count += 1
    return count


KINDS: dict[str, tuple[str, Callable[[Path, float], int]]] = {
    "numbers, CSV": ("numbers.csv", lambda path, size: write_csv(path, size, numbers)),
    "record, CSV": ("record.csv", lambda path, size: write_csv(path, size, record)),
    "record, Parquet": ("record.parquet", lambda path, size: write_parquet(path, size, record)),
    "images, JPEG": ("images", write_images),
}


def peak_mib() -> float:
    """The peak of this process's resident memory, without the page cache, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(path: Path) -> dict[str, Any]:
    """Loads and trains on one file; runs in a process of its own."""
    import recipes

    warnings.simplefilter("ignore")
    recipes.Data.from_arrays(np.arange(80.0).reshape(40, 2), np.arange(40) % 2)  # what is imported late
    imported = peak_mib()
    start = time.perf_counter()
    data = recipes.load_images(path, memory=0) if path.is_dir() else recipes.load(path, target="target", memory=0)
    loaded = time.perf_counter() - start
    after_loading = peak_mib()
    batches = iter(data.batches("train").repeat())
    next(batches)
    start = time.perf_counter()
    for _ in range(STEPS):
        next(batches)
    reading = time.perf_counter() - start
    recipe = recipes.Recipe(learning_rate=0.01)
    model = recipe.build_model(data.spec)
    recipe.compile(model, spec=data.spec)
    model.fit(data.batches("train").repeat(), steps_per_epoch=10, epochs=1, verbose=0)
    start = time.perf_counter()
    model.fit(data.batches("train").repeat(), steps_per_epoch=STEPS, epochs=1, verbose=0)
    training = time.perf_counter() - start
    return {
        "batch_size": data.batch_size,
        "seconds_to_load": round(loaded, 1),
        "records_a_second_in_batches": round(STEPS * data.batch_size / reading),
        "records_a_second_in_training": round(STEPS * data.batch_size / training),
        "peak_mib_of_loading": round(after_loading - imported),
        "peak_mib": round(peak_mib() - imported),
        "imports_mib": round(imported),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.25, 2.0], help="sizes of the files")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), help="kinds of files")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.file is not None:
        print(json.dumps(measure(options.file)))
        return
    rows = []
    for kind in options.only:
        for gigabytes in options.gigabytes:
            with tempfile.TemporaryDirectory() as folder:
                name, write = KINDS[kind]
                path = Path(folder, name)
                count = write(path, gigabytes * 1e9)
                command = [sys.executable, __file__, "--file", str(path)]
                environment = {**os.environ, "XDG_CACHE_HOME": folder, "TF_CPP_MIN_LOG_LEVEL": "3"}
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(done.stderr[-3000:])
                decoded = sum(file.stat().st_size for file in Path(folder).rglob("decoded/*/*"))
                rows.append(
                    {"files": kind, "gigabytes": gigabytes, "records": count, "decoded_gigabytes": decoded / 1e9}
                )
                rows[-1] |= json.loads(done.stdout.splitlines()[-1])
                print(rows[-1], flush=True)
            write_results("big_files", rows)


if __name__ == "__main__":
    main()
