"""input_blocks, load_inputs: raw inputs from files of many kinds."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from ..data.files.table_files import PARQUET, SEPARATED
from ..data.images.image_files import is_picture
from ..data.spec import Spec
from ..stored.json_files import parse
from ..stored.links import file_inside
from ..stored.reading import LONGEST_LINE, numbered_lines, read_bytes
from .blocks import BYTES, Block, in_parts
from .columns import Rows, columns_of, flat, table_of, without_others
from .number_columns import Where, nth_row
from .pixels import Pixels
from .table_inputs import table_blocks

__all__ = ["READABLE", "input_blocks", "is_readable", "load_inputs", "warn_of_ignored"]

READABLE = ".npy, .csv, .tsv, .parquet, .json, .jsonl, .txt, .png, .jpg, .bmp, .gif or .webp"

LARGEST_JSON = 2**31
"""The most bytes of a JSON file, which is read as a whole; lines of JSON are read in parts."""

TABLES, JSON = (*SEPARATED, *PARQUET), (".json", ".jsonl")


def is_readable(file: Path, spec: Spec) -> bool:
    """Whether a name ends as those of files with inputs of this model.

    Example:
        >>> is_readable(Path("notes.txt"), spec)                                     # doctest: +SKIP
        False
    """
    suffix = file.suffix.lower()
    if spec.kind == "image":
        return is_picture(file) or suffix == ".npy"
    return suffix in (*TABLES, *JSON, ".npy") or (suffix == ".txt" and spec.kind == "text")


def load_inputs(path: str | os.PathLike[str], spec: Spec) -> Any:
    """Reads raw inputs from a file, in a form that :class:`recipes.serving.predictor.Predictor` takes.

    - ``.npy``: an array, such as images, a table or sequences.
    - ``.csv``, ``.tsv``, ``.parquet``: one example per row, read as training reads it: encoding, separators, decimal
      commas. For records, and for tables with named columns, the first line names the columns, in any order; an empty
      cell is a missing value.
    - ``.json``, ``.jsonl``: one example, or a list of examples, one per line in ``.jsonl``. A record is an object, and
      null a missing value. An image in a record may be the name of a file next to this one, or below its folder.
    - ``.txt``: one text per line.
    - PNG, JPEG, BMP, GIF, WebP: an image.

    Columns that the model does not take, such as an id or the target, are ignored with a warning, unless one that it
    takes is missing.

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
    file, ignored = Path(path), dict[str, None]()
    (block,) = input_blocks(file, spec, ignored)
    warn_of_ignored(file.name, ignored)
    by_name = isinstance(block.inputs, Rows) and not spec.record
    return table_of(block.inputs, spec) if by_name else block.inputs


def warn_of_ignored(where: str, ignored: Mapping[str, None]) -> None:
    """Names the columns that were ignored, if any, in one warning."""
    if ignored:
        others = list(ignored)
        shown = ", ".join(map(repr, others[:5])) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        warn(f"{where}: ignored columns that the model does not take: {shown}")


def input_blocks(
    file: Path, spec: Spec, ignored: MutableMapping[str, None], keep: Sequence[str] = (), rows: int | None = None
) -> Iterator[Block]:
    """The raw inputs of a file, of the kinds that :func:`load_inputs` reads, in blocks.

    Args:
        file: the file. Of ``.json`` files, which are read as a whole, and of all others the memory is that of a block.
        spec: of the data that the model was trained on.
        ignored: gets the names of the columns that the model does not take.
        keep: names of the columns to copy.
        rows: of a block; None (default) for all at once.

    Raises:
        InvalidArgument: as there, and for a column to copy that the file does not have.

    Example:
        >>> [block.count for block in input_blocks(Path("big.csv"), spec, {}, rows=4096)]      # doctest: +SKIP
        [4096, 4096, 811]
    """
    if not file.is_file():
        raise InvalidArgument("input", str(file), f"a file: {READABLE}")
    suffix = file.suffix.lower()
    blocks = _blocks(file, suffix, spec, ignored, keep, rows)
    if blocks is None:
        raise InvalidArgument("input", str(file), f"a {READABLE} file")
    if keep and suffix not in (*TABLES, *JSON):
        raise InvalidArgument("keep", keep[0], f"columns of a table or of JSON objects, which {file.name} has not")
    try:
        yield from blocks
    except InvalidArgument:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise InvalidArgument("input", str(file), f"a readable {suffix} file ({reason})") from None


