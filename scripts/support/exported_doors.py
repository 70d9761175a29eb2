"""exported_answers: what an exported model answers through every door, beside the model in memory."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import recipes
from callbacks.checks import InvalidArgument
from recipes.cli.ship_commands import predict
from recipes.serving.input_files import load_inputs

from .random_tables import RandomTable

__all__ = ["exported_answers"]

CLOSE = 1e-5


def exported_answers(table: RandomTable, data: recipes.Data, folder: Path) -> dict[str, str]:
    """Door -> how its answers to the test rows differ from those of the model in memory, or "".

    Args:
        table: the dataset, with a test set.
        data: the Data of its DataFrame.
        folder: an empty folder.
    """
    name = "tabular" if data.spec.record or data.spec.kind == "tabular" else None
    choice = {} if name is None else {"model": {"name": name, "hidden": (4,)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = recipes.fit(data, recipes.Recipe(learning_rate=0.01, **choice), epochs=1, verbose=0)
        recipes.export(run, folder / "out")
    model: Any = run.model
    expected = np.asarray(model(data.on_device("test")[0], training=False))
    predictor = recipes.Predictor(folder / "out")
    spec = data.spec
    used = list(spec.names.inner)
    rows = table.frame.iloc[len(table.frame) - table.test :]
    rows = rows[used].iloc[:, np.random.default_rng(table.number).permutation(len(used))]
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    rows.to_csv(folder / "rows.csv", index=False)
    lines = (json.dumps(record, default=_plain, ensure_ascii=False) + "\n" for record in records)
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    doors: dict[str, Callable[[], Any]] = {
        "serving_default": lambda: predictor.outputs(data.arrays("test")[0]),
        "DataFrame": lambda: _numbers(predictor(rows), spec),
        "dictionary": lambda: _numbers(predictor({name: rows[name].to_numpy() for name in rows}), spec),
        "list of dictionaries": lambda: _numbers(predictor(records), spec),
        "CSV": lambda: _numbers(predictor(load_inputs(folder / "rows.csv", predictor.spec)), spec),
        "JSON lines": lambda: _numbers(predictor(load_inputs(folder / "rows.jsonl", predictor.spec)), spec),
    }
    found = {door: _difference(answer, expected) for door, answer in doors.items()}
    printed = [_printed(folder, file) for file in ("rows.csv", "rows.jsonl")]
    found["command line"] = "" if printed[0] == printed[1] else f"{printed[0][:150]!r} and {printed[1][:150]!r}"
    return found


def _plain(value: Any) -> Any:
    """What JSON has no type for."""
    if isinstance(value, np.generic):
        return value.item()
    return str(value)


def _numbers(answers: list[dict[str, Any]], spec: recipes.Spec) -> np.ndarray:
    """The outputs of the model that answers stand for; of classes the probability of the likeliest."""
    if spec.task == "regression":
        return np.array([answer["values"] if "values" in answer else [answer["value"]] for answer in answers])
    if spec.task == "multilabel":
        return np.array([[answer["probabilities"][name] for name in spec.class_names] for answer in answers])
    if spec.task == "binary":
        second = spec.class_names[1]
        return np.array(
            [[answer["probability"] if answer["class"] == second else 1 - answer["probability"]] for answer in answers]
        )
    return np.array([[answer["probability"]] for answer in answers])


def _difference(answer: Callable[[], Any], expected: np.ndarray) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = answer()
    except InvalidArgument as error:
        return f"refuses: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if found.shape != expected.shape and found.shape == (len(expected), 1):
        expected = expected.max(axis=1, keepdims=True)
    if found.shape != expected.shape:
        return f"shapes {found.shape} and {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max()))
    far = float(np.abs(found - expected).max()) / scale
    return "" if far <= CLOSE else f"off by up to {far:.3g}"


def _printed(folder: Path, file: str) -> str:
    """What `recipes predict` prints, or its error."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predict(folder / "out", folder / file)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}".replace(file, "FILE")
    return out.getvalue()
