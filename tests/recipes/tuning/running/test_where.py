"""Where trainings run: what is refused, and which runner is made."""

import pytest

from callbacks.checks import InvalidArgument
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.cluster import Cluster
from recipes.tuning.running.processes import Processes
from recipes.tuning.running.where import Where
from recipes.tuning.running.worker import InThisProcess


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch):
    monkeypatch.setattr("recipes.tuning.running.where.available_cores", lambda: 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers must be an integer >= 1 and <= 8"),
        ({"workers": 9}, "workers must be an integer >= 1 and <= 8"),
        ({"memory_limit": 0}, "memory_limit must be a number > 0"),
        ({"cores": -1}, "cores must be a number >= 0"),
        ({"gpus": "all"}, "gpus must be a number >= 0"),
        ({"gpus": 1}, "ray must be the address of a cluster, where cores or gpus are given"),
        ({"ray": "auto", "workers": 2}, "ray must be without workers and memory_limit"),
        ({"ray": "auto", "cores": 0}, "cores must be > 0 where a training takes no GPU"),
        ({"ray": "nowhere"}, 'ray must be "HOST:PORT"'),
        ({"ray": 6379}, 'ray must be "HOST:PORT"'),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Where(**options)


@pytest.mark.parametrize(
    ("options", "kind", "words", "elsewhere"),
    [
        ({}, InThisProcess, "this process", False),
        ({"workers": 2}, Processes, "2 processes of one machine", True),
        ({"memory_limit": 1.5}, Processes, "1 process of one machine", True),
        ({"ray": "10.0.0.1:6379", "gpus": 0.5}, Cluster, "a Ray cluster", True),
    ],
)
def test_which_runner_is_made(classes, tiny, options, kind, words, elsewhere):
    where = Where(**options)
    assert (str(where), where.elsewhere) == (words, elsewhere)
    runner = where.runner(Assignment.of(classes, tiny(), Protocol()))
    if kind is InThisProcess:
        with runner as entered:
            assert isinstance(entered, kind)
    else:
        assert isinstance(runner, kind)
