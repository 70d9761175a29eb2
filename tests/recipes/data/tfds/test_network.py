import http.server
import threading
import time
import urllib.request

import pytest

from callbacks.checks import InvalidArgument
from recipes.data import DatasetUnavailable
from recipes.data.tfds import network


@pytest.fixture
def server():
    """A local HTTP server that answers with the status in ``server.status``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.status = 200
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def address(server):
    return f"http://127.0.0.1:{server.server_port}/file"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(network, "TFDS_STORE", "http://127.0.0.1:9/")  # nothing listens there


@pytest.mark.parametrize(("status", "answer"), [(200, True), (404, True), (403, True), (407, False), (503, False)])
def test_an_answer_counts_unless_it_is_a_proxys_refusal(server, status, answer):
    server.status = status
    assert network.reachable([address(server)]) is answer


def test_a_proxy_is_used(server, monkeypatch):
    assert not network.reachable(["http://nowhere.invalid/"])
    monkeypatch.setenv("http_proxy", address(server))
    assert network.reachable(["http://nowhere.invalid/"])


def test_a_refusal_is_answered_at_once():
    start = time.monotonic()
    assert not network.reachable(timeout=5)
    assert time.monotonic() - start < 3


def test_the_first_host_is_tried_and_other_schemes_are_not(server):
    assert network.reachable(["ftp://nowhere.invalid/", address(server)])
    assert not network.reachable([])


def test_a_look_up_that_hangs_costs_the_timeout_only(monkeypatch):
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", lambda *_, **__: time.sleep(5))
    start = time.monotonic()
    assert not network.reachable(timeout=0.3)
    assert time.monotonic() - start < 2


def test_the_error_is_one_line_that_says_what_to_do():
    error = DatasetUnavailable("mnist", "/data", "it\nfailed")
    assert isinstance(error, InvalidArgument)
    assert isinstance(error, RuntimeError)
    assert "\n" not in str(error)
    assert str(error).startswith("dataset 'mnist' is not prepared in /data and it failed: ")
    assert "tfds.builder('mnist', data_dir='DIR').download_and_prepare()" in str(error)
    assert "--data-dir" in str(error)
    assert "TFDS's default folder" in str(DatasetUnavailable("mnist", None, "x"))
