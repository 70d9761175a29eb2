"""select: which features of a TFDS dataset are the inputs and which the targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ....callbacks.checks import InvalidArgument, check_choice
from ....callbacks.warning import warn
from ..checks.identifiers import is_called_an_id
from ..names import Names
from .sources import Source, is_translation, sources_of

__all__ = ["Selection", "select"]

SHOWN = 12
"""Maximum number of features to list in a message."""
DECLARABLE_KINDS = ("number", "category", "text")
"""The kinds that a user may declare a column to be."""


@dataclass(frozen=True)
class Selection:
    """The result of :func:`select`.

    Args:
        inputs: at least one.
        targets: one, or several numbers or booleans to predict at once.
        weight: the sample weights, or None.
        by: "groups", "time" and "stratify" -> the feature that decides about the splits, where there is one.
    """

    inputs: tuple[Source, ...]
    targets: tuple[Source, ...]
    weight: Source | None = field(default=None, repr=False)  # decoded files are named by what is in `to_read`

    by: Mapping[str, Source] = field(default_factory=dict, repr=False)

    @property
    def to_read(self) -> Selection:
        """The same with the sample weights, and what decides about the splits, as more targets."""
        weights = () if self.weight is None else (self.weight,)
        more = [source for source in (*weights, *self.by.values()) if source not in self.targets]
        return Selection(self.inputs, (*self.targets, *dict.fromkeys(more))) if more else self

    @property
    def record(self) -> bool:
        """Whether x is a dictionary: several inputs, or one number or category."""
        first = self.inputs[0]
        return len(self.inputs) > 1 or (first.declared_kind or first.kind) in ("number", "category")


def select(
    name: str,
    info: Any,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    sample_weight: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    stratify: str | None = None,
) -> Selection:
    """Selects inputs and targets among the features of a TFDS dataset.

    They are ``info.supervised_keys``, if set. Otherwise the target is the only ClassLabel or, next to a single image,
    sequence or vector, the only number; all other features are inputs. Nested features are flattened, their keys joined
    by ".".

    Args:
        name: name of the dataset, for messages.
        info: a ``tfds.core.DatasetInfo``.
        target: name of the target; several names for several numbers or booleans at once.
        features: names of the inputs, or a mapping that also declares an input as a "number", a "category" or a "text".
            The name of a nested feature selects all features below it.
        exclude: names of features to leave out.
        sample_weight: name of the number that is the weight of an example, which is no input then; or None.
        groups, time: names of the features that decide about the splits, which are inputs only if ``features`` lists
            them; or None.
        stratify: likewise, but an input as usual.

    Raises:
        InvalidArgument: for unknown names, and if the selection is ambiguous or unusable; it lists the candidates.
    """
    sources, unusable = sources_of(info.features)
    refusal = _Refusal(name, info.features, sources, unusable)
    known = [source.name for source in sources]
    table = Names(known, argument="features")
    if isinstance(features, Mapping):
        features = {table.find(str(name)) or name: kind for name, kind in features.items()}
    listed = _names("features", list(features) if isinstance(features, Mapping) else features, table)
    left_out = _below("exclude", _names("exclude", exclude, table), known, unusable)
    weight = _weight(sample_weight, sources, table, unusable)
    left_out += [] if weight is None else [weight.name]
    roles = {"groups": groups, "time": time, "stratify": stratify}
    by = {role: _decisive(role, key, sources, table, unusable) for role, key in roles.items() if key is not None}
    asked = _below("features", listed, known, unusable)
    left_out += [source.name for role, source in by.items() if role != "stratify" and source.name not in asked]
    keys = info.supervised_keys
    if keys is not None and not 2 <= len(keys) <= 3:
        keys = None
    if keys is not None and len(keys) == 3 and weight is None:
        weights = (
            f"the sample weights {keys[2]!r} of dataset {name!r} are not used; sample_weight={keys[2]!r} uses them"
        )
        warn(weights)
    if target is not None:
        wanted = _names("target", [target] if isinstance(target, str) else target, table)
        targets = _below("target", wanted, known, unusable, exact=True)
    elif keys is not None:
        targets = _under(_flat(keys[1]), known)
        if not targets:
            own = ", ".join(f"{key!r}, which is {unusable.get(key, 'unknown')}" for key in _flat(keys[1]))
            raise refusal("target", f"its own is {own}")
    else:
        targets = [_only_target(sources, left_out, refusal)]
    _check_targets([source for source in sources if source.name in targets], refusal, target)
    if weight is not None and weight.name in targets:
        raise InvalidArgument("sample_weight", weight.name, "another feature than the target")
    if listed:
        inputs = asked
    elif keys is not None and target is None:
        inputs = _under(_flat(keys[0]), known)
        missing = [key for key in _flat(keys[0]) if key in unusable]
        if missing:
            raise refusal("features", f"its own {missing[0]!r} is {unusable[missing[0]]}", targets)
    else:
        inputs = known
        dropped = [key for key in unusable if not any(key.startswith(prefix) for prefix in left_out)]
        dropped = [key for key in dropped if key not in exclude]
        if dropped and any(key not in targets and key not in left_out for key in known):
            shown = ", ".join(f"{key!r} ({unusable[key]})" for key in dropped)
            warn(f"dataset {name!r}: left out {shown}")
    used = [key for key in inputs if key not in targets and key not in left_out]
    by_name = {source.name: source for source in sources}
    kinds = _kinds(features, known)
    selected = [_with_kind(by_name[key], kinds.get(key)) for key in sorted(dict.fromkeys(used))]
    if not selected:
        twice = [key for key in inputs if key in targets and inputs is not known]
        reason = f"its own input {twice[0]!r} is the target, too" if twice else "none is left as input"
        raise refusal("features", reason, targets)
    labels = [source.name for source in selected if source.kind == "labels"]
    if labels:
        raise refusal("features", f"{labels[0]!r} is a list of labels, which cannot be an input", targets)
    return Selection(tuple(selected), tuple(by_name[key] for key in targets), weight, by)


def _decisive(role: str, name: Any, sources: Sequence[Source], table: Names, unusable: Mapping[str, str]) -> Source:
    """The feature that decides about the splits: one value an example."""
    (key,) = _below(role, _names(role, [name], table), [source.name for source in sources], unusable, exact=True)
    (source,) = (source for source in sources if source.name == key)
    if source.kind not in ("number", "category", "string"):
        raise InvalidArgument(role, key, f"a feature of one value an example, which a {source.kind} is not")
    return source


def _weight(name: Any, sources: Sequence[Source], table: Names, unusable: Mapping[str, str]) -> Source | None:
    """The feature of the sample weights; None without a name."""
    if name is None:
        return None
    names = _names("sample_weight", [name], table)
    (key,) = _below("sample_weight", names, [source.name for source in sources], unusable, exact=True)
    (source,) = (source for source in sources if source.name == key)
    if source.kind != "number":
        raise InvalidArgument("sample_weight", key, f"a number, which {key!r} is not: it is of kind {source.kind}")
    return source


def _only_target(sources: Sequence[Source], left_out: Iterable[str], refusal: _Refusal) -> str:
    sources = [source for source in sources if source.name not in left_out]
    labels = [source.name for source in sources if source.kind in ("category", "labels")]
    if len(labels) == 1:
        return labels[0]
    arrays = [source for source in sources if source.kind in ("image", "vector", "sequence")]
    scalars = [source.name for source in sources if source.kind == "number"]
    if not labels and len(arrays) == 1 and len(scalars) == 1 and len(sources) == 2:
        return scalars[0]
    raise refusal("target", f"it names no target and has {len(labels)} ClassLabels")


def _check_targets(targets: Sequence[Source], refusal: _Refusal, received: Any) -> None:
    """Refuses targets that no model here predicts, the user's or the dataset's own."""
    for target in targets:
        if not refusal.is_predictable(target):
            translated = is_translation(refusal.features, target)
            what = "a text in another language" if translated else f"of kind {target.kind}"
            predicted = "while models here predict classes, sets of classes or numbers"
            raise refusal("target", f"{target.name!r} is {what}, {predicted}", received=received)


def _only_names(source: Source) -> bool:
    """Whether a feature is called the id, the file or the address of an example, which nobody predicts."""
    last = source.name.replace("/", ".").split(".")[-1].lower()
    return is_called_an_id(last) or last.endswith(("filename", "file_name", "url"))


@dataclass(frozen=True)
class _Refusal:
    """Makes the error for a choice that the user has to make, or that nobody can: it lists the candidates.

    Args:
        name: name of the dataset.
        features: its ``tfds.features.FeaturesDict``.
        sources, unusable: see :func:`recipes.data.tfds.sources.sources_of`.
    """

    name: str
    features: Any
    sources: Sequence[Source]
    unusable: Mapping[str, str]

    def is_predictable(self, source: Source) -> bool:
        return source.kind not in ("image", "sequence") and not is_translation(self.features, source)

    def __call__(
        self, argument: str, reason: str, targets: Sequence[str] = (), received: Any = None
    ) -> InvalidArgument:
        free = [source for source in self.sources if source.name not in targets]
        if argument == "target":
            candidates = [source.name for source in free if self.is_predictable(source) and not _only_names(source)]
        else:
            candidates = [source.name for source in free if source.kind != "labels"]
        sizes = {source.name: "" if source.shape == () else list(source.shape) for source in self.sources}
        known = [f"{source.name}: {source.kind}{sizes[source.name]}" for source in self.sources]
        others = [f"{key}: {what.partition(';')[0] if what in reason else what}" for key, what in self.unusable.items()]
        listed = f"The features of {self.name!r} are {'; '.join([*_first(known), *_first(others)])}"
        if not candidates:
            which = "a target to predict" if argument == "target" else "an input that a model here takes"
            return InvalidArgument("name", self.name, f"a dataset with {which}; {reason}. {listed}")
        shown = ", ".join(_first(candidates))
        wanted = "given" if received is None else "another feature"
        return InvalidArgument(argument, received, f"{wanted}; {reason}. Candidates: {shown}. {listed}")


def _first(texts: Sequence[str]) -> list[str]:
    """The first of many texts, and how many more there are."""
    more = len(texts) - SHOWN
    return [*texts[:SHOWN], f"and {more} more"] if more > 1 else list(texts)


def _names(argument: str, names: Any, table: Names) -> list[str]:
    """The dataset's names of these features, which may be called by the model's names."""
    if names is None:
        return []
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InvalidArgument(argument, names, "a list of names of features")
    return [table.find(name) or name for name in names]


def _below(
    argument: str, names: list[str], known: list[str], unusable: Mapping[str, str], exact: bool = False
) -> list[str]:
    """The usable features that the names select; refuses unknown names."""
    selected: list[str] = []
    for name in names:
        matches = [key for key in known if key == name or (not exact and key.startswith(f"{name}."))]
        if not matches and (argument != "exclude" or name not in unusable):
            if name in unusable:
                raise InvalidArgument(argument, name, f"another feature: it is {unusable[name]}")
            check_choice(argument, name, known)
        selected += matches
    return selected


def _under(keys: Sequence[str], known: Sequence[str]) -> list[str]:
    return [name for key in keys for name in known if name == key or name.startswith(f"{key}.")]


def _kinds(features: Any, known: Sequence[str]) -> dict[str, str]:
    if not isinstance(features, Mapping):
        return {}
    for kind in features.values():
        check_choice("features", kind, DECLARABLE_KINDS)
    return {name: kind for key, kind in features.items() for name in _under([key], known)}


def _with_kind(source: Source, kind: str | None) -> Source:
    if kind is None:
        return source
    fitting = {"number": ("number", "category", "string"), "category": ("number", "category", "string")}
    if source.kind not in fitting.get(kind, ("string",)):
        raise InvalidArgument("features", {source.name: kind}, f"a kind that suits a {source.kind} of {source.dtype}")
    return replace(source, declared_kind=kind)


def _flat(keys: Any) -> list[str]:
    """The names in nested supervised keys."""
    if isinstance(keys, str):
        return [keys]
    values = keys.values() if isinstance(keys, Mapping) else keys
    return [name for value in values for name in _flat(value)]
