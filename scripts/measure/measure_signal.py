"""The signal left after each layer of untrained networks: right and wrong initializers, 2 to 50 layers deep.

    python scripts/measure/measure_signal.py

The networks are ``recipes.mlp`` with hidden layers of 100 units, on 256 digits, normalized by the model, in training
mode, as in the first training step. The signal of a layer is the variance of each unit over the batch, averaged over
the units: the part of the activations that depends on the input. (The variance over units and batch together would
include differences between units, which are all that logistic units keep.) Double precision resolves variances down to
1e-29; below, ratios are noise.

Writes ``results/signal.csv``, one row per network: the variance after each hidden layer, the smallest and the largest
ratio of consecutive layers, and whether all ratios lie between 1/2 and 2; and ``docs/signal.png``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from matplotlib.axes import Axes
from support.results import ROOT, write_results

import recipes
from recipes.choice import build
from recipes.initializers import INITIALIZERS, gain_for
from recipes.report.style import INK, MUTED, PALETTE, SYMBOLS, new_figure, styled

DEPTHS, UNITS, EXAMPLES = (2, 5, 10, 20, 30, 50), 100, 256
ROUNDING = 1e-29  # below this, the variance of numbers near 0.5 is rounding
FOUR_TIMES_GLOROT = {"name": "variance_scaling", "scale": 4.0**2, "mode": "fan_avg", "distribution": "uniform"}
ALONE = {"normalization": "none"}
RIGHT: dict[str, dict[str, Any]] = {
    "default: He, ELU, batch norm from 5 layers on": {},
    "He, ELU": {**ALONE},
    "He, ReLU": {"activation": "relu", **ALONE},
    "Glorot, tanh": {"initializer": "glorot_uniform", "activation": "tanh", **ALONE},
    "orthogonal, gain of ELU, ELU": {"initializer": {"name": "orthogonal", "gain": gain_for("elu")}, **ALONE},
    "sparse, stddev gain/sqrt(15), ELU": {
        "initializer": {"name": "sparse", "stddev": gain_for("elu") / math.sqrt(15)},
        **ALONE,
    },
}
WRONG: dict[str, dict[str, Any]] = {
    "sparse, stddev 1, ELU": {"initializer": "sparse", **ALONE},
    "Glorot, ReLU": {"initializer": "glorot_uniform", "activation": "relu", **ALONE},
    "fan-in uniform, ELU": {"initializer": "fan_in_uniform", **ALONE},
    "4 x Glorot, logistic": {"initializer": FOUR_TIMES_GLOROT, "activation": "logistic", **ALONE},
    "He, logistic": {"activation": "logistic", **ALONE},
    "Glorot, logistic": {"initializer": "glorot_uniform", "activation": "logistic", **ALONE},
}
ONLY_IN_THE_TABLE: dict[str, dict[str, Any]] = {
    "normal(0, 1), ELU": {"initializer": keras.initializers.RandomNormal(0.0, 1.0), **ALONE},
    "4 x Glorot, tanh": {"initializer": FOUR_TIMES_GLOROT, "activation": "tanh", **ALONE},
    "fan-in uniform, ELU, batch norm from 5 layers on": {"initializer": "fan_in_uniform"},
    "Glorot, logistic, batch norm from 5 layers on": {"initializer": "glorot_uniform", "activation": "logistic"},
}


def variances(spec: recipes.Spec, x: np.ndarray, depth: int, seed: int, **options: Any) -> np.ndarray:
    """The variance after each hidden layer, shape (depth,)."""
    keras.utils.set_random_seed(seed)
    initializer = options.pop("initializer", "he_normal")
    if isinstance(initializer, dict):  # one object, and so one seed, for all layers
        initializer = build(INITIALIZERS, initializer)
    model = recipes.mlp(spec, hidden=(UNITS,) * depth, initializer=initializer, **options)
    activations = [
        layer.output
        for layer in model.layers
        if isinstance(layer, keras.layers.Activation) and layer.output.shape[-1] == UNITS
    ]
    assert len(activations) == depth
    outputs = keras.Model(model.input, activations)(x, training=True)
    return np.array([np.asarray(output, np.float64).var(axis=0).mean() for output in outputs])


def measured(name: str, options: dict[str, Any], data: recipes.Data, depth: int, seed: int) -> dict[str, Any]:
    """The row of one network."""
    signal = variances(data.spec, data.arrays("train")[0][:EXAMPLES], depth, seed, **options)
    ratios = signal[1:] / signal[:-1]
    return {
        "network": name,
        "depth": depth,
        "seed": seed,
        "first": signal[0],
        "last": signal[-1],
        "smallest_ratio": ratios.min(),
        "largest_ratio": ratios.max(),
        "within_a_factor_of_2": bool(ratios.min() >= 0.5 and ratios.max() <= 2),
        "by_layer": " ".join(f"{variance:.4g}" for variance in signal),
    }


def by_layer(axes: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Plots the deepest networks: variance against layer, median and range over the seeds."""
    deepest = table[table["depth"] == table["depth"].max()]
    for number, name in enumerate(names):
        rows = deepest[deepest["network"] == name]["by_layer"]
        curves = np.array([[float(variance) for variance in row.split()] for row in rows])
        curves = np.where(curves < ROUNDING, np.nan, curves)
        layers = np.arange(1, curves.shape[1] + 1)
        color, symbol = PALETTE[number], SYMBOLS[number]
        axes.fill_between(layers, *np.quantile(curves, (0, 1), axis=0), color=color, alpha=0.15, linewidth=0)
        axes.plot(layers, np.median(curves, axis=0), color=color, label=name, marker=symbol, markevery=(2 * number, 12))
    axes.set_yscale("log")
    axes.set(xlabel="hidden layer", ylabel="variance over the batch")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=9)


