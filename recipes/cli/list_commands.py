"""The command that lists what can be chosen by name: `recipes list`."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import app
from .console import say

KINDS = (
    "models",
    "optimizers",
    "regularizers",
    "transformations",
    "schedules",
    "callbacks",
    "initializers",
    "activations",
    "normalizations",
    "losses",
    "metrics",
    "datasets",
)


@app.command("list")
def list_names(
    kind: Annotated[str | None, typer.Argument(help=", ".join(KINDS) + ". Default: all.")] = None,
) -> None:
    """List what can be chosen by name, with its tunable hyperparameters and their ranges."""
    from ...callbacks.checks import check_choice
    from ..catalogues import catalogues
    from ..optimizers.capabilities import columns
    from .catalogue_table import listing

    if kind is not None:
        check_choice("kind", kind, KINDS)
    by_kind = catalogues()
    for name in KINDS if kind is None else (kind,):
        options = {"columns": columns} if name == "optimizers" else {}
        say(listing(name, by_kind[name], **options))
        if name == "models":
            from ..models import OTHER_MODELS

            say(listing("models for scripts of your own: recipes.autoencoder(...), ...", OTHER_MODELS))
        if name == "regularizers":
            from ..training_methods import METHODS

            say(listing("regularizers that are functions: recipes.refit(run), ...", METHODS))
