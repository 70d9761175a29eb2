"""Atomic writes: directories that appear complete or not at all, files that are replaced in one step."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..callbacks.checks import InvalidArgument, check_bool, check_path

__all__ = [
    "cache_folder",
    "check_new_directory",
    "check_new_file",
    "folder_name",
    "is_temporary",
    "new_directory",
    "new_file",
    "new_path",
    "write_bytes",
    "write_figure",
    "write_text",
]


def cache_folder() -> Path:
    """The user's folder for what this package can regenerate; it may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras-training-recipes"


def folder_name(text: str) -> str:
    """A text as the name of a folder: without separators and control characters, and never "." or "..".

    Example:
        >>> folder_name("glue/sst2:1.0"), folder_name("../x")
        ('glue_sst2_1.0', '.._x')
    """
    name = "".join("_" if mark in "/\\:" or not mark.isprintable() else mark for mark in text)[:100]
    return name if name.strip(". ") else f"_{name}"


def is_temporary(path: Path, names: Collection[str]) -> bool:
    """Whether a file or folder is one that :func:`new_file` or :func:`new_path` left, killed while it wrote ``names``.

    Example:
        >>> is_temporary(Path("search/.settings.json.x_4kq1zz"), ["settings.json"])
        True
    """
    return any(path.name.startswith(f".{name}.") for name in names)


def check_new_directory(
    directory: str | os.PathLike[str],
    *,
    marker: str,
    overwrite: bool = False,
    name: str = "directory",
    is_left_over: Callable[[Path], bool] | None = None,
) -> Path:
    """Raises unless ``directory`` can be written: it is new, empty, or holds ``marker`` and may be replaced.

    Args:
        directory: the path.
        marker: a file that only this package's directories of this kind hold.
        overwrite: whether such a directory may be replaced.
        name: of the argument, for the message.
        is_left_over: whether a path in a directory without ``marker`` counts as nothing, since an earlier start was
            stopped there. Default None: temporary files of the marker.

    Raises:
        InvalidArgument: with the reason.
    """
    is_left_over = is_left_over or (lambda path: is_temporary(path, [marker]))
    overwrite = check_bool("overwrite", overwrite)
    path = Path(check_path(name, directory))
    if path.is_symlink() and not path.exists():
        raise InvalidArgument(name, str(path), "a directory, not a link to what does not exist")
    if path.exists():
        if not path.is_dir():
            raise InvalidArgument(name, str(path), "a directory, not a file")
        if not (path / marker).is_file():
            if not all(map(is_left_over, path.iterdir())):
                raise InvalidArgument(name, str(path), "a new or empty directory (this one holds other files)")
        elif not overwrite:
            raise InvalidArgument(
                name, str(path), "a new or empty directory (this one is taken; overwriting has to be asked for)"
            )
    _check_writable(name, path, path)
    return path


def _check_writable(name: str, path: Path, start: Path) -> None:
    folder = next(candidate for candidate in (start, *start.absolute().parents) if candidate.exists())
    refusal = InvalidArgument(name, str(path), "a directory that can be written")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise refusal
    try:  # permissions do not show a read-only, full or virtual file system
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        raise refusal from None


@contextlib.contextmanager
def new_directory(
    directory: str | os.PathLike[str], *, marker: str, overwrite: bool = False, name: str = "directory"
) -> Iterator[Path]:
    """A temporary folder to write into. It becomes ``directory`` if the block succeeds, else it is removed.

    Arguments and errors are those of :func:`check_new_directory`.

    Example:
        >>> with new_directory("out", marker="run.json") as folder:    # doctest: +SKIP
        ...     (folder / "run.json").write_text("{}")
    """
    path = check_new_directory(directory, marker=marker, overwrite=overwrite, name=name).absolute()
    _check_writable(name, path, path.parent)  # the temporary folder is made there
    created = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with _still_there(scratch, path):
            os.chmod(scratch, 0o777 & ~_umask())  # mkdtemp's folders are their owner's only
            yield scratch
        if path.exists():
            _replace(path, scratch)
        else:
            os.rename(scratch, path)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):  # folders that others have written to meanwhile stay
            for parent in created:
                parent.rmdir()
        raise


