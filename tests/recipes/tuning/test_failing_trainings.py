import math
import pickle

import keras
import pandas as pd
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes.machine_fault import MachineFault, is_of_machine
from recipes.optimizers import SGD
from recipes.trainer import Trainer
from recipes.tuning.arms import Arm
from recipes.tuning.comparison import Comparison
from recipes.tuning.own_callbacks import OwnCallbacks
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker

from .records import TIMES, same_records, trainings

pytestmark = pytest.mark.whole_epochs


@pytest.fixture
def wild_sgd(monkeypatch):
    """The optimizer called "sgd" diverges at its first step, at whatever rate."""
    update_step = SGD.update_step

    def diverges(self, gradient, variable, learning_rate):
        return update_step(self, gradient * math.nan, variable, learning_rate)

    monkeypatch.setattr(SGD, "update_step", diverges)


@pytest.mark.thorough
@pytest.mark.usefixtures("wild_sgd", "no_pictures")
def test_a_diverging_arm_is_counted_and_stops_nothing(classes, tmp_path, search_options):
    options = {**search_options, "optimizers": ["sgd", "adam"], "regularizers": ["none"], "directory": tmp_path / "s"}
    found = recipes.search(classes, **options)
    table = found.table().set_index("arm")
    assert list(table.index) == ["adam+none", "sgd+none"]
    assert table.loc["sgd+none", "diverged"] == 4
    assert table.loc["sgd+none", "verdict"] == "diverged"
    assert table.loc["adam+none", "verdict"] == "reference"
    assert table.loc["adam+none", "diverged"] == 0
    assert math.isnan(table.loc["sgd+none", "test_mean"])
    assert found.verdict[0].startswith("The default arm, ")
    assert " diverged: the arms are compared with the best of the others." in found.verdict[0]
    lost = [record for record in trainings(found.directory) if record["optimizer"] == "sgd"]
    assert all("try a lower learning rate" in record["message"] for record in lost)
    assert (found.directory / "best" / "1").is_dir()


@pytest.mark.thorough
@pytest.mark.usefixtures("wild_sgd")
def test_everything_may_diverge(classes, tmp_path, search_options):
    options = {
        **search_options,
        "trials": 1,
        "optimizers": ["sgd"],
        "regularizers": ["none"],
        "directory": tmp_path / "s",
    }
    found = recipes.search(classes, **options)
    assert found.verdict == ["Every arm diverged: lower the learning rates."]
    assert found.report() == str(found.directory / "report.html")
    notes = tmp_path / "notes.html"
    assert found.report(notes) == str(notes)
    notes.write_text("mine")
    with pytest.raises(InvalidArgument, match=r"path must be a file that does not exist yet"):
        found.report(notes)
    assert notes.read_text() == "mine"
    assert not (found.directory / "best").exists()


def break_adam(monkeypatch):
    """Every training with Adam raises, until ``monkeypatch.undo()``."""
    from recipes.tuning.running import worker

    run = worker.Trainer.running

    def fails(self, **options):
        if self.recipe.optimizer_name == "adam":
            raise ZeroDivisionError("a bug\nin two lines")
        return run(self, **options)

    monkeypatch.setattr(worker.Trainer, "running", fails)


@pytest.mark.usefixtures("no_pictures")
def test_trainings_that_raise_are_recorded_and_stop_nothing(classes, tmp_path, search_options, monkeypatch, capsys):
    break_adam(monkeypatch)
    options = {**search_options, "optimizers": ["momentum", "adam"], "regularizers": ["none"], "verbose": 1}
    found = recipes.search(classes, directory=tmp_path / "search", **options)
    rows = found.results.trials
    lost = rows[rows["optimizer"] == "adam"]
    assert set(lost["status"]) == {"failed"}
    assert set(lost["message"]) == {"ZeroDivisionError: a bug in two lines"}
    assert set(rows.loc[rows["optimizer"] == "momentum", "status"]) == {"finished"}
    table = found.table().set_index("arm")
    assert table.loc["adam+none", "verdict"] == "failed"
    assert table.loc["adam+none", "failed"] == len(lost) == 4
    assert math.isnan(table.loc["adam+none", "test_mean"])
    assert "adam+none/tune/0 failed: ZeroDivisionError: a bug in two lines" in capsys.readouterr().err
    assert found.verdict[-1] == "4 trainings failed, the first with ZeroDivisionError: a bug in two lines."


@pytest.mark.thorough
def test_trainings_that_raise_run_again_once_that_is_asked_for(classes, tmp_path, search_options, monkeypatch):
    break_adam(monkeypatch)
    options = {**search_options, "optimizers": ["momentum", "adam"], "regularizers": ["none"]}
    found = recipes.search(classes, directory=tmp_path / "search", **options)
    rows = found.results.trials
    monkeypatch.undo()  # the bug is mended
    again = recipes.search(classes, directory=tmp_path / "search", **options)
    assert list(again.table()["failed"]) == list(found.table()["failed"])  # a failure stays, unless it is asked for
    (tmp_path / "search" / "best" / "old").touch()
    mended = recipes.search(classes, directory=tmp_path / "search", retry_failed=True, **options)
    whole = recipes.search(classes, directory=tmp_path / "whole", **options)
    pd.testing.assert_frame_equal(mended.table().drop(columns=TIMES), whole.table().drop(columns=TIMES))
    assert not (tmp_path / "search" / "best" / "old").exists()  # the winner is another one, perhaps
    before = rows[rows["optimizer"] == "momentum"]["seconds"]
    after = mended.results.trials
    assert list(after[after["optimizer"] == "momentum"]["seconds"]) == list(before)  # these did not run again
    read = Comparison.load(tmp_path / "search")
    pd.testing.assert_frame_equal(read.table(), mended.table())


