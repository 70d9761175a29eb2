"""The ways in of a random table, and what differs between the Data that two of them make."""

from __future__ import annotations

import io
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.files import table_blocks

from .random_tables import RandomTable

__all__ = [
    "READ",
    "REFERENCES",
    "TYPED",
    "Outcome",
    "difference",
    "outcomes",
    "predictions",
    "reordered",
    "trained",
    "warnings_differ",
]

TYPED, READ = "typed", "read"
"""The two groups of ways: with the types of the DataFrame, and with those that a CSV file tells."""
REFERENCES = {TYPED: "frame", READ: "frame of the CSV"}
"""The way of each group that the others are compared with."""
SPLITS = ("train", "validation", "test")
ROLES = ("sample_weight", "groups", "stratify")


@dataclass
class Outcome:
    """What came of one way in.

    Attributes:
        data: the Data; None where there is none.
        refusal: the message of the package's own error, one line; or "".
        fault: anything else: another error, a message of several lines, a warning of another library; or "".
        warned: the package's own warnings.
    """

    data: recipes.Data | None = None
    refusal: str = ""
    fault: str = ""
    warned: tuple[str, ...] = ()


class Ways:
    """The ways in of one table. Files lie in a folder."""

    def __init__(self, table: RandomTable, folder: Path):
        self.table, self.folder = table, folder
        whole = table.frame
        labelled = whole[whole[table.targets].notna().all(axis=1)]
        self.incomplete = len(labelled) < len(whole)
        first = len(whole) - table.test
        self.whole = {"": whole.iloc[:first], "_test": whole.iloc[first:]}
        self.frames = {"": labelled[labelled.index < first], "_test": labelled[labelled.index >= first]}
        if not table.test:
            del self.whole["_test"], self.frames["_test"]
        self.roles = {role: table.options[role] for role in ROLES if role in table.options}
        self.options = {name: value for name, value in table.options.items() if name not in self.roles}

    def all(self) -> dict[str, dict[str, Callable[[], recipes.Data]]]:
        """Group -> name of a way -> what makes its Data."""
        typed = {
            "frame": lambda: self.from_frames(self.frames),
            "shuffled frame": lambda: self.from_frames({k: self.shuffled(f) for k, f in self.frames.items()}),
            "columns": lambda: self.from_columns(lambda values: values.to_numpy()),
            "Series": lambda: self.from_columns(lambda values: values),
            "lists": lambda: self.from_columns(lambda values: values.tolist()),
            "Parquet": lambda: self.load(self.parquet(self.whole)),
            "Parquet, from disk": lambda: self.load(self.parquet(self.whole), memory=0),
        }
        plain = all(isinstance(self.table.frame[name].dtype, np.dtype) for name in self.table.inputs)
        plain = plain and all(self.table.frame[name].dtype.kind in "fiub" for name in self.table.inputs)
        # pandas rounds int64 beside uint64 to float64, before the package sees it
        plain = plain and not any(self.table.frame[name].dtype == "uint64" for name in self.table.inputs)
        excluded = "exclude" in self.options
        if plain and not self.roles and not excluded:
            typed["ndarray"] = lambda: self.from_rows(lambda frame: frame.to_numpy())
            typed["rows"] = lambda: self.from_rows(lambda frame: frame.to_numpy().tolist())
        if not {"groups", "stratify", "exclude"} & set(self.table.options):
            typed["pipeline"] = self.from_pipeline
        read = {
            "frame of the CSV": lambda: self.from_frames(self.read()),
            "CSV": lambda: self.load(self.csv(".csv", self.whole)),
            "TSV": lambda: self.load(self.csv(".tsv", self.whole)),
            "shuffled CSV": lambda: self.load(self.csv(".csv", {k: self.shuffled(f) for k, f in self.whole.items()})),
            "CSV, from disk": lambda: self.load(self.csv(".csv", self.whole), memory=0),
        }
        return {TYPED: typed, READ: read}

    def shuffled(self, frame: pd.DataFrame) -> pd.DataFrame:
        places = np.random.default_rng([self.table.number, len(frame)]).permutation(len(frame.columns))
        return frame.iloc[:, places]

    def target_of(self, frame: pd.DataFrame) -> Any:
        return frame[self.table.targets[0]] if len(self.table.targets) == 1 else frame[self.table.targets]

    def inputs_of(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[[name for name in frame.columns if name not in self.table.targets]]

    def from_frames(self, frames: Mapping[str, pd.DataFrame]) -> recipes.Data:
        arguments: dict[str, Any] = {}
        for suffix, frame in frames.items():
            arguments |= {f"x{suffix}": self.inputs_of(frame), f"y{suffix}": self.target_of(frame)}
        return recipes.Data.from_arrays(**arguments, **self.roles, **self.options, name="table")

    def from_columns(self, form: Callable[[pd.Series[Any]], Any]) -> recipes.Data:
        arguments: dict[str, Any] = {}
        for suffix, frame in self.frames.items():
            arguments[f"x{suffix}"] = {name: form(column) for name, column in self.inputs_of(frame).items()}
            arguments[f"y{suffix}"] = self.plain_target(frame, form)
        names = {"class_names": tuple(self.table.targets)} if len(self.table.targets) > 1 else {}
        return recipes.Data.from_arrays(**arguments, **self.roles, **self.options, **names, name="table")

    def from_rows(self, form: Callable[[pd.DataFrame], Any]) -> recipes.Data:
        arguments: dict[str, Any] = {"feature_names": self.table.inputs}
        for suffix, frame in self.frames.items():
            y = self.target_of(frame)
            arguments |= {f"x{suffix}": form(self.inputs_of(frame)), f"y{suffix}": y}
        return recipes.Data.from_arrays(**arguments, **self.options, name="table")

    def plain_target(self, frame: pd.DataFrame, form: Callable[[pd.Series[Any]], Any]) -> Any:
        y = self.target_of(frame)
        return form(y) if isinstance(y, pd.Series) else y.to_numpy()

    def from_pipeline(self) -> recipes.Data:
        import tensorflow as tf

        pipelines = {}
        for suffix, frame in self.frames.items():
            weight = self.roles.get("sample_weight")
            x = {name: column.to_numpy() for name, column in self.inputs_of(frame).items() if name != weight}
            y = self.plain_target(frame, lambda values: values.to_numpy())
            for values in [*x.values(), y]:
                strings = values.dtype == object and all(isinstance(value, str) for value in values.ravel())
                if values.dtype.kind not in "fiub" and not strings:
                    raise Inexpressible
            weights = () if weight is None else (frame[weight].to_numpy(),)
            pipelines[suffix] = tf.data.Dataset.from_tensor_slices((x, y, *weights)).batch(9)
        names = {"class_names": tuple(self.table.targets)} if len(self.table.targets) > 1 else {}
        test = {"test": pipelines["_test"]} if "_test" in pipelines else {}
        return recipes.Data.from_pipeline(pipelines[""], **test, **self.options, **names, name="table")

    def csv(self, suffix: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, Path]:
        paths = {}
        for part, frame in frames.items():
            paths[part] = self.folder / f"table{part}{suffix}"
            frame.to_csv(paths[part], index=False, sep="\t" if suffix == ".tsv" else ",")
        return paths

    def parquet(self, frames: Mapping[str, pd.DataFrame]) -> dict[str, Path]:
        import pyarrow

        paths = {}
        for part, frame in frames.items():
            paths[part] = self.folder / f"table{part}.parquet"
            try:
                frame.to_parquet(paths[part])
            except (pyarrow.ArrowException, TypeError):
                raise Inexpressible from None
        return paths

    def load(self, paths: Mapping[str, Path], **options: Any) -> recipes.Data:
        target = self.table.targets if len(self.table.targets) > 1 else self.table.targets[0]
        test = {"test": paths["_test"]} if "_test" in paths else {}
        roles = {**self.roles, **self.options}
        return recipes.load(paths[""], target=target, **test, **roles, **options)

    def read(self) -> dict[str, pd.DataFrame]:
        """The DataFrames that pandas reads from the CSV files, without the rows that have no target."""
        paths = self.csv(".csv", self.whole)
        options: dict[str, Any] = {"low_memory": False}
        frames = {"": pd.read_csv(paths[""], **options)}
        if "_test" in paths:
            words = [name for name in frames[""] if frames[""][name].dropna().map(type).eq(str).all()]
            words = [name for name in words if frames[""][name].notna().any()]
            frames["_test"] = pd.read_csv(paths["_test"], dtype=dict.fromkeys(words, str), **options)
        for suffix, frame in frames.items():
            kept = frame[self.table.targets].notna().all(axis=1)
            if not kept.all():
                text = self.whole[suffix].loc[kept.to_numpy(), self.table.targets].to_csv(index=False)
                targets = pd.read_csv(io.StringIO(text), **options).set_axis(frame.index[kept])
                frames[suffix] = frame[kept].copy()
                frames[suffix][self.table.targets] = targets
        return frames


class Inexpressible(Exception):
    """The way has no form for such values."""


def outcomes(table: RandomTable, folder: Path) -> dict[str, dict[str, Outcome]]:
    """Group -> way -> what came of it; without the ways that have no form for the table's values."""
    made: dict[str, dict[str, Outcome]] = {}
    with mock.patch.object(table_blocks, "ROWS", 16):  # so that files have several blocks
        for group, ways in Ways(table, folder).all().items():
            found = {name: _outcome(make) for name, make in ways.items()}
            made[group] = {name: outcome for name, outcome in found.items() if outcome is not None}
    return made


def _outcome(make: Callable[[], recipes.Data]) -> Outcome | None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = Outcome(data=make())
        except Inexpressible:
            return None
        except InvalidArgument as error:
            several = f"a message of several lines: {error}" if "\n" in str(error) else ""
            outcome = Outcome(refusal=str(error), fault=several)
        except Exception as error:  # what the fuzz is looking for
            place = traceback.extract_tb(error.__traceback__)[-1]
            outcome = Outcome(fault=f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})")
    own = [str(one.message) for one in caught if one.category is UserWarning]
    foreign = [f"{one.category.__name__}: {one.message}" for one in caught if one.category is not UserWarning]
    outcome.warned = tuple(own)
    wrong = [*foreign, *(f"a warning of several lines: {text}" for text in own if "\n" in text)]
    outcome.fault = outcome.fault or (wrong[0] if wrong else "")
    return outcome


