"""A training of a search against the steps alone: what seeds, resets, callbacks, validation and records cost.

The network for digits (two layers, batch normalization), batches of 32, 10 epochs of 35 steps. "steps": the model, its
gradients and the update of momentum or Adam, written out, in one compiled TensorFlow loop over shuffled batches,
without metrics, validation and callbacks. "training": the same as the worker of a search trains it, with a new seed and
rate each, 1cycle, and validation after each epoch; its step is traced. "test": with the outcomes on the test split, as
final trainings have them. "packed" and "packed, test": the sixteenth part of 16 such trainings at once. "range
test": with the search for a rate. "first": with tracing. They take turns.

    python scripts/benchmark/benchmark_training.py

Writes ``results/benchmark_training.csv``, one row per way, optimizer and regularizer, and prints the ratios.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.data.batching import permutation
from recipes.tuning.arms import Arm
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker

EPOCHS, BATCH, PACK = 10, 32, 16
CASES = [("momentum", "none"), ("momentum", "dropout"), ("adam", "none"), ("adam", "dropout")]


def bare(data: recipes.Data, optimizer: str, regularizer: str) -> Callable[[int], None]:
    """The steps alone, as a function of the seed of their order."""
    recipe = recipes.Recipe(regularizer=regularizer, learning_rate=0.03).resolved(data.spec)
    model = recipe.compile(recipe.build_model(data.spec), spec=data.spec)
    x, y, _ = data.tensors("train")
    weights = [weight.value for weight in model.trainable_variables]
    slots = [[tf.Variable(tf.zeros_like(weight)) for weight in weights] for _ in range(2)]
    steps = data.steps_per_epoch

    def update(gradients: list[Any], step: Any) -> None:
        for weight, gradient, mean, square in zip(weights, gradients, *slots, strict=True):
            if optimizer == "momentum":
                mean.assign(0.9 * mean - 0.03 * gradient)
                weight.assign_add(mean)
                continue
            count = tf.cast(step + 1, tf.float32)
            mean.assign(0.9 * mean + 0.1 * gradient)
            square.assign(0.999 * square + 0.001 * gradient**2)
            root = tf.sqrt(square / (1 - 0.999**count)) + 1e-7
            weight.assign_sub(0.001 * (mean / (1 - 0.9**count)) / root)

    @tf.function(autograph=False)
    def train(seed: tf.Tensor) -> tf.Tensor:
        def step(number: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            epoch = tf.cast(number // steps, tf.int64)
            new = lambda: permutation(len(y), tf.stack([seed, epoch]))  # noqa: E731
            order = tf.cond(number % steps == 0, new, lambda: order)
            rows = tf.slice(order, [number % steps * BATCH], [BATCH])
            inputs, labels = tf.gather(x, rows), tf.gather(y, rows)
            with tf.GradientTape() as tape:
                loss = model.compute_loss(inputs, labels, model(inputs, training=True))
            update(tape.gradient(loss, weights), number)
            return number + 1, order

        first = permutation(len(y), tf.stack([seed, tf.constant(0, tf.int64)]))
        return tf.while_loop(lambda number, _: number < EPOCHS * steps, step, [tf.constant(0), first])[0]

    return lambda seed: train(tf.constant(seed, tf.int64)).numpy()


def searched(data: recipes.Data, optimizer: str, regularizer: str) -> dict[str, Callable[[int], Any]]:
    """Trainings of a worker, as functions of the seed."""
    base = recipes.Recipe().resolved(data.spec)
    worker, packing = (
        Worker(Assignment.of(data, base, Protocol(epochs=EPOCHS, pack=pack), None)) for pack in (1, PACK)
    )
    arm = Arm(optimizer, regularizer)
    rate = 0.03 if optimizer == "momentum" else 0.001

    def train(stage: str, values: dict[str, float], *, pack: int = 1) -> Callable[[int], Any]:
        def run(seed: int) -> None:
            jobs = [
                Job(Training(arm, stage, number, number), values) for number in range(pack * seed, pack * (seed + 1))
            ]
            records = [worker.run(jobs[0])] if pack == 1 else packing.run_together(jobs)
            assert all(record.status == "finished" for record in records), [record.message for record in records]

        return run

    return {
        "training": train("tune", {"learning_rate": rate}),
        "test": train("confirm", {"learning_rate": rate}),
        "packed": train("tune", {"learning_rate": rate}, pack=PACK),
        "packed, test": train("confirm", {"learning_rate": rate}, pack=PACK),
        "range test": train("tune", {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    data = recipes.load("digits")
    rows = []
    for optimizer, regularizer in CASES:
        ways = {"steps": bare(data, optimizer, regularizer), **searched(data, optimizer, regularizer)}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for seed in range(options.rounds + 1):
            for way, measure in ways.items():
                start = time.perf_counter()
                measure(seed)
                seconds[way].append((time.perf_counter() - start) / (PACK if way.startswith("packed") else 1))
        medians = {
            "first": seconds["training"][0],
            **{way: float(np.median(all_[1:])) for way, all_ in seconds.items()},
        }
        for way, median in medians.items():
            ratio = median / medians["steps"]
            rows.append(
                {"optimizer": optimizer, "regularizer": regularizer, "way": way, "seconds": median, "ratio": ratio}
            )
            print(f"{optimizer}, {regularizer}: {way:12} {median:.3f} s, {ratio:.2f} of the steps", flush=True)
    print(write_results("benchmark_training", rows))


if __name__ == "__main__":
    main()