@pytest.mark.thorough
def test_where_everything_fails_the_cause_is_the_verdict(classes, tmp_path, search_options, monkeypatch):
    from recipes.tuning.running import worker

    def fails(_self, **_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(worker.Trainer, "running", fails)
    found = recipes.search(classes, directory=tmp_path / "search", **search_options)
    assert found.verdict == ["Every arm failed, the first training with ZeroDivisionError: a bug."]
    assert not (tmp_path / "search" / "best").exists()


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), FileExistsError("a file"), MemoryError()])
@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_a_fault_of_the_machine_is_no_result(classes, tmp_path, search_options, monkeypatch, fault):
    from recipes.tuning.running import worker

    run, count = worker.Trainer.running, []

    def fails(self, **options):
        count.append(1)
        if len(count) == 3:
            raise fault
        return run(self, **options)

    options = {**search_options, "optimizers": ["adam"], "regularizers": ["none"], "directory": tmp_path / "search"}
    monkeypatch.setattr(worker.Trainer, "running", fails)
    with pytest.raises(
        MachineFault, match=r"the search stopped in adam\+none/.*, of which nothing is recorded: "
    ) as stop:
        recipes.search(classes, **options)
    assert "\n" not in str(stop.value)
    assert len(trainings(tmp_path / "search")) == 2
    again = recipes.search(classes, **options)  # it is mended
    assert set(again.results.trials["status"]) == {"finished"}
    records = trainings(tmp_path / "search")
    monkeypatch.undo()
    recipes.search(classes, **{**options, "directory": tmp_path / "whole"})
    assert same_records(records, trainings(tmp_path / "whole"))


def refused_by_the_disk():
    try:
        try:
            raise OSError(28, "No space left on device")
        except OSError:
            raise InvalidArgument("memory", 1, "larger") from None
    except InvalidArgument as error:
        return error


def raised_without_memory():
    try:
        try:
            raise MemoryError
        except MemoryError:
            raise KeyError("parsed")  # noqa: B904  as libraries do
    except KeyError as error:
        return error


def raising(error):
    def running(*_arguments, **_options):
        raise error

    return running


def test_errors_of_the_machine_and_of_trainings(classes, tiny, monkeypatch):
    errors = tf.errors
    for error in (FileNotFoundError("x"), MemoryError(), errors.NotFoundError(None, None, "no such file")):
        assert is_of_machine(error)
    assert is_of_machine(errors.InternalError(None, None, "No space left on device"))
    assert is_of_machine(ImportError("x.so: failed to map segment from shared object"))
    assert not is_of_machine(ImportError("cannot import name 'x'"))
    assert is_of_machine(refused_by_the_disk())
    assert is_of_machine(RuntimeError("can't start new thread"))
    assert is_of_machine(SystemError("error return without exception set"))
    assert is_of_machine(SystemError("Objects/listobject.c:338: bad argument to internal function"))  # a signal
    mismatch = (
        "MISMATCH of original and normalized active exception types: ORIGINAL A REPLACED BY KeyboardInterrupt: ..."
    )
    assert is_of_machine(RuntimeError(f"pybind11::error_already_set: {mismatch}"))
    assert not is_of_machine(RuntimeError("a bug"))
    assert is_of_machine(raised_without_memory())
    assert not is_of_machine(InvalidArgument("x", 1, "2"))
    job = Job(Training(Arm("adam", "none"), "tune", 0, 0), {"learning_rate": 0.1})
    worker = Worker(Assignment.of(classes, tiny(), Protocol(epochs=1)))
    for cause, stops in ((PermissionError("x"), True), (KeyError("x"), False)):
        monkeypatch.setattr(Trainer, "running", raising(cause))
        if stops:
            with pytest.raises(
                MachineFault, match=r"in adam.none/tune/0, of which nothing is recorded: PermissionError"
            ):
                worker.run(job)
        else:
            assert worker.run(job).status == "failed"
    for error in (ValueError("x"), errors.InvalidArgumentError(None, None, "shapes"), ZeroDivisionError()):
        assert not is_of_machine(error)
    assert not is_of_machine(errors.ResourceExhaustedError(None, None, "a tensor of 16 TiB"))
    fault = pickle.loads(pickle.dumps(MachineFault("a/tune/0", OSError(28, "No space left\non device"))))
    assert str(fault) == str(MachineFault("a/tune/0", "OSError: [Errno 28] No space left on device"))


OOM = []
"""What TensorFlow says the next time that a step begins."""


class OutOfMemory(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if OOM:
            raise tf.errors.ResourceExhaustedError(None, None, f"OOM when allocating a tensor on {OOM.pop()}")


def test_a_search_does_not_compute_in_parts_what_does_not_fit_into_the_memory_of_the_machine(classes, tiny):
    job = Job(Training(Arm("adam", "none"), "tune", 0, 0), {"learning_rate": 0.1})
    assignment = Assignment.of(classes, tiny(), Protocol(epochs=1), callbacks=OwnCallbacks.of(OutOfMemory))
    worker = Worker(assignment)
    OOM.append("device:CPU:0 by allocator cpu")
    with pytest.raises(
        MachineFault, match=r"nothing is recorded: ResourceExhaustedError: OOM .* allocator cpu; the same"
    ):
        worker.run(job)
    OOM.append("device:GPU:0 by allocator GPU_0_bfc")
    record = worker.run(job)
    assert record.status == "finished"
    assert record.message == "each batch was computed in 2 parts: the accelerator ran out of memory"
