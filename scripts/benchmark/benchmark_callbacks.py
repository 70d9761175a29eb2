"""The cost of callbacks: fits with steps of about 2 ms, with each callback and without any, side by side.

Compared are 1cycle, a plain callback that assigns the rate before every batch, the gradient monitor, and the callbacks
that stop on NaN. Each contestant has its own model with the same layers. They take turns; a turn is a fit of two
epochs, of which the second is timed, so tracing is excluded. A ratio is the median over the turns of a contestant's
time over the bare fit's time in the same turn. Processor time, which other load disturbs less, is reported too.

    python scripts/benchmark/benchmark_callbacks.py

Writes ``results/benchmark_callbacks.csv``, one row per fit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.clock import Clock
from support.results import write_results

import callbacks
from callbacks.schedules.shapes import one_cycle
from recipes.optimizers import Momentum

PEAK = 1e-4


class AssignEveryBatch(keras.callbacks.Callback):
    """1cycle as a plain callback: assigns rate and momentum from Python before every batch."""

    def __init__(self, total_steps: int):
        super().__init__()
        self.rates = one_cycle(np.arange(total_steps), total_steps=total_steps, peak=PEAK)
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = float(self.rates[self.step])
        self.model.optimizer.momentum = 0.9
        self.step += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--steps", type=int, default=400, help="steps per epoch")
    parser.add_argument("--width", type=int, default=300, help="of the hidden layers; determines the time of a step")
    parser.add_argument("--only", nargs="*", default=[], help="contestants beside the bare fit; default: all")
    options = parser.parse_args()
    x = np.random.default_rng(0).normal(size=(128, options.width)).astype("float32")
    batch = (tf.constant(x), tf.constant(x[:, :1]))
    data = tf.data.Dataset.from_tensors(batch).repeat(options.steps)

    def model() -> keras.Model:
        layers = [keras.layers.Dense(options.width, activation="elu") for _ in range(2)]
        network = keras.Sequential([keras.Input((options.width,)), *layers, keras.layers.Dense(1)])
        network.compile(Momentum(PEAK), "mse")
        return network

    ways = {
        "no callback": list,
        "OneCycle": lambda: [callbacks.OneCycle(PEAK)],
        "assigned every batch": lambda: [AssignEveryBatch(2 * options.steps)],
        "GradientMonitor(every=50)": lambda: [callbacks.GradientMonitor(every=50)],
        "StopOnNaN": lambda: [callbacks.StopOnNaN()],
        "TerminateOnNaN (Keras)": lambda: [keras.callbacks.TerminateOnNaN()],
    }
    ways = {way: make for way, make in ways.items() if not options.only or way in ("no callback", *options.only)}
    models = {way: model() for way in ways}
    rows: list[dict] = []
    for turn in range(-1, options.rounds):
        order = list(ways) if turn % 2 else list(ways)[::-1]
        for way in order:
            clock = Clock()
            models[way].fit(data, epochs=2, verbose=0, shuffle=False, callbacks=[*ways[way](), clock])
            if turn >= 0:
                wall, processor = (1e3 * seconds / options.steps for seconds in (clock.seconds, clock.processor))
                rows.append({"way": way, "turn": turn, "wall_ms_per_step": wall, "processor_ms_per_step": processor})

    def times(way: str, kind: str) -> np.ndarray:
        return np.array([row[kind + "_ms_per_step"] for row in rows if row["way"] == way])

    for way in ways:
        ratios = {kind: times(way, kind) / times("no callback", kind) for kind in ("wall", "processor")}
        low, high = np.percentile(ratios["wall"], [25, 75])
        print(
            f"{way:27} {np.median(times(way, 'wall')):5.2f} ms a step, ratio {np.median(ratios['wall']):.3f} "
            f"({low:.3f} to {high:.3f}); of processor time {np.median(ratios['processor']):.3f}"
        )
    print(write_results("benchmark_callbacks", rows))


if __name__ == "__main__":
    main()
