"""Second-order optimizers: Newton's optimum, Hessian-free's exact steps, and Hessian-free against first order.

Three measurements:

- ``newton``: multinomial logistic regression with L2 on scikit-learn's digits, in float64: after each iteration of
  ``Newton``, the relative distance of the loss from scikit-learn's optimum, and the largest difference between the
  log-odds of the two models over all images.
- ``quadratic``: ``HessianFree`` without damping on quadratics of k dimensions, eigenvalues from 1 to 10: iterations of
  conjugate gradients, and the relative distance left to the minimum.
- ``autoencoder``: a 64-30-10-30-64 network of sigmoids on the digits, cross-entropy of the training images: the loss
  after equal numbers of gradient evaluations. Each arm's setting is the best of five by the loss of seed 0 at the end
  of the budget, and is run with every seed. ``one_evaluation`` is the unit: "pass", the arithmetic of a gradient of all
  images, which is also that of an epoch of minibatch gradients; or "minibatch", where the gradient of one minibatch
  counts as much as that of all images. ``HessianFree`` counts its products and losses as its docstring says.
  ``updates`` is the number of steps.

    python scripts/measure/measure_second_order.py            # about 9 minutes of processor time

Writes ``results/second_order.csv``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from support.results import write_results

from recipes.optimizers.batch_loss import BatchLoss
from recipes.optimizers.hessian_free import HessianFree
from recipes.optimizers.momentum import Momentum
from recipes.optimizers.newton import Newton

PENALTY = 1.0
"""scikit-learn's 1/C: its loss is the sum over the images plus half of this times the squared weights."""

MOMENTUM = [{"learning_rate": rate} for rate in (0.3, 1.0, 3.0, 10.0, 30.0)]
ADAM = [{"learning_rate": rate} for rate in (0.001, 0.003, 0.01, 0.03, 0.1)]
DAMPING = [{"damping": damping} for damping in (0.0001, 0.001, 0.01, 0.1, 1.0)]
PART = [{"damping": 0.1, "curvature_fraction": fraction} for fraction in (0.0625, 0.125, 0.25, 0.375, 0.5)]
BATCH = 128

# Name, batch size, unit of gradient evaluations, candidate settings, optimizer.
ARMS: list[tuple[str, int | None, str, list[dict[str, Any]], Callable[..., Any]]] = [
    ("hessian_free", None, "pass", DAMPING, HessianFree),
    ("hessian_free, part of the curvature", None, "pass", PART, HessianFree),
    ("momentum", None, "pass", MOMENTUM, Momentum),
    ("adam", None, "pass", ADAM, keras.optimizers.Adam),
    ("momentum", BATCH, "minibatch", MOMENTUM, Momentum),
    ("adam", BATCH, "minibatch", ADAM, keras.optimizers.Adam),
    ("momentum", BATCH, "pass", MOMENTUM, Momentum),
    ("adam", BATCH, "pass", ADAM, keras.optimizers.Adam),
]


def newton(iterations: int) -> list[dict[str, Any]]:
    """Logistic regression on the digits: one row per iteration."""
    x, y = load_digits(return_X_y=True)
    x = x / 16
    best = LogisticRegression(C=1 / PENALTY, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(x, y)
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    penalty = keras.regularizers.L2(PENALTY / 2 / len(x))
    layer = keras.layers.Dense(10, "softmax", kernel_initializer="zeros", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((64,)), layer])
    model.compile(Newton(), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)

    def loss_of(kernel: np.ndarray, bias: np.ndarray) -> float:
        scores = x @ kernel + bias
        top = scores.max(1)
        data = top + np.log(np.exp(scores - top[:, None]).sum(1)) - scores[np.arange(len(x)), y]
        return float(data.mean() + PENALTY / 2 / len(x) * np.square(kernel).sum())

    def log_odds(kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        scores = x @ kernel + bias
        return scores - scores.mean(1, keepdims=True)

    optimum = loss_of(best.coef_.T, best.intercept_)
    rows = []
    for iteration in range(1, iterations + 1):
        start = time.perf_counter()
        model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
        reached = layer.kernel.numpy(), layer.bias.numpy()
        rows.append(
            {
                "measurement": "newton",
                "arm": "newton",
                "iteration": iteration,
                "loss": loss_of(*reached),
                "loss_relative_difference": loss_of(*reached) / optimum - 1,
                "log_odds_largest_difference": np.abs(
                    log_odds(*reached) - log_odds(best.coef_.T, best.intercept_)
                ).max(),
                "gradient_evaluations": float(model.optimizer.gradient_evaluations),
                "seconds": time.perf_counter() - start,
            }
        )
        show(rows[-1])
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    return rows


def quadratics(sizes: Sequence[int], seeds: int) -> list[dict[str, Any]]:
    """Hessian-free on random quadratics: one row per size, with the worst of the seeds."""
    rows = []
    for size in sizes:
        used, left = [], []
        for seed in range(seeds):
            random = np.random.default_rng(seed)
            basis = np.linalg.qr(random.normal(size=(size, size)))[0]
            matrix = tf.constant(basis @ np.diag(np.geomspace(1, 10, size)) @ basis.T)
            bottom = random.normal(size=size)
            point = keras.Variable(np.zeros(size), dtype="float64")

            def loss(values: list[Any], matrix: Any = matrix, bottom: Any = bottom) -> Any:
                away = values[0] - bottom
                return tf.tensordot(away, tf.linalg.matvec(matrix, away), 1) / 2

            optimizer = HessianFree(damping=0.0, tolerance=0.0, max_iterations=size)
            optimizer.minimize(loss, [point])
            used.append(int(optimizer.last_iterations_of_cg))
            left.append(np.linalg.norm(point.numpy() - bottom) / np.linalg.norm(bottom))
        row = {"measurement": "quadratic", "arm": "hessian_free", "dimensions": size, "seeds": seeds}
        rows.append({**row, "cg_iterations": max(used), "distance_left": max(left)})
        show(rows[-1])
    return rows


def autoencoder(seed: int) -> keras.Model:
    """The 64-30-10-30-64 network."""
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(units, "sigmoid") for units in (30, 10, 30, 64)]
    return keras.Sequential([keras.Input((64,)), *layers])


