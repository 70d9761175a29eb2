"""Workers in processes of their own: the same records as in this one, whoever is killed."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from recipes.machine_fault import MachineFault
from recipes.tuning.arms import Arm
from recipes.tuning.plan import Plan, Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.processes import Processes
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import InThisProcess, Worker

pytestmark = pytest.mark.whole_epochs


@pytest.fixture
def jobs():
    plan = Plan([Arm("adam", "l2"), Arm("sgd", "none")], Protocol(trials=2, repeats=1, tunings="once"))
    tune = [Job(each, plan.values(each, {})) for each in plan.all({}) if each.stage == "tune"]
    return [*tune[:3], Job(Training(Arm("sgd", "none"), "confirm", 0, 1), tune[3].values)]


def timeless(record):
    return dataclasses.replace(record, seconds=0.0)


def run(runner, jobs, disturb=lambda number: None):
    """The records by key, with ``disturb`` called before each wait."""
    records, waiting, number = {}, list(jobs), 0
    while len(records) < len(jobs):
        while waiting and runner.free:
            runner.submit(waiting.pop(0))
        disturb(number)
        number += 1
        job, record = runner.wait()
        assert job.training.key not in records
        records[job.training.key] = timeless(record)
    return records


def kill(member):
    os.kill(member.process.pid, signal.SIGKILL)


@pytest.mark.thorough  # a process takes seconds to start
@pytest.mark.parametrize("count", [1, 2])
def test_the_records_are_those_of_this_process_whoever_is_killed(jobs, classes, tiny, count):
    assignment = Assignment.of(classes, tiny(), Protocol(epochs=2))
    alone = run(InThisProcess(Worker(assignment)), jobs)
    assert all(np.isfinite(record.validation_score) for record in alone.values())
    with Processes(count, assignment) as processes:

        def disturb(number):
            if number == 1:  # one at work: its training begins anew
                kill(next(each for each in processes.members if each.job is not None))
            if number == 2:  # and one that waits for work, if there is one
                for member in processes.members:
                    if member.job is None:
                        kill(member)

        together = run(processes, jobs, disturb)
        pids = [member.process.pid for member in processes.members]
    assert {key: repr(value) for key, value in together.items()} == {key: repr(value) for key, value in alone.items()}
    confirmed = [records[jobs[-1].training.key].outcomes for records in (alone, together)]
    assert np.array_equal(*(outcomes.loss for outcomes in confirmed))
    assert not os.path.exists(processes.folder)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.thorough
def test_too_much_memory_is_a_failure_with_its_cause(jobs, classes, tiny):
    assignment = Assignment.of(classes, tiny(), Protocol(epochs=1))
    with Processes(1, assignment, limit=0.05) as processes:
        records = run(processes, jobs[:2])
    for record in records.values():
        assert record.status == "failed"
        assert record.message == "used more than the 0.05 GiB of memory it may"


@pytest.mark.thorough
def test_a_script_needs_no_guard_and_leaves_no_process_behind(tmp_path):
    """Killed itself, its workers end too."""
    script = tmp_path / "script.py"
    script.write_text(
        "import recipes, sys\n"
        "print('once', flush=True)\n"
        "data = recipes.load('digits')\n"
        "options = dict(optimizers=['adam'], epochs=50, trials=4, repeats=2, workers=2, verbose=0)\n"
        "recipes.search(data, directory=sys.argv[1], **options)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "search")], stdout=subprocess.PIPE, text=True
    )
    ledger, limit = tmp_path / "search" / "trainings.jsonl", time.monotonic() + 120
    while not (ledger.is_file() and ledger.stat().st_size):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    workers = [int(each) for each in children.stdout.split()]
    assert len(workers) >= 2
    process.kill()
    assert process.communicate(timeout=60)[0] == "once\n"
    limit = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{pid}") for pid in workers):
        assert time.monotonic() < limit
        time.sleep(0.1)


@pytest.mark.thorough
def test_what_processes_cannot_begin_is_a_fault_of_the_machine(jobs, classes, tiny):
    own = ({"kind": "optimizer", "name": "gone", "origin": "no_such_module:Gone", "hyperparameters": []},)
    assignment = Assignment.of(classes, tiny(), Protocol(epochs=1), None, own)
    with (
        Processes(1, assignment) as processes,
        pytest.raises(MachineFault, match="no_such_module:Gone cannot"),
    ):
        run(processes, jobs[:1])


@pytest.mark.thorough
def test_processes_that_are_killed_again_and_again_stop_the_search(jobs, classes, tiny):
    assignment = Assignment.of(classes, tiny(), Protocol(epochs=1))
    with Processes(1, assignment) as processes:
        processes.submit(jobs[0])
        done = threading.Event()

        def kill_all():
            while not done.is_set():
                for member in list(processes.members):
                    kill(member)
                time.sleep(0.2)

        threading.Thread(target=kill_all, daemon=True).start()
        with pytest.raises(MachineFault, match=r"killed by SIGKILL .* times, as by systems without memory"):
            processes.wait()
        done.set()
