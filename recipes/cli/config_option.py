"""Config: the option --config of a command, a YAML file with values for its other options."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ...callbacks.checks import InvalidArgument
from ..choice import NONE, split_at, text_of
from ..recipe import Recipe
from ..recipe_json import with_names_of_today
from ..stored.reading import read_bytes
from ..tuning.bench_datasets import dataset_text
from ..tuning.factors import FACTORS

__all__ = ["Config", "option_text", "read_config"]

PAIRS = {"factors": "=", "ranges": "=", "class_weight": ":", "features": ":"}
"""Options whose text is made of pairs, with the sign between a name and its value."""

LEVELS = {"factors", *(factor.plural for factor in FACTORS.values())}
"""Options of the levels that are compared: a line without any says nothing, and is no wish for all that are usual."""

TAGS = ("bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp")
"""The types of YAML that are read; all but "null", "seq" and "map" as text, as on the command line."""

LARGEST = 2**22
"""The most bytes of a file."""

Value = Any
"""A text, None, or a list or mapping of values."""


def read_config(path: Path) -> dict[str, Value]:
    """The values in a YAML or JSON file by name; numbers and words stay texts, as they are typed on a command line.

    Nothing of a file is ever run: types beyond YAML's own are refused.

    Raises:
        InvalidArgument: for a file that cannot be read, or is no mapping.

    Example:
        >>> read_config(Path("search.yaml"))                                        # doctest: +SKIP
        {'dataset': 'digits', 'epochs': '10', 'optimizers': ['momentum', 'adam']}
    """
    try:
        node = yaml.compose(read_bytes(path, LARGEST).decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, ValueError) as error:
        raise InvalidArgument("config", str(path), f"a YAML file that can be read ({_reason(error)})") from None
    except RecursionError:
        raise InvalidArgument("config", str(path), "a YAML file with few values within each other") from None
    except yaml.YAMLError as error:
        raise InvalidArgument("config", str(path), f"a YAML file ({_reason(error)})") from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise InvalidArgument("config", str(path), 'a YAML file of lines such as "epochs: 10"')
    return _value(node, str(path), set())


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return problem if mark is None else f"line {mark.line + 1}: {problem}"


def _value(node: yaml.Node, path: str, seen: set[int]) -> Value:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    line = f"line {node.start_mark.line + 1}"
    if kind not in TAGS:
        raise InvalidArgument("config", path, f"a file without types such as {node.tag} ({line})")
    if isinstance(node, yaml.ScalarNode):
        return None if kind == "null" else node.value
    if id(node) in seen:  # the aliases of a few lines can stand for billions of values
        raise InvalidArgument("config", path, f"a file without aliases of lists or mappings ({line})")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, path, seen) for item in node.value]
    values: dict[str, Value] = {}
    for key, item in node.value:
        line = f"line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise InvalidArgument("config", path, f"a file whose keys are names ({line})")
        if key.value in values:
            raise InvalidArgument("config", path, f"a file that has {key.value!r} once (again in {line})")
        values[key.value] = _value(item, path, seen)
    return values


def option_text(name: str, value: Value) -> str | None:
    """The value of an option as its text on the command line.

    Args:
        name: of the option.
        value: a text or None; a list, joined by commas ("+" for the parts of a regularizer); a mapping of "name" and
            options, as for a choice; or, for options of pairs, a mapping of names.

    Raises:
        InvalidArgument: for anything that no text stands for.

    Example:
        >>> option_text("optimizers", ["sgd", {"name": "adam", "beta_2": "0.95"}])
        'sgd,adam(beta_2=0.95)'
        >>> option_text("factors", {"batch_size": ["32", "128"]})
        'batch_size=32/128'
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping) and name in PAIRS:
        pairs = [f"{key}{PAIRS[name]}{_item(name, item, '/')}" for key, item in value.items()]
        return _joined(name, pairs, ",")
    if isinstance(value, list):
        mark = "+" if name == "regularizer" else ","
        return _joined(name, [_item(name, item, "+") for item in value], mark) or (NONE if mark == "+" else "")
    return _item(name, value, ",")


