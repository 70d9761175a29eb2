"""The Typer application with which the command modules register."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(
    name="recipes",
    help="Keras training recipes: good defaults, fair comparisons, and a model ready to serve.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
