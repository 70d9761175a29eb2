"""predict_files, predicted_table: the scores of files and folders, block by block, and of DataFrames."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_bool, check_path
from ..data.image_sizes import resized_images
from ..data.images.image_files import BrokenImage, is_picture
from ..data.images.image_listing import pictures_below
from ..data.names import column_names, is_frame
from ..data.spec import Spec
from ..files import check_new_file, new_file
from .answers import check_threshold, score_columns, score_names
from .blocks import Block, rows_of_block
from .columns import without_others
from .input_files import READABLE, input_blocks, is_readable, warn_of_ignored
from .pixels import Pixels
from .score_files import SUFFIXES, score_writer
from .unknown_categories import UnknownCategories

if TYPE_CHECKING:
    import pandas as pd

    from .predictor import Predictor

__all__ = ["FILE", "Paths", "Progress", "Scored", "predict_files", "predicted_table", "scored_blocks"]

FILE = "file"
"""The column with the names of the files, where there are several."""

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A file, a folder, or several of these."""

Progress = Callable[[float], None]
"""Is told the share of the inputs that is done, 0 to 1."""


@dataclass(frozen=True)
class Scored:
    """The outputs for some inputs.

    Args:
        beside: name -> the columns beside them: lists, or Arrow arrays of a Parquet file.
        outputs: of the model, shape (n, outputs).
    """

    beside: dict[str, Any]
    outputs: np.ndarray

    def names(self, spec: Spec, prefix: str = "") -> list[str]:
        """The names of the columns of the table of scores."""
        return [*self.beside, *score_names(spec, prefix, list(self.beside))]

    def columns(self, spec: Spec, threshold: float) -> list[Any]:
        """The columns of the table of scores, in the order of their names."""
        return [*self.beside.values(), *score_columns(self.outputs, spec, threshold)]


