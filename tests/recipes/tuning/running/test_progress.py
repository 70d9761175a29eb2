import dataclasses
import sys

import pytest

import recipes.terminal
from recipes.metric import Metric
from recipes.tuning.designs import cross
from recipes.tuning.plan import Plan
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.progress import Progress
from recipes.tuning.running.runner import Job


def finish(progress, plan):
    with progress:
        for training in plan.all({}):
            score = {"adam": 0.5, "sgd": 0.75}[training.arm.optimizer] + 0.01 * training.number
            progress.update(training, Job(training, {}).record(validation_score=score))


@pytest.fixture
def plan():
    return Plan(cross(["adam", "sgd"], ["none"]), Protocol(trials=2, repeats=2, tunings="once"))


def test_a_line_for_every_arm_in_a_log(plan, capsys):
    finish(Progress(plan, {}, enabled=True), plan)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "[1/2] adam+none: validation accuracy 0.5050",
        "[2/2] sgd+none: validation accuracy 0.7550",
    ]
    assert not captured.out


def test_going_on_is_said(plan, capsys):
    ended = [plan.all({})[number] for number in (0, 1, 4)]
    records = {training.key: Job(training, {"learning_rate": 0.1}).record() for training in ended}
    finish(Progress(plan, records, enabled=True), plan)
    assert "Resuming: 3 of 8 trainings are finished already." in capsys.readouterr().err


def test_silence(plan, capsys):
    finish(Progress(plan, {"a": None}, enabled=False), plan)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("direction", "best"), [("max", "sgd+none 0.7550"), ("min", "adam+none 0.5050")])
def test_a_bar_on_a_terminal(plan, capsys, monkeypatch, direction, best):
    make = recipes.terminal.Terminal

    def terminal(**options):
        return make(**{**options, "force_terminal": True, "width": 160, "file": sys.stderr})

    monkeypatch.setattr(recipes.terminal, "Terminal", terminal)
    plan = dataclasses.replace(plan, metric=Metric("error", direction))
    finish(Progress(plan, {}, enabled=True), plan)
    shown = capsys.readouterr().err
    assert "8/8" in shown
    assert f"(best so far: {best})" in shown


def test_a_training_that_failed_is_said_with_its_cause(plan, capsys):
    first, *_ = plan.all({})
    with Progress(plan, {}, enabled=True) as progress:
        progress.update(first, Job(first, {}).failed(ValueError("[no]"), 1.0))
    assert capsys.readouterr().err.splitlines() == ["adam+none/tune/0 failed: ValueError: [no]"]


def test_an_arm_is_done_when_all_its_seeds_are_in_whatever_order(capsys):
    plan = Plan(cross(["adam"], ["none"]), Protocol(trials=1, repeats=3, tunings="once"))
    _, *confirming = plan.all({})
    with Progress(plan, {}, enabled=True) as progress:
        for number, score in ((2, 0.25), (0, 0.5), (1, 0.75)):
            assert capsys.readouterr().err == ""
            progress.update(confirming[number], Job(confirming[number], {}).record(validation_score=score))
    assert capsys.readouterr().err == "[1/1] adam+none: validation accuracy 0.5000\n"
