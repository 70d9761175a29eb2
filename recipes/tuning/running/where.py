"""Where: the processes or machines that run the trainings of a search."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ....callbacks.checks import InvalidArgument, check_integer, check_number
from ...environment import cores as available_cores
from ..option import option
from .assignment import Assignment
from .cluster import Cluster, check_address, check_reachable
from .processes import Processes
from .runner import Runner
from .worker import InThisProcess, Worker

__all__ = ["Where"]


@dataclass(frozen=True)
class Where:
    """Where trainings run: in this process, in several of this machine, or on a Ray cluster.

    The arguments are those of :func:`recipes.search` with the same names, checked. Whether a cluster answers is checked
    by :meth:`check_reachable`.

    Raises:
        InvalidArgument: for an argument outside its range, or one that does not go with the others.

    Example:
        >>> str(Where()), str(Where(workers=1, memory_limit=2.0))
        ('this process', '1 process of one machine')
    """

    workers: int = option(1, "Trainings at a time, each in a separate process.")
    memory_limit: float | None = option(None, "Memory that such a process may use, in GiB.")
    ray: str | None = option(None, 'Train on a Ray cluster: HOST:PORT, ray://HOST:PORT, "auto" or "local".')
    cores: float = option(1, "Cores that a training takes on the cluster.")
    gpus: float = option(0, "GPUs that a training takes on the cluster.")

    def __post_init__(self) -> None:
        check_integer("workers", self.workers, low=1, high=available_cores())
        if self.memory_limit is not None:
            check_number("memory_limit", self.memory_limit, above=0)
        check_number("cores", self.cores, low=0)
        check_number("gpus", self.gpus, low=0)
        if self.ray is None:
            if self.cores != 1 or self.gpus != 0:
                raise InvalidArgument("ray", self.ray, "the address of a cluster, where cores or gpus are given")
            return
        if self.processes:
            accepted = "without workers and memory_limit, which are for this machine alone"
            raise InvalidArgument("ray", self.ray, accepted)
        if not self.cores and not self.gpus:
            raise InvalidArgument("cores", self.cores, "> 0 where a training takes no GPU")
        check_address(self.ray)

    @property
    def processes(self) -> bool:
        """Whether other processes of this machine train."""
        return self.workers > 1 or self.memory_limit is not None

    @property
    def elsewhere(self) -> bool:
        """Whether other processes train, which know only the names that the package brings."""
        return self.processes or self.ray is not None

    def __str__(self) -> str:
        """A description for the report."""
        if self.ray is not None:
            return "a Ray cluster"
        if self.processes:
            return f"{self.workers} process{'es' * (self.workers > 1)} of one machine"
        return "this process"

    def check_reachable(self) -> None:
        """Raises ``InvalidArgument`` if the cluster, where there is one, does not answer within 10 seconds."""
        if self.ray is not None:
            check_reachable(self.ray)

    def runner(self, assignment: Assignment) -> contextlib.AbstractContextManager[Runner]:
        """The runner, as a context manager that returns it on entering.

        Args:
            assignment: what all trainings share.
        """
        if self.ray is not None:
            return Cluster(self.ray, assignment, cores=self.cores, gpus=self.gpus)
        if self.processes:
            return Processes(self.workers, assignment, limit=self.memory_limit)
        return contextlib.nullcontext(InThisProcess(Worker(assignment), assignment.protocol.places))