def train(optimizer: Any, x: np.ndarray, batch: int | None, marks: Sequence[int], seed: int) -> tuple[list[float], int]:
    """The training loss at the numbers of gradient evaluations in ``marks``, and the updates at the last."""
    model, images, count = autoencoder(seed), tf.constant(x), len(x)
    model.compile(optimizer, "binary_crossentropy")
    weights = model.trainable_variables
    optimizer.build(weights)

    def shuffled(epoch: Any) -> Any:
        return tf.gather(images, tf.argsort(tf.random.stateless_uniform((count,), (seed, epoch))))

    if isinstance(optimizer, HessianFree):
        step = tf.function(lambda epoch: optimizer.minimize(BatchLoss(model, 2 * (shuffled(epoch),)), weights))
        losses = []
        for mark in marks:
            before = [weight.numpy() for weight in weights]
            while float(optimizer.gradient_evaluations) < mark:  # the step that passes the mark does not count
                before = [weight.numpy() for weight in weights]
                step(optimizer.iterations)
            losses.append(float(BatchLoss(model, (images, images)).loss([tf.constant(values) for values in before])))
        return losses, int(optimizer.iterations) - 1

    size = batch or count
    steps = count // size

    def update(examples: Any) -> None:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(examples, examples, model(examples, training=True))
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)

    @tf.function(jit_compile=True)  # the whole training in one compiled loop, ten times as fast as Keras' fit
    def epochs(first: Any, last: Any) -> Any:
        def epoch(number: Any) -> Any:
            order = shuffled(number)

            def step(k: Any) -> Any:
                update(tf.slice(order, (k * size, 0), (size, x.shape[1])))
                return k + 1

            tf.while_loop(lambda k: k < steps, step, (tf.constant(0),))
            return number + 1

        tf.while_loop(lambda number: number < last, epoch, (first,))
        return model.compute_loss(images, images, model(images))

    losses = [float(epochs(tf.constant(a), tf.constant(b))) for a, b in zip([0, *marks[:-1]], marks, strict=True)]
    return losses, int(optimizer.iterations)


def compare(budget: int, seeds: int) -> list[dict[str, Any]]:
    """The autoencoder: one row per arm and mark."""
    x = (load_digits().data / 16).astype("float32")
    marks = sorted({budget // 8, budget // 4, budget // 2, budget})
    rows = []
    for arm, batch, unit, settings, make in ARMS:
        start = time.perf_counter()
        epochs = marks if unit == "pass" else [mark // (len(x) // BATCH) for mark in marks]
        tried = [train(make(**setting), x, batch, epochs, seed=0) for setting in settings]
        finals = [losses[-1] if np.isfinite(losses[-1]) else np.inf for losses, _ in tried]
        best = int(np.argmin(finals))
        runs = [tried[best], *(train(make(**settings[best]), x, batch, epochs, seed) for seed in range(1, seeds))]
        seconds = time.perf_counter() - start
        values = np.array([losses for losses, _ in runs])
        for k, mark in enumerate(marks):
            rows.append(
                {
                    "measurement": "autoencoder",
                    "arm": arm,
                    "batch_size": batch or len(x),
                    "one_evaluation": unit,
                    "setting": str(settings[best]),
                    "at_edge": best in (0, len(settings) - 1),
                    "tried": str([round(loss, 5) for loss in finals]),
                    "gradient_evaluations": mark,
                    "updates": int(np.mean([updates for _, updates in runs])) if k == len(marks) - 1 else None,
                    "seeds": seeds,
                    "loss": values[:, k].mean(),
                    "loss_sd": values[:, k].std(ddof=1) if seeds > 1 else None,
                    "seconds": seconds if k == len(marks) - 1 else None,
                }
            )
            show(rows[-1])
    return rows


def show(row: dict[str, Any]) -> None:
    """Prints a row on one line."""
    shown = (f"{key}={value:.6g}" if isinstance(value, float) else f"{key}={value}" for key, value in row.items())
    print(*shown, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=4000, help="gradient evaluations of the autoencoder")
    options = parser.parse_args()
    rows = newton(12) + quadratics((1, 2, 5, 10, 50, 200), options.seeds) + compare(options.budget, options.seeds)
    print(write_results("second_order", rows))


if __name__ == "__main__":
    main()
