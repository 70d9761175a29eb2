"""Whether the network can be reached, answered within seconds, and the error for a dataset that needs it."""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

from ...callbacks.checks import InvalidArgument

__all__ = ["DatasetUnavailable", "reachable"]

TFDS_STORE = "https://storage.googleapis.com/tfds-data/"
TIMEOUT = 4.0  # seconds


class DatasetUnavailable(InvalidArgument, RuntimeError):
    """A dataset that is not on this machine and cannot be fetched now; the message is one line that says what to do.

    Args:
        name: the dataset.
        directory: where it was looked for; None for TFDS's own default.
        reason: why it cannot be fetched, as a clause.

    Example:
        >>> raise DatasetUnavailable("mnist", "/data", "the network cannot be reached")
        Traceback (most recent call last):
        recipes.data.network.DatasetUnavailable: dataset 'mnist' is not prepared in /data and the network cannot be reached: on a machine with network run `python -c "import tensorflow_datasets as tfds; tfds.builder('mnist', data_dir='DIR').download_and_prepare()"`, then give DIR as data_dir (--data-dir). Received: name='mnist'
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

    Proxies set in the environment are honoured, and any answer but a proxy's refusal counts. The requests run in
    daemon threads, because looking up a host's address knows no timeout of its own.

    Args:
        urls: what is to be downloaded; only the first host besides TFDS's store is tried.
        timeout: seconds after which the answer is no, whatever hangs.

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
        # not urlopen, which goes on using the proxies of its first call
        with urllib.request.build_opener().open(request, timeout=max(timeout, 0.01)):
            answered.set()
    except urllib.error.HTTPError as error:
        with error:
            if error.code not in (407, 502, 503, 504):  # what a proxy says when it cannot get there
                answered.set()
    except Exception:  # a daemon thread's failure is the answer no, whatever it was
        return
