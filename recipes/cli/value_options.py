"""value_options: commands that take values: each field of a dataclass becomes an option of the command line."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_type_hints

import typer

__all__ = ["value_options"]


def value_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command for typer, made of one whose parameters may be annotated with dataclasses of ``option`` fields.

    Each field of such a class becomes an option with the field's name, default and help, and the command gets the
    value that they make. A field that is False by default becomes a flag.

    Example:
        >>> @dataclasses.dataclass(frozen=True)                               # doctest: +SKIP
        ... class Size:
        ...     width: int = option(8, "In cells.")
        >>> @app.command()
        ... @value_options
        ... def draw(size: Size) -> None: ...                                 # draw --width 9
    """
    hints = get_type_hints(command, include_extras=True)
    values: dict[str, Any] = {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in values:
            parameters.extend(_options(values[name]))
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))

    @functools.wraps(command)
    def taken(**given: Any) -> None:
        made = {
            name: value(**{field.name: given.pop(field.name) for field in dataclasses.fields(value)})
            for name, value in values.items()
        }
        command(**made, **given)

    taken.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taken.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return taken


def _options(value: Any) -> Iterator[inspect.Parameter]:
    """The options that make a dataclass, as keyword parameters for typer."""
    hints: dict[str, Any] = get_type_hints(value)
    for field in dataclasses.fields(value):
        name = field.name
        flag = ("--" + name.replace("_", "-"),) if field.default is False else ()
        kind = Annotated[hints[name], typer.Option(*flag, help=field.metadata["help"])]  # type: ignore[valid-type]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=kind)
