"""Damages the newest checkpoint of a training in every way that one bit or a torn write can, and reads it back.

A small training with Resume is killed in its second epoch. Of the newest checkpoint that it leaves, every bit is
flipped, one at a time, and the file is cut after every byte. Each time, what Resume reads must be the value that was
written or the checkpoint before, and nothing may be raised. From some of the damaged files the training also goes on to
its end, and is compared with one that nobody killed.

    python scripts/measure/damage_checkpoints.py

Writes ``results/damaged_checkpoints.csv``, one row per kind of training and damage; the exit status is 1 if anything is
wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import callbacks
from callbacks.resume.checkpoints import Checkpoints
from recipes.optimizers import Momentum

X = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
RIGHT = ("unchanged", "older")


class Killed(RuntimeError):
    """Stands for a kill."""


class TwoOptimizers(keras.Model):
    """Two weights, each with an optimizer of its own, trained by a step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [keras.layers.Dense(1, use_bias=False) for _ in range(2)]
        self.second_optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
        self(X)

    def call(self, x: Any) -> Any:
        return self.parts[0](x) + self.parts[1](x)

    def train_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        x, y = data
        for part, optimizer in zip(self.parts, (self.optimizer, self.second_optimizer), strict=True):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            optimizer.apply(tape.gradient(loss, part.trainable_weights), part.trainable_weights)
        return {"own_loss": loss}


def simple() -> keras.Model:
    """One weight matrix under momentum."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def bfloat16() -> keras.Model:
    """Weights in bfloat16, which NumPy's files do not support, and batch normalization."""
    layers = [keras.layers.Dense(1, dtype="bfloat16"), keras.layers.BatchNormalization()]
    return keras.Sequential([keras.Input((2,)), *layers])


KINDS = {"momentum": simple, "bfloat16": bfloat16, "two_optimizers": TwoOptimizers}


def train(kind: str, directory: Path | None, kill: bool = False) -> bytes:
    """The weights and History of a training of three epochs of three steps, as bytes."""
    keras.utils.set_random_seed(1)
    model = KINDS[kind]()
    model.compile(Momentum(0.05), "mse")
    monitor = "own_loss" if kind == "two_optimizers" else "loss"

    def stop(batch: int, _logs: Any) -> None:
        if len(model.history.epoch) == 1 and batch == 1:
            raise Killed

    callback_list: list[Any] = [keras.callbacks.EarlyStopping(monitor, mode="min", patience=9)]
    callback_list += [callbacks.Resume(directory, every=1)] if directory else []
    callback_list += [keras.callbacks.LambdaCallback(on_train_batch_end=stop)] if kill else []
    with contextlib.suppress(Killed):
        model.fit(X, X[:, :1], batch_size=4, epochs=3, verbose=0, callbacks=callback_list)
    weights = [np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(w, "float32"))) for w in model.weights]
    return pickle.dumps((weights, sorted(model.history.history.items())))


def damages(whole: bytes) -> Iterator[tuple[str, int, bytes]]:
    """(kind of damage, place, damaged bytes) for each bit and each length."""
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        yield "bit flipped", bit, bytes(damaged)
    for length in range(len(whole)):
        yield "cut", length, whole[:length]


def examine(kind: str, every: int, resumed: int) -> list[dict[str, Any]]:
    """Damages the newest checkpoint of one kind of training; one row per kind of damage."""
    generator = np.random.default_rng(0)
    unbroken = train(kind, None)
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        train(kind, Path(folder), kill=True)
        files = Checkpoints(folder)
        newest, older = files.positions()
        originals = {position: files.path(position).read_bytes() for position in (newest, older)}
        whole = originals[newest]
        read = files.newest()
        assert read is not None
        value = pickle.dumps(read[1])
        files.path(newest).unlink()
        read = files.newest()
        assert read is not None
        before = pickle.dumps(read[1])
        chosen = set(generator.choice(9 * len(whole), resumed, replace=False).tolist())
        begin = time.perf_counter()
        for number, (damage, place, damaged) in enumerate(damages(whole)):
            if number % every and number not in chosen:
                continue
            files.path(newest).write_bytes(damaged)
            try:
                read = files.newest()
                same = read is not None and pickle.dumps(read[1]) == (value if read[0] == newest else before)
                outcome = "wrong" if not same or read is None else "unchanged" if read[0] == newest else "older"
            except Exception as error:
                outcome = f"raised {type(error).__name__}"
            count = counts.setdefault(damage, Counter())
            count[outcome] += 1
            if outcome not in RIGHT:
                print(f"{kind}: {damage} at {place}: {outcome}", flush=True)
            if number in chosen:
                count["resumed"] += 1
                count["identical"] += train(kind, Path(folder)) == unbroken
                for path in Path(folder).iterdir():
                    path.unlink()
                files.path(older).write_bytes(originals[older])
        seconds = time.perf_counter() - begin
    rows = []
    for damage, count in counts.items():
        tried = sum(number for outcome, number in count.items() if outcome not in ("resumed", "identical"))
        wrong = tried - sum(count[outcome] for outcome in RIGHT)
        row = {"kind": kind, "damage": damage, "bytes": len(whole), "tried": tried}
        row |= {name: count[name] for name in (*RIGHT, "resumed", "identical")}
        rows.append({**row, "wrong": wrong})
    print(f"{kind}: {seconds:.0f} s {rows}", flush=True)
    return rows


def main() -> None:
    """Examines every kind and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so manyth damage; default 1: all")
    parser.add_argument("--resumed", type=int, default=20, help="trainings of each kind that go on; default 20")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"separated by commas; default {','.join(KINDS)}")
    parser.add_argument("--write", action="store_true", help="write results/damaged_checkpoints.csv")
    options = parser.parse_args()
    rows = [row for kind in options.kinds.split(",") for row in examine(kind, options.every, options.resumed)]
    if options.write:
        print(write_results("damaged_checkpoints", rows))
    sys.exit(any(row["wrong"] or row["resumed"] != row["identical"] for row in rows))


if __name__ == "__main__":
    main()
