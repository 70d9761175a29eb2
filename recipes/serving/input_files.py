"""load_inputs, columns_of: raw inputs from files of many kinds, and records as columns by name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.feature import plain_name
from ..data.spec import Spec

__all__ = ["columns_of", "load_inputs"]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
READABLE = ".npy, .csv, .json, .jsonl, .txt, .png, .jpg, .bmp or .gif"


def load_inputs(path: str | os.PathLike[str], spec: Spec | None) -> Any:
    """Raw inputs from a file, in a form that :class:`recipes.serving.predictor.Predictor` takes.

    - ``.npy``: an array, such as images, a table or sequences.
    - ``.csv``: a row an example. For records, and for tables whose columns have names, the first line names the
      columns, in any order; an empty cell is a missing value.
    - ``.json``, ``.jsonl``: an example, or a list of them; a record is an object, null a missing value; ``.jsonl`` has
      one a line. What a record has for an image may be the name of a file beside this one.
    - ``.txt``: a text a line.
    - PNG, JPEG, BMP, GIF: an image.

    Args:
        path: the file.
        spec: of the model's data; None if it is not known.

    Returns:
        An array, a list, or for records the columns by name.

    Raises:
        InvalidArgument: when the file is not there or cannot be read as what its name says.

    Example:
        >>> Predictor("out")(load_inputs("passengers.csv", predictor.spec))       # doctest: +SKIP
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidArgument("input", str(path), f"a file: {READABLE}")
    suffix = file.suffix.lower()
    try:
        found = _read(file, suffix, spec)
    except InvalidArgument:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise InvalidArgument("input", str(path), f"a readable {suffix} file ({reason})") from None
    if found is None:
        raise InvalidArgument("input", str(path), f"a {READABLE} file")
    return found


def columns_of(inputs: Any, ranks: Mapping[str, int]) -> dict[str, list[Any]]:
    """Records as columns: lists of the same length by name. Nothing but the names is checked.

    Args:
        inputs: columns by name, a record as a dictionary of single values, a list of such, or a DataFrame.
        ranks: how many sizes a single value of each column has: 0 for numbers, categories and texts.

    Raises:
        InvalidArgument: for anything else, columns that are unknown or not there, or of different lengths.

    Example:
        >>> columns_of([{"age": 3, "deck": "B"}, {"deck": "A"}], {"age": 0, "deck": 0})
        {'age': [3, None], 'deck': ['B', 'A']}
    """
    if hasattr(inputs, "columns") and hasattr(inputs, "dtypes"):  # a pandas DataFrame
        frame = inputs.astype(object).where(inputs.notna(), None)
        inputs = {str(name): frame[name].tolist() for name in frame.columns}
    if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(each, Mapping) for each in inputs):
        records = [_flat(each) for each in inputs]
        names = list(dict.fromkeys(name for each in records for name in each))
        columns: dict[str, Any] = {name: [each.get(name) for each in records] for name in names}
    elif isinstance(inputs, Mapping):
        columns = _flat(inputs)
        if all(_rank(value) == ranks.get(name, 0) for name, value in columns.items()):
            columns = {name: [value] for name, value in columns.items()}
    else:
        shown = f"{inputs.dtype} of shape {inputs.shape}" if isinstance(inputs, np.ndarray) else type(inputs).__name__
        raise InvalidArgument("input", shown, f"records with {', '.join(ranks)}, by name")
    wrong = {
        "missing": [name for name in ranks if name not in columns],
        "unknown": [name for name in columns if name not in ranks],
    }
    if any(wrong.values()):
        shown = "; ".join(f"{what}: {', '.join(names)}" for what, names in wrong.items() if names)
        raise InvalidArgument("input", shown, f"records with {', '.join(ranks)}, and nothing else")
    sizes = {name: 0 if _rank(values) == 0 else len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1 or not all(sizes.values()):
        raise InvalidArgument("input", sizes, "columns of the same length, at least 1")
    return {name: list(columns[name]) for name in ranks}


def _read(file: Path, suffix: str, spec: Spec | None) -> Any:
    """What is in the file; None for a file of another kind."""
    record = spec is not None and spec.record
    if suffix == ".npy":
        return np.load(file, allow_pickle=False)
    if suffix == ".csv":
        if record:
            return _with_pictures(_csv(file), spec, file.parent)
        if spec is not None and spec.feature_names and _named(file):
            return _table(_csv(file), spec)
        return np.loadtxt(file, delimiter=",", ndmin=2, dtype=np.float32)
    if suffix in (".json", ".jsonl"):
        text = file.read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if line.strip()]  # other ends of lines may stand within strings
        found = [json.loads(line) for line in lines] if suffix == ".jsonl" else json.loads(text)
        if not record:
            return found
        return _with_pictures(columns_of(found, _ranks(spec)), spec, file.parent)
    if suffix == ".txt" and (spec is None or spec.kind == "text"):
        return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if suffix in PICTURES:
        channels = spec.input_shape[-1] if spec is not None and len(spec.input_shape) == 3 else 0
        return _picture(file, channels)
    return None


def _csv(file: Path) -> dict[str, list[Any]]:
    """Columns of strings by name."""
    import pandas

    frame = pandas.read_csv(file, dtype=str, keep_default_na=False, skipinitialspace=True)
    return {plain_name(str(name)): frame[name].tolist() for name in frame.columns}


def _named(file: Path) -> bool:
    """Whether the first line of a table is no numbers."""
    with open(file, encoding="utf-8") as lines:
        first = lines.readline()
    try:
        [float(cell) for cell in first.split(",")]
    except ValueError:
        return True
    return False


def _table(columns: dict[str, list[Any]], spec: Any) -> np.ndarray:
    names = {plain_name(name): 0 for name in spec.feature_names}
    found = columns_of(columns, names)
    return np.stack([np.array(found[name], np.float32) for name in names], axis=1)


def _ranks(spec: Any) -> dict[str, int]:
    return {each.name: len(each.shape) for each in spec.features}


def _with_pictures(columns: dict[str, list[Any]], spec: Any, folder: Path) -> dict[str, list[Any]]:
    """The columns with the images whose files they name, and with what cells hold as JSON."""
    found = dict(columns)
    for each in spec.features:
        if each.shape and each.name in found:
            values = found[each.name]
            if each.kind == "image":
                values = [_picture(folder / v, each.shape[-1]) if _names_a_file(v) else v for v in values]
            found[each.name] = [json.loads(value) if isinstance(value, str) else value for value in values]
    return found


def _names_a_file(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(PICTURES)


def _picture(file: Path, channels: int) -> np.ndarray:
    import tensorflow as tf

    return tf.io.decode_image(file.read_bytes(), channels=channels, expand_animations=False).numpy()


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record whose nested ones have become columns of their own, their names joined by "."."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        inner = _flat(value) if isinstance(value, Mapping) else {"": value}
        for name, each in inner.items():
            found[plain_name(f"{key}.{name}" if name else str(key))] = each
    return found


def _rank(value: Any) -> int:
    """How many sizes a value has, also where they vary."""
    if isinstance(value, (list, tuple)):
        return 1 + (_rank(value[0]) if value else 0)
    return int(np.ndim(value)) if isinstance(value, np.ndarray) or hasattr(value, "__array__") else 0
