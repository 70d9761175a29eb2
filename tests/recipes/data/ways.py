"""Every way in x every kind of column and target: what each way makes of the same values.

A kind is 40 values as their owner has them, and what a model has to get for each. A way brings columns and a target to
a Data. The table of what comes out is ``docs/ways_in.md``; ``test_ways_in.py`` reads it and checks each cell.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow_datasets as tfds

import recipes
from recipes.data.statistics.feature_statistics import measured, missing_mask

PAGE = Path(__file__).parents[3] / "docs" / "ways_in.md"
N = 40
ROWS = np.arange(N)
NOISE = np.random.default_rng(0).permutation(N) * 1.5 + 0.25
"""The other column, whose values say which row an example is."""
Y = ROWS % 2
NAN, GAPS = np.nan, ROWS % 9 == 4


def gaps(values: Any, missing: Any) -> list[Any]:
    """The values, some replaced by what stands for a missing one."""
    return [missing if gap else value for value, gap in zip(values, GAPS, strict=True)]


DAYS = [datetime.date(2020, 1, 27) + datetime.timedelta(days=int(day)) for day in ROWS * 11]
TIMES = [datetime.datetime(2020, 1, 27, 6) + datetime.timedelta(hours=int(hours)) for hours in ROWS * 7]
SINCE = [(day - datetime.date(1970, 1, 1)).days for day in DAYS]
CLOCK = [(time - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1) for time in TIMES]
WORDS = [("red", "green", "deep blue")[row % 3] for row in ROWS]
TEXTS = [f"the {WORDS[row]} one of {row % 7} and {row % 11} is good, or {('bad', 'dull')[row % 2]}" for row in ROWS]

COLUMNS: dict[str, tuple[list[Any], list[Any]]] = {
    "numbers": ((ROWS / 4).tolist(), (ROWS / 4).tolist()),
    "whole numbers": ((ROWS * 3 % 17).tolist(), (ROWS * 3 % 17).tolist()),
    "whole numbers that float32 rounds": ((1_700_000_000 + ROWS).tolist(), (1_700_000_000 + ROWS).tolist()),
    "-1, 0 and 1": ((ROWS % 3 - 1).tolist(), (ROWS % 3 - 1).tolist()),
    "booleans": ((ROWS % 3 == 0).tolist(), (ROWS % 3 == 0).tolist()),
    "numbers and NaN": (gaps(ROWS / 4, NAN), gaps(ROWS / 4, NAN)),
    "a masked array": (gaps(ROWS / 4, np.ma.masked), gaps(ROWS / 4, NAN)),
    "decimals": ([Decimal(int(row)) / 4 for row in ROWS], (ROWS / 4).tolist()),
    "numbers as strings, such as 1,200.5": ([f"{1000 + row * 50.5:,}" for row in ROWS], (1000 + ROWS * 50.5).tolist()),
    "numbers as strings with spaces": ([f" {row} " for row in ROWS], ROWS.tolist()),
    "words": (WORDS, WORDS),
    "words and None": (gaps(WORDS, None), gaps(WORDS, NAN)),
    "a pandas category of digits": ([str(row % 3) for row in ROWS], [str(row % 3) for row in ROWS]),
    "texts": (TEXTS, TEXTS),
    "dates": (DAYS, SINCE),
    "dates and times": (TIMES, CLOCK),
    "dates and times, some missing": (gaps(TIMES, None), gaps(CLOCK, NAN)),
    "dates as strings, 31.01.2020": ([day.strftime("%d.%m.%Y") for day in DAYS], SINCE),
    "times as strings, with gaps": (gaps([str(time) for time in TIMES], ""), gaps(CLOCK, NAN)),
    "vectors": ([[row / 4, -float(row)] for row in ROWS], [[row / 4, -float(row)] for row in ROWS]),
}
"""Kind of column -> (values as they are brought, what a model gets: numbers, days since 1970, strings, or NaN)."""

ODD_NAMES = "columns named pH, ph, 年龄, a/b, a_b, self, 0, ..."
NAMES = ["pH", "ph", "年龄", "a/b", "a_b", "a b", "class", "self", "record", "outputs", "Größe (cm)", "None", "0"]
"""Names that programs choke on."""

MULTICLASS = {"task": "multiclass"}
TARGETS: dict[str, tuple[list[Any], list[Any], dict[str, Any]]] = {
    "floats": ((ROWS / 4).tolist(), (ROWS / 4).tolist(), {}),
    "whole numbers of many values": ((119_000 + ROWS * 7).tolist(), (119_000 + ROWS * 7).tolist(), {}),
    "labels 1 and 2": ((Y + 1).tolist(), (Y + 1).tolist(), {}),
    "labels -1 and 1": ((Y * 2 - 1).tolist(), (Y * 2 - 1).tolist(), {}),
    "labels -1, 0 and 1": ((ROWS % 3 - 1).tolist(), (ROWS % 3 - 1).tolist(), {}),
    "labels 7 and 2,000,000,000": ((7 + Y * 1_999_999_993).tolist(), (7 + Y * 1_999_999_993).tolist(), {}),
    "0.0 and 1.0": (Y.astype(float).tolist(), Y.astype(float).tolist(), {}),
    '0.0 and 1.0, task="binary"': (Y.astype(float).tolist(), Y.tolist(), {"task": "binary"}),
    "whole numbers as objects": ((ROWS % 3).tolist(), (ROWS % 3).tolist(), {}),
    "booleans": ((Y == 1).tolist(), (Y == 1).tolist(), {}),
    "words": (WORDS, WORDS, {}),
    "prices as strings, such as $1,200": ([f"${1000 + row * 50:,}" for row in ROWS], (1000 + ROWS * 50).tolist(), {}),
    "decimals": ([Decimal(int(row)) / 4 for row in ROWS], (ROWS / 4).tolist(), {}),
    "two numbers": ([[row / 4, row * 1e6] for row in ROWS], [[row / 4, row * 1e6] for row in ROWS], {}),
    "several 0 and 1": ([[row % 2, row // 2 % 2] for row in ROWS], [[row % 2, row // 2 % 2] for row in ROWS], {}),
    'one-hot rows, task="multiclass"': (np.eye(3, dtype=int)[ROWS % 3].tolist(), (ROWS % 3).tolist(), MULTICLASS),
    "lists of labels": (
        [[row % 2, 2] if row % 3 else [row % 2] for row in ROWS.tolist()],
        [[1 - row % 2, row % 2, int(row % 3 != 0)] for row in ROWS.tolist()],
        {"task": "multilabel"},
    ),
    "some missing": (gaps(Y.astype(float), NAN), Y.tolist(), {}),
}
"""Kind of target -> (values as they are brought, what the data has for each: class names, numbers or rows, options)."""


IMPOSSIBLE = "-"
"""The cell of values that cannot be brought in a way."""


class NotInThisForm(Exception):
    """Values that cannot be brought in this way."""


def is_masked(values: list[Any]) -> bool:
    """Whether a value is masked."""
    return any(value is np.ma.masked for value in values)


def are_ragged(y: Any) -> bool:
    """Whether targets are lists of unlike lengths."""
    return bool(np.ndim(y[0])) and len({len(row) for row in y}) > 1


def as_array(values: list[Any]) -> Any:
    """A column as an array of NumPy: masked where a value is, of objects where NumPy has no better type."""
    hidden = [value is np.ma.masked for value in values]
    if any(hidden):
        return np.ma.masked_array([0.0 if hide else value for value, hide in zip(values, hidden, strict=True)], hidden)
    if isinstance(values[0], datetime.datetime):
        return np.array([np.datetime64("NaT" if value is None else value) for value in values], "datetime64[s]")
    if any(isinstance(value, (str, Decimal, datetime.date)) or value is None for value in values):
        return np.array(values, object)
    return np.array(values)


def as_series(values: list[Any], kind: str = "") -> pd.Series:
    """A column as pandas has it."""
    if is_masked(values):
        raise NotInThisForm
    series = pd.Series(values)
    return series.astype("category") if "category" in kind else series


def array(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], _: Path) -> Any:
    """An array of shape (n, columns)."""
    if "category" in kind or np.ndim(columns.get("v", [0])) > 1:
        raise NotInThisForm
    arrays = [as_array(values) for values in columns.values()]
    if any(values.dtype.kind == "M" for values in arrays):  # no type holds times and numbers
        raise NotInThisForm
    x: Any = np.stack([np.asarray(values) for values in arrays], axis=1)
    if any(map(np.ma.isMaskedArray, arrays)):
        x = np.ma.masked_array(x, np.stack([np.ma.getmaskarray(values) for values in arrays], axis=1))
    return recipes.Data.from_arrays(x, as_target(y, kind), feature_names=list(columns), **options)


def frame(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], _: Path) -> Any:
    """A DataFrame, and a Series or a DataFrame."""
    table = as_frame(columns, y, kind)
    targets = [name for name in table if name not in columns]
    target = table[targets[0]] if len(targets) == 1 else table[targets]
    return recipes.Data.from_arrays(table[list(columns)], target, **options)


def dictionary(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], _: Path) -> Any:
    """A dictionary of arrays."""
    if "category" in kind:
        raise NotInThisForm
    x = {name: as_array(values) for name, values in columns.items()}
    return recipes.Data.from_arrays(x, as_target(y, kind), **options)


def lists(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], _: Path) -> Any:
    """A dictionary of lists."""
    if "category" in kind or is_masked(columns.get("v", [])):
        raise NotInThisForm
    return recipes.Data.from_arrays({name: list(values) for name, values in columns.items()}, list(y), **options)


def pipeline(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], _: Path) -> Any:
    """A tf.data pipeline of (dictionary, y), an example at a time."""
    import tensorflow as tf

    if "category" in kind or is_masked(columns.get("v", [])):
        raise NotInThisForm
    try:
        arrays = {name: tf.constant(values) for name, values in columns.items()}, tf.constant(list(y))
    except (TypeError, ValueError):  # TensorFlow has no such values
        raise NotInThisForm from None
    return recipes.Data.from_pipeline(tf.data.Dataset.from_tensor_slices(arrays), **options)


def csv(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], folder: Path) -> Any:
    """A CSV file."""
    return _separated(columns, y, kind, options, folder / "table.csv", ",")


def tsv(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], folder: Path) -> Any:
    """A TSV file."""
    return _separated(columns, y, kind, options, folder / "table.tsv", "\t")


def _separated(columns: Any, y: Any, kind: str, options: dict[str, Any], path: Path, separator: str) -> Any:
    if "category" in kind or np.ndim(columns.get("v", [0])) > 1 or are_ragged(y):
        raise NotInThisForm
    table = as_frame(columns, y, kind)
    table.to_csv(path, index=False, sep=separator)
    return recipes.load(path, target=_targets(table, columns), **options)


def parquet(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], folder: Path) -> Any:
    """A Parquet file."""
    table, path = as_frame(columns, y, kind), folder / "table.parquet"
    table.to_parquet(path, index=False)
    return recipes.load(path, target=_targets(table, columns), **options)


def _targets(table: pd.DataFrame, columns: dict[str, Any]) -> Any:
    targets = [name for name in table if name not in columns]
    return targets if len(targets) > 1 else targets[0]


def dataset(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], folder: Path) -> Any:
    """A dataset of TFDS, of features that suit the values."""

    features = {name: _feature(values, kind if name == "v" else "") for name, values in columns.items()}
    target = (
        tfds.features.Sequence(tfds.features.ClassLabel(num_classes=3)) if are_ragged(y) else _feature(list(y), kind)
    )
    names = list(features)

    with tfds.core.registered.skip_registration():

        class Table(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.0.0")
            pkg_dir_path = folder

            def _info(self) -> Any:
                return tfds.core.DatasetInfo(
                    builder=self,
                    features=tfds.features.FeaturesDict({**features, "target": target}),
                )

            def _split_generators(self, _: Any) -> Any:
                return {"train": self._generate_examples()}

            def _generate_examples(self) -> Any:
                for row, values in enumerate(zip(*columns.values(), y, strict=True)):
                    yield row, dict(zip([*names, "target"], values, strict=True))

        builder = Table(data_dir=folder)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return recipes.load(builder, target="target", **options)


def _feature(values: list[Any], kind: str) -> Any:
    """The feature of TFDS for such values."""

    if "category" in kind:
        return tfds.features.ClassLabel(names=sorted(set(values)))
    if all(isinstance(value, str) for value in values):
        return tfds.features.Text()
    array = np.array([0.0] if is_masked(values) else values)
    if array.dtype.kind not in "fiub" or is_masked(values):
        raise NotInThisForm
    dtype = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}[array.dtype.kind]
    return tfds.features.Tensor(shape=array.shape[1:], dtype=dtype) if array.ndim > 1 else tfds.features.Scalar(dtype)


def folder(columns: dict[str, list[Any]], y: Any, kind: str, options: dict[str, Any], folder: Path) -> Any:
    """A folder of images with a table of labels; the pixels say which row an image is."""
    from PIL import Image

    if "noise" in columns and len(columns) > 1:
        raise NotInThisForm
    table = as_frame({"file": [f"{row}.png" for row in range(N)]}, y, kind)
    for row, value in enumerate(NOISE):
        Image.fromarray(np.full((5, 6, 3), int(4 * value), np.uint8)).save(folder / f"{row}.png")
    table.to_csv(folder / "labels.csv", index=False)
    return recipes.load_images(folder, labels=folder / "labels.csv", target=_targets(table, {"file": None}), **options)


def as_frame(columns: dict[str, list[Any]], y: Any, kind: str) -> pd.DataFrame:
    """Columns and targets as pandas has them; those of several are called t0, t1, ..."""
    table = pd.DataFrame({name: as_series(values, kind if name == "v" else "") for name, values in columns.items()})
    if np.ndim(y[0]) and not are_ragged(y):
        return table.assign(**{f"t{place}": [row[place] for row in y] for place in range(len(y[0]))})
    return table.assign(target=pd.Series(list(y), dtype=object if "objects" in kind else None))


def as_target(y: Any, kind: str) -> Any:
    """A target as an array of NumPy; lists of unlike lengths stay lists."""
    if are_ragged(y):
        return list(y)
    return np.array(y, object) if "objects" in kind else as_array(list(y))


WAYS: dict[str, Callable[..., Any]] = {
    "array": array,
    "DataFrame": frame,
    "dictionary": dictionary,
    "lists": lists,
    "pipeline": pipeline,
    "TFDS": dataset,
    "CSV": csv,
    "TSV": tsv,
    "Parquet": parquet,
    "images": folder,
}
"""Name of a way in -> what brings columns and a target in this way."""


def column_of(data: Any, name: str) -> tuple[str, list[Any], np.ndarray]:
    """The kind of a column, its values in all splits as a model reads them (NaN for missing ones), and the rows."""
    values, rows = [], []
    features = {feature.name: feature for feature in data.spec.features}
    kind = features[name].kind if name in features else "number"
    for split in ("train", "validation", "test"):
        x = data.arrays(split)[0]
        if not data.spec.record:
            places = [data.spec.feature_names.index(each) for each in (name, "noise")]
            column, noise = (np.asarray(x)[:, place] for place in places)
            values += np.asarray(column, float).tolist()
        else:
            feature, column = features[name], x[features[name].key]
            missing = missing_mask(feature, column)
            read = column if kind in ("category", "text", "vector") else measured(feature, column)
            values += [NAN if gap else value for value, gap in zip(np.asarray(read).tolist(), missing, strict=True)]
            noise = measured(features["noise"], x[features["noise"].key])
        rows += _rows(noise)
    return kind, values, np.array(rows)


def targets_of(data: Any) -> tuple[str, list[Any], np.ndarray]:
    """The task, the targets of all splits (classes by name, a column t0 is 0), and the rows."""
    values, rows = [], []
    for split in ("train", "validation", "test"):
        x, y = data.arrays(split)
        classes = data.spec.task in ("binary", "multiclass")
        values += (
            [data.spec.class_names[code].removeprefix("t") for code in y] if classes else np.asarray(y, float).tolist()
        )
        noise = x if data.spec.kind == "image" else x[:, -1] if not data.spec.record else x[next(iter(x))]
        noise = np.asarray(noise, float).reshape(len(y), -1)[:, 0]
        rows += _rows(noise / 4 if data.spec.kind == "image" else noise)
    return data.spec.task, values, np.array(rows)


def _rows(noise: Any) -> list[int]:
    """The rows of examples, by the values of the other column."""
    return [int(np.abs(NOISE - value).argmin()) for value in np.asarray(noise, float)]


def column_cell(kind: str, way: str, folder: Path) -> str:
    """What a way makes of a kind of column, for the page; checks the values.

    Raises:
        InvalidArgument: where the way refuses it.
    """
    labels = [("no", "yes")[answer] for answer in Y]
    if kind == ODD_NAMES:
        expected = {name: (ROWS * (place + 2) % 7 / 2.0).tolist() for place, name in enumerate(NAMES)}
        brought: dict[str, list[Any]] = dict(expected)
    else:
        values, read = COLUMNS[kind]
        expected, brought = {"v": read}, {"v": values}
    try:
        data = WAYS[way]({**brought, "noise": NOISE.tolist()}, labels, kind, {}, folder)
    except NotInThisForm:
        return IMPOSSIBLE
    kinds = set()
    for name, wanted in expected.items():
        found, column, rows = column_of(data, name)
        check_equal(column, [wanted[row] for row in rows])
        assert sorted(rows) == ROWS.tolist()
        kinds.add(found)
    (cell,) = kinds
    return cell


def target_cell(kind: str, way: str, folder: Path) -> str:
    """What a way makes of a kind of target, for the page; checks the values.

    Raises:
        InvalidArgument: where the way refuses it.
    """
    values, expected, options = TARGETS[kind]
    try:
        data = WAYS[way]({"noise": NOISE.tolist()}, values, kind, options, folder)
    except NotInThisForm:
        return IMPOSSIBLE
    task, found, rows = targets_of(data)
    wanted = [expected[row] for row in rows]
    check_equal(found, list(map(str, wanted)) if task in ("binary", "multiclass") else wanted)
    assert sorted(rows) in (ROWS.tolist(), ROWS[~GAPS].tolist())
    return task if len(rows) == N else f"{task} of the others"


def check_equal(found: list[Any], expected: list[Any]) -> None:
    """Compares strings and missing values exactly, numbers as float32 holds them."""
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        if isinstance(wanted, str):
            assert str(value) == wanted  # a ClassLabel of TFDS is a number
        else:
            np.testing.assert_allclose(np.asarray(value, float), np.asarray(wanted, float), rtol=1e-6)


def written_tables() -> dict[str, dict[tuple[str, str], str]]:
    """Of each table of the page, (kind, way) -> cell."""
    tables: dict[str, dict[tuple[str, str], str]] = {}
    ways: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| "):
            continue
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if first in ("column", "target"):
            table: dict[tuple[str, str], str] = {}
            tables[first], ways = table, cells
        else:
            table |= {(first, way): cell for way, cell in zip(ways, cells, strict=True)}
    return tables
