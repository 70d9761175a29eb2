"""Faults of the machine at random moments of a search, a training, a report and an export, on the command line.

Each subject (``recipes search``, ``train``, ``report``, ``export`` on a small table) is started again and again in one
directory, and at a random moment of each start something happens; see ``FAULTS``. Each start must end as it would
alone, or stop with one line on standard error. Afterwards nothing may be recorded that the undisturbed run does not
record. When a start has ended, what it has written is compared with what an undisturbed one writes: records, tables,
History and weights to the last bit, seconds apart. Then the next begins in a new directory.

    python scripts/measure/inject_faults.py --faults 200 --subjects search train
    python scripts/measure/inject_faults.py --faults 20 --seed 3

The directories lie on a file system of 8 MB of their own where this process may mount one (as root on Linux); without
it, the fault "full" is left out. Writes ``results/faults.csv`` with ``--write``, one row per subject and fault; the
exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import faulthandler
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.faults import failing
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import h5py
import keras_tuner  # noqa: F401  imported once, for all starts
import matplotlib.pyplot  # noqa: F401
import numpy as np
import pandas as pd

import recipes.cli.compare_commands
import recipes.cli.ship_commands
import recipes.cli.train_commands
import recipes.report.page
import recipes.serving.export
import recipes.training
import recipes.tuning.run_search  # noqa: F401
from recipes import cli
from recipes.report.plots import PLOTS

ERRORS = ("ENOSPC", "EIO", "EACCES")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
FAULTS = {
    **{name: f"{name} at a random moment" for name in SIGNALS},
    **dict.fromkeys(ERRORS, "a random call of the file system raises it"),
    "stopped": "SIGSTOP, and SIGCONT half a second later",
    "full": "the file system is full from a random moment on",
    "clock": "the clock jumps by up to a year, forwards or back, at every call",
    "second": "the same command is started a second time in the same directory",
    "memory": "the address space is limited at a random moment; C++ may then end the process without a line, or hang",
    "removed": "the directory is removed",
}
"""The faults: name -> what happens."""

POINTLESS = {("report", "removed")}
"""Subjects and faults after which there is nothing to go on with."""

ROOM = 8 * 2**20
"""Bytes of the file system."""

DRAWN = {"scores", "learning_curves"}
"""The pictures that a search draws here; all of them take as long as the rest. ``report`` draws all."""

SECONDS = {"seconds": 0, "checksum": ""}
"""The fields of a record that differ from run to run."""

LIMIT = 300.0
"""Seconds after which a start hangs."""

ARMS = ["--optimizers", "momentum,adam", "--regularizers", "none", "--model", "mlp(hidden=(4,))"]
SHORT = ["--epochs", "2", "--trials", "2", "--repeats", "2", "--tunings", "once"]


class Subject:
    """A command that is started again and again.

    Args:
        name: of the command.
        folder: where it works.
        table: the data.
        made: a folder with a finished run and search, for ``export`` and ``report``.
    """

    def __init__(self, name: str, folder: Path, table: Path, made: Path):
        self.name, self.folder, self._table, self._made = name, folder, table, made

    @property
    def arguments(self) -> list[str]:
        """The arguments of ``recipes``."""
        table, folder = str(self._table), self.folder
        return {
            "search": ["search", table, "--target", "target", "--directory", str(folder / "search"), *ARMS, *SHORT],
            "train": [
                *["train", table, "--target", "target", "--model", "mlp(hidden=(4,))", "--epochs", "8"],
                *["--learning-rate", "0.05"],
                *["--directory", str(folder / "state"), "--save", str(folder / "run")],
            ],
            "report": ["report", str(folder / "search")],
            "export": ["export", str(self._made / "run"), "--to", str(folder / "export")],
        }[self.name]

    def begin(self) -> None:
        """Makes a new folder."""
        if self.folder.exists():
            for path in self.folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.name == "report":
            shutil.copytree(self._made / "search", self.folder / "search")
            (self.folder / "search" / "index.html").unlink(missing_ok=True)
            (self.folder / "search" / "report.html").unlink(missing_ok=True)

    def done(self) -> None:
        """Makes room for the next start of a command that ends at once, or refuses, if it is done."""
        if self.name == "train":
            shutil.rmtree(self.folder / "run", ignore_errors=True)
        if self.name == "export":
            shutil.rmtree(self.folder / "export", ignore_errors=True)

    def recorded(self) -> dict[str, str]:
        """The trainings that are recorded, without seconds: key -> record."""
        path = self.folder / "search" / "trainings.jsonl"
        if self.name != "search" or not path.is_file():
            return {}
        whole = path.read_bytes().rpartition(b"\n")[0]
        records = map(json.loads, whole.splitlines() if whole else [])
        return {record["key"]: json.dumps({**record, **SECONDS}, sort_keys=True) for record in records}

    def result(self) -> dict[str, str]:
        """What the command has written, seconds apart: file -> digest."""
        return {
            str(path.relative_to(self.folder)): digest(path)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and compared(path)
        }

    def log(self, name: str) -> Path:
        """A file for what a start writes, on another file system."""
        return self._table.parent / f"{self.name}.{name}"

    def errors(self, log: str = "err") -> str:
        """What the latest start has written to standard error."""
        return self.log(log).read_text(errors="replace")

    def left(self) -> list[str]:
        """Temporary files and folders that are left."""
        return [str(path.relative_to(self.folder)) for path in self.folder.rglob(".*") if path.name != ".lock"]


def compared(path: Path) -> bool:
    """Whether a file of a result is compared: pages and pictures have seconds in them, checkpoints go."""
    if any(part.startswith(".") or part in ("keras_tuner", "state") for part in path.parts):
        return False
    return path.suffix in (".jsonl", ".csv", ".npz", ".keras") or path.name in (
        "recipe.json",
        "verdict.txt",
        "spec.json",
    )


def weights(path: Path) -> bytes:
    """All numbers of a saved model. TensorFlow must not start in this process, whose children would hang."""
    values: list[bytes] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            values.append(name.encode() + np.asarray(item).tobytes())

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(visit)
    return b"".join(values)


def digest(path: Path) -> str:
    """The content of a file without seconds: of a model its weights."""
    if path.suffix == ".keras":
        content = weights(path)
    elif path.suffix == ".jsonl":
        records = sorted(path.read_text().splitlines())
        content = "".join(sorted(json.dumps({**json.loads(line), **SECONDS}) for line in records)).encode()
    elif path.suffix == ".csv":
        table = pd.read_csv(path)
        table = table.drop(columns=[name for name in table if "second" in name or "time" in name])
        content = table.to_csv(index=False).encode()
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            content = b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays.files))
    else:
        content = path.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


# --- what happens in the process --------------------------------------------------------------------------------------


def turn_clock(seed: int) -> None:
    """Makes the clock of the day jump at every call."""
    generator, now = np.random.default_rng(seed), time.time

    def jumping() -> float:
        return now() + float(generator.uniform(-3e7, 3e7))

    time.time = jumping


@contextlib.contextmanager
def shimmed(subject: Subject, fault: str, moment: float, seed: int) -> Iterator[None]:
    """What a fault changes in the process itself. Without one, the calls of the file system are counted."""
    if fault == "clock":
        turn_clock(seed)
    number = getattr(errno, fault, 0) if fault in ERRORS else 0
    after = int(moment * int(subject.log("calls").read_text())) if number else None
    with failing(subject.folder, number, after) as calls:
        try:
            yield
        finally:
            if not fault:
                subject.log("calls").write_text(str(calls.count))


def start(subject: Subject, fault: str = "", moment: float = 0.0, seed: int = 0, *, log: str = "err") -> int:
    """Starts the command in a new process, forked before TensorFlow has started its threads.

    Its standard error goes to a file with the suffix ``log``.
    """
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        for descriptor, name in ((1, "out"), (2, log)):
            file = os.open(subject.log(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, descriptor)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  as long as the process
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        sys.argv = ["recipes", *subject.arguments]
        signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start jobs without it
        stacks = open(subject.log("stacks"), "w")  # noqa: SIM115
        faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
        if subject.name == "search":
            for name in set(PLOTS) - DRAWN:
                del PLOTS[name]
        with shimmed(subject, fault, moment, seed):
            cli.main()
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


# --- what happens to the process --------------------------------------------------------------------------------------


def ended(child: int, seconds: float) -> bool:
    """Waits until the process has ended, or for so long; whether it has ended."""
    until = time.monotonic() + seconds
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= until:
            return False
        time.sleep(0.005)
    return True


def has_begun(child: int) -> bool:
    """Whether the command handles signals: before its first line, Python and the system end it without a word."""
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{child}/status").read_text())
    return bool(caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def happen(fault: str, child: int, subject: Subject) -> list[str]:
    """Lets the fault happen now; returns what is wrong already."""
    with contextlib.suppress(ProcessLookupError):
        if fault in SIGNALS:
            while fault != "SIGKILL" and not has_begun(child) and not ended(child, 0.0):
                time.sleep(0.001)
            os.kill(child, getattr(signal, fault))
        if fault == "stopped":
            os.kill(child, signal.SIGSTOP)
            time.sleep(0.5)
            os.kill(child, signal.SIGCONT)
        if fault == "memory":
            used = int(Path(f"/proc/{child}/statm").read_text().split()[0]) * resource.getpagesize()
            resource.prlimit(child, resource.RLIMIT_AS, (used + 2**20, used + 2**20))
    if fault == "removed":
        for path in subject.folder.iterdir():
            shutil.rmtree(path, ignore_errors=True)
    if fault == "full":
        with contextlib.suppress(OSError), open(subject.folder.parent / "filler", "wb") as file:
            while True:
                file.write(bytes(2**16))
                file.flush()
        with contextlib.suppress(OSError), open(subject.folder.parent / "filler", "ab") as file:
            while True:
                os.write(file.fileno(), b"0" * 512)
    if fault == "second":
        other = start(subject, log="second")
        if not ended(other, LIMIT):
            os.kill(other, signal.SIGKILL)
        status = os.waitpid(other, 0)[1]
        if status != 0:
            return [f"the second: {line}" for line in one_line(status, subject.errors("second"))]
    return []


def stacks_of(child: int, subject: Subject) -> str:
    """Where the threads of a process are, in Python and in the system."""
    os.kill(child, signal.SIGUSR1)
    time.sleep(2.0)
    waits = [path.read_text() for path in Path(f"/proc/{child}/task").glob("*/wchan")]
    return f"{subject.log('stacks').read_text()}\nThe system's calls: {Counter(waits)}\n{subject.errors()[-1500:]}"


def in_tensorflow(stacks: str) -> bool:
    """Whether the thread that was interrupted, which is the main one, is in a call of TensorFlow."""
    calls = stacks.partition("Current thread")[2].splitlines()[1:]
    return bool(calls) and "site-packages/tensorflow/" in calls[0]


def one_line(status: int, errors: str) -> list[str]:
    """What is wrong with how a process stopped: nothing after SIGKILL, or with one line of ours after its progress."""
    if os.WIFSIGNALED(status):
        return [] if os.WTERMSIG(status) == signal.SIGKILL else [f"ended by {signal.Signals(os.WTERMSIG(status)).name}"]
    last, code = errors.strip().rpartition("\n")[2], os.WEXITSTATUS(status)
    if code in (2, 129, 130, 143) and last.startswith("recipes: ") and "Traceback" not in errors:
        return []
    return [f"exit status {code}: {errors[-1500:]}"]


def disturbed(subject: Subject, fault: str, moment: float, seed: int, seconds: float) -> tuple[str, list[str]]:
    """One start with a fault: how it ended ("done", "stopped", "hung" or "wrong"), and what is wrong."""
    child = start(subject, fault, moment, seed)
    wrong: list[str] = []
    if fault not in (*ERRORS, "clock") and not ended(child, moment * seconds):
        wrong += happen(fault, child, subject)
    hung = not ended(child, LIMIT)
    if hung:
        stacks = stacks_of(child, subject)
        print(f"it hangs: {stacks}", flush=True)
        if fault != "memory" or not in_tensorflow(stacks):  # whose locks stay taken when C++ gets no memory
            wrong.append("it hangs")
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    (subject.folder.parent / "filler").unlink(missing_ok=True)
    errors = subject.errors()
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        if fault == "removed" and not subject.result():
            return "stopped", wrong  # it had written everything when that was removed
        if "Exception ignored" in errors:
            print(errors[-1500:], flush=True)
        return ("wrong" if wrong else "done"), wrong
    if "(this one is taken" in errors:  # an earlier start had ended but for its exit
        return "done", wrong
    if hung and not wrong:
        return "hung", wrong
    if fault == "memory" and (os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 127):
        return "stopped", wrong  # C++ that gets no memory, and the system's linker, end their process
    wrong += one_line(status, errors)
    return ("wrong" if wrong else "stopped"), wrong


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of some megabytes in the folder, if this process may mount one; whether it may."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(["mount", *options], capture_output=True, check=False).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def make_table(path: Path) -> None:
    """A table of 120 examples of two classes."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(120, 3)).round(3)
    kind = np.where(x[:, 0] + x[:, 1] + generator.normal(0, 0.5, 120) > 0, "yes", "no")
    pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "target": kind}).to_csv(path, index=False)


