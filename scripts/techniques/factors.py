"""What can be tuned or compared: scale, input dropout and batch size; and which schedule an arm has."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

import recipes
from recipes.choice import build
from recipes.initializers import INITIALIZERS

from .measured import Measured

__all__ = ["own_steps", "scale", "tuned"]


def scale() -> Iterator[Measured]:
    """The scale of an initializer is an option."""
    for gain in (0.5, 1.0, 2.0):
        kernel = np.asarray(build(INITIALIZERS, {"name": "he_normal", "gain": gain, "seed": 1})((400, 500)))
        yield Measured(
            f"deviation times the root of fan-in / 2, gain {gain:g}", float(kernel.std() * 200**0.5), gain, 0.01
        )


def tuned() -> Iterator[Measured]:
    """Scale and input dropout are tuned, and batch sizes compared, in one search."""
    ranges = {"he_normal.gain": (0.5, 2.0), "dropout.input_rate": (0.0, 0.3)}
    factors = {"batch_size": [32, 128], "initializers": ["he_normal"]}
    trials = _searched(factors=factors, regularizers=["dropout"], ranges=ranges, trials=6, epochs=2).trials
    tuning = trials[trials["stage"] == "tune"]
    yield Measured("batch sizes", str(sorted(set(trials["batch_size"].astype(int)))), "[32, 128]")
    for name, (low, high) in ranges.items():
        values = tuning[name].astype(float)
        yield Measured(f"{name} from {values.min():.3g} to {values.max():.3g}: values", values.nunique(), 6)
        yield Measured(f"{name}: trials in its range", int(values.between(low, high).sum()), len(tuning))


def own_steps() -> Iterator[Measured]:
    """An optimizer that finds its own step has no 1cycle, and that is said; one schedule for all is refused."""
    optimizers = ["momentum", "conjugate_gradient"]
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(said):
        trials = _searched(optimizers=optimizers, design="one_at_a_time", trials=1, epochs=1, verbose=1).trials
    yield Measured("optimizers trained", " ".join(sorted(trials["optimizer"].unique())), " ".join(sorted(optimizers)))
    line = next((line for line in said.getvalue().splitlines() if line.startswith("The schedule is")), "nothing")
    yield Measured("said", line, "one_cycle, but for conjugate_gradient with constant")
    try:
        _searched(optimizers=optimizers, schedules=["one_cycle", "cosine"], design="one_at_a_time")
        answer = "nothing"
    except recipes.InvalidArgument as error:
        answer = str(error)
    yield Measured("with schedules", answer, "without 'conjugate_gradient', which needs no schedule")


def _searched(**options: Any) -> Any:
    """The results of a search on digits, one repeat of each arm."""
    with tempfile.TemporaryDirectory() as folder:
        data, directory = recipes.load("digits"), f"{folder}/search"
        return recipes.search(data, **{"verbose": 0, "repeats": 1, **options}, directory=directory).results
