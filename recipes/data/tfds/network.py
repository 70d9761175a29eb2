"""reachable: whether the network answers within seconds; DatasetUnavailable: the error if a dataset needs it."""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

from ....callbacks.checks import InvalidArgument

__all__ = ["DatasetUnavailable", "reachable"]

TFDS_STORE = "https://storage.googleapis.com/tfds-data/"
TIMEOUT = 4.0  # seconds


class DatasetUnavailable(InvalidArgument, RuntimeError):
    """A dataset is not on this machine and cannot be downloaded. The message is one line that says what to do.

    Args:
        name: name of the dataset.
        directory: the folder searched; None for TFDS's default.
        reason: why the download is impossible, as a clause.

    Example:
        >>> raise DatasetUnavailable("mnist", "/data", "the network cannot be reached")
        Traceback (most recent call last):
        recipes.data.tfds.network.DatasetUnavailable: dataset 'mnist' is not prepared in /data and the network cannot be reached: on a machine with network run `python -c "import tensorflow_datasets as tfds; tfds.builder('mnist', data_dir='DIR').download_and_prepare()"`, then give DIR as data_dir (--data-dir). Received: name='mnist'
    """  # noqa: E501

    def __init__(self, name: str, directory: Any, reason: str):
        self.argument = "name"
        command = (
            f'python -c "import tensorflow_datasets as tfds;'
            f" tfds.builder({name!r}, data_dir='DIR').download_and_prepare()\""
        )
        where = os.fspath(directory) if directory is not None else "TFDS's default folder"
        ValueError.__init__(
            self,
            f"dataset {name!r} is not prepared in {where} and {' '.join(reason.split())}: on a machine with network run"
            f" `{command}`, then give DIR as data_dir (--data-dir). Received: name={name!r}",
        )


def reachable(urls: Iterable[str] = (), timeout: float = TIMEOUT) -> bool:
    """Whether TFDS's store or the host of one of ``urls`` answers over HTTP.

    It honours proxies set in the environment; any response but a proxy's refusal counts. The requests run in daemon
    threads, because DNS look-ups have no timeout.

    Args:
        urls: the URLs to download; only the first host besides TFDS's store is tried.
        timeout: seconds after which the network counts as unreachable.

    Example:
        >>> reachable(timeout=0.0)
        False
    """
    targets = [TFDS_STORE]
    for url in urls:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in ("http", "https"):
            targets.append(f"{parts.scheme}://{parts.netloc}/")
            break
    answered = threading.Event()
    threads = [
        threading.Thread(target=_probe, args=(target, timeout, answered), daemon=True)
        for target in dict.fromkeys(targets)
    ]
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.start()
    while time.monotonic() < deadline and any(thread.is_alive() for thread in threads):
        if answered.wait(0.02):
            break
    return answered.is_set()


def _probe(url: str, timeout: float, answered: threading.Event) -> None:
    try:
        request = urllib.request.Request(url, method="HEAD")
        # not urlopen, which keeps the proxies of its first call
        with urllib.request.build_opener().open(request, timeout=max(timeout, 0.01)):
            answered.set()
    except urllib.error.HTTPError as error:
        with error:
            if error.code not in (407, 502, 503, 504):  # a proxy that cannot reach the host
                answered.set()
    except Exception:  # any failure means unreachable
        return
