"""The benchmark of searches: the plans whose own cost is measured have as many trainings as they say."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark" / "benchmark_search.py"
plan_of = runpy.run_path(str(SCRIPT))["plan_of"]


@pytest.mark.parametrize("trainings", [10, 100, 1_000, 10_000])
def test_a_plan_has_the_trainings_that_are_asked_for(trainings):
    plan = plan_of(trainings)
    assert plan.protocol.trainings(len(plan.arms)) == trainings