def examine(
    subject: Subject, faults: list[str], count: int, generator: np.random.Generator, minutes: float
) -> list[dict[str, Any]]:
    """Disturbs a command so many times; one row per fault."""
    for _ in range(2):  # the first is slower
        subject.begin()
        begun = time.perf_counter()
        child = start(subject)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(subject.errors())
        seconds = time.perf_counter() - begun
    expected, known = subject.result(), subject.recorded()
    print(f"{subject.name}: {seconds:.1f} s, {len(expected)} files compared", flush=True)
    counts = {fault: Counter({"faults": 0}) for fault in faults}
    number, since = 0, []
    subject.begin()
    until = time.monotonic() + 60 * minutes
    while number < count and time.monotonic() < until:
        fault = faults[number % len(faults)]
        moment = float(generator.uniform(0.0, 1.0))
        number += 1
        since.append(fault)
        how, wrong = disturbed(subject, fault, moment, int(generator.integers(2**31)), seconds)
        for key, record in subject.recorded().items():
            if known.get(key) != record:
                wrong.append(f"recorded: {record[:300]}")
        counted = counts[fault]
        counted["faults"] += 1
        counted["stopped"] += how == "stopped"
        counted["hung"] += how == "hung"
        if how == "done" or number == count or len(since) > 25:
            # undisturbed, to the end
            if how != "done" and os.waitpid(start(subject), 0)[1] != 0 and "(this one is taken" not in subject.errors():
                there = sorted(str(path.relative_to(subject.folder)) for path in subject.folder.rglob("*"))
                wrong.append(f"it does not go on after {since}: {subject.errors()[-1500:]} with {there[:30]}")
            result = subject.result()
            if result != expected:
                names = sorted(name for name in {*result, *expected} if result.get(name) != expected.get(name))
                wrong.append(f"after {since}, others than undisturbed: {names}")
            counted["ends"] += 1
            counted["left"] += len(subject.left())
            since = []
            subject.begin()
        counted["wrong"] += bool(wrong)
        for line in wrong:
            print(f"WRONG {subject.name}, {fault} at {moment:.4f}: {line}", flush=True)
        print(f"{number} {subject.name} {fault} at {moment:.4f}: {how}", flush=True)
    columns = ("faults", "stopped", "hung", "ends", "left", "wrong")
    return [
        {"subject": subject.name, "fault": fault, **{name: counted[name] for name in columns}}
        for fault, counted in counts.items()
    ]


