"""Catalogues: everything that a user can choose by name, with "did you mean" for misspelled names."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..callbacks.checks import InvalidArgument, check_bool, check_number, shown

__all__ = ["Catalogue", "Entry", "Lookup", "Option", "Range", "UnknownName", "entries_of"]


class UnknownName(InvalidArgument, KeyError):
    """A name that is not in its catalogue. The message suggests the one ``meant``, or the nearest, and lists all."""

    def __init__(self, kind: str, name: Any, names: list[str], meant: str | None = None):
        text = (name if isinstance(name, str) else shown(name)).lower()
        near = [meant] if meant else difflib.get_close_matches(text, names, n=1, cutoff=0.5)
        hint = f": did you mean {near[0]!r}?" if near else "."
        if callable(name) or hasattr(name, "get_config"):
            hint = f": one of your own gets a name by recipes.register({kind!r}, NAME, CLASS)."
        self.argument = kind
        ValueError.__init__(self, f"unknown {kind} {shown(name)}{hint} Accepted: {', '.join(names)}")

    __str__ = ValueError.__str__


def _unknown_options(build: Callable[..., Any], options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The options that what is called does not have, all if its signature does not tell; and what they may mean."""
    try:
        known = list(inspect.signature(build).parameters)
    except (TypeError, ValueError):  # of some functions in C
        known = []
    unknown = {option: value for option, value in options.items() if option not in known} or dict(options)
    near = [match for option in unknown for match in difflib.get_close_matches(option, known, n=1)]
    return unknown, f"; did you mean {near[0]!r}?" if near else ""


@dataclass(frozen=True)
class Range:
    """A tunable hyperparameter and the range to search.

    Args:
        name: the keyword of the entry's ``build`` that it sets.
        low, high: inclusive bounds of a sensible search, not of the legal values.
        default: the value without tuning; None if it depends on the problem.
        log: whether to search on a logarithmic scale. Default True.
        by_default: whether a search tunes it without being asked, by its ``ranges``. Default True. (Only the learning
            rate and the hyperparameters of regularizers are tuned without being asked.)

    Example:
        >>> Range("learning_rate", 1e-4, 1e-2).at(0.5)
        0.001
    """

    name: str
    low: float
    high: float
    default: float | None = None
    log: bool = True
    by_default: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InvalidArgument("name", self.name, "a string")
        check_bool("log", self.log)
        check_bool("by_default", self.by_default)
        low = check_number("low", self.low, above=0 if self.log else None)
        high = check_number("high", self.high, above=low)
        default = None if self.default is None else check_number("default", self.default)
        for name, number in (("low", low), ("high", high), ("default", default)):
            if not isinstance(getattr(self, name), (int, float)):  # a tensor or an array of one number
                object.__setattr__(self, name, number)

    def at(self, fraction: float) -> float:
        """The value at a fraction in [0, 1] of the way from ``low`` to ``high``: geometric if ``log``, else linear.

        Rounded to six significant digits, so that tables show the exact value that was used.
        """
        fraction = check_number("fraction", fraction, low=0, high=1)
        if self.log:
            value = self.low * (self.high / self.low) ** fraction
        else:
            value = self.low + (self.high - self.low) * fraction
        return float(f"{value:.6g}")


