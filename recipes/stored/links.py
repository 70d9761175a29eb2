"""check_no_links, file_inside: directories and names of files that lead nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from ...callbacks.checks import InvalidArgument

__all__ = ["check_no_links", "file_inside"]


def check_no_links(directory: str | os.PathLike[str], name: str = "directory") -> None:
    """Raises for a directory with a symbolic link in it, by which somebody else's directory has us write elsewhere.

    The directory itself may be a link.

    Args:
        directory: any; one that does not exist has no links.
        name: of the argument, for the message.

    Raises:
        InvalidArgument: naming the link.
    """
    for folder, folders, files in os.walk(directory):
        for entry in (*folders, *files):
            if os.path.islink(os.path.join(folder, entry)):
                link = os.path.relpath(os.path.join(folder, entry), directory)
                raise InvalidArgument(name, str(Path(directory)), f"one without symbolic links ({link!r} is one)")


def file_inside(folder: str | os.PathLike[str], name: str, argument: str) -> Path:
    """The file that a table, a record or a dataset names, if it lies in the folder of that.

    Args:
        folder: where it has to lie, at any depth.
        name: a relative path.
        argument: for the message.

    Raises:
        InvalidArgument: for a path that leads out of the folder, also by a symbolic link, or to no file.
    """
    path = Path(folder, name)
    try:
        if path.resolve(strict=True).is_relative_to(Path(folder).resolve()) and path.is_file():
            return path
    except (OSError, ValueError, RuntimeError):
        pass
    raise InvalidArgument(argument, name, f"the name of a file in {folder}")
