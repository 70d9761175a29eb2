"""Ensembles: of seeds, and of what a search has trained anyway."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

import recipes

from .measured import Measured

__all__ = ["of_a_search", "of_seeds"]


def of_seeds() -> Iterator[Measured]:
    """A plain ensemble of seeds, without bootstrap."""
    data = recipes.load("digits")
    run = recipes.bagging(data, members=3, bootstrap=False, epochs=8)
    x = data.arrays("test")[0]
    mean = np.mean([np.asarray(member.model.predict(x, verbose=0)) for member in run.members], axis=0)
    gap = float(np.abs(np.asarray(run.model.predict(x, verbose=0)) - mean).max())
    yield Measured("largest difference from the members' mean", gap, 0.0, 1e-6)
    yield Measured("test accuracy", run.evaluate()["accuracy"])
    yield Measured("of the members", " ".join(f"{member.evaluate()['accuracy']:.4f}" for member in run.members))


def of_a_search() -> Iterator[Measured]:
    """The search's own ensembles: the best arms, and greedy selection, exported as one model."""
    data = recipes.load("digits")
    x = data.arrays("test")[0]
    with tempfile.TemporaryDirectory() as folder:
        comparison = recipes.search(
            data,
            optimizers=["momentum", "nadam"],
            regularizers=["none", "dropout"],
            epochs=5,
            trials=2,
            repeats=2,
            resplit=False,
            keep_weights=True,
            directory=f"{folder}/search",
            verbose=0,
        )
        for select in ("best", "forward"):
            found = comparison.ensemble(data, select=select)
            kind = "the five best" if select == "best" else "greedy"
            yield Measured(f"{kind}: members of 8", len(found.members))
            yield Measured("sum of their weights", float(found.members["weight"].sum()), 1.0, 1e-9)
            yield Measured("verdict", found.verdict)
            recipes.export(found, f"{folder}/{select}")
            served = tf.saved_model.load(f"{folder}/{select}/1")
            answers = served.serve(tf.constant(x)).numpy()
            gap = float(np.abs(answers - np.asarray(found.model.predict(x, verbose=0))).max())
            yield Measured("largest difference of the served answers", gap, 0.0, 1e-5)