def _blocks(
    file: Path, suffix: str, spec: Spec, ignored: MutableMapping[str, None], keep: Sequence[str], rows: int | None
) -> Iterator[Block] | None:
    """The blocks of the file; None for a file of another kind."""
    if suffix in TABLES:
        return _pictured(table_blocks(file, spec, ignored, keep, rows), spec, file)
    if suffix in JSON:
        return _pictured(_of_json(file, suffix, spec, ignored, keep, rows), spec, file)
    if suffix == ".npy":
        return _of_array(file, rows)
    if suffix == ".txt" and spec.kind == "text":
        return _of_texts(file, rows)
    return _of_picture(file, spec) if is_picture(file) else None


def _of_array(file: Path, rows: int | None) -> Iterator[Block]:
    array = np.load(file, allow_pickle=False, mmap_mode="r")
    size = array.nbytes
    if rows is None or not array.ndim or size <= BYTES:  # a small one may also be a single example
        array = np.array(array)
        yield Block(array, len(array) if array.ndim else 1, nth_row)
        return
    step = max(1, min(rows, BYTES // max(size // len(array), 1)))
    for start in range(0, len(array), step):
        part = np.array(array[start : start + step])
        yield Block(part, len(part), _shifted(start), read=(start + len(part)) / len(array))


def _shifted(start: int) -> Where:
    return lambda row: nth_row(start + row)


def _of_texts(file: Path, rows: int | None) -> Iterator[Block]:
    size, start = file.stat().st_size, 0
    if not size:
        raise InvalidArgument("input", str(file), "one text a line, but it is empty")
    with open(file, "rb") as raw:
        text = io.TextIOWrapper(raw, "utf-8-sig")
        for part, _ in in_parts((line.removesuffix("\n") for line in _text_lines(text)), rows):
            yield Block(part, len(part), _in_lines(file, start), read=raw.tell() / size)
            start += len(part)


def _text_lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a line of more than {LONGEST_LINE:,} characters")
        yield line


def _in_lines(file: Path, start: int) -> Where:
    return lambda row: f"line {start + row + 1} of {file.name}"


def _of_picture(file: Path, spec: Spec) -> Iterator[Block]:
    if spec.kind != "image":
        accepted = f"a file with {'records' if spec.record else f'{spec.kind} inputs'}, as in training, not an image"
        raise InvalidArgument("input", str(file), accepted)
    yield Block(Pixels.of(spec).read(file, spec.input_shape[-1]), 1, lambda _: file.name)


def _of_json(
    file: Path, suffix: str, spec: Spec, ignored: MutableMapping[str, None], keep: Sequence[str], rows: int | None
) -> Iterator[Block]:
    unit = "line" if suffix == ".jsonl" else "record"
    by_name = spec.record or bool(spec.feature_names)
    present: dict[str, None] = {}
    if suffix == ".jsonl":
        numbered = _of_lines(file)
    else:
        content = parse(read_bytes(file, LARGEST_JSON))
        single = isinstance(content, dict) and _is_record(content, spec)
        if not single and not isinstance(content, list):
            columns: Any = content
            if by_name and isinstance(content, dict):
                columns = without_others(flat(content, spec.names), spec.names, ignored)
            columns = columns_of(columns, _ranks(spec), spec.names) if spec.record else columns
            _check_kept(file, keep, [])
            yield Block(columns, 0, nth_row)
            return
        numbered = iter([(1, content, 1.0)] if single else [(n, item, 1.0) for n, item in enumerate(content, 1)])
    for part, not_all in in_parts(numbered, rows):
        numbers, examples, read = zip(*part, strict=True)
        if not by_name or not all(isinstance(example, Mapping) for example in examples):
            _check_kept(file, keep, [])
            inputs = columns_of(list(examples), _ranks(spec), spec.names) if spec.record else list(examples)
            place = Rows({}, file.name, numbers, unit, part=not_all).where
            yield Block(inputs, len(part), place, read=read[-1])
            continue
        records = [flat(example, spec.names) for example in examples]
        present |= dict.fromkeys(name for record in records for name in record)
        columns = {name: [record.get(name) for record in records] for name in present}
        _check_kept(file, keep, [*present, *(str(key) for key in examples[0])])
        kept = {name: [_kept(name, *pair) for pair in zip(records, examples, strict=True)] for name in keep}
        taken = without_others(columns, spec.names, ignored, keep)
        ranks = _ranks(spec) if spec.record else dict.fromkeys(spec.feature_names, 0)
        taken = columns_of(taken, ranks, spec.names)
        inputs = Rows(taken, file.name, numbers, unit, part=not_all)
        yield Block(inputs, len(part), inputs.where, kept, read[-1])


def _of_lines(file: Path) -> Iterator[tuple[int, Any, float]]:
    """(number, value, share of the file) of each line of JSON that is not blank."""
    size = max(file.stat().st_size, 1)
    read = 0
    for number, line in numbered_lines(file):
        read += len(line)
        if line.strip():
            try:
                yield number, parse(line), read / size
            except ValueError as error:
                reason = f"line {number}: {error}"[:100]
                raise InvalidArgument("input", str(file), f"a readable .jsonl file ({reason})") from None


def _is_record(content: Mapping[str, Any], spec: Spec) -> bool:
    """Whether a JSON object is a single record, not columns by name: its values have the ranks of one example."""
    if not (spec.record or spec.feature_names):
        return False
    ranks = _ranks(spec) if spec.record else dict.fromkeys(spec.feature_names, 0)
    values = flat(content, spec.names)
    known = set(values) & set(ranks)
    return any(_names_a_file(values[name]) for name in known) or all(
        _depth(values[name]) == ranks[name] for name in known
    )


def _depth(value: Any) -> int:
    return 1 + (_depth(value[0]) if value else 0) if isinstance(value, list) else 0


def _kept(name: str, record: Mapping[str, Any], example: Mapping[str, Any]) -> Any:
    return example[name] if name in example else record.get(name)


def _check_kept(file: Path, keep: Sequence[str], names: Sequence[str]) -> None:
    for name in keep:
        if name not in names:
            shown = ", ".join(dict.fromkeys(names)) or "it has no records with names"
            raise InvalidArgument("keep", name, f"names in the records of {file.name}: {shown}")


def _ranks(spec: Spec) -> dict[str, int]:
    return {feature.name: len(feature.shape) for feature in spec.features}


def _pictured(blocks: Iterator[Block], spec: Spec, file: Path) -> Iterator[Block]:
    """The blocks, with file names replaced by images and JSON cells by their values."""
    shaped = [feature for feature in spec.features if feature.shape] if spec.record else []
    for block in blocks:
        for feature in shaped:
            values = block.inputs.get(feature.name)
            if values is None:
                continue
            if feature.kind == "image":
                pixels, channels = Pixels.of(feature), feature.shape[-1]
                values = [
                    pixels.read(file_inside(file.parent, v, "input"), channels) if _names_a_file(v) else v
                    for v in values
                ]
            block.inputs[feature.name] = [parse(v) if isinstance(v, str) else v for v in values]
        yield block


def _names_a_file(value: Any) -> bool:
    return isinstance(value, str) and is_picture(value)
