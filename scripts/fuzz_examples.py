"""Random images, vectors, sequences and records of them through every way in: the same Data, or one line.

    python scripts/fuzz_examples.py                   # 300 datasets, about two minutes
    python scripts/fuzz_examples.py --only 12         # one of them: its parts, and what came of each way in

``scripts/fuzz_doors.py`` does the same for tables. A dataset is made from its number
(``scripts/support/random_examples.py``), with sample weights, groups, times and strata as arrays, left out parts,
images of several sizes, and faults that every way has to refuse. The ways: arrays; the same not contiguous, in
Fortran's order, of the other byte order and read-only; lists of arrays; tensors; pipelines in batches and example by
example, in memory and from disk; and, of bytes with classes, folders of PNG files, one of which is broken. All have to
give the same Spec, splits, arrays and weights, or refuse in one line. Of every ``--train-every``-th dataset a model is
trained for one epoch on two ways and has to predict the same, and the exported model has to answer raw test inputs as
it does.

Writes ``results/fuzz_examples.csv``: a row for each way in, kind of part and fault.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support.results import ROOT, write_results

sys.path.insert(0, str(ROOT))

import numpy as np

import recipes
from callbacks.checks import InvalidArgument
from scripts.support.doors import trained
from scripts.support.random_examples import Examples, random_examples

REFERENCE = "arrays"
SPLITS = ("train", "validation", "test")
PICTURES = ("grey", "grey, 1 channel", "RGB")
Made = tuple[recipes.Data | None, str, str]
"""Data, or None; what was refused; another error."""


def each(part: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """A part with every array changed."""
    return [change(row) for row in part] if isinstance(part, list) else change(part)


def swapped(array: np.ndarray) -> np.ndarray:
    """The same numbers in the other byte order."""
    return array.astype(array.dtype.newbyteorder(">")) if array.dtype.kind in "fiu" else array


def strided(array: np.ndarray) -> np.ndarray:
    """The same values as a view of every second row."""
    return np.repeat(array, 2, axis=0)[::2]


def read_only(array: np.ndarray) -> np.ndarray:
    """The same array, which cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


FORMS: dict[str, Callable[[Any], Any]] = {
    REFERENCE: lambda part: part,
    "views": lambda part: each(part, strided),
    "Fortran": lambda part: each(part, np.asfortranarray),
    "big-endian": lambda part: each(part, swapped),
    "read-only": lambda part: each(part, read_only),
    "lists of arrays": list,
}


