"""Cluster: trainings as tasks of a Ray cluster, which places them, retries them and distributes the data."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import logging
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

from ....callbacks.checks import InvalidArgument
from ...environment import install_command
from ...machine_fault import MachineFault
from ..record import Record
from .assignment import Assignment
from .runner import ATTEMPTS, Job
from .worker import Worker, settle

__all__ = ["Cluster", "check_address", "check_reachable"]

PATIENCE = 10.0
"""Seconds to wait for the answer of a cluster."""

QUESTIONS = ("/ray.rpc.NodeInfoGcsService/CheckAlive", "/ray.rpc.RayletDriver/ClusterInfo")
"""What the head of a cluster, and its server for Ray's client, answer at once."""


class Cluster:
    """Trains jobs on the nodes of a Ray cluster, as many at a time as it has room for.

    Ray places and retries trainings: if a node or process dies, its training starts again elsewhere. The data is put
    into Ray's object store once, which keeps one copy per node. A process trains one job after another and reuses its
    compiled models. All nodes need this package.

    Args:
        address: "HOST:PORT" of the cluster's head, "ray://HOST:PORT" for Ray's client, "auto" for the cluster that this
            machine belongs to, or "local" for a cluster on this machine alone, which is started and stopped here.
        assignment: for the :class:`Worker` in each process.
        cores, gpus: what one training takes, >= 0; trainings that take fractions share a core or GPU.

    Raises:
        InvalidArgument: on entering, if Ray finds no cluster, or none of its nodes has enough cores or GPUs.

    Example:
        >>> with Cluster("10.0.0.1:6379", assignment) as cluster:           # doctest: +SKIP
        ...     cluster.submit(job)
        ...     job, record = cluster.wait()
    """

    def __init__(self, address: str, assignment: Assignment, *, cores: float = 1, gpus: float = 0):
        self._address, self._search = address, uuid.uuid4().hex
        self._assignment = dataclasses.replace(assignment.for_process(max(1, int(cores))), directory=None)
        self._needs = {"CPU": cores, "GPU": gpus}
        self._running: dict[Any, Job] = {}

    def __enter__(self) -> Cluster:
        import ray

        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(
                    address=None if self._address == "local" else self._address,
                    include_dashboard=False if self._address == "local" else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
                accepted = f"the address of a Ray cluster; Ray says: {_in_one_line(error)}"
                raise InvalidArgument("ray", self._address, accepted) from None
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for argument, kind in (("cores", "CPU"), ("gpus", "GPU")):
            most = max(node.get(kind, 0.0) for node in nodes)
            if self._needs[kind] > most:
                self.__exit__()
                accepted = f"<= {most:g}, the most that a node of the cluster has"
                raise InvalidArgument(argument, self._needs[kind], accepted)
        self._shared = ray.put(self._assignment)
        self._task = ray.remote(_train).options(
            num_cpus=self._needs["CPU"], num_gpus=self._needs["GPU"], max_retries=ATTEMPTS
        )
        return self

    def __exit__(self, *error: Any) -> None:
        import ray

        for reference in self._running:
            with contextlib.suppress(Exception):  # it may have ended already
                ray.cancel(reference, force=True)
        if self._ours:
            ray.shutdown()

    @property
    def free(self) -> int:
        """How many more jobs could be trained at once; at least one while none is running."""
        import ray

        resources = ray.cluster_resources()
        room = min(int(resources.get(kind, 0.0) / need) for kind, need in self._needs.items() if need)
        return max(1, room) - len(self._running)

    def submit(self, job: Job) -> None:
        """Takes a job."""
        self._running[self._task.remote(self._shared, self._search, job)] = job

    def wait(self) -> tuple[Job, Record]:
        """The next job that has ended, with its record."""
        import ray

        (reference, *_), _ = ray.wait(list(self._running), num_returns=1)
        job = self._running.pop(reference)
        try:
            return job, ray.get(reference)
        except ray.exceptions.RayError as error:  # the training itself raises nothing else
            fault = getattr(error, "cause", None)
            raise (fault if isinstance(fault, MachineFault) else MachineFault(job.training.key, error)) from None


_workers: dict[str, Worker] = {}
"""The worker of this process by search; only that of the latest search is kept."""


def _train(assignment: Assignment, search: str, job: Job) -> Record:
    """One training, on a node of the cluster."""
    if search not in _workers:
        settle(assignment.threads)
        _workers.clear()
        _workers[search] = Worker(assignment)
    return _workers[search].run(job)


def check_address(address: str) -> None:
    """Raises ``InvalidArgument`` unless ``address`` has the form of a cluster's address."""
    if isinstance(address, str):
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if address in ("auto", "local") or (host and port.isdigit()):
            return
    raise InvalidArgument("ray", address, '"HOST:PORT", "ray://HOST:PORT", "auto" or "local"')


def check_reachable(address: str) -> None:
    """Raises ``InvalidArgument`` unless Ray is installed and a cluster takes this process within 10 seconds."""
    if importlib.util.find_spec("ray") is None:
        raise InvalidArgument("ray", address, f"left out, or with Ray installed: {install_command('ray')}")
    if address == "local":
        return
    import ray

    if ray.is_initialized():
        return
    if address == "auto":
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
            accepted = f'"auto" on a node of a running cluster only (`ray start`); Ray says: {_in_one_line(error)}'
            raise InvalidArgument("ray", address, accepted) from None
        ray.shutdown()
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    import grpc  # TensorFlow brings it

    start = time.monotonic()
    refusal = ""
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()  # fails at once if nothing listens
        if os.environ.get("RAY_USE_TLS", "0") in ("", "0"):
            with grpc.insecure_channel(f"{host}:{port}") as channel:
                remaining = PATIENCE - (time.monotonic() - start)
                grpc.channel_ready_future(channel).result(timeout=remaining)  # it may not be Ray that listens
                refusal = _refusal(channel, QUESTIONS[address.startswith("ray://")])
    except (OSError, OverflowError, grpc.FutureTimeoutError) as error:
        why = f" ({error})" if str(error) else ""
        accepted = f"the address of a Ray cluster; this one did not answer within {PATIENCE:g} seconds{why}"
        raise InvalidArgument("ray", address, accepted) from None
    if refusal:
        accepted = (
            f"a cluster that takes this process; Ray says: {refusal}. Here RAY_AUTH_MODE=token must be set, and the "
            "token of the head be in ~/.ray/auth_token or RAY_AUTH_TOKEN; see docs/ray.md"
        )
        raise InvalidArgument("ray", address, accepted)


def _refusal(channel: Any, question: str) -> str:
    """Why a cluster does not take this process, in Ray's words; empty if it does.

    ``ray.init`` would ask for half a minute, write the reason to stderr, and raise "Failed to connect".
    """
    import grpc

    token = _token()
    headers = [("authorization", f"Bearer {token}")] if token else None
    try:
        channel.unary_unary(question)(b"", timeout=PATIENCE, metadata=headers)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAUTHENTICATED:
            return _in_one_line(error.details())
    return ""


def _token() -> str:
    """The token that Ray would send, from where its documentation says; empty if it would send none."""
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        return ""
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    try:
        return os.environ.get("RAY_AUTH_TOKEN") or path.read_text().strip()
    except OSError:
        return ""


def _in_one_line(text: object) -> str:
    return " ".join(str(text).split()).rstrip(".")
