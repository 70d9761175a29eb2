"""The command that tells beforehand what a comparison can tell: `recipes power`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from ..tuning.protocol import Protocol
from .app import app
from .console import load, say
from .options import Reading, Validation
from .value_options import value_options

REPEATS = (3, 5, 10, 20)
"""The numbers of repeats that are answered."""


@app.command()
@value_options
def power(
    dataset: Annotated[str, typer.Argument(help="A dataset as for `recipes search`, or the directory of a search.")],
    reading: Reading,
    validation: Validation = None,
    arms: Annotated[int, typer.Option(help="How many arms are compared.")] = 5,
    disagreement: Annotated[
        float, typer.Option(help="The share of test examples that two arms answer differently, for a dataset.")
    ] = 0.03,
) -> None:
    """Tell which difference a search can tell, by its number of repeats.

    Of a dataset, before anything is trained, for accuracies. Of the directory of a
    search with the noise that it has found, for any score.
    """
    from ...callbacks.checks import InvalidArgument, check_integer
    from ..report import formatting
    from ..tuning.comparison import Comparison
    from ..tuning.foresight import before_search, of_search
    from ..tuning.resplitting import decided
    from ..tuning.search_files import SETTINGS

    arms = check_integer("arms", arms, low=2)
    if (Path(dataset) / SETTINGS).is_file():
        comparison = Comparison.load(dataset)
        metric = comparison.results.metric
        told = {repeats: of_search(comparison, repeats) for repeats in REPEATS}
        what = f"between its {len(comparison.results.summary)} arms, with the noise that it has found"
    else:
        data = load(dataset, validation=validation, **reading.for_load())
        protocol = decided(Protocol(), data)
        metric = protocol.metric_for(data.spec)
        told = {repeats: before_search(data, protocol, arms, repeats, disagreement) for repeats in REPEATS}
        what = f"between {arms} arms that disagree on {100 * disagreement:g} % of the test examples"
    if not any(map(math.isfinite, told.values())):
        accepted = "the name of a classification, or a search with two or more repeats, whose noise is known"
        raise InvalidArgument("dataset", dataset, accepted)
    say(f"The smallest difference in {metric.words} that is told with a chance of 80 %, {what}:")
    for repeats, difference in told.items():
        say(f"  {repeats:>3} repeats: {formatting.margin(difference, metric)}")
