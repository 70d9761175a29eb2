"""The grammar of choices: how a user selects an entry of a catalogue and its options.

A choice is a name, ``"dropout"``; a name with options, as text ``"dropout(rate=0.3)"`` or as a mapping
``{"name": "dropout", "rate": 0.3}``; or an object. Several are joined by "+" or passed as a sequence; "none" means
none. Some fields accept a word in place of a name: "auto" leaves the choice to the data, the activation or the
optimizer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_number
from .catalogue import Catalogue, UnknownName
from .layer_copies import layer_from_json, layer_identity, layer_to_json
from .stored.json_files import reason_of

__all__ = [
    "AUTO",
    "NONE",
    "OWN",
    "RESERVED",
    "Choice",
    "build",
    "check_makes_model",
    "from_json",
    "identity",
    "is_named",
    "join_names",
    "name_of",
    "named",
    "options_of",
    "parse",
    "parse_number",
    "parse_several",
    "split_at",
    "split_names",
    "text_of",
    "to_json",
]

Choice = Any
"""A name, with options ``"dropout(rate=0.3)"``; a mapping, ``{"name": "dropout", "rate": 0.3}``; or an object."""

AUTO, NONE = "auto", "none"

KERAS_OBJECTS = (keras.optimizers.Optimizer, keras.initializers.Initializer, keras.layers.Layer)
"""The objects that are written as JSON."""

OWN = "own"
"""The model of a recipe whose training was given a model, or a function that makes one."""

RESERVED = (AUTO, NONE, OWN)
"""What recipes understand by themselves: no name of anything."""


# --- parts of a choice ------------------------------------------------------------------------------------------------


def named(name: str, options: Mapping[str, Any]) -> Choice:
    """The choice with this name and these options; the bare name if there are no options.

    Example:
        >>> named("adam", {}), named("adam", {"beta_1": 0.8})
        ('adam', {'name': 'adam', 'beta_1': 0.8})
    """
    return {"name": name, **options} if options else name


def is_named(choice: Choice) -> bool:
    """Whether a choice is a name or a mapping, not an object."""
    return isinstance(choice, (str, Mapping))


def name_of(choice: Choice) -> str:
    """The name of a choice; for an object, its ``name`` or its class's.

    Example:
        >>> name_of("adam"), name_of({"name": "adam", "beta_1": 0.8}), name_of(keras.optimizers.Adam())
        ('adam', 'adam', 'adam')
        >>> name_of("adam(beta_1=0.8)")
        'adam'
    """
    if isinstance(choice, Mapping):
        return str(choice["name"])
    if isinstance(choice, str):
        return choice.partition("(")[0].strip()
    # Keras numbers objects: "adam", "adam_1", ...
    return re.sub(r"_\d+$", "", getattr(choice, "name", None) or type(choice).__name__.lower())


def options_of(choice: Choice) -> dict[str, Any]:
    """The options of a mapping or a text; empty for a name or an object.

    Example:
        >>> options_of({"name": "adam", "beta_1": 0.8}), options_of("adam")
        ({'beta_1': 0.8}, {})
        >>> options_of("mlp(hidden=(300, 100))")
        {'hidden': (300, 100)}
    """
    if isinstance(choice, str):
        return _options_in(choice)
    return {key: value for key, value in choice.items() if key != "name"} if isinstance(choice, Mapping) else {}


def text_of(choice: Choice) -> str:
    """A choice as text: the inverse of :func:`name_of` and :func:`options_of`.

    Raises:
        InvalidArgument: for options that are objects.

    Example:
        >>> text_of({"name": "adam", "beta_1": 0.8}), text_of("adam")
        ('adam(beta_1=0.8)', 'adam')
    """
    options = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in options_of(choice).items()
    }
    if not options:
        return name_of(choice)
    text = f"{name_of(choice)}({', '.join(f'{name}={value!r}' for name, value in options.items())})"
    try:
        _options_in(text)
    except InvalidArgument:
        accepted = "options that text can hold: numbers, strings, tuples, True, False or None"
        raise InvalidArgument(name_of(choice), options, accepted) from None
    return text


def split_names(text: str) -> list[str]:
    """The names in a text that joins them by "+", with their options.

    Example:
        >>> split_names("l2 + dropout(rate=0.3)"), split_names("none")
        (['l2', 'dropout(rate=0.3)'], [])
    """
    return [] if text.strip() == NONE else split_at("+", text)


def split_at(mark: str, text: str) -> list[str]:
    """The parts of a text between marks that are not within parentheses or brackets.

    Example:
        >>> split_at(",", "adam(beta_1=0.8, beta_2=0.9), sgd")
        ['adam(beta_1=0.8, beta_2=0.9)', 'sgd']
    """
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == mark and depth <= 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]


def _options_in(text: str) -> dict[str, Any]:
    """The options of a text such as "dropout(rate=0.3)": Python's numbers, strings, tuples, True, False and None."""
    if "(" not in text:
        return {}
    accepted = 'a name with options, such as "dropout(rate=0.3)"'
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("options have names")
        for keyword in call.keywords:
            if isinstance(keyword.value, ast.Name) and keyword.value.id not in ("inf", "nan"):
                accepted = f"with texts in quotes: {keyword.arg}={keyword.value.id!r}"
        return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError):
        raise InvalidArgument("choice", text, accepted) from None