@contextlib.contextmanager
def _still_there(scratch: Path, path: Path) -> Iterator[None]:
    """Raises FileNotFoundError if the folder is removed meanwhile, whatever the libraries that write there say of it.

    Some make it again, without what they wrote before.
    """
    if not hasattr(os, "O_DIRECTORY"):  # on Windows a folder cannot be opened
        yield
        return
    folder = os.open(scratch, os.O_RDONLY)
    try:
        cause: Exception | None = None
        try:
            yield
        except Exception as error:
            cause = error
        if not (scratch.is_dir() and os.path.samestat(os.stat(scratch), os.fstat(folder))):
            raise FileNotFoundError(errno.ENOENT, "it was removed while it was written", str(path)) from cause
        if cause is not None:
            raise cause
    finally:
        os.close(folder)


def _umask() -> int:
    """The permissions that new files of this process lack."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _replace(path: Path, scratch: Path) -> None:
    """Replaces the directory ``path`` by ``scratch``, or leaves ``path`` as it was."""
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    try:
        os.rename(path, old / "replaced")
        try:
            os.rename(scratch, path)
        except BaseException:
            os.rename(old / "replaced", path)
            raise
    except BaseException:
        with contextlib.suppress(OSError):
            old.rmdir()  # only if it is empty
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> Path:
    """Writes ``content`` to ``path`` atomically: at any moment, the file is the complete old or new one.

    Makes no folders: one that was removed while its files are written would come back with some of them.

    Returns:
        The path.

    Raises:
        OSError: naming the file.
    """
    path = Path(path)
    with new_file(path) as file:
        file.write(content)
    return path


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file to write into. It becomes ``path`` if the block succeeds, else it is removed.

    Args:
        path: the file, in an existing folder; one that exists is replaced.

    Example:
        >>> with new_file(Path("scores.csv")) as file:                 # doctest: +SKIP
        ...     file.write(b"1,2")
    """
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # not the temporary one
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o666 & ~_umask())  # mkstemp's files are readable by their owner only
        os.replace(scratch, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # a full disk does not say which file was written
        raise


@contextlib.contextmanager
def new_path(path: Path) -> Iterator[Path]:
    """A temporary path for a library to write a file to. It becomes ``path`` if the block succeeds, else it is removed.

    Args:
        path: the file, in an existing folder; one that exists is replaced. The temporary one has the same suffixes.

    Example:
        >>> with new_path(Path("model.weights.h5")) as scratch:        # doctest: +SKIP
        ...     model.save_weights(scratch)
    """
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield folder / path.name
        os.replace(folder / path.name, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Writes text in UTF-8 atomically: after a crash, the file is complete or as it was.

    Args:
        path: the file, in a folder that exists; an existing file is replaced.
        text: its new content.

    Returns:
        The path, as a :class:`pathlib.Path`.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> write_text("notes/summary.md", "# Summary")   # doctest: +SKIP
    """
    return write_bytes(path, text.encode("utf-8"))


PICTURES = (".png", ".svg", ".pdf", ".jpg")
"""The suffixes of the formats that :func:`write_figure` writes."""


def check_new_file(
    path: str | os.PathLike[str], *, name: str, suffixes: tuple[str, ...] = (), overwrite: bool = False
) -> Path:
    """Raises unless ``path`` is a new file in a writable directory, or one that may be replaced.

    Args:
        path: the file.
        name: of the argument, for the message.
        suffixes: the accepted suffixes; empty (default) accepts all.
        overwrite: whether a file may be replaced. Default False.

    Raises:
        InvalidArgument: naming the argument.
    """
    path = Path(check_path(name, path))
    if path.is_dir() or (path.exists() and not overwrite):
        raise InvalidArgument(name, str(path), "a file that does not exist yet")
    if suffixes and path.suffix.lower() not in suffixes:
        raise InvalidArgument(name, str(path), f"a file whose name ends in {', '.join(suffixes)}")
    if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise InvalidArgument(name, str(path), "a file in a directory that exists and can be written")
    return path


def write_figure(path: str | os.PathLike[str], figure: Any, dpi: int = 150) -> Path:
    """Writes a matplotlib figure atomically, in the format of the file's suffix (PNG without one)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=Path(path).suffix.lstrip(".") or "png", dpi=dpi)
    return write_bytes(path, buffer.getvalue())
