"""A search on a Ray cluster gives the table that it gives here, whatever dies on the way."""

import concurrent.futures
import importlib.util
import socket
import threading
import time

import grpc
import pytest

import recipes
from recipes.tuning.running import cluster
from recipes.tuning.running.assignment import Assignment

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='needs the extra "ray"')

SEARCH = {"optimizers": ["momentum", "adam"], "regularizers": ["none", "l2"], "epochs": 2, "trials": 2, "repeats": 2}
SCORES = ["arm", "learning_rate", "validation_mean", "test_mean", "difference", "p_value", "verdict"]


@pytest.fixture
def two_nodes(monkeypatch):
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.second = made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@needs_ray
@pytest.mark.thorough
def test_a_node_that_dies_in_mid_trial_changes_nothing(two_nodes, classes, tiny, tmp_path):
    """One of two nodes is killed while both train: every training comes to its end, and the table is the same."""
    lost = []

    def kill(trainings):
        while len(trainings()) < 3:
            time.sleep(0.05)
        two_nodes.remove_node(two_nodes.second, allow_graceful=False)
        lost.append(len(trainings()))

    folder = tmp_path / "cluster"

    def trainings():
        path = folder / "trainings.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    killer = threading.Thread(target=kill, args=(trainings,))
    killer.start()
    found = recipes.search(classes, recipe=tiny(), **SEARCH, ray=two_nodes.address, directory=folder, verbose=0)
    killer.join()
    assert 3 <= lost[0] < 16
    assert len(trainings()) == 16
    assert (found.results.trials["status"] == "finished").all()
    here = recipes.search(classes, recipe=tiny(), **SEARCH, directory=tmp_path / "here", verbose=0)
    for column in SCORES:
        assert found.table()[column].tolist() == pytest.approx(here.table()[column].tolist(), nan_ok=True, abs=1e-6)


@needs_ray
@pytest.mark.thorough
def test_more_than_a_node_has_is_refused(two_nodes, classes, tiny, tmp_path):
    with pytest.raises(recipes.InvalidArgument, match=r"cores must be <= 1, the most .* Received: cores=2"):
        recipes.search(classes, recipe=tiny(), **SEARCH, ray=two_nodes.address, cores=2, directory=tmp_path, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ray": "nowhere"}, r"ray must be \"HOST:PORT\""),
        ({"ray": "127.0.0.1:70000"}, "ray must be the address of a Ray cluster; this one did not answer"),
        ({"ray": "auto", "workers": 2}, "ray must be without workers"),
        ({"ray": "auto", "memory_limit": 2.0}, "ray must be without workers and memory_limit"),
        ({"ray": "auto", "cores": 0}, "cores must be > 0"),
        ({"ray": "auto", "cores": -1}, "cores must be"),
        ({"cores": 2}, "ray must be the address of a cluster"),
        ({"gpus": 1}, "ray must be the address of a cluster"),
    ],
)
def test_bad_input(classes, tiny, tmp_path, monkeypatch, options, message):
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr("recipes.tuning.running.where.available_cores", lambda: 8)
    with pytest.raises(recipes.InvalidArgument, match=message):
        recipes.search(classes, recipe=tiny(), **SEARCH, **options, directory=tmp_path / "search", verbose=0)
    assert not (tmp_path / "search").exists()


def test_without_ray_it_is_said_what_to_install(classes, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(recipes.InvalidArgument, match=r'pip install "ray>=2\.40"'):
        recipes.search(classes, recipe=tiny(), **SEARCH, ray="auto", directory=tmp_path, verbose=0)


@needs_ray
def test_what_listens_but_is_no_cluster_is_found_in_time(classes, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        start = time.perf_counter()
        with pytest.raises(recipes.InvalidArgument, match=r"did not answer within 0\.5 seconds. Received"):
            recipes.search(classes, recipe=tiny(), **SEARCH, ray=address, directory=tmp_path, verbose=0)
        assert time.perf_counter() - start < 5


@needs_ray
def test_an_address_that_does_not_answer_is_found_in_time(classes, tiny, tmp_path, monkeypatch):
    """A port that takes no connections any more: the time limit, not a refusal."""
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        full = []
        for _ in range(8):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(address)
            full.append(each)
        start = time.perf_counter()
        with pytest.raises(recipes.InvalidArgument, match=r"did not answer within 0\.5 seconds"):
            recipes.search(
                classes, recipe=tiny(), **SEARCH, ray=f"127.0.0.1:{address[1]}", directory=tmp_path, verbose=0
            )
        assert time.perf_counter() - start < 5
        for each in full:
            each.close()


REASON = "InvalidAuthToken: Authentication token is missing or incorrect"


class Guarded(grpc.GenericRpcHandler):
    """Answers as the head of a Ray cluster with token authentication does."""

    def service(self, details):
        def answer(request, context):
            if dict(details.invocation_metadata).get("authorization") != "Bearer secret":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, REASON)
            return request

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture(scope="module")
def guarded():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1), handlers=[Guarded()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@needs_ray
@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_why_a_cluster_refuses_is_said(guarded, monkeypatch, tmp_path, prefix):
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def refused():
        with pytest.raises(recipes.InvalidArgument, match=f"Ray says: {REASON}. .* RAY_AUTH_MODE=token must be set"):
            cluster.check_reachable(prefix + guarded)

    refused()
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("secret\n")
    refused()  # Ray does not send it as long as the mode is not set
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    cluster.check_reachable(prefix + guarded)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
    refused()


def enter(address):
    with cluster.Cluster(address, Assignment(None, None, None)):
        pass


@needs_ray
@pytest.mark.parametrize("kind", ["RuntimeError", "ConnectionError", "AuthenticationError"])
def test_what_ray_says_is_in_the_error(monkeypatch, kind):
    import ray

    kinds = {"RuntimeError": RuntimeError, "ConnectionError": ConnectionError}
    error = kinds.get(kind, ray.exceptions.AuthenticationError)(
        "Version mismatch: The cluster was started with:\n    Ray: 2.59.0\nThis process:\n    Ray: 2.60.0\n"
    )
    monkeypatch.setattr(ray, "init", lambda *_, **__: (_ for _ in ()).throw(error))
    for connect, address in ((cluster.check_reachable, "auto"), (enter, "10.0.0.1:6379")):
        with pytest.raises(recipes.InvalidArgument, match=r"Ray says: Version mismatch: .* Ray: 2.60.0") as raised:
            connect(address)
        assert "\n" not in str(raised.value)
