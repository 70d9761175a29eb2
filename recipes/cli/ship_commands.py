"""Commands that deploy a model: `recipes export` and `predict`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...callbacks.checks import InvalidArgument
from ...callbacks.printable import in_json, printable
from .app import app
from .console import complain, progress_bar, say
from .options import DataDir

if TYPE_CHECKING:
    from ..data.spec import Spec
    from ..serving.batch_prediction import Scored


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A directory that `recipes train --save` has written.")],
    to: Annotated[Path, typer.Option(help="A new directory for the SavedModel.")],
    formats: Annotated[
        str, typer.Option(help="saved_model, litert, litert_int8, onnx: one or several, separated by commas.")
    ] = "saved_model",
    version: Annotated[int, typer.Option(help="The name of the SavedModel's folder there.")] = 1,
    compare: Annotated[
        Path | None, typer.Option(help="The export that is served now; a model that is worse is refused.")
    ] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(help="With --compare, a column for whose values it must not be worse either; may be repeated."),
    ] = None,
    data_dir: DataDir = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export in --to.")] = False,
) -> None:
    """Write a trained model in formats that take raw inputs, and check the answers of each.

    A format that cannot hold the model is left out; the reason is printed and
    the exit status is 1.

    With --compare, the model and the one that is served answer the test
    examples. One that is worse, by more than the noise of these examples,
    is refused (status 1), and nothing is written.
    """
    from ..files import check_new_directory

    check_new_directory(to, marker="export.json", name="to", overwrite=overwrite)
    from ..run import Run
    from ..serving.blessing import WorseModel
    from ..serving.export import export
    from ..serving.gate import ExportMismatch
    from ..serving.saved_model import EXPORT, EXPORTED
    from ..stored.json_files import read_json

    if data_dir is not None and compare is None:
        raise InvalidArgument("data_dir", data_dir, "left out without --compare")
    try:
        with_data = run if data_dir is None else Run.load(run, data_dir=data_dir)
        names = [name.strip() for name in formats.split(",")]
        options: dict[str, Any] = {"version": version, "compare": compare, "slices": slices or ()}
        export(with_data, to, formats=names, overwrite=overwrite, **options)
    except (ExportMismatch, WorseModel) as error:
        raise SystemExit(complain(str(error), status=1)) from None
    facts = read_json(to / EXPORT, EXPORTED, argument="to")
    for file, comparison in facts["files"].items():
        say(f"{to / file} {comparison}")
    say("test " + ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in facts["test"].items()))
    for row in facts.get("compared", {}).get("comparisons", ()):
        scores = f"{row['new']:.4f} against {row['old']:.4f} ({row['examples']:,} examples)"
        say(f"{row['where'] or 'all test examples'}: {row['verdict']}, {scores}")
    if facts["refused"]:
        raise SystemExit(1)


@app.command()
def predict(
    saved_model: Annotated[Path, typer.Argument(help="What `recipes export` or `recipes search` has written.")],
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Raw inputs: .csv, .tsv, .parquet, .npy, .json, .jsonl, .txt, images, or folders of these; several."
        ),
    ],
    to: Annotated[Path | None, typer.Option(help="A new .csv, .tsv, .parquet or .jsonl file for the scores.")] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A column of the input to copy, such as an id; may be repeated.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="The probability above which a label is predicted. Default: 0.5.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before the names of the classes in the scores.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Write the scores as JSON objects, one a line.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --to.")] = False,
) -> None:
    """Predict with an exported model.

    With --to, the scores are a table with a row for each input: a column
    "file" if there are several files, the columns of --keep, "prediction"
    (the label, for several labels a JSON list, or the value; "prediction_1",
    "prediction_2", ... for several values) and the probability of each class
    in a column of its name. --json prints the same as JSON lines. Otherwise a
    line for each input is printed: file and kept columns as above, the label
    and its probability, or the values, between tabs; several labels share a
    line, and "-" means that none is likely.

    Records, and tables with named columns, are rows of a CSV, TSV or Parquet
    file with names or JSON objects, with their columns in any order; others
    are ignored with a warning. Texts are one per line. Large files are read
    and written in parts; the file of --to appears when all is done.
    """
    from ..files import check_new_file
    from ..serving.answers import check_threshold
    from ..serving.batch_prediction import scored_blocks
    from ..serving.predictor import Predictor
    from ..serving.score_files import SUFFIXES, json_lines

    if to is not None:
        check_new_file(to, name="to", suffixes=(".jsonl",) if json else SUFFIXES, overwrite=overwrite)
    elif overwrite:
        raise InvalidArgument("overwrite", overwrite, "left out without --to")
    predictor = Predictor(saved_model)
    spec, limit = predictor.spec, check_threshold(threshold, predictor.spec)
    columns = list(keep or ())
    if to is not None:
        with progress_bar("scored") as progress:
            count = predictor.predict_files(
                inputs,
                to,
                keep=columns,
                threshold=threshold,
                prefix=prefix,
                overwrite=overwrite,
                progress=progress,
            )
        say(f"{to} has the scores of {count:,} input{'s' * (count != 1)}")
        return
    for scored in scored_blocks(predictor, inputs, keep=columns):
        if json:
            lines = json_lines(scored.names(spec, prefix), scored.columns(spec, limit))
            sys.stdout.writelines(map(in_json, lines))
        else:
            sys.stdout.writelines(map(printable, short_lines(scored, spec, limit)))


def short_lines(scored: Scored, spec: Spec, threshold: float) -> Iterator[str]:
    """A line for each input: the columns beside, and the label with its probability or the values, between tabs."""
    from ..serving.score_files import cells

    columns = scored.columns(spec, threshold)
    count = len(scored.beside)
    beside, (first, *others) = list(map(cells, columns[:count])), columns[count:]
    for row in range(len(scored.outputs)):
        texts = [cells_of[row] for cells_of in beside]
        if spec.task == "regression":
            texts += [f"{values[row]:.6g}" for values in (first, *others)]
        else:
            labels = first[row] if isinstance(first[row], list) else [first[row]]
            numbers = [f"{others[spec.class_names.index(label)][row]:.4f}" for label in labels]
            texts += [", ".join(labels), ", ".join(numbers)] if labels else ["-"]
        yield "\t".join(texts) + "\n"
