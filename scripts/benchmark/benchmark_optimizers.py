"""The cost of a training step with each first-order optimizer, beside the nearest Keras optimizer: 3 and 30 layers.

Both optimizers of a pair train models with the same layers. They take turns; a turn is a fit of two epochs, of which
the second is timed, so tracing is excluded. A ratio is the median over the turns of our time over Keras' time in the
same turn. The ratio of processor times, which other load disturbs less, is reported too.

    python scripts/benchmark/benchmark_optimizers.py

Writes ``results/benchmark_optimizers.csv``, one row per optimizer and number of layers, with the memory of the
optimizer's state in multiples of the weights.
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

from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import state_memory

RATE = 1e-5
SIZES = {3: 300, 30: 100}  # hidden layers -> units in each
PEERS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_nesterov": ("RMSprop", {"momentum": 0.9}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamax": ("Adamax", {}),
    "nadam": ("Nadam", {}),
    "radam": ("Adam", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "delta_bar_delta": ("Adam", {}),
}


def compiled_model(optimizer: keras.optimizers.Optimizer, layers: int, width: int) -> keras.Model:
    hidden = [keras.layers.Dense(width, activation="elu", kernel_initializer="he_normal") for _ in range(layers)]
    model = keras.Sequential([keras.Input((width,)), *hidden, keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=100, help="per epoch")
    parser.add_argument("--only", nargs="*", default=list(PEERS), choices=PEERS)
    options = parser.parse_args()
    rows = []
    for layers, width in SIZES.items():
        x = np.random.default_rng(0).normal(size=(128, width)).astype("float32")
        data = tf.data.Dataset.from_tensors((tf.constant(x), tf.constant(x[:, :1]))).repeat(options.steps)
        for name in options.only:
            peer, arguments = PEERS[name]
            keras.backend.clear_session()
            pair = {
                "ours": compiled_model(OPTIMIZERS.build(name, learning_rate=RATE), layers, width),
                "keras": compiled_model(getattr(keras.optimizers, peer)(RATE, **arguments), layers, width),
            }
            times: dict[tuple[str, str], list[float]] = {}
            for turn in range(-1, options.rounds):
                for who in list(pair) if turn % 2 else list(pair)[::-1]:
                    clock = Clock()
                    pair[who].fit(data, epochs=2, verbose=0, shuffle=False, callbacks=[clock])
                    if turn >= 0:
                        times.setdefault((who, "wall"), []).append(1e3 * clock.seconds / options.steps)
                        times.setdefault((who, "processor"), []).append(1e3 * clock.processor / options.steps)
            ratio = {
                kind: np.array(times["ours", kind]) / np.array(times["keras", kind]) for kind in ("wall", "processor")
            }
            low, high = np.percentile(ratio["wall"], [25, 75])
            row = {
                "optimizer": name,
                "peer": "keras " + " ".join([peer, *(f"{key}={value}" for key, value in arguments.items())]),
                "layers": layers,
                "units": width,
                "wall_ms_per_step": float(np.median(times["ours", "wall"])),
                "peer_wall_ms_per_step": float(np.median(times["keras", "wall"])),
                "wall_ratio": float(np.median(ratio["wall"])),
                "wall_ratio_quartile_1": float(low),
                "wall_ratio_quartile_3": float(high),
                "processor_ratio": float(np.median(ratio["processor"])),
                "rounds": options.rounds,
                "state_memory": state_memory(OPTIMIZERS.build(name)),
                "peer_state_memory": state_memory(getattr(keras.optimizers, peer)(RATE, **arguments)),
            }
            rows.append(row)
            print(
                f"{name:16} {layers:2} layers: {row['wall_ms_per_step']:5.2f} ms a step, {row['wall_ratio']:.2f} "
                f"({low:.2f} to {high:.2f}) of {row['peer']}; processor time {row['processor_ratio']:.2f}; "
                f"state {row['state_memory']:g} x, {row['peer_state_memory']:g} x",
                flush=True,
            )
    print(write_results("benchmark_optimizers", rows))


if __name__ == "__main__":
    main()
