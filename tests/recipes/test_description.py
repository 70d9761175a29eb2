import io

import numpy as np
import pytest
from rich.console import Console

from recipes.data import Data
from recipes.description import in_a_line, inference_table, inferred_features

N = np.arange(60)
Y = N // 2 % 2
TEXTS = [f"film number {i} " + "word " * (i % 7) for i in N]
STEPS = [np.ones((1 + i % 4, 2)) for i in N]
RECORD = {
    "age": np.where(N % 7 == 0, -1, N),
    "fare": np.where(N % 9 == 0, np.nan, 0.5 * N),
    "deck": np.array(["A", "?", "B", "", "C"])[N % 5],
    "photo": np.full((60, 4, 5), 200, "uint8"),
    "review": TEXTS,
    "track": STEPS,
}
COUNTS = "38 to train, 10 to validate, 12 to test"


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (np.zeros((60, 8, 9), "uint8"), N // 2 % 3, f"image uint8 (8, 9, 1), multiclass of 3; {COUNTS}; model mlp"),
        (np.zeros((60, 5)), N / 7, f"tabular float32 (5), regression; {COUNTS}; model mlp"),
        (TEXTS, Y, f"text string, binary of 2; {COUNTS}; model text"),
        (STEPS, np.stack([N, -N], axis=1), f"sequence float32 (any, 2), regression of 2; {COUNTS}; model rnn"),
        (RECORD, np.stack([Y, 1 - Y, N * 0 + 1], axis=1), f"mixed record of 6, multilabel of 3; {COUNTS}; model mixed"),
    ],
)
def test_in_a_line(x, y, line):
    assert in_a_line(Data.from_arrays(x, y, name="some")) == f"some: {line}"


def rows(data):
    """The table's cells, row by row."""
    table = inference_table(data)
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_what_training_shows_of_each_input():
    data = Data.from_arrays(RECORD, np.stack([Y, 1 - Y, N * 0 + 1], axis=1), class_names=("p", "q", "r"))
    x, _ = data.arrays("train")
    age, fare = x["age"], x["fare"]
    known = age[age >= 0]
    longest = int(np.ceil(np.percentile([len(text.split()) for text in x["review"]], 95)))
    vocabulary = len({word for text in x["review"] for word in text.split()})
    absent = sum(deck in ("", "?") for deck in x["deck"])
    assert rows(data) == [
        ["age", "number", "int64", "", said(known, age, "-1.0")],
        ["fare", "number", "float64", "", said(fare[~np.isnan(fare)], fare, "nan")],
        ["deck", "category", "string", "", f"5 values, {absent} of 38 missing"],
        ["photo", "image", "uint8", "(4, 5, 1)", "up to 200"],
        ["review", "text", "string", "", f"{vocabulary} words known, the first {longest} of a text read"],
        ["track", "sequence", "float32", "(any, 2)", "up to 4 steps, padded with 0"],
        ["target", "multilabel", "", "", "p, q, r"],
    ]


def said(known, values, sign):
    missing = len(values) - len(known)
    return f"mean {known.mean():.4g}, sd {known.std():.4g}, {missing} of {len(values)} missing ({sign})"


def test_tables_and_targets():
    data = Data.from_arrays(np.zeros((60, 5)), N / 7)
    train = data.arrays("train")[1]
    assert rows(data) == [
        ["inputs", "vector", "float32", "(5)", ""],
        ["target", "regression", "", "", f"mean {train.mean():.4g}, sd {train.std():.4g}"],
    ]
    assert rows(Data.from_arrays(np.zeros((60, 5)), np.stack([N, -N], axis=1)))[-1][-1] == "2 numbers"
    many = Data.from_arrays(np.zeros((60, 5)), N // 2 % 8)
    assert rows(many)[-1] == ["target", "multiclass", "", "", "0, 1, 2, 3, 4, 5, ... (8)"]
    (image,) = inferred_features(Data.from_arrays(np.full((60, 4, 5), 9, "uint8"), Y).spec)
    assert (image.kind, image.shape, image.high) == ("image", (4, 5, 1), 9.0)


def test_the_table_is_printed():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(inference_table(Data.from_arrays(RECORD, Y)))
    text = console.export_text()
    for name in (*RECORD, "target", "in training"):
        assert name in text
