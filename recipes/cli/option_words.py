"""in_options: what messages say of arguments in Python, as options of the command line."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex

from .options import Choices, Reading

__all__ = ["in_options"]

NAMES = [*(field.name for kind in (Reading, Choices) for field in dataclasses.fields(kind)), "validation"]
"""The arguments that commands which load data have as options."""
VALUE = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\]|[0-9.]+"
ARGUMENT = re.compile(rf"(?<![\w-])({'|'.join(NAMES)})=({VALUE})")
KINDS = "features={name: 'category'} for a file"
"""What a message says of the kind of a column."""


def in_options(message: str) -> str:
    """A message whose advice is options to type; what was received stays as it is.

    Example:
        >>> in_options("leave it out: exclude=['a b', 'c']. Received: id='a'")
        "leave it out: --exclude 'a b,c'. Received: id='a'"
    """
    advice, received, rest = message.partition(" Received: ")
    advice = advice.replace(KINDS, "--features name:category")
    return ARGUMENT.sub(_option, advice) + received + rest


def _option(match: re.Match[str]) -> str:
    name, text = match.groups()
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return match.group()
    values = [str(item) for item in (value if isinstance(value, list) else [value])]
    if any("," in item for item in values):  # which the command line cannot tell from two names
        return match.group()
    return f"--{name.replace('_', '-')} {shlex.quote(','.join(values))}"