SAME_WARNINGS = (
    ("frame", "Series"),
    ("columns", "Series"),
    ("frame of the CSV", "CSV"),
    ("CSV", "TSV"),
    ("CSV", "CSV, from disk"),
    ("Parquet", "Parquet, from disk"),
)
"""Pairs of ways that have to warn in the same words."""


def warnings_differ(ways: Mapping[str, Outcome]) -> list[tuple[str, str, str]]:
    """(way, way, difference) of the pairs that warn in other words, where both have made Data of one form.

    A DataFrame knows nothing of the lines of a file: warnings of a file alone do not count there.
    """
    wrong = []
    for first, second in SAME_WARNINGS:
        made = [ways[way].data for way in (first, second) if way in ways]
        records = [data.spec.record for data in made if data is not None]
        if len(records) < 2 or records[0] != records[1]:  # a table may warn of other things than a record
            continue
        left, right = (sorted(text.replace(".tsv", ".csv") for text in ways[way].warned) for way in (first, second))
        if first.startswith("frame of"):
            right = [text for text in right if not text.startswith(("table.csv", "table_test.csv"))]
            left = [text for text in left if " is mostly " not in text]  # which the file says with the line
        if left != right:
            wrong.append(
                (first, second, f"{[t for t in left if t not in right]} and {[t for t in right if t not in left]}")
            )
    return wrong


