"""Commands that deploy a model: `recipes export` and `predict`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import app
from .console import complain, say, warnings_in_lines


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A directory that `recipes train --save` has written.")],
    to: Annotated[Path, typer.Option(help="A new directory for the SavedModel.")],
    version: Annotated[int, typer.Option(help="The name of the SavedModel's folder there.")] = 1,
) -> None:
    """Write a trained model as a SavedModel that takes raw inputs, and check its answers."""
    from ..files import check_new_directory

    check_new_directory(to, marker="export.json", name="to")
    from ..serving.export import export
    from ..serving.gate import ExportMismatch

    try:
        export(run, to, version=version)
    except ExportMismatch as error:
        raise SystemExit(complain(str(error), status=1)) from None
    scores = json.loads((to / "export.json").read_text())["test"]
    shown = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in scores.items())
    say(f"{to / str(version)} agrees with the trained model; test {shown}")


@app.command()
def predict(
    saved_model: Annotated[Path, typer.Argument(help="What `recipes export` or `recipes search` has written.")],
    input: Annotated[
        Path, typer.Argument(help="Raw inputs: .csv, .tsv, .parquet, .npy, .json, .jsonl, .txt or an image.")
    ],
) -> None:
    """Predict with an exported model: one line per raw input.

    Records, and tables with named columns, are rows of a CSV, TSV or Parquet
    file with names or JSON objects, with their columns in any order; texts
    are one per line. Several classes or numbers share a line; "-" means that
    no class is likely.
    """
    from ..serving.input_files import load_inputs
    from ..serving.predictor import Predictor

    predictor = Predictor(saved_model)
    with warnings_in_lines():
        inputs = load_inputs(input, predictor.spec)
    for answer in predictor(inputs):
        print(_in_a_line(answer))


def _in_a_line(answer: dict[str, Any]) -> str:
    if "class" in answer:
        return f"{answer['class']}\t{answer['probability']:.4f}"
    if "classes" in answer:
        probabilities = ", ".join(f"{answer['probabilities'][name]:.4f}" for name in answer["classes"])
        return f"{', '.join(answer['classes'])}\t{probabilities}" if answer["classes"] else "-"
    values = answer["values"] if "values" in answer else [answer["value"]]
    return "\t".join(f"{value:.6g}" for value in values)
