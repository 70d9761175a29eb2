"""Processes: workers in parallel on this machine, which may be killed at any moment."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from ...environment import cores
from ...machine_fault import MachineFault
from ..record import Record
from .assignment import Assignment
from .runner import ATTEMPTS, Job
from .shared_data import write_data
from .worker import Worker, settle

__all__ = ["Processes"]

GROWTH = 2**30
"""A process is replaced when it has grown by this many bytes since its first training."""

TOO_MUCH = 77
"""The exit status of a process that has exceeded its memory limit."""


class Processes:
    """Trains jobs in separate processes, each with its share of the machine's cores.

    If a process dies, it is replaced and its training starts again; if it exceeds its memory limit, its training counts
    as failed. Processes that have grown are replaced too, so memory stays bounded. The data is written to a file once,
    in a temporary folder that is this user's alone; all processes map it, and it is removed at the end. The processes
    end by themselves when this one dies.

    Args:
        count: the number of processes, >= 1.
        assignment: for the :class:`Worker` in each process.
        limit: the memory that each process may use, in GiB; None (default) for any amount.

    Attributes:
        folder: of the file of the data; "" before it is written.

    Example:
        >>> with Processes(2, assignment) as processes:      # doctest: +SKIP
        ...     processes.submit(job)
        ...     job, record = processes.wait()
    """

    def __init__(
        self,
        count: int,
        assignment: Assignment,
        *,
        limit: float | None = None,
    ):
        self.count, self._assignment = count, assignment
        self.folder, self._limit = "", limit
        self._waiting: deque[Job] = deque()
        self._attempts: dict[str, int] = {}
        self.members: list[_Member] = []

    def __enter__(self) -> Processes:
        self.folder = tempfile.mkdtemp(prefix="keras-training-recipes-")  # this user's alone: it is unpickled
        path = Path(self.folder, "data")
        try:
            write_data(self._assignment.load_data(), path)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._assignment = self._assignment.for_process(max(1, cores() // self.count), path)
        return self

    def __exit__(self, *error: Any) -> None:
        for member in self.members:
            member.process.kill()
        for member in self.members:
            member.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def free(self) -> int:
        """How many more jobs could be trained at once."""
        return self.count - len(self._waiting) - sum(member.job is not None for member in self.members)

    def submit(self, job: Job) -> None:
        """Takes a job, whose record :meth:`wait` will return."""
        self._waiting.append(job)
        self._hand_out()

    def wait(self) -> tuple[Job, Record]:
        """The next job that has ended, with its record."""
        while True:
            self._hand_out()
            busy = [(member, member.job) for member in self.members if member.job is not None]
            handles = [handle for member, _ in busy for handle in (member.connection, member.process.sentinel)]
            ready = set(wait(handles))
            for member, job in busy:
                if member.connection in ready or member.process.sentinel in ready:
                    result = self._result(member, job)
                    if result is not None:
                        return result

    def _hand_out(self) -> None:
        for member in [member for member in self.members if member.job is None and not member.process.is_alive()]:
            self.members.remove(member)
        while self._waiting:
            idle = [member for member in self.members if member.job is None]
            if not idle and len(self.members) >= self.count:
                return
            member = idle[0] if idle else self._start()
            job = self._waiting.popleft()
            member.job, member.started = job, time.perf_counter()
            with contextlib.suppress(OSError):  # if it has just died, wait() will notice
                member.connection.send(job)

    def _result(self, member: _Member, job: Job) -> tuple[Job, Record] | None:
        """The job of a member and its record; None if the member died and the job is to be tried again."""
        try:
            record = member.connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            member.process.join()
            self.members.remove(member)
            seconds, status = time.perf_counter() - member.started, member.process.exitcode
            if status == TOO_MUCH:
                return job, job.failed(f"used more than the {self._limit:g} GiB of memory it may", seconds)
            key = job.training.key
            self._attempts[key] = self._attempts.get(key, 0) + 1
            if self._attempts[key] >= ATTEMPTS:
                how = f"killed by {signal.Signals(-status).name}" if status and status < 0 else f"ended with {status}"
                if status == -signal.SIGKILL:
                    why = "as by systems without memory: take fewer workers, or a memory_limit, which an arm may exceed"
                    raise MachineFault(key, f"its process was {how} {ATTEMPTS} times, {why}") from None
                return job, job.failed(f"its process was {how} {ATTEMPTS} times", seconds)
            self._waiting.appendleft(job)
            return None
        member.job = None
        if isinstance(record, MachineFault):
            raise record
        return job, record

    def _start(self) -> _Member:
        ours, theirs = multiprocessing.Pipe()
        arguments = (theirs, self._assignment, self._limit, os.getpid(), self.folder)
        process = multiprocessing.get_context("spawn").Process(target=_work, args=arguments, daemon=True)
        with _without_main():
            process.start()
        theirs.close()
        member = _Member(process, ours)
        self.members.append(member)
        return member


class _Member:
    """A worker process, its pipe and its current job."""

    def __init__(self, process: Any, connection: Connection):
        self.process, self.connection = process, connection
        self.job: Job | None = None
        self.started = 0.0


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Prevents new processes from importing the user's script, as they otherwise would; they do not need it."""
    main = sys.modules["__main__"]
    saved = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    main.__spec__ = None
    if "__file__" in saved:
        del main.__file__
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(main, name, value)


def _work(connection: Connection, assignment: Assignment, limit: float | None, parent: int, folder: str) -> None:
    """The main function of a worker process: receives jobs and sends records."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    threading.Thread(target=_watch, args=(limit, parent, folder), daemon=True).start()
    settle(assignment.threads)
    initial = None
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        job = connection.recv()
        try:
            worker = Worker(assignment)
        except Exception as error:  # not the training's fault: it has not begun
            connection.send(MachineFault(job.training.key, error))
            return
        while True:
            connection.send(_outcome(worker, job))
            initial = initial or resident()
            if resident() > initial + GROWTH:
                return
            job = connection.recv()


def _outcome(worker: Worker, job: Job) -> Record | MachineFault:
    try:
        return worker.run(job)
    except MachineFault as fault:
        return fault


def _watch(limit: float | None, parent: int, folder: str) -> None:
    """Ends this process when its parent is gone, whose folder it removes, or its memory exceeds ``limit`` GiB."""
    while True:
        if os.getppid() != parent:
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)
        if limit is not None and resident() > limit * 2**30:
            os._exit(TOO_MUCH)
        time.sleep(0.1)


def resident() -> int:
    """The resident memory of this process in bytes; 0 if the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