def join_names(choices: Iterable[Choice]) -> str:
    """The names of choices joined by "+", or "none".

    Example:
        >>> join_names(["l2", {"name": "dropout", "rate": 0.3}]), join_names([])
        ('l2+dropout', 'none')
    """
    return "+".join(map(name_of, choices)) or NONE


# --- check and build --------------------------------------------------------------------------------------------------


def parse(catalogue: Catalogue, value: Any, words: Sequence[str] = ()) -> Choice:
    """``value`` as a choice, in its shortest form.

    Args:
        catalogue: the accepted names and types of objects.
        value: the user's value.
        words: accepted besides the catalogue's names, such as "auto".

    Returns:
        A name; a mapping, if there are options; or the object. An object of a catalogue class with a ``to_choice``
        method becomes a mapping.

    Raises:
        UnknownName: for anything else; it suggests the nearest name. Options are checked by :func:`build`.
        InvalidArgument: for a mapping without a name.

    Example:
        >>> from recipes.optimizers import OPTIMIZERS
        >>> parse(OPTIMIZERS, {"name": "adam"}), parse(OPTIMIZERS, {"name": "adam", "beta_1": 0.8})
        ('adam', {'name': 'adam', 'beta_1': 0.8})
    """
    value = catalogue.convert(value)
    if isinstance(value, str) and "(" in value:
        value = {"name": name_of(value), **options_of(value)}
    if isinstance(value, Mapping):
        if "name" not in value:
            raise InvalidArgument(catalogue.kind, dict(value), 'a name, or a mapping with one: {"name": NAME, ...}')
        name = _known(catalogue, value["name"], words)
        options = {key: tuple(option) if isinstance(option, list) else option for key, option in value.items()}
        return named(name, options_of(options))
    if isinstance(value, str) or not isinstance(value, catalogue.objects):
        return _known(catalogue, value, words)
    if catalogue.kind == "model":
        check_makes_model("model", value)
    if hasattr(value, "to_choice") and type(value) in catalogue.classes.values():
        return value.to_choice()
    return value


def check_makes_model(argument: str, value: Any) -> None:
    """Raises for a model or a layer where a function is wanted that makes a model: both can be called.

    Example:
        >>> check_makes_model("model", keras.Sequential(name="own"))
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: model must be the function that makes the model, ...
    """
    if isinstance(value, keras.layers.Layer):
        kind = "model" if isinstance(value, keras.Model) else "layer"
        raise InvalidArgument(
            argument, f"the {kind} {value.name!r}", "the function that makes the model, not the model or a layer itself"
        )


def parse_number(argument: str, value: Any, words: Sequence[str], kind: type, kind_name: str) -> Any:
    """``value`` as a choice where a number stands in place of a name: a number, one of some words, or an object.

    Args:
        argument: its name, for messages.
        value: the user's value.
        words: accepted, such as "auto".
        kind: the accepted type of objects.
        kind_name: with its article, for messages.

    Raises:
        InvalidArgument: for anything else.

    Example:
        >>> parse_number("bias", 1, (AUTO,), keras.initializers.Initializer, "a Keras initializer")
        1.0
    """
    if isinstance(value, kind) or (isinstance(value, str) and value in words):
        return value
    try:
        return check_number(argument, value)
    except InvalidArgument:
        accepted = ", ".join(["a number", *(f'"{word}"' for word in words)])
        raise InvalidArgument(argument, value, f"{accepted} or {kind_name}") from None


