"""value_options: a command whose parameters are dataclasses, each field an option of the command line."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args, get_type_hints

import typer

from .config_option import Config
from .options import HEADINGS

__all__ = ["value_options"]


def value_options(command: Callable[..., None]) -> Callable[..., None]:
    """Turns a command with dataclass parameters into one for typer.

    Each field of such a class, made by ``option``, becomes an option with the field's name, default and help; the
    command receives an instance. A field that is False by default becomes a flag. The help has the options of a class
    under its heading, where :data:`recipes.cli.options.HEADINGS` has one. Any of its options, and its arguments, can
    be in the file of ``--config``.

    Example:
        >>> @dataclasses.dataclass(frozen=True)                               # doctest: +SKIP
        ... class Size:
        ...     width: int = option(8, "In cells.")
        >>> @app.command()
        ... @value_options
        ... def draw(size: Size) -> None: ...                                 # draw --width 9
    """
    hints = get_type_hints(command, include_extras=True)
    kinds: dict[str, Any] = {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in kinds:
            parameters.extend(_options(kinds[name]))
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))

    parameters.append(inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Config))

    @functools.wraps(command)
    def with_options(**options: Any) -> None:
        options.pop("config")  # which has filled the others
        instances = {
            name: kind(**{field.name: options.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in kinds.items()
        }
        command(**instances, **options)

    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def _options(kind: Any) -> Iterator[inspect.Parameter]:
    """The fields of a dataclass as keyword parameters for typer."""
    hints: dict[str, Any] = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        name = field.name
        flag = ("--" + name.replace("_", "-"),) if field.default is False else ()
        shown = typer.Option(*flag, help=field.metadata["help"], rich_help_panel=HEADINGS.get(kind))
        kinds = [part for part in get_args(hints[name]) if part is not type(None)]
        read = str if len(kinds) > 1 else hints[name]  # typer has no unions; the class reads the text
        hint = Annotated[read, shown]  # type: ignore[valid-type]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hint)
