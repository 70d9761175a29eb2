"""The preset "fast" on CIFAR-10: accuracy over minutes, by names alone, beside the default setup.

    python scripts/measure/measure_fast.py --data-dir DIR  # DIR: where CIFAR-10 is prepared for TFDS
    python scripts/measure/measure_fast.py --data-dir DIR --epochs 10 --seeds 3 --go-on
    python scripts/measure/measure_fast.py --data-dir DIR --preset default --seeds 1 --go-on
    python scripts/measure/measure_fast.py --data-dir DIR --epochs 20 --widths 64 256 256 --precision mixed_bfloat16

Each training is that of ``recipes train cifar10 --preset fast --epochs N --seed SEED``, which holds out a tenth of the
training images for validation and does not look at the test images before the end; ``--widths`` gives the network other
numbers of filters, ``--validation-only`` leaves the test images alone altogether. ``--preset default`` trains as
``recipes train cifar10`` does. Writes ``results/fast.csv``, on a GPU ``results/fast_gpu.csv``, after each training: one
row per seed and epoch, with the minutes since the training began, validation included, the validation accuracy and, in
the last epoch's row, the test accuracy. No averaging over copies of the test images. With ``--peers``, the interpreter
of an environment with torch, PyTorch trains a like network on the same images (``fast_elsewhere.py``): one row per
seed, without the time of validations.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.clock import Minutes
from support.results import results_path, write_results

import recipes

OURS = "recipes.fit"


def elsewhere(data: recipes.Data, python: str, facts: dict[str, Any], seeds: int) -> list[dict[str, Any]]:
    """A row per training of PyTorch."""
    arrays = {}
    mean, deviation = np.ravel(data.spec.input_mean), np.sqrt(np.ravel(data.spec.input_variance))
    for split in ("train", "test"):
        x, y = data.arrays(split)
        arrays |= {f"x_{split}": ((x - mean) / deviation).astype(np.float32), f"y_{split}": np.asarray(y, np.int64)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        np.savez(path := Path(folder) / "images.npz", **arrays)
        script = Path(__file__).with_name("fast_elsewhere.py")
        options = ["--precision", facts["precision"], "--epochs", str(facts["epochs"])]
        options += ["--widths", *facts["widths"].split("-")]
        for seed in range(seeds):
            command = [python, script, path, *options, "--seed", str(seed)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            outcome = json.loads(output.splitlines()[-1])
            row = {"way": "PyTorch", **facts, "seed": seed, "epoch": facts["epochs"]}
            rows.append({**row, "minutes": round(outcome["minutes"], 2), "test_accuracy": outcome["accuracy"]})
            print(f"PyTorch, seed {seed}: test accuracy {outcome['accuracy']:.4f}", flush=True)
    return rows


def main() -> None:
    """Trains with each seed that is not in the results yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="where CIFAR-10 is prepared for TFDS")
    parser.add_argument("--preset", choices=["fast", "default"], default="fast")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--widths", type=int, nargs=3, help="filters of the three groups")
    parser.add_argument("--validation-only", action="store_true", help="to choose; no results are written")
    parser.add_argument("--peers", help="the interpreter of an environment with torch")
    parser.add_argument("--go-on", action="store_true", help="keep the rows that are there, train the other seeds")
    options = parser.parse_args()
    if options.widths and options.preset != "fast":
        parser.error("argument --widths: only for the preset fast")
    data = recipes.load("cifar10", data_dir=options.data_dir)
    recipe = recipes.preset(options.preset, precision=None if options.precision == "float32" else options.precision)
    if options.widths:
        recipe = dataclasses.replace(recipe, model={**recipe.model, "widths": tuple(options.widths)})
    widths = "-".join(map(str, recipe.model["widths"])) if options.preset == "fast" else "default"
    path = results_path("fast")
    kept = pd.read_csv(path).to_dict("records") if options.go_on and path.exists() else []
    facts = {"preset": options.preset, "widths": widths, "precision": options.precision, "epochs": options.epochs}
    done = {row["seed"] for row in kept if row["way"] == OURS and facts.items() <= row.items()}
    rows: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        if seed in done:
            continue
        minutes = Minutes()
        run = recipes.fit(data, recipe, epochs=options.epochs, seed=seed, callbacks=[minutes], verbose=0)
        rows += minutes.rows({"way": OURS, **facts, "seed": seed}, run)
        if options.validation_only:
            continue
        rows[-1]["test_accuracy"] = run.evaluate()["accuracy"]
        print(
            f"seed {seed}: test accuracy {rows[-1]['test_accuracy']:.4f} after {rows[-1]['minutes']:.1f} min",
            flush=True,
        )
        write_results("fast", rows, kept)
    if options.validation_only:
        return
    if options.peers:
        rows += elsewhere(data, options.peers, facts, options.seeds)
        write_results("fast", rows, kept)
    here = pd.DataFrame([row for row in [*kept, *rows] if facts.items() <= row.items()])
    for way, tests in here.dropna(subset="test_accuracy").groupby("way").test_accuracy:
        print(f"{way}: test accuracy {tests.mean():.4f} +- {tests.std():.4f} over {len(tests)} seeds")


if __name__ == "__main__":
    main()