def predict_files(
    predictor: Predictor,
    inputs: Paths,
    to: str | os.PathLike[str],
    *,
    keep: Sequence[str] = (),
    threshold: float | None = None,
    prefix: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Scores files and writes the table of scores; see :meth:`recipes.Predictor.predict_files`.

    Example:
        >>> predict_files(Predictor("out"), "customers.csv", "scores.csv", keep=["id"])       # doctest: +SKIP
        4811
    """
    overwrite = check_bool("overwrite", overwrite)
    path = check_new_file(to, name="to", suffixes=SUFFIXES, overwrite=overwrite)
    spec, limit = predictor.spec, check_threshold(threshold, predictor.spec)
    blocks = scored_blocks(predictor, inputs, keep=keep, progress=progress)
    if path.exists() and any(path.samefile(file) for file, _ in _files(inputs, spec)):
        raise InvalidArgument("to", str(path), "another file than those of the inputs")
    first, count = next(blocks), 0
    names = first.names(spec, prefix)
    with new_file(path) as file, score_writer(file, path.suffix.lower(), names) as write:
        for scored in itertools.chain([first], blocks):
            write(scored.columns(spec, limit))
            count += len(scored.outputs)
    return count


def predicted_table(
    predictor: Predictor, inputs: Any, *, keep: Sequence[str] = (), threshold: float | None = None, prefix: str = ""
) -> pd.DataFrame:
    """The scores of inputs in memory; see :meth:`recipes.Predictor.predict_table`."""
    import pandas as pd

    spec, keep = predictor.spec, _checked_keep(keep)
    names, limit = score_names(spec, prefix, keep), check_threshold(threshold, spec)
    kept: dict[str, Any] = {}
    index = None
    if is_frame(inputs):
        missing = next((name for name in keep if name not in inputs.columns), None)
        if missing is not None:
            raise InvalidArgument("keep", missing, f"columns of the input: {', '.join(map(str, inputs.columns))}")
        kept, index = {name: inputs[name] for name in keep}, inputs.index
        inputs = _taken(inputs, spec, keep)
    elif keep:
        raise InvalidArgument("keep", list(keep), "left out where the input is no DataFrame")
    unknown = UnknownCategories(spec)
    columns = score_columns(predictor.scores(inputs, unknown=unknown), spec, limit)
    unknown.warn("the DataFrame" if index is not None else "the input")
    return pd.DataFrame({**kept, **dict(zip(names, columns, strict=True))}, index=index)


def _taken(frame: Any, spec: Spec, keep: Sequence[str]) -> Any:
    """A DataFrame without the columns that the model does not take."""
    if not (spec.record or spec.feature_names) or column_names("input", frame, list(spec.names.inner)) is None:
        return frame
    ignored: dict[str, None] = {}
    listed = spec.names.match(frame.columns)
    taken = without_others(dict(zip(listed, range(len(listed)), strict=True)), spec.names, ignored, keep)
    warn_of_ignored("the DataFrame", ignored)
    return frame.iloc[:, list(taken.values())]


def _checked_keep(keep: Sequence[str]) -> list[str]:
    twice = next((name for place, name in enumerate(keep) if name in keep[:place]), None)
    if twice is not None:
        raise InvalidArgument("keep", twice, "names of different columns")
    return list(keep)


def scored_blocks(
    predictor: Predictor,
    inputs: Paths,
    *,
    keep: Sequence[str] = (),
    progress: Progress | None = None,
) -> Iterator[Scored]:
    """The outputs for files, block by block: in memory is one at a time.

    Args:
        predictor: of the model.
        inputs, keep, progress: as for :meth:`recipes.Predictor.predict_files`.

    Raises:
        InvalidArgument: as there; in the block at fault.

    Example:
        >>> sum(len(scored.outputs) for scored in scored_blocks(Predictor("out"), "customers.csv"))  # doctest: +SKIP
        4811
    """
    spec, ignored, keep = predictor.spec, dict[str, None](), _checked_keep(keep)
    unknown = UnknownCategories(spec)
    files = _files(inputs, spec)
    named = len(files) > 1 or Path(files[0][1]) != files[0][0]
    if named and FILE in keep:
        raise InvalidArgument("keep", FILE, f"names other than {FILE!r}, the column with the names of the files")
    sizes = np.cumsum([0, *(max(file.stat().st_size, 1) for file, _ in files)])
    try:
        for block, members in _blocks(files, spec, ignored, keep, rows_of_block(spec)):
            outputs = predictor.scores(block.inputs, block.where, unknown)
            beside = {name: block.kept[name] for name in keep}
            if named:
                of = [files[k][1] for k in members]
                beside = {FILE: of if len(of) == len(outputs) else of * len(outputs), **beside}
            if progress is not None:
                at = members[-1]
                progress(float((sizes[at] + block.read * (sizes[at + 1] - sizes[at])) / sizes[-1]))
            yield Scored(beside, outputs)
    finally:
        read = files[0][0].name if len(files) == 1 else f"{len(files)} files"
        warn_of_ignored(read, ignored)
        unknown.warn(read)


def _files(inputs: Paths, spec: Spec) -> list[tuple[Path, str]]:
    """(file, name in the column of files) of all files, those of folders in the order of their names."""
    listed: list[Any] = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    for source in listed:
        check_path("inputs", source)
    files: list[tuple[Path, str]] = []
    for path in map(Path, listed):
        if not path.is_dir():
            files.append((path, str(path)))
            continue
        if spec.kind == "image":
            below = pictures_below(path)[0]
        else:
            below = sorted(file for file in path.rglob("*") if file.is_file() and is_readable(file, spec))
        if not below:
            raise InvalidArgument("input", str(path), f"a folder with files of inputs: {READABLE}")
        files += [(file, str(file.relative_to(path))) for file in below]
    if not files:
        raise InvalidArgument("input", inputs, "at least one file")
    missing = next((file for file, _ in files if not file.is_file()), None)
    if missing is not None:
        raise InvalidArgument("input", str(missing), f"a file that exists: {READABLE}")
    return files


def _blocks(
    files: Sequence[tuple[Path, str]], spec: Spec, ignored: dict[str, None], keep: Sequence[str], rows: int
) -> Iterator[tuple[Block, list[int]]]:
    """(block, positions of its files)."""
    if len(files) > 1 and spec.kind == "image" and all(is_picture(file) for file, _ in files):
        if keep:
            raise InvalidArgument("keep", keep[0], "columns of a table, which a folder of images has not")
        for start in range(0, len(files), rows):
            members = list(range(start, min(start + rows, len(files))))
            yield _of_pictures([files[k] for k in members], spec), members
        return
    for place, (file, _) in enumerate(files):
        for block in input_blocks(file, spec, ignored, keep, rows):
            yield block, [place]


def _of_pictures(files: Sequence[tuple[Path, str]], spec: Spec) -> Block:
    return Block(np.stack([_picture(*file, spec) for file in files]), len(files), lambda row: files[row][1])


def _picture(file: Path, name: str, spec: Spec) -> np.ndarray:
    """An image; where the model takes any size, resized as the model does it."""
    try:
        image = Pixels.of(spec).read(file, spec.input_shape[-1])
    except BrokenImage as error:
        raise InvalidArgument("input", name, f"a readable image ({error})") from None
    wanted = spec.input_shape if not spec.resized else (*image.shape[:2], spec.input_shape[-1])
    if image.shape != tuple(wanted):
        raise InvalidArgument("input", name, f"an image of shape {tuple(wanted)}, but it is of {image.shape}")
    return resized_images("input", [image], spec.input_shape[:2])[0] if spec.resized else image
