"""TFDS builders of data that Python and scikit-learn ship as files: they need no network and no download.

Importing this package registers them, so that ``tfds.builder("digits")`` and ``tfds.load("digits")`` work too.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from .characters import Characters
from .docstrings import Docstrings
from .scikit_learn import FEATURE_NAMES, BreastCancer, Diabetes, Digits
from .syllables import Syllables

__all__ = [
    "EMBEDDED",
    "FEATURE_NAMES",
    "BreastCancer",
    "Characters",
    "Diabetes",
    "Digits",
    "Docstrings",
    "Syllables",
    "prepared",
    "quietly",
]

EMBEDDED: dict[str, type[tfds.core.GeneratorBasedBuilder]] = {
    builder.name: builder for builder in (Digits, BreastCancer, Diabetes, Syllables, Docstrings, Characters)
}
"""The builders in this package by TFDS name."""


def prepared(name: str, data_dir: str | os.PathLike[str] | None) -> tfds.core.DatasetBuilder:
    """The builder of an embedded dataset; writes its files if they do not exist yet.

    It writes quietly into ``data_dir`` or, if that is not writable, into the user's cache folder, or else into a
    temporary one. The files appear in one step, complete, so several processes may call this at once.

    Args:
        name: a key of :data:`EMBEDDED`.
        data_dir: None for TFDS's default.

    Example:
        >>> prepared("digits", "/tmp/example").info.splits["train"].num_examples
        1797
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras-training-recipes"
    for folder in (data_dir, cache):
        builder = make_builder(name, folder)
        try:
            if not _complete(builder):
                prepare(builder)
        except OSError:  # not writable: try the next
            continue
        return make_builder(name, folder)
    folder = tempfile.mkdtemp(prefix="keras-training-recipes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    prepare(make_builder(name, folder))
    return make_builder(name, folder)


def make_builder(name: str, folder: str | os.PathLike[str] | None) -> tfds.core.GeneratorBasedBuilder:
    """A builder that has read the present content of the folder."""
    return EMBEDDED[name]() if folder is None else EMBEDDED[name](data_dir=os.fspath(folder))


def _complete(builder: tfds.core.DatasetBuilder) -> bool:
    return Path(builder.data_dir, "dataset_info.json").exists()


def prepare(builder: tfds.core.DatasetBuilder) -> None:
    """Writes the builder's files into a staging folder, then moves them to their place in one step."""
    target = Path(builder.data_dir)  # root/name/version
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = tempfile.mkdtemp(dir=target.parents[1], prefix=".preparing-")
    try:
        with quietly():
            private = type(builder)(data_dir=staging)
            private.download_and_prepare(
                download_dir=os.path.join(staging, "downloads"),
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
        try:
            os.rename(private.data_dir, target)
        except OSError:
            if not _complete(builder):  # otherwise another process was faster, with the same content
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silences progress bars, announcements and remarks, and restores Python's global random state."""
    progress = tfds.core.utils.tqdm_utils
    bars = not isinstance(progress.tqdm(disable=True), progress.EmptyTqdm)
    state, remarks = random.getstate(), logging.getLogger("absl")
    level = remarks.level
    tfds.disable_progress_bar()
    remarks.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        random.setstate(state)
        remarks.setLevel(level)
        tfds.display_progress_bar(bars)