def parse_several(catalogue: Catalogue, value: Any, words: Sequence[str] = ()) -> tuple[Choice, ...]:
    """``value`` as several choices: one choice, names joined by "+", a sequence of choices, or "none".

    Args:
        catalogue: the accepted names and types of objects.
        value: the user's value.
        words: accepted alone besides the catalogue's names, such as "auto".

    Raises:
        UnknownName: as :func:`parse`.
        InvalidArgument: for a repeated name.

    Example:
        >>> from recipes.regularization import REGULARIZERS
        >>> parse_several(REGULARIZERS, "l2+dropout"), parse_several(REGULARIZERS, "none")
        (('l2', 'dropout'), ())
    """
    if isinstance(value, str):
        value = split_names(value)
    elif value is None:
        value = ()
    elif isinstance(value, Mapping) or not isinstance(value, Sequence):
        value = (value,)
    candidates = [candidate.strip() if isinstance(candidate, str) else candidate for candidate in value]
    words = (NONE, *words) if len(candidates) == 1 else ()
    choices = tuple(parse(catalogue, candidate, words) for candidate in candidates)
    if choices == (NONE,):
        return ()
    names = [name_of(choice) for choice in choices]
    if len(set(names)) != len(names):
        raise InvalidArgument(catalogue.kind, join_names(choices), f"given each {catalogue.kind} at most once")
    return choices


def build(catalogue: Catalogue, choice: Choice, **options: Any) -> Any:
    """Builds a choice: a new object for a name or mapping; an object is returned as it is.

    Args:
        catalogue: where names are looked up.
        choice: as :func:`parse` returns it.
        **options: further options; those of the choice take precedence.

    Raises:
        InvalidArgument: for an option that the entry does not have, or a value outside its range.

    Example:
        >>> from recipes.regularization import REGULARIZERS
        >>> build(REGULARIZERS, {"name": "dropout", "rate": 0.3}).rate
        0.3
    """
    return catalogue.build(name_of(choice), **{**options, **options_of(choice)}) if is_named(choice) else choice


def _known(catalogue: Catalogue, name: Any, words: Sequence[str]) -> str:
    if not isinstance(name, str) or name not in (*words, *catalogue):
        meant = catalogue.elsewhere.get(name) if isinstance(name, str) else None
        raise UnknownName(catalogue.kind, name, [*words, *catalogue], meant)
    return name


# --- compare, write, read ---------------------------------------------------------------------------------------------


def identity(value: Any) -> Any:
    """JSON values that are equal for equal choices: Keras objects compare by settings, other objects by identity."""

    def without_name(_path: str, keras_object: Any) -> Any:
        if isinstance(keras_object, keras.layers.Layer):
            return layer_identity(keras_object)
        values = keras.saving.serialize_keras_object(keras_object)
        values["config"].pop("name", None)  # Keras numbers objects: "adam", "adam_1", ...
        return values

    return _plain(value, without_name, lambda path, unknown: f"object {id(unknown)}")


def to_json(field: str, value: Any) -> Any:
    """A choice, or several, as JSON values; Keras optimizers, initializers and layers are serialized by Keras.

    Args:
        field: the name of the field, for messages.
        value: as :func:`parse` or :func:`parse_several` returns it.

    Raises:
        InvalidArgument: for a function or another object that JSON cannot hold.

    Example:
        >>> to_json("regularizer", ("l2", {"name": "dropout", "rate": 0.3}))
        ['l2', {'name': 'dropout', 'rate': 0.3}]
    """

    def refuse(path: str, unknown: Any) -> Any:
        raise InvalidArgument(path, unknown, "a name, a mapping or a Keras object to be written as JSON")

    def serialized(path: str, keras_object: Any) -> Any:
        if isinstance(keras_object, keras.layers.Layer):
            return layer_to_json(path, keras_object)
        return keras.saving.serialize_keras_object(keras_object)

    return _plain(value, serialized, refuse, field)


def from_json(value: Any) -> Any:
    """The inverse of :func:`to_json`.

    Raises:
        InvalidArgument: for an object that Keras cannot deserialize here.
    """
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    if isinstance(value, dict) and "name" in value and "class_name" not in value:
        return {key: from_json(item) if isinstance(item, dict) else item for key, item in value.items()}
    if isinstance(value, dict) and "class_name" in value:
        try:
            made = layer_from_json(value)
            if not isinstance(made, KERAS_OBJECTS):
                raise TypeError("it is no optimizer, initializer or layer")
        except Exception as error:
            accepted = f"JSON of Keras objects that can be made here ({reason_of(error)})"
            raise InvalidArgument("text", value, accepted) from None
        return made
    return value


def _plain(
    value: Any, serialize: Callable[[str, Any], Any], fallback: Callable[[str, Any], Any], path: str = ""
) -> Any:
    """Nested JSON values: ``serialize`` converts Keras objects, ``fallback`` all other objects, with their path."""
    if value is None or isinstance(value, (str, float, bool, int)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item, serialize, fallback, path) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, serialize, fallback, f"{path}[{key!r}]") for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, KERAS_OBJECTS):
        return serialize(path, value)
    return fallback(path, value)
