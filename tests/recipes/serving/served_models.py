"""Small exported models of all kinds of data and tasks, each made once for all tests of a process, with raw inputs."""

import functools
from typing import NamedTuple

import numpy as np
import pandas

from recipes import Data, Predictor, Recipe, export, fit

N = np.arange(120)
RANDOM = np.random.default_rng(0)
WORDS = np.array(["good film", "bad film", "long bad show", "good short show", "a film"])
FRAME = pandas.DataFrame(
    {
        "Größe": np.where(N % 9 == 4, np.nan, N % 40 + 0.5),
        "home.town": np.array(["Ulm ", " Köln, West", "", "NA"])[N % 4],
        "class": N % 5 == 0,
        "2nd": N % 7,
    }
)
TABLE = pandas.DataFrame(RANDOM.normal(5, 3, (120, 3)).round(3).astype("float32"), columns=["p q", "r", "s"])
GREY = RANDOM.integers(0, 256, (120, 6, 5, 1)).astype("uint8")
COLOUR = RANDOM.integers(0, 256, (120, 4, 4, 3)).astype("uint8")
SIZES = [RANDOM.integers(0, 256, (5 + k % 2, 6, 1)).astype("uint8") for k in range(120)]
YES = np.array(["no", "yes, sir"])[(N // 3) % 2]
SEVERAL = np.stack([N // 2 % 2, N // 3 % 2, N // 5 % 2], axis=1)


class Kind(NamedTuple):
    """Raw inputs, targets, and options of ``Data.from_arrays``."""

    x: object
    y: object
    options: dict


KINDS = {
    "record, binary": Kind(FRAME, YES, {}),
    "record, multilabel": Kind(FRAME, SEVERAL, {"class_names": ("a", "b/c", "1")}),
    "record, regression": Kind(FRAME, N * 1e-5, {}),
    "table, multiclass": Kind(TABLE, N // 2 % 3, {}),
    "table, values": Kind(TABLE, np.stack([N * 1e-5, N * 1e3], axis=1), {}),
    "numbers, binary": Kind(TABLE.to_numpy(), N // 2 % 2, {}),
    "images, multiclass": Kind(GREY, N // 2 % 7, {}),
    "floats, binary": Kind((GREY / 255).astype("float32"), N // 2 % 2, {}),
    "sizes, binary": Kind(SIZES, N // 2 % 2, {"image_size": (4, 5)}),
    "texts, multiclass": Kind([f"{WORDS[k % 5]} {k % 11}" for k in range(120)], N // 2 % 3, {}),
    "sequences, binary": Kind([np.ones((2 + k % 3, 2), "float32") * (k % 4) for k in range(120)], N // 2 % 2, {}),
    "mixed, multilabel": Kind({"photo": COLOUR, "note": WORDS[N % 5].astype(object), "n": N % 6}, SEVERAL, {}),
}


class Served(NamedTuple):
    """An export, its Predictor, and the raw inputs of some examples."""

    folder: str
    predictor: Predictor
    x: object


@functools.cache
def served(kind, folder):
    """The export of a model of this kind, hardly trained, in the folder of the fixture ``served_folder``."""
    x, y, options = KINDS[kind]
    data = Data.from_arrays(x, y, batch_size=32, name=kind, validation=0.2, test=0.2, **options)
    model = {"sequences, binary": {"name": "rnn", "units": (3,)}}.get(kind, {"name": "mlp", "hidden": ()})
    if kind.startswith("texts"):
        model = {"name": "text"}
    run = fit(data, Recipe(model=model, learning_rate=0.05), epochs=1, verbose=0)
    out = export(run, folder / kind.replace(", ", "_"))
    return Served(out, Predictor(out), some_of(x, range(7)))


def some_of(x, rows):
    """Some of the raw inputs, in their form."""
    if isinstance(x, pandas.DataFrame):
        return x.iloc[list(rows)]
    if isinstance(x, dict):
        return {name: values[list(rows)] for name, values in x.items()}
    return [x[k] for k in rows] if isinstance(x, list) else x[list(rows)]
