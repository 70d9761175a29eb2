"""The speed of data loading beside plain ``tfds.load(...).batch()``: first batch, records per second, memory.

Every measurement runs in its own process, in turns. The time to the first batch starts at the call that loads, and
includes decoding and splitting. An epoch is one pass over the training split in batches of 128, without training: the
first, or the fastest of three. Our batches are shuffled, the plain ones are not. Memory is the peak of the process
minus what it used after importing TensorFlow and TFDS.

    python scripts/benchmark/benchmark_data.py --data-dir DIR  # DIR: where MNIST and CIFAR-10 are prepared for TFDS

Writes ``results/benchmark_data.csv``, one row per dataset and way: the median over the rounds.
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
    """In this process: seconds to the first batch, records per second over three epochs, memory in MiB."""
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "first batch s": first,
        "first epoch": speeds[0],
        "later epochs": max(speeds),
        "MiB": (peak - before) / 1024,
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
    measurements: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as cache:
            for dataset in DATASETS:
                for way in WAYS:
                    command = [sys.executable, __file__, "--only", dataset, way]
                    command += ["--data-dir", options.data_dir] if options.data_dir else []
                    environment = {**os.environ, "XDG_CACHE_HOME": cache}
                    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
                    measurements.setdefault((dataset, way), []).append(json.loads(done.stdout.splitlines()[-1]))
    medians = {
        case: {key: statistics.median(measurement[key] for measurement in rounds) for key in rounds[0]}
        for case, rounds in measurements.items()
    }
    rows = []
    for (dataset, way), median in medians.items():
        plain = medians[dataset, "plain TFDS"]
        rows.append(
            {
                "dataset": dataset,
                "way": way,
                "seconds to first batch": round(median["first batch s"], 2),
                "records a second, first epoch": round(median["first epoch"]),
                "records a second, later epochs": round(median["later epochs"]),
                "times plain TFDS": round(median["later epochs"] / plain["later epochs"], 2),
                "memory MiB": round(median["MiB"]),
            }
        )
        print(*rows[-1].values(), sep="\t", flush=True)
    print(write_results("benchmark_data", rows))


if __name__ == "__main__":
    main()