def difference(first: recipes.Data, second: recipes.Data, *, rtol: float = 0.0, types: bool = True) -> str:
    """The first thing in which two Data differ, their columns compared by name, or "".

    A table is compared with a record by the values and statistics of its columns.

    Args:
        first, second: to compare.
        rtol: how far numbers may differ, relatively.
        types: whether the columns' types have to be the same; lists have only Python's.
    """
    left, right = _facts(first), _facts(second)
    for name in left:
        if not _alike(left[name], right[name], rtol):
            return f"{name}: {left[name]} and {right[name]}"
    forms = first.spec.record, second.spec.record
    if forms[0] != forms[1]:
        return _table_and_record(first, second) if forms[1] else _table_and_record(second, first)
    features = _features(first), _features(second)
    if set(features[0]) != set(features[1]):
        return f"columns: {list(features[0])} and {list(features[1])}"
    for name, feature in features[0].items():
        for key, value in feature.items():
            if (types or key != "dtype") and not _alike(value, features[1][name][key], rtol):
                return f"{key} of {name!r}: {value} and {features[1][name][key]}"
    for split in SPLITS:
        if not _alike(first.arrays(split)[1], second.arrays(split)[1], rtol):
            return f"y of {split}"
        if not _alike(first.sample_weight(split), second.sample_weight(split), rtol):
            return f"weights of {split}"
        columns = _columns(first, split), _columns(second, split)
        for name, values in columns[0].items():
            other = columns[1][name]
            if values.dtype != other.dtype and types:
                return f"type of {name!r} in {split}: {values.dtype} and {other.dtype}"
            if not _alike(values, other, rtol):
                return f"values of {name!r} in {split}: {_shown(values, other)}"
    return ""


