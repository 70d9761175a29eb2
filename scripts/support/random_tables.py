"""random_table: a small random dataset of odd names, types, missing values, units and labels, from its number alone."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["INPUTS", "NAMES", "TARGETS", "RandomTable", "random_table", "target_columns"]

NAMES = (
    *(
        "age",
        "Age",
        "AGE",
        "pH",
        "Ph",
        "Größe",
        "GRÖßE",
        "naïve",
        "nai\u0308ve",
        "年龄",
        "年_",
        "İ",
        "🙂",
        "a/b",
        "a_b",
        "a.b",
        "a b",
    ),
    *(
        "a-b",
        "A_b",
        "x",
        "_x",
        "x_",
        "x__",
        "__x__",
        "2nd",
        "1",
        "1.5",
        "2019",
        "-1",
        "%",
        "$",
        "price ($)",
        "citric acid (g/l)",
    ),
    *(
        "lambda",
        "class",
        "None",
        "True",
        "def",
        "self",
        "args",
        "kwargs",
        "name",
        "mask",
        "training",
        "loss",
        "sum",
        "cast",
    ),
    *(
        "record",
        "outputs",
        "columns",
        "inputs",
        "target_scale",
        "probability",
        "probabilities",
        "dense",
        "dense_2",
        "model",
    ),
    *(
        "age_embedding",
        "age_one_hot",
        "age_words",
        "age_2",
        "nested.inner",
        "nan",
        "NA",
        "null",
        "id",
        "index",
        "weight",
        "y",
    ),
    *(
        "a,b",
        "a;b",
        "a|b",
        "tab\tx",
        "say “a”",
        'say "a"',
        "it's",
        "back\\slash",
        "#hash",
        "@",
        "x=1",
        "{x}",
        "n" * 120,
    ),
)
"""Names of columns to draw from."""
COUNTRIES = ("Ulm", "Köln", "東京", "São Paulo", "Hamm, West", 'the "Hill"', "a/b")
MOST_TEST = 13
"""Maximum number of rows of a test set."""
WORDS = ("good", "bad", "very", "film", "schön", "long", "plot", "actor", "the", "of", "and", "noise")


@dataclass
class Column:
    """A column of a table.

    Args:
        kind: a key of :data:`INPUTS` or :data:`TARGETS`.
        values: a pandas Series.
        written: whether a CSV file holds the same values, so that they are read from it as they were.
    """

    kind: str
    values: pd.Series[Any]
    written: bool = True


@dataclass
class RandomTable:
    """A dataset as a DataFrame.

    Attributes:
        number: its number.
        frame: all columns; those of the inputs first unless the target is somewhere in between.
        inputs, targets: names of the columns.
        kinds: column -> its kind.
        written: columns that a CSV file holds without loss of their types.
        options: options of ``from_arrays`` and ``load`` alike; "sample_weight", "groups" and "stratify" name a column.
        test: the number of the last rows that are the test set, or 0 to hold one out.
    """

    number: int
    frame: pd.DataFrame
    inputs: list[str]
    targets: list[str]
    kinds: dict[str, str]
    written: set[str]
    options: dict[str, Any] = field(default_factory=dict)
    test: int = 0

    def without(self, name: str) -> RandomTable:
        """The same without one input."""
        inputs = [other for other in self.inputs if other != name]
        return dataclasses.replace(self, frame=self.frame.drop(columns=[name]), inputs=inputs)

    def __str__(self) -> str:
        lines = [f"dataset {self.number}: {len(self.frame)} rows, {self.test} for the test, options {self.options}"]
        for name, column in self.frame.items():
            role = "target" if name in self.targets else "input "
            lines.append(f"  {role} {name!r}: {self.kinds[name]}, {column.dtype}, e.g. {column.tolist()[:6]}")
        return "\n".join(lines)


Random = np.random.Generator


def _one(random: Random, values: list[Any]) -> Any:
    """One of the values, of their own type."""
    return values[int(random.integers(len(values)))]


def _floats(random: Random, size: int) -> Column:
    return Column("float64", pd.Series(random.normal(3, 2, size).round(int(random.integers(0, 8)))))


def _float32(random: Random, size: int) -> Column:
    return Column("float32", pd.Series(random.normal(3, 2, size).astype("float32")), written=False)


def _shifted(random: Random, size: int) -> Column:
    offset = _one(random, [1e5, 1e7, 1.7e9, 1e12])
    return Column("offset", pd.Series(offset + random.integers(0, 5000, size) / 4))


def _scaled(random: Random, size: int) -> Column:
    return Column("unit", pd.Series(random.normal(1, 1, size) * _one(random, [1e-12, 1e-6, 1e6, 1e15, 1e30])))


def _wholes(random: Random, size: int) -> Column:
    dtype = _one(random, ["int8", "int32", "int64", "uint8", "uint16", "uint64"])
    low = 0 if dtype[0] == "u" else -20
    return Column("int", pd.Series(random.integers(low, 100, size).astype(dtype)), written=dtype == "int64")


def _large(random: Random, size: int) -> Column:
    start = _one(random, [2**24, 2**31, 2**53, 1_700_000_000_000_000_000])
    return Column("large int", pd.Series(int(start) + random.integers(0, 1000, size)))


def _sentinel(random: Random, size: int) -> Column:
    values = random.integers(0, 40, size)
    values[random.random(size) < 0.2] = _one(random, [-1, -9, -999])
    return Column("sentinel", pd.Series(values))


def _steps(random: Random, size: int) -> Column:
    return Column("-1,0,1", pd.Series(random.integers(-1, 2, size)))


def _flags(random: Random, size: int) -> Column:
    return Column("bool", pd.Series(random.random(size) < 0.4))


def _float_gaps(random: Random, size: int) -> Column:
    return Column("float with gaps", _gaps(random, _floats(random, size).values))


def _whole_gaps(random: Random, size: int) -> Column:
    return Column("int with gaps", _gaps(random, pd.Series(random.integers(0, 30, size)).astype(float)))


def _nullable(random: Random, size: int) -> Column:
    dtype = _one(random, ["Int64", "Float64", "boolean", "Int8"])
    values = pd.Series(random.integers(0, 2 if dtype == "boolean" else 50, size)).astype(dtype)
    return Column(f"nullable {dtype}", _gaps(random, values, share=_one(random, [0, 0.2])), written=False)


def _objects(random: Random, size: int) -> Column:
    whole = random.random() < 0.5
    values = [int(v) if whole else float(v) for v in random.integers(0, 60, size) / (1 if whole else 4)]
    return Column("object numbers", _gaps(random, pd.Series(values, dtype=object)), written=False)


def _decimals(random: Random, size: int) -> Column:
    values = [Decimal(int(value)).scaleb(-2) for value in random.integers(100, 9999, size)]
    return Column("Decimal", _gaps(random, pd.Series(values, dtype=object), _one(random, [0, 0.1])), written=False)


def _words_of(values: tuple[str, ...]) -> Callable[[Random, int], pd.Series[Any]]:
    def draw(random: Random, size: int) -> pd.Series[Any]:
        chosen = values[: int(random.integers(2, len(values) + 1))]
        return pd.Series([chosen[place] for place in random.integers(0, len(chosen), size)], dtype=object)

    return draw


def _categories(random: Random, size: int) -> Column:
    values = _words_of(COUNTRIES)(random, size)
    return Column("category", _gaps(random, values, share=_one(random, [0, 0, 0.2])))


def _strings(random: Random, size: int) -> Column:
    dtype = _one(random, ["string", "category"])
    values = _gaps(random, _words_of(COUNTRIES)(random, size), share=_one(random, [0, 0.2]))
    return Column(f"pandas {dtype}", values.astype(dtype), written=False)


def _number_category(random: Random, size: int) -> Column:
    values = _gaps(
        random, pd.Series(random.choice(["01", "2", "30"], size), dtype=object), share=_one(random, [0, 0.2])
    )
    return Column("category of numbers", values.astype("category"), written=False)


def _odd_strings(random: Random, size: int) -> Column:
    values = random.choice(["yes", "no", "", "NA", "None", "?", " spaced ", "Nan"], size)
    return Column("odd strings", pd.Series(values, dtype=object), written=False)


def _texts(random: Random, size: int) -> Column:
    values = [" ".join(random.choice(WORDS, int(random.integers(3, 9)))) for _ in range(size)]
    return Column("text", _gaps(random, pd.Series(values, dtype=object), share=_one(random, [0, 0.1])))


def _ids(random: Random, size: int) -> Column:
    return Column("ids", pd.Series([f"K-{number:05d}" for number in random.permutation(size)], dtype=object))


def _number_strings(random: Random, size: int) -> Column:
    form = _one(random, ["{:.2f}", " {:.0f}", "{:,.0f}", "${:,.2f}", "{:.1f} ", "{:.1f}%", "{:.2f}€"])
    values = [form.format(value) for value in random.random(size) * 5000]
    return Column(
        "number strings", _gaps(random, pd.Series(values, dtype=object), _one(random, [0, 0.1])), written=False
    )


def _with_question_marks(random: Random, size: int) -> Column:
    values = [f"{value:.2f}" for value in random.random(size) * 90]
    for place in random.integers(0, size - MOST_TEST, int(random.integers(1, 3))):  # so that training has one
        values[place] = "?"
    return Column("numbers and ?", pd.Series(values, dtype=object))


def _comma_strings(random: Random, size: int) -> Column:
    values = [f"{value:.2f}".replace(".", ",") for value in random.random(size) * 50]
    return Column("decimal commas", pd.Series(values, dtype=object))


def _dates(random: Random, size: int) -> Column:
    days = [datetime.date(2019, 1, 1) + datetime.timedelta(int(day)) for day in random.integers(0, 900, size)]
    return Column("dates", _gaps(random, pd.Series(days, dtype=object), _one(random, [0, 0.1])), written=False)


def _datetimes(random: Random, size: int) -> Column:
    step = _one(random, ["s", "h", "D", "ms"])
    unit = _one(random, ["s", "ms", "us", "ns"])
    start = pd.Timestamp("2020-02-28 12:30:15") if step != "D" else pd.Timestamp("2020-02-28")
    values = pd.Series(start + pd.to_timedelta(random.integers(0, 5000, size), step)).astype(f"datetime64[{unit}]")
    zone = random.random() < 0.15
    values = values.dt.tz_localize("Europe/Berlin", ambiguous="NaT", nonexistent="NaT") if zone else values
    return Column("datetimes", _gaps(random, values, _one(random, [0, 0.1])), written=False)


def _date_strings(random: Random, size: int) -> Column:
    form = _one(random, ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S", "%Y%m%d", "%d %b %Y"])
    days = pd.Timestamp("2019-01-01") + pd.to_timedelta(random.integers(0, 30_000, size), "h")
    return Column(
        "date strings",
        _gaps(random, pd.Series(days.strftime(form), dtype=object), _one(random, [0, 0.1])),
        written=False,
    )


def _constant(random: Random, size: int) -> Column:
    value = _one(random, [0, 1.5, "same", True])
    return Column("constant", pd.Series([value] * size))


def _nothing(random: Random, size: int) -> Column:
    return Column("all missing", pd.Series([None] * size, dtype=_one(random, ["object", "float64"])), written=False)


def _mixed(random: Random, size: int) -> Column:
    values = [int(value) if value % 2 else f"v{value}" for value in random.integers(0, 6, size)]
    return Column("mixed objects", pd.Series(values, dtype=object), written=False)


def _infinite(random: Random, size: int) -> Column:
    values = random.normal(size=size)
    values[random.integers(0, size)] = _one(random, [np.inf, -np.inf, 1e300])
    return Column("infinite", pd.Series(values), written=False)


def _nearly_numbers(random: Random, size: int) -> Column:
    values = [f"{value:.2f}" for value in random.random(size) * 90]
    values[int(random.integers(0, size))] = _one(random, ["two", "12.5x", "n/a", "-"])
    return Column("nearly numbers", pd.Series(values, dtype=object), written=False)


def _durations(random: Random, size: int) -> Column:
    return Column("durations", pd.Series(pd.to_timedelta(random.integers(0, 5000, size), "s")), written=False)


INPUTS: dict[str, tuple[float, Callable[[Random, int], Column]]] = {
    "float64": (6, _floats),
    "float32": (1, _float32),
    "offset": (1.5, _shifted),
    "unit": (1.5, _scaled),
    "int": (3, _wholes),
    "large int": (1, _large),
    "sentinel": (1, _sentinel),
    "-1,0,1": (0.7, _steps),
    "bool": (2, _flags),
    "float with gaps": (2, _float_gaps),
    "int with gaps": (1.5, _whole_gaps),
    "nullable": (1.5, _nullable),
    "object numbers": (1, _objects),
    "Decimal": (1, _decimals),
    "category": (3, _categories),
    "pandas strings": (1.5, _strings),
    "category of numbers": (0.7, _number_category),
    "odd strings": (0.7, _odd_strings),
    "text": (1, _texts),
    "ids": (0.5, _ids),
    "number strings": (1.2, _number_strings),
    "numbers and ?": (0.5, _with_question_marks),
    "decimal commas": (0.5, _comma_strings),
    "dates": (1, _dates),
    "datetimes": (1.2, _datetimes),
    "date strings": (1.2, _date_strings),
    "constant": (0.7, _constant),
    "all missing": (0.4, _nothing),
    "mixed objects": (0.15, _mixed),
    "infinite": (0.15, _infinite),
    "nearly numbers": (0.3, _nearly_numbers),
    "durations": (0.1, _durations),
}
"""Kinds of inputs: how often one is drawn, and how it is made."""
PLAIN = ("float64", "offset", "unit", "int", "large int", "bool", "float with gaps", "sentinel", "-1,0,1")
"""Kinds of inputs of a table of numbers alone."""


def _gaps(random: Random, values: pd.Series[Any], share: float = 0.15) -> pd.Series[Any]:
    """The values with some of them missing."""
    hidden = random.random(len(values)) < share
    if values.dtype == object:
        return pd.Series([None if gap else value for value, gap in zip(values, hidden, strict=True)], dtype=object)
    return values.mask(pd.Series(hidden)) if hidden.any() else values


Drawn = tuple[list["pd.Series[Any]"], dict[str, Any], bool]
"""Columns of the target, options, and whether a CSV file holds their types."""


def _labels(random: Random, size: int, values: Any, shares: Any = None) -> list[Any]:
    """Random labels; every one at least eight times."""
    values = list(values)
    places = np.concatenate([np.repeat(np.arange(len(values)), 8), random.choice(len(values), size, p=shares)])[:size]
    return [values[place] for place in random.permutation(places)]


def target_columns(kind: str, random: Random, size: int) -> Drawn:
    """The columns of a target of this kind, the options that it needs, and whether a CSV file holds its types."""
    labels: dict[str, tuple[Any, str | None, dict[str, Any], bool]] = {
        "strings": (["no", "yes", "ja/nein", "年"][: int(random.integers(2, 5))], "object", {}, True),
        "0, 1": ([0, 1], _one(random, ["int64", "int8", "uint8"]), {}, True),
        "0..k": (range(3), "int64", {}, True),
        "1, 2": ([1, 2], "int64", {}, True),
        "-1, +1": ([-1, 1], "int64", {}, True),
        "-1, 0, +1": ([-1, 0, 1], "int64", {}, True),
        "booleans": ([False, True], "bool", {}, True),
        "large labels": ([7, 2_000_000_000, 9_007_199_254_740_993], "int64", {}, True),
        "floats 0, 1 as binary": ([0.0, 1.0], "float64", {"task": "binary"}, True),
        "floats as multiclass": ([1.0, 2.0, 5.0], "float64", {"task": "multiclass"}, True),
        "floats 0, 1": ([0.0, 1.0], "float64", {}, True),
        "object integers": ([3, 1, 2], "object", {}, False),
        "nullable": ([0, 1, 4], "Int64", {}, False),
        "nullable booleans": ([False, True], "boolean", {}, False),
        "pandas category": (["lo", "hi"], "category", {}, False),
        "category of numbers": ([10, 2], "category", {}, False),
        "pandas string": (["lo", "hi"], "string", {}, False),
        "strings of digits": (["0", "1"], "object", {}, False),
        "all alike": (["yes"], "object", {}, True),
    }
    if kind in labels:
        values, dtype, options, written = labels[kind]
        return [pd.Series(_labels(random, size, values), dtype=dtype)], options, written
    noise = random.normal(size=size)
    numbers: dict[str, tuple[Any, dict[str, Any], bool]] = {
        "floats": (noise, {}, True),
        "floats in small units": (noise * 1e-9, {}, True),
        "floats far from 0": (1.7e9 + np.round(noise * 100, 1), {}, True),
        "prices": ((200_000 + noise * 40_000).astype("int64"), {}, True),
        "whole numbers as regression": (random.integers(0, 9, size), {"task": "regression"}, True),
        "Decimals": (pd.Series([Decimal(f"{value:.2f}") for value in noise], dtype=object), {}, False),
        "strings of numbers": (pd.Series([f"{value:.3f}" for value in noise], dtype=object), {}, False),
        "prices as strings": (
            pd.Series([f"${200_000 + value * 40_000:,.0f}" for value in noise], dtype=object),
            {},
            False,
        ),
        "nullable floats": (pd.Series(noise, dtype="Float64"), {}, False),
        "infinite": (np.where(np.arange(size) == 3, np.inf, noise), {}, False),
        "dates": (pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(size), "D"), {}, False),
    }
    if kind in numbers:
        values, options, written = numbers[kind]
        return [pd.Series(values)], options, written
    if kind == "rare class":
        values = [*_labels(random, size - 1, ["a", "b"]), "rare"]
        how = _one(random, ["refuse", "leave_out", "merge", "train"])
        return [pd.Series(values, dtype=object)], {} if how == "refuse" else {"small_classes": how}, True
    if kind == "missing labels":
        values = pd.Series(_labels(random, size, ["a", "b"]), dtype=object)
        return [_gaps(random, values, 0.1)], {}, True
    if kind == "missing numbers":
        whole = random.random() < 0.5
        values = pd.Series(_labels(random, size, [0, 1])).astype("Int64") if whole else pd.Series(noise)
        return [_gaps(random, values, 0.1)], {}, not whole
    if kind == "several floats":
        return [pd.Series(noise), pd.Series(random.normal(5, 1, size))], {}, True
    if kind == "multilabel":
        return [pd.Series(_labels(random, size, [0, 1])) for _ in range(3)], {}, True
    assert kind == "one-hot", kind
    places = np.array(_labels(random, size, range(3)))
    columns = [pd.Series((places == place).astype("int64")) for place in range(3)]
    return columns, _one(random, [{}, {"task": "multiclass"}]), True


TARGETS: dict[str, float] = {
    "strings": 5,
    "0, 1": 4,
    "0..k": 2,
    "1, 2": 1,
    "-1, +1": 1,
    "-1, 0, +1": 1,
    "booleans": 1.5,
    "large labels": 0.7,
    "floats 0, 1 as binary": 0.7,
    "floats as multiclass": 0.5,
    "floats 0, 1": 0.4,
    "object integers": 0.7,
    "nullable": 0.7,
    "nullable booleans": 0.5,
    "pandas category": 0.7,
    "category of numbers": 0.5,
    "pandas string": 0.5,
    "strings of digits": 0.5,
    "all alike": 0.1,
    "floats": 4,
    "floats in small units": 0.7,
    "floats far from 0": 0.7,
    "prices": 1,
    "whole numbers as regression": 0.7,
    "Decimals": 0.7,
    "strings of numbers": 0.5,
    "prices as strings": 0.5,
    "nullable floats": 0.5,
    "infinite": 0.1,
    "dates": 0.1,
    "rare class": 1,
    "missing labels": 0.7,
    "missing numbers": 0.5,
    "several floats": 0.7,
    "multilabel": 0.7,
    "one-hot": 0.7,
}
"""Kinds of targets, and how often one is drawn."""


def _drawn(random: Random, weights: dict[str, float]) -> str:
    shares = np.array(list(weights.values()))
    return list(weights)[random.choice(len(shares), p=shares / shares.sum())]


def random_table(number: int, seed: int = 0) -> RandomTable:
    """The dataset of this number."""
    random = np.random.default_rng([seed, number])
    size = int(random.integers(36, 70))
    plain = random.random() < 0.25
    kinds = {kind: weight for kind, (weight, _) in INPUTS.items() if not plain or kind in PLAIN}
    columns = [INPUTS[_drawn(random, kinds)][1](random, size) for _ in range(random.integers(1, 7))]
    kind = _drawn(random, TARGETS)
    targets, options, written = target_columns(kind, random, size)
    names = list(random.choice(np.array(NAMES, object), len(columns) + len(targets) + 1, replace=False))
    if random.random() < 0.3:
        names = [f"c{place}" for place in range(len(names))]
    inputs, labels, extra = names[: len(columns)], names[len(columns) : -1], names[-1]
    series: dict[str, pd.Series[Any]] = dict(zip(inputs, (column.values for column in columns), strict=True))
    series |= dict(zip(labels, targets, strict=True))
    found = {name: column.kind for name, column in zip(inputs, columns, strict=True)} | dict.fromkeys(labels, kind)
    kept = {name for name, column in zip(inputs, columns, strict=True) if column.written}
    kept |= set(labels) if written else set()
    roll = random.random()
    if roll < 0.12:
        series[extra], options = pd.Series(random.integers(1, 5, size) / 2), {**options, "sample_weight": extra}
    elif roll < 0.2:
        series[extra], options = pd.Series(random.integers(0, 12, size)), {**options, "groups": extra}
    elif roll < 0.25:
        series[extra], options = (
            pd.Series(_labels(random, size, ["n", "s"]), dtype=object),
            {**options, "stratify": extra},
        )
    elif roll < 0.3 and len(inputs) > 1:
        options = {**options, "exclude": [inputs[0]]}
    if extra in series:
        inputs, kept, found[extra] = [*inputs, extra], kept | {extra}, "role"
    order = (
        list(series) if random.random() < 0.5 else [list(series)[place] for place in random.permutation(len(series))]
    )
    frame = pd.DataFrame({name: series[name] for name in order})
    test = int(random.integers(8, MOST_TEST + 1)) if random.random() < 0.25 and "groups" not in options else 0
    return RandomTable(
        number, frame, [name for name in order if name in inputs], labels, found, kept, {**options, "seed": 3}, test
    )
