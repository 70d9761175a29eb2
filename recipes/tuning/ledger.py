"""Ledger: the finished trainings of a search, one line each, on disk as soon as they finish."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..stored.json_files import parse, reason_of, sealed, unsealed, write_json
from ..stored.reading import numbered_lines, open_file
from ..stored.schema import Listing, Object, name_of_file
from .extending import first_difference
from .kept_weights import weights_file, write_weights
from .outcomes import outcomes_file, write_outcomes
from .record import Record
from .scores_in_range import ScoresInRange
from .search_files import RUNNING, SETTINGS, TRAININGS, check_search_directory, remove_left_over
from .settings import UNDAMAGED, read_settings

__all__ = ["Ledger", "is_open", "line_of", "read_lines", "read_records", "running_file"]

LOOKS = 5
"""How often to try the lock before concluding that another process holds it."""

CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""The errors of file systems that cannot tell when a file is on disk."""

FORGOTTEN = "forgotten"
"""The field of a line that revokes earlier records: a list of their keys."""

FORGET = Object(fields={FORGOTTEN: Listing(of=name_of_file)})
"""Such a line."""


class Ledger(Mapping[str, Record]):
    """A directory with the settings of a search and every finished training.

    It maps the keys of the trainings to their records. A line is written whole and flushed to the disk before the
    training counts as finished; a last line torn by a kill is dropped when the directory is opened again. One
    process at a time.

    Args:
        directory: new, empty, or that of an earlier search with the same settings, which is then resumed, or with fewer
            repeats, trials or arms, which is extended.
        settings: the settings of the search, as JSON values; a directory with different ones is refused.

    Attributes:
        extended: whether the settings extend those of the earlier search, or judge it otherwise; known on entering.

    Raises:
        InvalidArgument: naming the first setting that makes it another search, or why the directory cannot be used.

    Example:
        >>> with Ledger("searches/digits", {"epochs": 5}) as ledger:      # doctest: +SKIP
        ...     ledger.add(record)
        ...     ledger[record.key]
    """

    def __init__(self, directory: str | os.PathLike[str], settings: dict[str, Any]):
        self.directory = Path(directory)
        self.settings = json.loads(json.dumps(settings))
        self._records: dict[str, Record] = {}
        check_search_directory(self.directory)
        if (self.directory / SETTINGS).is_file():
            self._check(read_settings(self.directory))
        self._file: Any = None
        self.extended = False

    def _check(self, stored: dict[str, Any]) -> None:
        """Raises unless the settings are those that are stored, or extend them."""
        difference = first_difference(stored, self.settings)
        if difference is not None:
            accepted = (
                "a new or empty directory, or that of the same search, to which repeats, trials and names may be added "
                f"(this one has {difference})"
            )
            raise InvalidArgument("directory", str(self.directory), accepted)

    def __enter__(self) -> Ledger:
        import fcntl

        self.directory.mkdir(parents=True, exist_ok=True)
        new = not (self.directory / SETTINGS).is_file()
        if new:
            write_json(self.directory / SETTINGS, self.settings)
        self._file = open(self.directory / TRAININGS, "a+", encoding="utf-8")
        for attempt in range(LOOKS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if attempt < LOOKS - 1:
                    time.sleep(0.05)  # another process may hold it for a moment, in is_open
                    continue
                self._file.close()
                raise InvalidArgument(
                    "directory", str(self.directory), "a directory that no other search is writing to now"
                ) from None
        try:
            stored = read_settings(self.directory)
            self._check(stored)  # another process may have written them first
            records, end = read_records(self.directory)
            if new and not records:
                remove_left_over(self.directory)
        except BaseException:
            self._file.close()
            raise
        self.extended = any(stored.get(name) != value for name, value in self.settings.items())
        if self.extended:
            write_json(self.directory / SETTINGS, self.settings)
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)
        self._records = records
        shutil.rmtree(self.directory / RUNNING, ignore_errors=True)  # of trainings that were killed
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self._file.close()  # which tries again to write what could not be written
        except OSError:
            if error[0] is None:
                raise
        with contextlib.suppress(OSError):  # it is missing, or holds an interrupted training
            (self.directory / RUNNING).rmdir()

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, key: str) -> Record:
        return self._records[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def add(self, record: Record) -> Record:
        """Writes the record of a finished training; returns it as it will be read back.

        Its outcomes and weights are on disk before the line that says that it is finished.

        Raises:
            OSError: if that fails, or the directory was removed; see :meth:`check_there`.
        """
        self.check_there()
        if record.outcomes is not None:
            write_outcomes(self.directory, record.key, record.outcomes)
        else:
            outcomes_file(self.directory, record.key).unlink(missing_ok=True)  # of a run that was forgotten
        if record.weights is not None:
            write_weights(self.directory, record.key, record.weights)
        else:
            weights_file(self.directory, record.key).unlink(missing_ok=True)
        line = record.to_json()
        self._write(line_of(record))
        running_file(self.directory, record.key).unlink(missing_ok=True)
        self._records[record.key] = Record.from_json(line)
        return self._records[record.key]

    def check_there(self) -> None:
        """Raises FileNotFoundError if the directory was removed, moved or replaced since it was opened.

        What is written after that would be lost, or be half of a search.
        """
        path = self.directory / TRAININGS
        try:
            there = os.path.samestat(os.stat(path), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            there = False
        if not there:
            what = "it was removed, moved or replaced while the search ran"
            raise FileNotFoundError(errno.ENOENT, what, str(path))

    def _write(self, line: str) -> None:
        """Writes a line, which is on disk when this returns.

        Raises:
            OSError: naming the file, if that fails; a part that was written is dropped when the directory is opened.
        """
        try:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno not in CANNOT_SYNC:
                raise OSError(error.errno, error.strerror, str(self.directory / TRAININGS)) from None

    def forget(self, keys: Iterable[str]) -> None:
        """Removes records, so that their trainings run again. The file keeps them and adds a line that revokes them."""
        keys = [key for key in keys if key in self._records]
        if keys:
            self._write(json.dumps(sealed({FORGOTTEN: keys})))
            for key in keys:
                del self._records[key]

    @property
    def records(self) -> list[Record]:
        """All records, in the order in which they were added."""
        return list(self._records.values())


def line_of(record: Record) -> str:
    """The line of a record in ``trainings.jsonl``: its JSON with a checksum."""
    return json.dumps(sealed(json.loads(record.to_json())))


def is_open(directory: str | os.PathLike[str]) -> bool:
    """Whether a process is writing to the search in ``directory`` now."""
    import fcntl

    try:
        with open_file(Path(directory) / TRAININGS) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, ValueError):
        return False
    except OSError:
        return True
    return False


def running_file(directory: str | os.PathLike[str], key: str) -> Path:
    """The file of a running training's epochs; it is removed when the ledger gets the record."""
    return Path(directory) / RUNNING / f"{key.replace('/', ' ')}.csv"


def read_records(directory: str | os.PathLike[str]) -> tuple[dict[str, Record], int]:
    """The finished trainings by key, and the length in bytes of the file's complete lines.

    Raises:
        InvalidArgument: as :func:`read_lines`.
    """
    lines, end = read_lines(directory)
    return {key: record for key, (_, record) in lines.items()}, end


def read_lines(directory: str | os.PathLike[str]) -> tuple[dict[str, tuple[bytes, Record]], int]:
    """The finished trainings by key, each as its line and its record, and the length of the file's complete lines.

    Raises:
        InvalidArgument: for a line that cannot be read, with its number and field; a torn last line is ignored.
    """
    lines: dict[str, tuple[bytes, Record]] = {}
    end = 0
    in_range = ScoresInRange.of(directory)
    try:
        for number, line in numbered_lines(Path(directory) / TRAININGS):
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                _add_line(lines, line[:-1], in_range)
            except ValueError as error:
                raise ValueError(f"line {number}: {reason_of(error)}") from None
    except FileNotFoundError:
        return {}, 0
    except (OSError, ValueError) as error:
        raise InvalidArgument("directory", str(directory), f"{UNDAMAGED} ({TRAININGS}, {reason_of(error)})") from None
    return lines, end


def _add_line(lines: dict[str, tuple[bytes, Record]], line: bytes, in_range: ScoresInRange) -> None:
    """Adds a record to those above it, or removes those that the line revokes."""
    fields = unsealed(parse(line))
    if isinstance(fields, dict) and FORGOTTEN in fields:
        for key in FORGET.read("", fields)[FORGOTTEN]:
            if lines.pop(key, None) is None:
                raise InvalidArgument(FORGOTTEN, key, "keys of the lines above")
        return
    record = Record.from_fields(fields)
    in_range.check(record)
    lines[record.key] = line, record
