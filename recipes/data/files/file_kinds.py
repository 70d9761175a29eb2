"""check_kind: files that are no tables of text or Parquet, told by their names and first bytes, and what to do."""

from __future__ import annotations

import difflib
from pathlib import Path

from ....callbacks.checks import InvalidArgument

__all__ = ["PARQUET", "check_kind", "nearest_file"]

UNPACK, EXCEL, CONVERT = "unpack it first", "save the sheet as CSV", "convert it to CSV or Parquet"
KINDS = {
    ".gz": ("compressed", UNPACK),
    ".zip": ("an archive", UNPACK),
    ".bz2": ("compressed", UNPACK),
    ".xz": ("compressed", UNPACK),
    ".zst": ("compressed", UNPACK),
    ".xlsx": ("an Excel workbook", EXCEL),
    ".xlsm": ("an Excel workbook", EXCEL),
    ".xls": ("an Excel workbook", EXCEL),
    ".ods": ("a spreadsheet", EXCEL),
    ".json": ("JSON", CONVERT),
    ".jsonl": ("JSON", CONVERT),
    ".feather": ("Feather", CONVERT),
    ".arrow": ("Arrow", CONVERT),
    ".h5": ("HDF5", CONVERT),
    ".pkl": ("a pickle", CONVERT),
    ".sav": ("SPSS", CONVERT),
    ".dta": ("Stata", CONVERT),
    ".arff": ("ARFF", CONVERT),
    ".npz": ("NumPy arrays", "pass the arrays to Data.from_arrays"),
    ".npy": ("a NumPy array", "pass the array to Data.from_arrays"),
}
"""Suffix -> what the file is, and what to do."""
SIGNATURES = {
    b"\x1f\x8b": KINDS[".gz"],
    b"BZh": KINDS[".bz2"],
    b"\xfd7zXZ": KINDS[".xz"],
    b"\x28\xb5\x2f\xfd": KINDS[".zst"],
    b"PK\x03\x04": ("an Excel workbook or an archive", f"{EXCEL}, or unpack it"),
    b"\xd0\xcf\x11\xe0": KINDS[".xls"],
    b"PAR1": ("Parquet", "name it .parquet"),
    b"ARROW1": KINDS[".arrow"],
    b"\x89HDF": KINDS[".h5"],
    b"\x89PNG": ("a picture", "pass a folder with a folder of pictures for each class"),
    b"\xff\xd8\xff": ("a picture", "pass a folder with a folder of pictures for each class"),
    b"SQLite format 3": ("a database", CONVERT),
    b"%PDF": ("a PDF document", "save its table as CSV"),
}
"""The first bytes of a file -> likewise."""
WRITTEN = {
    b"<!doctype html": ("a web page", "download the file itself"),
    b"<html": ("a web page", "download the file itself"),
    b"<?xml": ("XML", CONVERT),
    b"[{": KINDS[".json"],
    b'{"': KINDS[".json"],
}
"""The first characters of a text, in lower case without white space -> likewise."""
CONTROLS = bytes(set(range(1, 32)) - set(b"\t\n\v\f\r\x1a\x1b"))
"""Characters that texts hardly have: all below the blank but white space, NUL (UTF-16 is full of it), the end of a file
under DOS, and the start of a colour."""
FEW = 2
"""A text has at most so many of them; some tools separate columns and rows by one or two."""
PARQUET = (".parquet", ".pq")
"""Suffixes."""
BYTES = ("no text, but bytes", CONVERT)
OTHERS = ("of an unknown kind", "rename it if it is one of these, or save it as CSV")


def check_kind(argument: str, path: Path, shown: str, suffixes: tuple[str, ...], accepted: str) -> None:
    """Refuses a file with another suffix, and one whose first bytes are those of another kind of file.

    Args:
        argument: name of the path, for messages.
        path: a file that exists.
        shown: the path as it was passed.
        suffixes: those that are accepted; of the files with another signature, only Parquet's.
        accepted: what is accepted, in words.

    Raises:
        InvalidArgument: saying what the file is and what to do.

    Example:
        >>> check_kind("name", Path("churn.csv"), "churn.csv", (".csv",), "a .csv file")        # doctest: +SKIP
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        what, remedy = KINDS.get(suffix, OTHERS)
        raise InvalidArgument(argument, shown, f"{accepted}, but it is {what}: {remedy}")
    with open(path, "rb") as file:
        found = _kind_inside(file.read(4096))
    if found is not None and not (suffix in PARQUET and found in (SIGNATURES[b"PAR1"], BYTES)):
        what, remedy = found
        raise InvalidArgument(argument, shown, f"{accepted}, but inside it is {what}: {remedy}")


def _kind_inside(start: bytes) -> tuple[str, str] | None:
    """What a file that begins so is, and what to do; None for text, and for what cannot be told."""
    text = b"".join(start[:64].removeprefix(b"\xef\xbb\xbf").lower().split())
    by_bytes = (kind for signature, kind in SIGNATURES.items() if start.startswith(signature))
    by_text = (kind for beginning, kind in WRITTEN.items() if text.startswith(b"".join(beginning.split())))
    binary = [BYTES] if len(set(start) & set(CONTROLS)) > FEW else []
    return next((kind for kinds in (by_bytes, by_text, binary) for kind in kinds), None)


def nearest_file(path: Path, suffixes: tuple[str, ...]) -> str:
    """A hint at the file that a path of nothing may mean: the end of a message; "" if none is near.

    Example:
        >>> nearest_file(Path("chrun.csv"), (".csv",))                # doctest: +SKIP
        " (perhaps 'churn.csv')"
    """
    if not path.parent.is_dir():
        return f" ({path.parent} is no folder)"
    names = [file.name for file in path.parent.iterdir() if file.suffix.lower() in suffixes]
    same = [name for name in names if Path(name).stem == path.stem]
    near = same or difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
    return f" (perhaps {str(path.with_name(near[0]))!r})" if near else ""
