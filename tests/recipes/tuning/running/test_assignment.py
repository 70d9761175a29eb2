"""Assignments: what travels to whoever trains is what was given."""

import pickle

import numpy as np

from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.shared_data import write_data


def test_it_travels_whole(classes, tiny, tmp_path):
    protocol = Protocol(epochs=3, prune="median")
    recipe = tiny(optimizer={"name": "adam", "beta_2": 0.99}).resolved(classes.spec)
    assignment = Assignment.of(classes, recipe, protocol, tmp_path)
    write_data(classes, tmp_path / "data")
    for sent in (assignment, assignment.for_process(2, tmp_path / "data")):
        received = pickle.loads(pickle.dumps(sent))
        assert received.base() == recipe
        assert received.protocol == protocol
        assert received.directory == tmp_path
        data = received.load_data()
        assert data.spec == classes.spec
        for split in ("train", "validation", "test"):
            for ours, theirs in zip(data.arrays(split), classes.arrays(split), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    assert (assignment.threads, sent.threads) == (None, 2)
    assert len(pickle.dumps(sent)) < 5_000  # the path, not the arrays
