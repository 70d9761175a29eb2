"""Kinds of model in every format of ``recipes.export``: the same answers or the reason why not, size, milliseconds.

    python scripts/measure/measure_formats.py [KIND ...]

Writes ``results/formats.csv``, one row per kind and format; rows of other kinds stay. The largest difference is in
standard deviations of the output over up to 256 test examples; "changed" is the share of them whose class int8 changes,
or, of a regression, the mean squared difference in variances of the output. "milliseconds an answer" is the median over
single raw examples, in the format's own runtime on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import ROOT, results_path, write_results

sys.path.insert(0, str(ROOT))

import keras
import numpy as np
import pandas as pd

import recipes
from recipes import Data, Recipe
from recipes.data.named_arrays import length, take
from recipes.quiet import hidden_output
from recipes.serving.formats.catalogue import FORMATS, SAVED_MODEL
from recipes.serving.predictor import Predictor

EPOCHS = 10
CALLS = 100


def towns() -> Data:
    """Records of numbers, a category and strings."""
    random = np.random.default_rng(0)
    x = {
        "age": random.normal(40, 10, 2000),
        "rooms": random.integers(1, 6, 2000),
        "town": random.choice(["Ulm", "Köln", "Bonn"], 2000),
    }
    worth = (x["age"] - 40) / 10 + x["rooms"] - 3 + 2 * (x["town"] == "Köln") + random.normal(0, 0.5, 2000)
    return Data.from_arrays(x, np.digitize(worth, [-0.5, 1.5]), class_names=("cheap", "fair", "dear"), name="towns")


def photos() -> Data:
    """Records of an image, a number and strings: which digit, raised by one for some of the towns."""
    x, y = (np.concatenate(parts) for parts in zip(*map(recipes.load("digits").arrays, ("train", "test")), strict=True))
    random = np.random.default_rng(0)
    town = random.choice(["Ulm", "Köln"], len(y))
    record = {"photo": x, "age": random.normal(40, 10, len(y)), "town": town}
    return Data.from_arrays(record, (y + (town == "Ulm")) % 10, name="photos")


def walks(steps: tuple[int, int]) -> Data:
    """Sequences whose direction is to be told, of a number of steps within these limits."""
    random = np.random.default_rng(0)
    lengths = random.integers(steps[0], steps[1] + 1, 1000)
    drift = random.choice([-0.3, 0.3], 1000)
    walk = [np.cumsum(random.normal(drift[i], 1, (n, 2)), axis=0).astype("float32") for i, n in enumerate(lengths)]
    x = np.stack(walk) if steps[0] == steps[1] else walk
    return Data.from_arrays(x, (drift > 0).astype(int), class_names=("down", "up"), name="walks")


def trained(data: Data | str, model: Any = "mlp", **options: Any) -> recipes.Run:
    data = recipes.load(data) if isinstance(data, str) else data
    return recipes.fit(data, Recipe(model=model, learning_rate=0.01), epochs=EPOCHS, verbose=0, **options)


def own() -> recipes.Run:
    """With Keras' augmentation, on images of bytes."""
    layers = keras.layers
    network = keras.Sequential(
        [
            *(keras.Input((8, 8, 1)), layers.Rescaling(1 / 16), layers.RandomRotation(0.02), layers.RandomZoom(0.1)),
            *(layers.Conv2D(16, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten()),
            layers.Dense(10, activation="softmax"),
        ]
    )
    recipe = Recipe(learning_rate=0.01, regularizer="none")
    return recipes.fit(recipes.load("digits"), recipe, model=network, epochs=EPOCHS, verbose=0)


def half() -> recipes.Run:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return trained("digits")
    finally:
        keras.config.set_dtype_policy("float32")


def transferred() -> recipes.Run:
    digits = recipes.load("digits")
    return recipes.fit(digits, model=recipes.transfer(trained("digits", "cnn"), digits), epochs=EPOCHS, verbose=0)


KINDS: dict[str, Callable[[], recipes.Run]] = {
    "mlp": lambda: trained("digits"),
    "cnn": lambda: trained("digits", "cnn"),
    "resnet": lambda: trained("digits", "resnet"),
    "densenet": lambda: trained("digits", "densenet"),
    "rnn": lambda: trained(walks((12, 12)), "rnn"),
    "rnn, steps vary": lambda: trained(walks((6, 12)), "rnn"),
    "text": lambda: trained("docstrings", "text"),
    "table": lambda: trained("breast_cancer"),
    "regression": lambda: trained("diabetes"),
    "tabular": lambda: trained(towns(), "tabular"),
    "mixed": lambda: trained(photos(), "mixed"),
    "ensemble": lambda: recipes.bagging(
        recipes.load("digits"), Recipe(learning_rate=0.01), members=3, epochs=EPOCHS, verbose=0
    ),
    "transferred": transferred,
    "own": own,
    "mixed precision": half,
}


def measure(kind: str) -> list[dict[str, Any]]:
    """Trains a model of a kind and exports it; a row for each format."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = KINDS[kind]()
        exported = Path(recipes.export(run, Path(folder, "out"), formats=(SAVED_MODEL, *FORMATS)))
        facts = json.loads((exported / "export.json").read_text())
        spec, examples = run.data.spec, run.to_saved().examples
        common = {"kind": kind, "data": spec.name, "parameters": run.model.count_params()}
        common[spec.metric] = run.evaluate()[spec.metric]
        rows = []
        for name in (SAVED_MODEL, *FORMATS):
            row = {**common, "format": name, "refused": facts["refused"].get(name, "")}
            if not row["refused"]:
                found = facts["checked"]["formats"].get(name, {})
                if name == SAVED_MODEL:
                    found = {"largest_difference": max(facts["checked"]["largest_difference"].values())}
                path = exported / ("1" if name == SAVED_MODEL else FORMATS[name].file)
                with hidden_output():
                    runtime = Predictor(exported) if name == SAVED_MODEL else FORMATS[name].read(path)
                row |= {
                    "largest difference": found.get("largest_difference"),
                    "changed": found.get("changed"),
                    "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
                    or path.stat().st_size,
                    "milliseconds an answer": round(milliseconds(runtime.outputs, examples), 3),
                }
            rows.append(row)
    return rows


def milliseconds(answer: Callable[[Any], Any], examples: Any) -> float:
    """The median duration of an answer to a single raw example."""
    seconds = []
    for call in range(CALLS):
        raw = take(examples, np.array([call % length(examples)]))
        start = time.perf_counter()
        answer(raw)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[CALLS // 10 :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="kinds of model; default: all")
    chosen = parser.parse_args().kinds or list(KINDS)
    rows = []
    for kind in chosen:
        rows += measure(kind)
        for row in rows[-1 - len(FORMATS) :]:
            shown = row["refused"] or ", ".join(
                f"{name} {row[name]:.3g}"
                for name in ("largest difference", "changed", "bytes")
                if row[name] is not None
            )
            print(f"{kind}, {row['format']}: {shown}", flush=True)
    path = results_path("formats")
    earlier = pd.read_csv(path).to_dict("records") if path.is_file() else []
    print(write_results("formats", rows, [row for row in earlier if row["kind"] not in chosen]))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