@dataclass(frozen=True)
class Entry:
    """A named choice.

    Args:
        name: what users type: lower case, words joined by underscores.
        build: makes the object; its keyword arguments are the entry's options.
        summary: one line.
        source: the publication, or where the default comes from.
        hyperparameters: the tunable options with their ranges.
        when: one or two sentences: when to use it, and when not or what to take then. Default: nothing is said.
    """

    name: str
    build: Callable[..., Any]
    summary: str
    source: str
    hyperparameters: tuple[Range, ...] = ()
    when: str = ""

    @property
    def factory(self) -> Callable[..., Any]:
        """The class or function behind ``build``, with ``functools.partial`` unwrapped."""
        return self.build.func if isinstance(self.build, functools.partial) else self.build

    def counts(self, option: str) -> bool:
        """Whether an option is a whole number: by its annotation or, without one, by its default.

        Example:
            >>> from recipes.optimizers import OPTIMIZERS
            >>> OPTIMIZERS["lookahead"].counts("steps"), OPTIMIZERS["lookahead"].counts("slow_rate")
            (True, False)
        """
        try:
            parameter = inspect.signature(self.factory).parameters.get(option)
        except (TypeError, ValueError):  # of some functions in C
            return False
        if parameter is None:
            return False
        if parameter.annotation is inspect.Parameter.empty:
            return type(parameter.default) is int
        annotation = parameter.annotation
        return (annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")).startswith("int")


@dataclass(frozen=True)
class Option:
    """A named choice that is not built: a dataset, a design, a format, a rule.

    Args:
        name: what users type.
        summary: one line.
        source: the publication, or where it comes from.
        hyperparameters: none: it has nothing to tune.
        when: one or two sentences: when to use it, and when not or what to take then. Default: nothing is said.
    """

    name: str
    summary: str
    source: str
    hyperparameters: tuple[Range, ...] = ()
    when: str = ""


def entries_of(package: str) -> list[Entry]:
    """The ``ENTRIES`` of all modules of a package, in alphabetical order of the modules.

    Args:
        package: the full name of a package. Modules without ``ENTRIES`` are skipped.

    Example:
        >>> entries_of("keras_recipes.recipes.optimizers")[0].name
        'adadelta'
    """
    names = sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    return [entry for module in modules for entry in getattr(module, "ENTRIES", ())]


class Named(Protocol):
    """What a catalogue looks up and lists: a name, a one-line summary, a source, hyperparameters, when to use it."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def hyperparameters(self) -> tuple[Range, ...]: ...
    @property
    def when(self) -> str: ...


E = TypeVar("E", bound=Named)


class Lookup(Mapping[str, E]):
    """The entries of one kind (dataset, optimizer, ...), by name."""

    elsewhere: Mapping[str, str] = {}
    """What the same is called in Keras, where it has another name here: that name -> ours, for messages."""

    def __init__(self, kind: str, entries: Sequence[E] = ()):
        self.kind = kind
        self.entries: dict[str, E] = {}
        for entry in entries:
            self.add(entry)
        self._ours = frozenset(self.entries)

    def add(self, entry: E) -> E:
        """Adds an entry for the rest of this process; raises ``InvalidArgument`` if its name is taken."""
        if entry.name in self.entries:
            raise InvalidArgument("name", entry.name, f"a name that no other {self.kind} has")
        self.entries[entry.name] = entry
        return entry

    @property
    def added(self) -> list[str]:
        """The names of entries that do not come with this package. Other processes do not know them."""
        return [name for name in self.entries if name not in self._ours]

    def __getitem__(self, name: str) -> E:
        if not isinstance(name, str) or name not in self.entries:
            meant = self.elsewhere.get(name) if isinstance(name, str) else None
            raise UnknownName(self.kind, name, list(self.entries), meant)
        return self.entries[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class Catalogue(Lookup[Entry]):
    """The entries of one kind (optimizer, regularizer, ...), which can be built by name.

    Args:
        kind: in the singular, for messages.
        entries: the initial entries.
        objects: the type, or types, of objects accepted in place of a name. Default: none.
        makes: the type, or types, of what an entry makes, besides None. Default: any.
        convert: a function from a user's value to one of this catalogue, such as a mapping for an object of Keras.
            Default: values are taken as they are.

    Example:
        >>> fruits = Catalogue("fruit", [Entry("apple", str, "Round.", "Newton")])
        >>> fruits["aple"]
        Traceback (most recent call last):
        recipes.catalogue.UnknownName: unknown fruit 'aple': did you mean 'apple'? Accepted: apple
    """

    def __init__(
        self,
        kind: str,
        entries: Sequence[Entry] = (),
        *,
        objects: Any = (),
        makes: Any = object,
        convert: Callable[[Any], Any] = lambda value: value,
    ):
        super().__init__(kind, entries)
        self.objects, self.makes, self.convert = objects, makes, convert

    @property
    def classes(self) -> dict[str, type]:
        """The classes that the entries build: class name -> class."""
        factories = (getattr(entry.build, "function", entry.factory) for entry in self.values())
        return {factory.__name__: factory for factory in factories if isinstance(factory, type)}

    def build(self, name: str, /, **options: Any) -> Any:
        """Builds the entry called ``name``; raises ``InvalidArgument`` for an option that it does not have."""
        entry = self[name]
        try:
            made = entry.build(**options)
        except (TypeError, ValueError) as error:  # the wordings of Python, Keras' optimizers and Keras' layers
            missing = isinstance(error, TypeError) and "required" in str(error) and "argument" in str(error)
            if name not in self._ours and missing:
                raise InvalidArgument(self.kind, name, f"made of options that have defaults ({error})") from error
            wordings = ("unexpected keyword argument", "not recognized", "Unrecognized keyword argument")
            if options and any(wording in str(error) for wording in wordings):
                unknown, near = _unknown_options(entry.build, options)
                accepted = f"given options that it has ({error}{near})"
                raise InvalidArgument(f"{self.kind} {name!r}", unknown, accepted) from error
            raise
        if made is not None and not isinstance(made, self.makes):
            kinds = self.makes if isinstance(self.makes, tuple) else (self.makes,)
            accepted = f"what makes {' or '.join(kind.__name__ for kind in kinds)} objects, not {shown(made)}"
            raise InvalidArgument(self.kind, name, accepted)
        return made