class Ways:
    """The ways in of one dataset."""

    def __init__(self, examples: Examples, folder: Path):
        self.examples, self.folder = examples, folder
        self.single = list(examples.parts) == ["x"]

    def all(self) -> dict[str, dict[str, Callable[[], recipes.Data]]]:
        """Group -> way -> what makes its Data; the first way of a group is the reference."""
        ways = {name: lambda form=form: self.from_arrays(form) for name, form in FORMS.items()}
        arrays = not any(isinstance(part, list) for part in self.examples.parts.values())
        if arrays:
            ways["tensors"] = lambda: self.from_arrays(self.tensor)
        decided = {"groups", "time", "stratify", "exclude"} & set(self.examples.options)
        if not decided and not self.examples.fault:
            for name, options in (("", {}), (", from disk", {"memory": 0})):
                ways[f"pipeline{name}"] = lambda options=options: self.from_pipeline(batched=False, **options)
                if arrays:
                    ways[f"batches{name}"] = lambda options=options: self.from_pipeline(batched=True, **options)
        groups = {"arrays": ways}
        bytes_alone = self.single and self.examples.kinds["x"] in PICTURES and self.examples.y.dtype == object
        if bytes_alone and not self.examples.fault and not decided and "sample_weight" not in self.examples.options:
            groups["files"] = self.files()
        return groups

    def tensor(self, part: np.ndarray) -> Any:
        import tensorflow as tf

        return part if part.dtype == object else tf.constant(part)

    def from_arrays(self, form: Callable[[Any], Any], order: Any = None) -> recipes.Data:
        parts = {name: form(part) for name, part in self.examples.parts.items()}
        y = form(self.examples.y)
        made = {name: form(v) if isinstance(v, np.ndarray) else v for name, v in self.examples.options.items()}
        if order is not None:
            parts, y = {name: part[order] for name, part in parts.items()}, y[order]
        x = parts["x"] if self.single else parts
        return recipes.Data.from_arrays(x, y, **made, name="data")

    def from_pipeline(self, *, batched: bool, **options: Any) -> recipes.Data:
        import tensorflow as tf

        weight = self.examples.options.get("sample_weight")
        columns = [*self.examples.parts.values(), self.examples.y, *([] if weight is None else [weight])]
        rows = list(zip(*columns, strict=True))
        specs = [self.spec(column) for column in columns]
        width = len(self.examples.parts)

        def element(*values: Any) -> Any:
            x = values[0] if self.single else dict(zip(self.examples.parts, values[:width], strict=True))
            return (x, *values[width:])

        dataset = tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=tuple(specs)).map(element)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(rows)))
        dataset = dataset.batch(7) if batched else dataset
        kept = {name: value for name, value in self.examples.options.items() if name != "sample_weight"}
        return recipes.Data.from_pipeline(dataset, batched=batched, **kept, **options, name="data")

    def spec(self, column: Any) -> Any:
        import tensorflow as tf

        first = np.asarray(column[0])
        if isinstance(column[0], str):
            return tf.TensorSpec((), tf.string)
        free = isinstance(column, list)
        images = free and first.ndim == 3
        shape = (None, None, first.shape[2]) if images else (None, *first.shape[1:]) if free else first.shape
        return tf.TensorSpec(shape, first.dtype)

    def files(self) -> dict[str, Callable[[], recipes.Data]]:
        """Folders of PNG files; their order is that of the classes, or of the table."""
        from PIL import Image

        images, y = self.examples.parts["x"], self.examples.y
        order = np.argsort(y, kind="stable")
        names = [f"{row:03}.png" for row in range(len(y))]
        for row, image in enumerate(images):
            folder = self.folder / "data" / str(y[row])
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0] if image.shape[2:] == (1,) else image).save(folder / names[row])
        broken = self.folder / "data"
        (broken / "cat" / "999.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        options = self.examples.options
        skip = {**options, "skip_broken": True}
        return {
            "arrays in the order of the folders": lambda: self.from_arrays(FORMS[REFERENCE], order),
            "folders, one file broken": lambda: recipes.load_images(broken, **skip),
            "folders, one file broken, from disk": lambda: recipes.load_images(broken, **skip, memory=0),
            "folders that refuse it": lambda: recipes.load_images(broken, **options),
        }


def made_by(way: Callable[[], recipes.Data]) -> Made:
    """What came of a way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data, refusal, fault = None, "", ""
        try:
            data = way()
        except InvalidArgument as error:
            refusal = str(error)
            fault = f"a message of several lines: {refusal}" if "\n" in refusal else ""
        except Exception as error:  # what the fuzz is looking for
            place = traceback.extract_tb(error.__traceback__)[-1]
            fault = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    foreign = [f"{one.category.__name__}: {one.message}" for one in caught if one.category is not UserWarning]
    return data, refusal, fault or (foreign[0] if foreign else "")


def difference(first: recipes.Data, second: recipes.Data) -> str:
    """The first thing in which two Data differ, or ""."""
    left, right = first.spec.to_config(), second.spec.to_config()
    for key, value in left.items():
        if value != right[key]:
            return f"{key}: {value} and {right[key]}"[:300]
    settings = [{k: v for k, v in data.settings.items() if k in ("counts", "seed")} for data in (first, second)]
    if settings[0] != settings[1]:
        return f"settings: {settings[0]} and {settings[1]}"
    for split in SPLITS:
        (x, y), (other, others) = first.arrays(split), second.arrays(split)
        pairs = [("y", y, others), ("weights", first.sample_weight(split), second.sample_weight(split))]
        pairs += [(name, x[name], other[name]) for name in x] if isinstance(x, dict) else [("x", x, other)]
        for name, value, wanted in pairs:
            if (value is None) != (wanted is None):
                return f"{name} of {split}: {value is None} and {wanted is None}"
            values, expected = np.asarray(value), np.asarray(wanted)
            if values.dtype != expected.dtype or values.shape != expected.shape:
                return f"{name} of {split}: {values.dtype} {values.shape} and {expected.dtype} {expected.shape}"
            if not np.array_equal(values, expected, equal_nan=values.dtype.kind == "f"):
                return f"values of {name} in {split}"
    return ""


def check_models(data: recipes.Data, other: recipes.Data, folder: Path) -> str:
    """How models of two ways, and the exported one, differ in their predictions for the test examples, or ""."""
    models = [trained(data, model="auto"), trained(other, model="auto")]
    answers = [
        np.asarray(model(one.on_device("test")[0], training=False))
        for model, one in zip(models, (data, other), strict=True)
    ]
    if not np.isfinite(answers[0]).all():
        return "predictions are not finite"
    if not np.array_equal(*answers):
        return f"predictions are off by up to {np.abs(answers[0] - answers[1]).max():.3g}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = recipes.fit(data, recipes.Recipe(learning_rate=0.01), epochs=1, verbose=0)
        recipes.export(run, folder / "out")
        found = recipes.Predictor(folder / "out").outputs(data.arrays("test")[0])
    expected = np.asarray(run.model(data.on_device("test")[0], training=False))
    far = np.abs(found - expected).max()
    return "" if far < 1e-4 * max(1.0, np.abs(expected).max()) else f"exported: off by up to {far:.3g}"


def judged(name: str, made: Made, reference: Made) -> tuple[str, str]:
    """(message, result) of a way beside the reference."""
    data, refusal, fault = made
    if fault:
        return fault, "fault"
    if name.endswith("refuse it"):
        named = data is None and "999.png" in refusal
        return ("", "refused") if named else ("does not name the broken file", "fault")
    if (data is None) != (reference[0] is None):
        return f"{refusal!r} beside {reference[1]!r}", "differs"
    if data is None or reference[0] is None:
        return "", "refused"
    message = difference(reference[0], data)
    return message, "differs" if message else "same"


def examined(examples: Examples, folder: Path, *, train: bool) -> list[tuple[str, str, str, str]]:
    """(what, name, message, result) of all checks of one dataset; a message says what failed.

    Args:
        examples: the dataset.
        folder: an empty folder for files.
        train: whether to train and export models.
    """
    found: list[tuple[str, str, str, str]] = []
    for group, ways in Ways(examples, folder).all().items():
        made = {name: made_by(way) for name, way in ways.items()}
        reference = next(iter(made.values()))
        data = reference[0]
        found += [("way in", name, *judged(name, outcome, reference)) for name, outcome in made.items()]
        if examples.fault and group == "arrays":
            message = f"takes {examples.fault!r}" if data is not None else ""
            found.append(("fault", examples.fault, message, "fault" if message else "refused"))
        alike = [outcome[0] for outcome in list(made.values())[1:] if outcome[0] is not None]
        if train and data is not None and alike and group == "arrays":
            message = check_models(data, alike[examples.number % len(alike)], folder)
            found.append(("check", "trained on two ways, and exported", message, "differs" if message else "same"))
    worst = next((result for _, _, message, result in found if message), "same")
    return found + [("input", kind, "", worst) for kind in sorted(set(examples.kinds.values()))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="datasets")
    parser.add_argument("--first", type=int, default=0, help="number of the first dataset")
    parser.add_argument("--seed", type=int, default=0, help="other datasets of the same numbers")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of datasets to show; nothing is written")
    parser.add_argument("--train-every", type=int, default=25, help="how often to train and export")
    options = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    failures = 0
    for number in options.only or range(options.first, options.first + options.count):
        examples = random_examples(number, options.seed)
        if options.only:
            print(examples)
        train = bool(options.only) or number % options.train_every == 0
        with tempfile.TemporaryDirectory() as folder:
            found = examined(examples, Path(folder), train=train)
        for what, name, message, result in found:
            counts[what, name].update({"datasets": 1, result: 1})
            failures += bool(message)
            if message or options.only:
                print(f"{number}  {name}: {message[:400] or result}", flush=True)
    names = ("same", "refused", "differs", "fault")
    rows = [
        {"what": what, "name": name, "datasets": count["datasets"], **{result: count[result] for result in names}}
        for (what, name), count in sorted(counts.items())
    ]
    for row in rows:
        print("  ".join(str(value) for value in row.values()))
    if not options.only:
        print(write_results("fuzz_examples", [{**row, "seed": options.seed} for row in rows]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
