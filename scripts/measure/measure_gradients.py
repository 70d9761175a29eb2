"""Vanishing, exploding or healthy? The verdicts of the gradient monitor and report on networks with known answers.

On real data and over several seeds, with 20 hidden layers of 100 units:

- ``sigmoid, Glorot``: the logistic function and Glorot's uniform initialization (Keras' default) without
  batch normalization, the classical network: vanishing;
- ``sigmoid, normal(0, 1)``: the same with an initialization that saturates it: the gradient gets noisy, but 100 units
  with weights of this size pass its norm on nearly unchanged (100 E[f'^2] is 0.99 in the mean field), so: healthy;
- ``recipe``: the package's default, He + ELU + batch normalization: healthy;
- ``ELU, normal(0, 1)``: too large an initialization: exploding across layers;
- ``recipe, mistake``: the recipe without batch normalization, its learning rate multiplied by 1000 before step 60:
  exploding at step 61, the first with wrong weights.

For each: the verdict of ``gradient_report`` before training, and of ``GradientMonitor`` (every step) over a short
training with plain SGD.

    python scripts/measure/measure_gradients.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/gradients.csv``, one row per dataset, network and seed; with ``--pictures FOLDER`` also the heat maps.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import callbacks
import recipes

DEPTH, UNITS, STEPS = 20, 100, 150
MISTAKE_AT = 60  # as documented above


def network(name: str, spec: recipes.Spec) -> keras.Model:
    """The compiled, untrained network of this name."""
    hidden = (UNITS,) * DEPTH
    normal = keras.initializers.RandomNormal(stddev=1.0, seed=int(np.random.default_rng().integers(2**31)))
    options = {
        "sigmoid, Glorot": {"activation": "logistic", "initializer": "glorot_uniform", "normalization": "none"},
        "sigmoid, normal(0, 1)": {"activation": "logistic", "initializer": normal, "normalization": "none"},
        "ELU, normal(0, 1)": {"initializer": normal, "normalization": "none"},
        "recipe": {},
        "recipe, mistake": {"normalization": "none"},
    }[name]
    recipe = recipes.Recipe(learning_rate=0.01)
    model = recipe.build_model(spec, hidden=hidden, **options)
    return recipe.compile(model, optimizer=keras.optimizers.SGD(0.01))


class Mistake(keras.callbacks.Callback):
    """Multiplies the learning rate by 1000 before step ``MISTAKE_AT``."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == MISTAKE_AT:
            self.model.optimizer.learning_rate = 1000 * float(self.model.optimizer.learning_rate)


def measured(dataset: str, data: recipes.Data, name: str, seed: int, pictures: Path | None) -> dict:
    """The row of one network."""
    keras.utils.set_random_seed(seed)
    model = network(name, data.spec)
    report = callbacks.gradient_report(model, data.train)
    monitor = callbacks.GradientMonitor(every=1)
    mistakes = [Mistake()] if name.endswith("mistake") else []
    model.fit(
        data.train.repeat(),
        steps_per_epoch=STEPS,
        epochs=1,
        verbose=0,
        shuffle=False,
        callbacks=[monitor, callbacks.StopOnNaN(), *mistakes],
    )
    if pictures and seed == 0:
        file = f"{dataset}_{name}".replace(" ", "_").replace(",", "").replace("(", "").replace(")", "")
        monitor.plot().savefig(pictures / f"{file}_monitor.png", dpi=70)
        report.plot().savefig(pictures / f"{file}_report.png", dpi=70)
    kernels = [i for i, layer in enumerate(report.layers) if not layer.startswith("batch_norm")]
    return {
        "dataset": dataset,
        "network": name,
        "seed": seed,
        "initial_norm": report.norm,
        "initial_first_layer": report.layer_norms[0],
        "initial_last_layer": report.layer_norms[-1],
        "initial_first_over_last": report.layer_norms[0] / report.layer_norms[-1],
        "initial_smallest_over_last": report.layer_norms.min() / report.layer_norms[-1],
        "initial_largest_over_last": report.layer_norms.max() / report.layer_norms[-1],
        "activation_scale_first": report.activation_scales[report.activation_layers.index(report.layers[kernels[0]])],
        "activation_scale_largest": report.activation_scales.max(),
        "initial_verdict": report.verdict,
        "steps": len(monitor.steps),
        "final_norm": monitor.norms[-1],
        "training_verdict": monitor.verdict(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS; without it, digits only")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pictures", type=Path, help="folder for the heat maps of seed 0")
    options = parser.parse_args()
    sets = {"digits": recipes.load("digits")}
    if options.data_dir:
        sets["mnist"] = recipes.load("mnist", data_dir=options.data_dir)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    names = ["sigmoid, Glorot", "sigmoid, normal(0, 1)", "recipe", "ELU, normal(0, 1)", "recipe, mistake"]
    rows = []
    for dataset, data in sets.items():
        for name in names:
            for seed in range(options.seeds):
                rows.append(measured(dataset, data, name, seed, options.pictures))
                print(dataset, name, seed, rows[-1]["initial_verdict"], rows[-1]["training_verdict"], sep="\n    ")
            keras.backend.clear_session()
    print(pd.DataFrame(rows).groupby(["dataset", "network"])[["initial_first_over_last", "initial_norm"]].median())
    print(write_results("gradients", rows))


if __name__ == "__main__":
    main()
