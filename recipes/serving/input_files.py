"""load_inputs, columns_of, table_of: raw inputs from files of many kinds, and records as columns by name."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.feature_statistics import ABSENT
from ..data.input_arrays import is_absent
from ..data.names import Names, check_columns, checked_names, is_frame
from ..data.spec import Spec

__all__ = ["columns_of", "load_inputs", "table_of"]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
BOOLEANS = {"true": 1, "false": 0}
"""How a CSV file has the values of a column of booleans."""
READABLE = ".npy, .csv, .json, .jsonl, .txt, .png, .jpg, .bmp or .gif"


def load_inputs(path: str | os.PathLike[str], spec: Spec | None) -> Any:
    """Reads raw inputs from a file, in a form that :class:`recipes.serving.predictor.Predictor` takes.

    - ``.npy``: an array, such as images, a table or sequences.
    - ``.csv``: one example per row. For records, and for tables with named columns, the first line names the columns,
      in any order; an empty cell is a missing value.
    - ``.json``, ``.jsonl``: one example, or a list of examples, one per line in ``.jsonl``. A record is an object, and
      null a missing value. An image in a record may be the name of a file next to this one.
    - ``.txt``: one text per line.
    - PNG, JPEG, BMP, GIF: an image.

    Args:
        path: the file.
        spec: the Spec of the model's data; None if unknown.

    Returns:
        An array, a list, or for records the columns by name.

    Raises:
        InvalidArgument: if the file does not exist or cannot be read as its suffix says.

    Example:
        >>> Predictor("out")(load_inputs("passengers.csv", predictor.spec))       # doctest: +SKIP
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidArgument("input", str(path), f"a file: {READABLE}")
    suffix = file.suffix.lower()
    try:
        inputs = _read(file, suffix, spec)
    except InvalidArgument:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise InvalidArgument("input", str(path), f"a readable {suffix} file ({reason})") from None
    if inputs is None:
        raise InvalidArgument("input", str(path), f"a {READABLE} file")
    return inputs


def columns_of(inputs: Any, ranks: Mapping[str, int], names: Names) -> dict[str, list[Any]]:
    """Records as columns: lists of the same length by the user's names. Values are not checked.

    Args:
        inputs: columns by name, a record as a dictionary of single values, a list of records, or a DataFrame.
        ranks: number of dimensions of a single value, by column: 0 for numbers, categories and texts.
        names: names of the columns; the inputs may have the model's names.

    Raises:
        InvalidArgument: for anything else, and for unknown or missing columns, or columns of different lengths.

    Example:
        >>> columns_of([{"age": 3, "deck": "B"}, {"deck": "A"}], {"age": 0, "deck": 0}, Names(["age", "deck"]))
        {'age': [3, None], 'deck': ['B', 'A']}
    """
    if is_frame(inputs):
        frame = inputs.astype(object).where(inputs.notna(), None)
        listed = checked_names("input", map(str, frame.columns))
        inputs = {name: frame.iloc[:, place].tolist() for place, name in enumerate(listed)}
    if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(record, Mapping) for record in inputs):
        records = [_flat(record, names) for record in inputs]
        every = dict.fromkeys(name for record in records for name in record)
        columns: dict[str, Any] = {name: [record.get(name) for record in records] for name in every}
    elif isinstance(inputs, Mapping):
        columns = _flat(inputs, names)
        if all(_rank(value) == ranks.get(name, 0) for name, value in columns.items()):
            columns = {name: [value] for name, value in columns.items()}
    else:
        shown = f"{inputs.dtype} of shape {inputs.shape}" if isinstance(inputs, np.ndarray) else type(inputs).__name__
        raise InvalidArgument("input", shown, f"records with {', '.join(ranks)}, by name")
    check_columns("input", columns, list(ranks), "records with")
    sizes = {name: 0 if _rank(values) == 0 else len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1 or not all(sizes.values()):
        raise InvalidArgument("input", sizes, "columns of the same length, at least 1")
    return {name: list(columns[name]) for name in ranks}


def table_of(inputs: Any, spec: Spec) -> np.ndarray:
    """A table of numbers, shape (n, features), in the order of training, from columns or rows by name.

    Args:
        inputs: as in :func:`columns_of`.
        spec: the Spec of a table with named columns.

    Raises:
        InvalidArgument: for unknown or missing columns, missing values, and values other than numbers.

    Example:
        >>> table_of([{"area": 3, "age": 1}, {"age": 2, "area": 4}], spec)       # doctest: +SKIP
        array([[1., 3.], [2., 4.]], dtype=float32)
    """
    columns = columns_of(inputs, dict.fromkeys(spec.feature_names, 0), spec.names)
    numbers = []
    for name, values in columns.items():
        argument = f"input[{name!r}]"
        cells = [value.strip().lower() if isinstance(value, str) else value for value in values]
        missing = sum(value in ABSENT if isinstance(value, str) else is_absent(value) for value in cells)
        if missing:
            accepted = f"given in every row, as in training; it is missing in {missing} of {len(cells)}"
            raise InvalidArgument(argument, None, accepted)
        try:
            numbers.append(np.array([BOOLEANS.get(str(value), value) for value in cells], spec.input_dtype))
        except (TypeError, ValueError) as error:
            raise InvalidArgument(argument, values[:3], f"numbers ({error})") from None
    return np.stack(numbers, axis=1)


def _read(file: Path, suffix: str, spec: Spec | None) -> Any:
    """The inputs in the file; None for a file of another kind."""
    record = spec if spec is not None and spec.record else None
    if suffix == ".npy":
        return np.load(file, allow_pickle=False)
    if suffix == ".csv":
        if record is not None:
            return _with_pictures(_csv(file, record.names), record, file.parent)
        if spec is not None and spec.kind == "tabular" and (header := _header(file, spec.names)):
            if not spec.feature_names:
                accepted = "numbers without a header, since the model was trained on columns without names"
                raise InvalidArgument("input", ", ".join(header), accepted)
            return table_of(_csv(file, spec.names), spec)
        dtype = "float64" if spec is None else spec.input_dtype if spec.kind == "tabular" else "float32"
        return np.loadtxt(file, delimiter=",", ndmin=2, dtype=dtype)
    if suffix in (".json", ".jsonl"):
        text = file.read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if line.strip()]  # strings may contain other line ends
        examples = [json.loads(line) for line in lines] if suffix == ".jsonl" else json.loads(text)
        if record is None:
            return examples
        return _with_pictures(columns_of(examples, _ranks(record), record.names), record, file.parent)
    if suffix == ".txt" and (spec is None or spec.kind == "text"):
        return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if suffix in PICTURES:
        channels = spec.input_shape[-1] if spec is not None and len(spec.input_shape) == 3 else 0
        return _picture(file, channels)
    return None