@styled
def plot(table: pd.DataFrame, path: Path) -> None:
    """Writes the plot."""
    figure = new_figure(15, 6.2)
    right, wrong, worst = figure.subplots(1, 3)
    by_layer(right, table, list(RIGHT))
    right.set(title="The initializer that goes with the activation", ylim=(1e-3, 1e1))
    by_layer(wrong, table, list(WRONG))
    wrong.set(title="A wrong initializer, or logistic units", ylim=(ROUNDING, None))
    for names, line in ((RIGHT, "-"), (WRONG, "--")):
        for number, name in enumerate(names):
            rows = table[table["network"] == name]
            factors = np.maximum(rows["largest_ratio"], 1 / rows["smallest_ratio"]).groupby(rows["depth"]).max()
            axes_style = {"color": PALETTE[number], "marker": SYMBOLS[number], "linestyle": line}
            worst.plot(factors.index, factors, **axes_style)
    worst.axhline(2, color=INK, linewidth=1)
    worst.text(50, 2.06, "factor of 2", ha="right", va="bottom", color=MUTED)
    worst.set_yscale("log", base=2)
    worst.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    worst.set(xlabel="hidden layers", ylabel="largest change of the variance", xticks=sorted(set(table["depth"])))
    worst.set_title("Largest change between consecutive layers")
    handles = [worst.plot([], [], color=MUTED, linestyle=line)[0] for line in ("-", "--")]
    worst.legend(handles, ["those on the left", "those in the middle"], loc="upper center", bbox_to_anchor=(0.5, -0.16))
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    data = recipes.load("digits")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    rows = []
    for name, choices in {**RIGHT, **WRONG, **ONLY_IN_THE_TABLE}.items():
        for depth in DEPTHS:
            rows += [measured(name, choices, data, depth, seed) for seed in range(options.seeds)]
            keras.backend.clear_session()
        deepest = pd.DataFrame(rows[-options.seeds :])
        print(f"{name}: {deepest['first'].median():.3g} to {deepest['last'].median():.3g}", flush=True)
    table = pd.DataFrame(rows)
    groups = table.groupby(["network", "depth"], sort=False)
    print(
        groups.agg(
            {"smallest_ratio": "min", "largest_ratio": "max", "within_a_factor_of_2": "mean", "last": "median"}
        ).to_string()
    )
    print(write_results("signal", rows))
    plot(table, ROOT / "docs" / "signal.png")


if __name__ == "__main__":
    main()