def _shown(values: np.ndarray, other: np.ndarray) -> str:
    if len(values) != len(other):
        return f"{len(values)} and {len(other)}"
    row = next(row for row in range(len(values)) if not _alike(values[row : row + 1], other[row : row + 1], 0))
    return f"{values[row]!r} and {other[row]!r} in row {row + 1}"


def _facts(data: recipes.Data) -> dict[str, Any]:
    spec = data.spec
    names = ("task", "outputs", "class_names", "class_shares", "target_mean", "target_variance")
    kept = {name: value for name, value in data.settings.items() if name not in ("files", "options", *ROLES)}
    return {**{name: getattr(spec, name) for name in names}, **{f"settings {k}": v for k, v in sorted(kept.items())}}


def _features(data: recipes.Data) -> dict[str, dict[str, Any]]:
    """Column -> its description."""
    spec = data.spec
    if spec.record or spec.features:
        return {feature.name: {**feature.to_config(), "input": ""} for feature in spec.features}
    names = spec.feature_names or tuple(map(str, range(spec.input_shape[0])))
    return {
        name: {
            "mean": spec.input_mean[place],
            "variance": spec.input_variance[place],
            "median": spec.input_median[place],
            "spread": spec.input_spread[place],
            "missing": place in spec.input_missing,
        }
        for place, name in enumerate(names)
    }


def _columns(data: recipes.Data, split: str) -> dict[str, np.ndarray]:
    """Column -> its values in a split."""
    x, _ = data.arrays(split)
    if isinstance(x, dict):
        return {name: np.asarray(values) for name, values in data.spec.names.to_user(x).items()}
    if data.spec.features:
        return {data.spec.features[0].name: np.asarray(x)}
    names = data.spec.feature_names or tuple(map(str, range(data.spec.input_shape[0])))
    return {name: np.asarray(x)[:, place] for place, name in enumerate(names)}


def _table_and_record(table: recipes.Data, record: recipes.Data) -> str:
    """The first difference between a table of numbers and a record of the same columns, or ""."""
    features = _features(record)
    if set(features) != set(_features(table)):
        return f"columns of a table and a record: {list(_features(table))} and {list(features)}"
    for split in SPLITS:
        if not _alike(table.arrays(split)[1], record.arrays(split)[1], 0):
            return f"y of {split}"
        columns = _columns(record, split)
        for name, values in _columns(table, split).items():
            if features[name]["kind"] == "number" and not _alike(values, columns[name].astype(values.dtype), 0):
                return f"values of {name!r} in {split}: {_shown(values, columns[name].astype(values.dtype))}"
    return ""


def _alike(first: Any, second: Any, rtol: float) -> bool:
    if first is None or second is None or isinstance(first, (str, bool)):
        return first is second or bool(first == second)
    if isinstance(first, Mapping):
        return set(first) == set(second) and all(_alike(value, second[key], rtol) for key, value in first.items())
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        return False
    if first.dtype.kind in "fiub" and second.dtype.kind in "fiub":
        if not rtol:
            return np.array_equal(first, second, equal_nan=first.dtype.kind == "f" and second.dtype.kind == "f")
        return np.allclose(first.astype(float), second.astype(float), rtol=rtol, atol=0, equal_nan=True)
    return bool(np.array_equal(first.astype(object), second.astype(object)))


def trained(data: recipes.Data, seed: int = 3, model: Any = None) -> Any:
    """A small model after one epoch, its steps not compiled; of a table unless ``model`` names another."""
    import keras

    name = "tabular" if data.spec.record or data.spec.kind == "tabular" else None
    choice = {"name": name, "hidden": (4,)} if model is None and name is not None else model or "auto"
    recipe = recipes.Recipe(learning_rate=0.01, model=choice)
    keras.utils.set_random_seed(seed)
    model = recipe.build_model(data.spec)
    recipe.compile(model, spec=data.spec)
    model.run_eagerly = True
    model.fit(data.batches("train", seed=seed), shuffle=False, verbose=0)
    return model


def predictions(model: Any, data: recipes.Data) -> np.ndarray:
    """What a model in memory answers to the test examples."""
    return np.asarray(model(data.on_device("test")[0], training=False))


def reordered(data: recipes.Data, like: recipes.Data) -> Any:
    """The test inputs of one Data as the model for another takes them, columns matched by name."""
    import tensorflow as tf

    if data.spec.record:
        return {name: tf.constant(np.asarray(x)) for name, x in data.with_names(like.spec).arrays("test")[0].items()}
    columns = _columns(data, "test")
    if data.spec.features or data.spec.kind != "tabular":
        return data.on_device("test")[0]
    return np.stack([columns[name] for name in _columns(like, "test")], axis=1)