def main() -> None:
    """Examines each subject and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=200, help="of each subject; default 200")
    parser.add_argument("--subjects", nargs="+", default=["search", "train", "report", "export"])
    parser.add_argument("--only", nargs="+", choices=list(FAULTS), help="some of the faults; default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e9, help="the most for each subject")
    parser.add_argument("--write", action="store_true", help="write results/faults.csv")
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    rows = []
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name) / "disk") as mounted:
        table, made = Path(name) / "table.csv", Path(name) / "made"
        make_table(table)
        made.mkdir()
        possible = [fault for fault in (options.only or FAULTS) if mounted or fault != "full"]
        for command in ("train", "search"):  # for export and report
            if {"train": "export", "search": "report"}[command] in options.subjects:
                first = Subject(command, made, table, made)
                if os.waitpid(start(first), 0)[1] != 0:
                    sys.exit(first.errors())
        for command in options.subjects:
            subject = Subject(command, Path(name) / "disk" / "work", table, made)
            faults = [fault for fault in possible if (command, fault) not in POINTLESS]
            rows += examine(subject, faults, options.faults, generator, options.minutes)
    wrong = sum(row["wrong"] for row in rows)
    print(pd.DataFrame(rows).to_string(index=False))
    if options.write:
        print(write_results("faults", rows))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
