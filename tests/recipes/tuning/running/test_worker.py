"""A worker divides the data for each repeat once, while the divisions of all repeats fit into memory."""

import numpy as np
import pytest

from recipes import Recipe
from recipes.data import Data
from recipes.tuning.arms import Arm
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running import worker as module
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker


def divisions(monkeypatch, repeats):
    """The numbers of the divisions that are made for two arms with so many repeats."""
    x = np.random.default_rng(0).normal(size=(40, 2))
    data = Data.from_arrays(x, np.arange(40) % 2, batch_size=8)
    made, resplit = [], Data.resplit
    monkeypatch.setattr(module, "KEPT_SPLITS", 2)
    monkeypatch.setattr(Data, "resplit", lambda self, number: made.append(number) or resplit(self, number))
    protocol = Protocol(epochs=1, trials=1, repeats=repeats)
    worker = Worker(Assignment.of(data, Recipe(learning_rate=0.01), protocol))
    for optimizer in ("sgd", "momentum"):
        for number in range(repeats):
            record = worker.run(Job(Training(Arm(optimizer, "none"), "confirm", number, number, split=number), {}))
            assert record.status == "finished"
    return made


def test_the_arms_share_the_divisions(monkeypatch):
    assert divisions(monkeypatch, 4) == [1, 2, 3]


@pytest.mark.thorough
def test_large_data_are_kept_in_few_divisions(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_SPLITS", 1)
    assert divisions(monkeypatch, 4) == [1, 2, 3, 2, 3]
