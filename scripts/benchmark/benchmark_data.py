"""How quickly data comes, next to plain ``tfds.load(...).batch()``: first batch, records a second, memory.

Every measurement is made in a process of its own, in turns. The first batch counts from the call that loads until the
batch is there, decoding and splitting included; an epoch is one pass over the training split in batches of 128,
without training, the first or the fastest of three. Ours are shuffled, which the plain ones are not.
Memory is the most that the process had beyond what it had once TensorFlow and TFDS were imported.

    python scripts/benchmark/benchmark_data.py --data-dir DIR  # DIR: where MNIST and CIFAR-10 are prepared for TFDS

Writes ``results/benchmark_data.csv``, a row a dataset and way: the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

BATCH = 128
DATASETS = ("mnist", "cifar10")
WAYS = ("recipes, in memory", "recipes, from disk", "recipes, from disk, decoded before", "plain TFDS")


def measure(dataset: str, way: str, data_dir: str) -> dict[str, Any]:
    """In this process: seconds to the first batch, records a second in three epochs, memory in MiB."""
    import tensorflow_datasets as tfds

    import recipes
    from recipes.data.loading import load

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    if way == "plain TFDS":
        batches = tfds.load(dataset, split="train", data_dir=data_dir, as_supervised=True).batch(BATCH)
        records = 0
    else:
        data: recipes.Data = load(
            dataset, data_dir=data_dir, batch_size=BATCH, memory=1.0 if way == "recipes, in memory" else 0.0
        )
        batches = data.train
    next(iter(batches))
    first = time.perf_counter() - start
    speeds = []
    for _ in range(3):
        start, records = time.perf_counter(), 0
        for x, _ in batches:
            records += x.shape[0]
        speeds.append(records / (time.perf_counter() - start))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "first batch s": first,
        "first epoch": speeds[0],
        "later epochs": max(speeds),
        "MiB": (most - before) / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default=os.environ.get("TFDS_DATA_DIR"), help="where they are prepared for TFDS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs=2, metavar=("DATASET", "WAY"), help="measure in this process, print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(*options.only, options.data_dir)))
        return
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as cache:
            for dataset in DATASETS:
                for way in WAYS:
                    command = [sys.executable, __file__, "--only", dataset, way]
                    command += ["--data-dir", options.data_dir] if options.data_dir else []
                    environment = {**os.environ, "XDG_CACHE_HOME": cache}
                    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
                    found.setdefault((dataset, way), []).append(json.loads(done.stdout.splitlines()[-1]))
    rows = []
    for (dataset, way), measured in found.items():
        middle = {key: statistics.median(each[key] for each in measured) for key in measured[0]}
        plain = {key: statistics.median(each[key] for each in found[dataset, "plain TFDS"]) for key in middle}
        rows.append(
            {
                "dataset": dataset,
                "way": way,
                "seconds to first batch": round(middle["first batch s"], 2),
                "records a second, first epoch": round(middle["first epoch"]),
                "records a second, later epochs": round(middle["later epochs"]),
                "times plain TFDS": round(middle["later epochs"] / plain["later epochs"], 2),
                "memory MiB": round(middle["MiB"]),
            }
        )
        print(*rows[-1].values(), sep="\t", flush=True)
    print(write_results("benchmark_data", rows))


if __name__ == "__main__":
    main()
