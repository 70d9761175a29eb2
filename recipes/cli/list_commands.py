"""The command that lists what can be chosen by name: `recipes list`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..catalogues import KINDS
from .app import app
from .console import say

ALL = "all"


@app.command("list")
def list_names(
    kind: Annotated[str | None, typer.Argument(help=f"{', '.join(KINDS)}, or {ALL}. Default: the kinds.")] = None,
    name: Annotated[
        str | None, typer.Argument(help="One of a kind: when to use it, too. Default: all of them.")
    ] = None,
) -> None:
    """List what can be chosen by name, with its tunable hyperparameters and their ranges."""
    from ...callbacks.checks import check_choice
    from ..catalogues import catalogue_of
    from ..optimizers.capabilities import columns
    from .catalogue_table import details, kinds_table, listing

    if kind is None:
        say(kinds_table({name: (len(catalogue_of(name)), entry.summary) for name, entry in KINDS.items()}))
        return
    check_choice("kind", kind, (*KINDS, ALL) if name is None else tuple(KINDS))
    additional = {"optimizers": {"columns": columns}}
    if name is not None:
        say(details(catalogue_of(kind)[name], **additional.get(kind, {})))
        return
    for plural in KINDS if kind == ALL else (kind,):
        say(listing(f"{plural}: {KINDS[plural].summary}", catalogue_of(plural), **additional.get(plural, {})))
