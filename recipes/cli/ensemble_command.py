"""The command that makes one model of several that a search has trained: `recipes ensemble`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .console import complain, say, wrapped
from .options import DataDir


@app.command()
def ensemble(
    directory: Annotated[Path, typer.Argument(help="A directory of `recipes search --keep-weights`.")],
    to: Annotated[Path | None, typer.Option(help="A new directory for the SavedModel of the ensemble.")] = None,
    select: Annotated[
        str, typer.Option(help="forward: added to the average as long as they help; best: the average of the best.")
    ] = "forward",
    size: Annotated[
        int | None, typer.Option(help="Models in one selection, with repetitions. Default: 25; 5 of best.")
    ] = None,
    bags: Annotated[int, typer.Option(help="Selections from halves of the trainings, which are averaged.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same halves.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Average the final trainings of a search that predict best together.

    Members and weights are chosen on the validation split, and compared with the
    decision alone on the test split. Nothing is trained. With --to, the ensemble is
    exported as one model and checked like any other.
    """
    from ..files import check_new_directory
    from ..serving.export import export
    from ..serving.gate import ExportMismatch
    from ..tuning.comparison import Comparison
    from ..tuning.ensembles.selection import Choice

    if to is not None:
        check_new_directory(to, marker="export.json", name="to")
    Choice(select, size, bags, seed)  # checks them before the data are loaded
    comparison = Comparison.load(directory)
    data = comparison.data(data_dir)
    found = comparison.ensemble(data, select=select, size=size, bags=bags, seed=seed)
    for member in found.members.itertuples():
        say(f"{member.weight:6.1%}  {member.arm}, seed {member.seed}")
    say(wrapped(found.verdict))
    if to is not None:
        try:
            export(found, to)
        except ExportMismatch as error:
            raise SystemExit(complain(str(error), status=1)) from None
        say(f"the ensemble, ready to serve, in {to}")