def _item(name: str, value: Value, mark: str) -> str:
    """A part of an option: a text, a choice, or several of these joined by the mark."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return text_of({key: item if key == "name" else _literal(item) for key, item in value.items()})
    if isinstance(value, list) and value and not any(isinstance(item, list) for item in value):
        return _joined(name, [_item(name, item, mark) for item in value], mark)
    raise InvalidArgument(name, value, "a text, a list of texts, or a name with options")


def _argument(name: str, value: Value) -> str:
    """One of several arguments; datasets can have options, and a path as their name."""
    if name == "datasets" and isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return dataset_text({key: item if key == "name" else _literal(item) for key, item in value.items()})
    return _item(name, value, ",")


def _joined(name: str, parts: list[str], mark: str) -> str:
    if parts and split_at(mark, mark.join(parts)) != [part.strip() for part in parts]:
        raise InvalidArgument(name, parts, f"a list of texts without {mark!r}")
    return mark.join(parts)


def _literal(value: Value) -> Any:
    """The value of an option of a choice, which Python's grammar reads; other texts stay texts."""
    if isinstance(value, list):
        return tuple(map(_literal, value))
    if not isinstance(value, str):
        return value
    word = {"true": "True", "false": "False"}.get(value, value)
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return value


def _fill(context: typer.Context, path: Path | None) -> Path | None:
    """Makes the values in the file the defaults of the command's other options."""
    if path is None or context.resilient_parsing:
        return path
    values = read_config(path)
    options = {option.name: option for option in context.command.params if option.name not in ("config", "help")}
    command = f"`{context.command_path}`"
    if "recipe" in values and "recipe" not in options:  # recipe.json, as exports and runs have it
        values = _of_recipe(path, values, [str(name) for name in options], command)
    defaults: dict[str, Any] = {}
    for name, value in values.items():
        if name not in options:
            near = difflib.get_close_matches(name, [str(known) for known in options], n=1, cutoff=0.5)
            hint = f" (did you mean {near[0]!r}?)" if near else f" (see {command[:-1]} --help`)"
            raise InvalidArgument("config", str(path), f"a file of options of {command}, and {name!r} is none{hint}")
        option = options[name]
        if value is None and name in LEVELS:
            accepted = f"a file of options of {command} with the levels of {name!r}, or without this line"
            raise InvalidArgument("config", str(path), accepted)
        try:
            if option.nargs != 1 or getattr(option, "multiple", False):
                items = value if isinstance(value, list) else [value]
                defaults[name] = [_argument(name, item) for item in items if item is not None]
            else:
                defaults[name] = option_text(name, value)
            if defaults[name] is not None:
                option.process_value(context, defaults[name])
        except InvalidArgument as error:
            raise InvalidArgument("config", str(path), f"a file of options of {command}: {error}") from None
        except typer.BadParameter.__base__ as error:  # type: ignore[misc]
            accepted = f"a file of options of {command}: {name}={value!r}: {error.message}"
            raise InvalidArgument("config", str(path), accepted) from None
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def _of_recipe(path: Path, values: Mapping[str, Value], known: list[str], command: str) -> dict[str, Value]:
    """The fields of a recipe that are options of the command; the others must have their defaults."""
    usual = json.loads(Recipe().to_json())
    options = {}
    for name, value in with_names_of_today(values).items():
        if name in known:
            options[name] = value
        elif name != "recipe" and value is not None and value != str(usual.get(name)):
            accepted = f"a recipe whose {name} is {usual.get(name)}: {command} has no option for another ({value})"
            raise InvalidArgument("config", str(path), accepted)
    return options


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_fill,
        help="A YAML file of options of this command, by name: `epochs: 10`. Those that are typed win.",
    ),
]
"""The option of every command whose parameters are values."""