def _csv(file: Path, names: Names) -> dict[str, list[Any]]:
    """Columns of strings by the user's names; unknown columns keep the names in the first line."""
    import pandas

    options: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    for skip in (False, True):  # a space after a comma may be part of a name
        # header=None, since pandas renames duplicates in a header
        first = pandas.read_csv(file, header=None, nrows=1, skipinitialspace=skip, **options)
        listed = names.match(first.iloc[0])
        if set(listed) <= set(names.inner):
            break
    checked_names("input", listed)
    frame = pandas.read_csv(file, skipinitialspace=True, **options)
    return dict(zip(listed, (frame.iloc[:, place].tolist() for place in range(len(listed))), strict=True))


def _header(file: Path, names: Names) -> list[str]:
    """The first line of a table if it names the columns; empty if it is numbers, unless these are the names."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        cells = next(csv.reader(lines, skipinitialspace=True), [])
    if len(names) and set(names.match(cells)) == set(names.inner):
        return cells
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return cells
    return []


def _ranks(spec: Spec) -> dict[str, int]:
    return {feature.name: len(feature.shape) for feature in spec.features}


def _with_pictures(columns: dict[str, list[Any]], spec: Spec, folder: Path) -> dict[str, list[Any]]:
    """The columns, with file names replaced by images and JSON cells by their values."""
    loaded = dict(columns)
    for feature in spec.features:
        if feature.shape and feature.name in loaded:
            values = loaded[feature.name]
            if feature.kind == "image":
                channels = feature.shape[-1] or 0
                values = [_picture(folder / v, channels) if _names_a_file(v) else v for v in values]
            loaded[feature.name] = [json.loads(value) if isinstance(value, str) else value for value in values]
    return loaded


def _names_a_file(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(PICTURES)


def _picture(file: Path, channels: int) -> np.ndarray:
    import tensorflow as tf

    return tf.io.decode_image(file.read_bytes(), channels=channels, expand_animations=False).numpy()


def _flat(record: Mapping[Any, Any], names: Names) -> dict[str, Any]:
    """A record by the user's names; nested records become columns with names joined by "."."""
    pairs = list(_pairs(record))
    matched = checked_names("input", names.match(name for name, _ in pairs))
    return dict(zip(matched, (value for _, value in pairs), strict=True))


def _pairs(record: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}", nested) for name, nested in _pairs(value))
        else:
            yield str(key), value


def _rank(value: Any) -> int:
    """The number of dimensions of a value, which may be a ragged list."""
    if isinstance(value, (list, tuple)):
        return 1 + (_rank(value[0]) if value else 0)
    return int(np.ndim(value)) if isinstance(value, np.ndarray) or hasattr(value, "__array__") else 0
