"""in_options: what messages say of arguments in Python, as options of the command line."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex

from .options import Choices, Reading, listed

__all__ = ["in_options"]

NAMES = [*(field.name for kind in (Reading, Choices) for field in dataclasses.fields(kind)), "validation"]
"""The arguments that commands which load data have as options."""
VALUE = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\]|[0-9.]+"
ARGUMENT = re.compile(rf"(?<![\w-])({'|'.join(NAMES)})=({VALUE})")
SEVERAL = ("target", "features", "exclude")
"""Those that take several names."""
MEANT = re.compile(r"did you mean '([^'\"]*,[^'\"]*|\s[^'\"]*|[^'\"]*\s)'")
"""A suggested name with a comma or an outer space, which is typed in quotes."""
KINDS = "features={name: 'category'} for a file"
"""What a message says of the kind of a column."""


def in_options(message: str) -> str:
    """A message whose advice is options to type; what was received stays as it is.

    Example:
        >>> in_options("leave it out: exclude=['a b', 'c']. Received: id='a'")
        "leave it out: --exclude 'a b,c'. Received: id='a'"
        >>> print(in_options("exclude must be a column; did you mean 'a, b'? Received: exclude='a'"))
        exclude must be a column; did you mean '"a, b"'? Received: exclude='a'
    """
    advice, received, rest = message.partition(" Received: ")
    advice = advice.replace(KINDS, "--features name:category")
    if advice.partition(" ")[0] in SEVERAL:
        advice = MEANT.sub(lambda found: f"did you mean {shlex.quote(listed([found[1]]))}", advice)
    return ARGUMENT.sub(_option, advice) + received + rest


def _option(match: re.Match[str]) -> str:
    name, text = match.groups()
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return match.group()
    values = [str(item) for item in (value if isinstance(value, list) else [value])]
    typed = listed(values) if name in SEVERAL else ",".join(values)
    return f"--{name.replace('_', '-')} {shlex.quote(typed)}"
