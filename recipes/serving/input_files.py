"""load_inputs: raw inputs from files of many kinds."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.files.table_files import PARQUET, SEPARATED
from ..data.images.image_files import is_picture
from ..data.spec import Spec
from .columns import columns_of
from .pixels import Pixels
from .table_inputs import table_inputs

__all__ = ["load_inputs"]

READABLE = ".npy, .csv, .tsv, .parquet, .json, .jsonl, .txt, .png, .jpg, .bmp, .gif or .webp"


def load_inputs(path: str | os.PathLike[str], spec: Spec) -> Any:
    """Reads raw inputs from a file, in a form that :class:`recipes.serving.predictor.Predictor` takes.

    - ``.npy``: an array, such as images, a table or sequences.
    - ``.csv``, ``.tsv``, ``.parquet``: one example per row, read as training reads it: encoding, separators, decimal
      commas. For records, and for tables with named columns, the first line names the columns, in any order; an empty
      cell is a missing value.
    - ``.json``, ``.jsonl``: one example, or a list of examples, one per line in ``.jsonl``. A record is an object, and
      null a missing value. An image in a record may be the name of a file next to this one.
    - ``.txt``: one text per line.
    - PNG, JPEG, BMP, GIF, WebP: an image.

    Args:
        path: the file.
        spec: of the data that the model was trained on.

    Returns:
        An array, a list, or for records the columns by name.

    Raises:
        InvalidArgument: if the file does not exist or cannot be read as its suffix says; for a table with its line,
            column and value.

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


def _read(file: Path, suffix: str, spec: Spec) -> Any:
    """The inputs in the file; None for a file of another kind."""
    if suffix == ".npy":
        return np.load(file, allow_pickle=False)
    if suffix in (*SEPARATED, *PARQUET):
        rows = table_inputs(file, spec)
        return _with_pictures(rows, spec, file.parent) if spec.record else rows
    if suffix in (".json", ".jsonl"):
        text = file.read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if line.strip()]  # strings may contain other line ends
        examples = [json.loads(line) for line in lines] if suffix == ".jsonl" else json.loads(text)
        if not spec.record:
            return examples
        if isinstance(examples, dict) and any(map(_names_a_file, examples.values())):
            examples = [examples]  # a single record
        return _with_pictures(columns_of(examples, _ranks(spec), spec.names), spec, file.parent)
    if suffix == ".txt" and spec.kind == "text":
        return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if is_picture(file):
        if spec.kind != "image":
            accepted = (
                f"a file with {'records' if spec.record else f'{spec.kind} inputs'}, as in training, not an image"
            )
            raise InvalidArgument("input", str(file), accepted)
        return Pixels.of(spec).read(file, spec.input_shape[-1])
    return None


def _ranks(spec: Spec) -> dict[str, int]:
    return {feature.name: len(feature.shape) for feature in spec.features}


def _with_pictures(columns: dict[str, list[Any]], spec: Spec, folder: Path) -> dict[str, list[Any]]:
    """The columns, with file names replaced by images and JSON cells by their values."""
    loaded = copy.copy(columns)
    for feature in spec.features:
        if feature.shape and feature.name in loaded:
            values = loaded[feature.name]
            if feature.kind == "image":
                pixels, channels = Pixels.of(feature), feature.shape[-1]
                values = [pixels.read(folder / v, channels) if _names_a_file(v) else v for v in values]
            loaded[feature.name] = [json.loads(value) if isinstance(value, str) else value for value in values]
    return loaded


def _names_a_file(value: Any) -> bool:
    return isinstance(value, str) and is_picture(value)
