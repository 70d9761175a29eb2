"""Which features of a TFDS dataset are a model's inputs and which its target."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice
from .names import Names

__all__ = ["Selection", "Source", "select"]

GIVEN_KINDS = ("number", "category", "text")
"""What a user may call a column."""


@dataclass(frozen=True)
class Source:
    """One feature of a dataset, flattened out of nested ones.

    Args:
        path: the keys that lead to it.
        kind: "image", "vector", "number", "string", "category", "sequence" (of vectors) or "labels" (any number of
            labels an example).
        shape: of one example, None where a size varies.
        dtype: of the values, as NumPy names it; "object" for strings.
        names: of the classes, for a ClassLabel or labels.
        given: the kind that the user has called it, or None.
    """

    path: tuple[str, ...]
    kind: str
    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    names: tuple[str, ...] = ()
    given: str | None = None

    @property
    def name(self) -> str:
        """The keys, joined by "."."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Selection:
    """What :func:`select` found.

    Args:
        inputs: at least one.
        targets: one, or several numbers or yes-or-no answers to predict at once.
    """

    inputs: tuple[Source, ...]
    targets: tuple[Source, ...]

    @property
    def record(self) -> bool:
        """Whether x is a dictionary: several inputs, or one number or category."""
        first = self.inputs[0]
        return len(self.inputs) > 1 or (first.given or first.kind) in ("number", "category")


def select(
    name: str,
    info: Any,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
) -> Selection:
    """Finds inputs and target among the features of a TFDS dataset.

    They are ``info.supervised_keys`` where it has them. Otherwise the only ClassLabel is the target, or, beside a
    single image, text, sequence or vector, the only number; all other features are inputs. Nested features are
    flattened, their keys joined by ".".

    Args:
        name: of the dataset, for messages.
        info: a ``tfds.core.DatasetInfo``.
        target: the target's name; several names for several numbers or yes-or-no answers at once.
        features: names of the inputs; as a mapping it also says which of them is a "number", a "category" or a "text".
            A name of a nested feature stands for all below it.
        exclude: names of features to leave out.

    Raises:
        InvalidArgument: for names that the dataset does not have, and for what cannot be decided or used; it lists the
            candidates.
    """
    sources, unusable = _flatten(info.features)
    known = [source.name for source in sources]
    table = Names(known, argument="features")
    if isinstance(features, Mapping):
        features = {table.find(str(name)) or name: kind for name, kind in features.items()}
    chosen_features = _names("features", list(features) if isinstance(features, Mapping) else features, table)
    left_out = _below("exclude", _names("exclude", exclude, table), known, unusable)
    keys = info.supervised_keys
    if keys is not None and not 2 <= len(keys) <= 3:
        keys = None
    if keys is not None and len(keys) == 3:
        weights = f"the sample weights {keys[2]!r} of dataset {name!r} are not used"
        warnings.warn(weights, UserWarning, stacklevel=4)
    if target is not None:
        wanted = _names("target", [target] if isinstance(target, str) else target, table)
        targets = _below("target", wanted, known, unusable, exact=True)
    elif keys is not None:
        targets = _under(_flat(keys[1]), known)
        if not targets:
            raise _undecided(name, sources, f"its supervised keys {keys!r} name a target that cannot be one", unusable)
    else:
        targets = [_only_target(name, sources, left_out, unusable)]
    if chosen_features:
        inputs = _below("features", chosen_features, known, unusable)
    elif keys is not None and target is None:
        inputs = _under(_flat(keys[0]), known)
        missing = [key for key in _flat(keys[0]) if key in unusable]
        if missing:
            raise _undecided(name, sources, f"{missing[0]!r} is {unusable[missing[0]]}", unusable)
    else:
        inputs = known
        dropped = [each for each in unusable if not any(each.startswith(other) for other in left_out)]
        dropped = [each for each in dropped if each not in exclude]
        if dropped:
            listed = ", ".join(f"{each!r} ({unusable[each]})" for each in dropped)
            warnings.warn(f"dataset {name!r}: left out {listed}", UserWarning, stacklevel=4)
    inputs = [each for each in inputs if each not in targets and each not in left_out]
    by_name = {each.name: each for each in sources}
    kinds = _kinds(features, known)
    found = [_with_kind(by_name[each], kinds.get(each)) for each in sorted(dict.fromkeys(inputs))]
    if not found:
        raise _undecided(name, sources, "no feature is left as input", unusable)
    labels = [each.name for each in found if each.kind == "labels"]
    if labels:
        raise _undecided(name, sources, f"{labels[0]!r} is a list of labels, which cannot be an input", unusable)
    return Selection(tuple(found), tuple(by_name[each] for each in targets))


def _flatten(features: Any, path: tuple[str, ...] = ()) -> tuple[list[Source], dict[str, str]]:
    """All usable features, by name, and why the others are not: those of a prepared dataset come in no order."""
    import tensorflow_datasets as tfds

    if not isinstance(features, tfds.features.FeaturesDict) or isinstance(features, tfds.features.Sequence):
        source = _source(path, features)
        return ([source], {}) if isinstance(source, Source) else ([], {".".join(path) or "features": source})
    found: list[Source] = []
    unusable: dict[str, str] = {}
    for key, feature in sorted(features.items()):
        more, less = _flatten(feature, (*path, key))
        found, unusable = [*found, *more], {**unusable, **less}
    return found, unusable


def _source(path: tuple[str, ...], feature: Any) -> Source | str:
    """The feature as a Source, or in words why it cannot be one."""
    import tensorflow_datasets as tfds

    kinds = tfds.features
    if isinstance(feature, (kinds.Audio, kinds.Video)):
        return f"of type {type(feature).__name__}, which is not supported"
    if isinstance(feature, kinds.ClassLabel):
        return Source(path, "category", (), "int64", tuple(feature.names or ()))
    if isinstance(feature, kinds.Image):
        return Source(path, "image", tuple(feature.shape), np.dtype(feature.np_dtype).name)
    if isinstance(feature, kinds.Sequence):
        inner = feature.feature
        if isinstance(inner, kinds.ClassLabel):
            return Source(path, "labels", (None,), "int64", tuple(inner.names or ()))
        if not isinstance(inner, (kinds.Tensor, kinds.Scalar)) or isinstance(inner, kinds.Image):
            return f"a Sequence of {type(inner).__name__}, which is not supported"
        return _tensor(path, feature.get_tensor_info().shape, inner.np_dtype)
    if isinstance(feature, (kinds.Tensor, kinds.Scalar)):  # Text, BBoxFeature and others are Tensors
        return _tensor(path, tuple(feature.shape), feature.np_dtype)
    return f"of type {type(feature).__name__}, which is not supported"


def _tensor(path: tuple[str, ...], shape: tuple[int | None, ...], dtype: Any) -> Source | str:
    dtype = np.dtype(dtype)
    if dtype.kind not in "fiub" and dtype.name != "bfloat16":
        text = dtype.kind in "OSU"
        return Source(path, "string", (), "object") if text and shape == () else f"of type {dtype.name}{shape}"
    if not shape:
        return Source(path, "number", (), dtype.name)
    if len(shape) == 1 and shape[0] is not None:
        return Source(path, "vector", shape, dtype.name)
    if len(shape) == 1:
        return Source(path, "sequence", (None, 1), "float32")
    if len(shape) == 2 and shape[1] is not None:
        return Source(path, "sequence", shape, "float32")
    if len(shape) == 3 and None not in shape and shape[2] is not None and shape[2] <= 4:
        return Source(path, "image", shape, dtype.name if dtype == np.uint8 else "float32")
    return f"of shape {shape}, which is not supported"


def _only_target(name: str, sources: Sequence[Source], left_out: Iterable[str], unusable: dict[str, str]) -> str:
    sources = [each for each in sources if each.name not in left_out]
    labels = [each.name for each in sources if each.kind in ("category", "labels")]
    if len(labels) == 1:
        return labels[0]
    rich = [each for each in sources if each.kind in ("image", "vector", "sequence")]
    scalars = [each.name for each in sources if each.kind == "number"]
    if not labels and len(rich) == 1 and len(scalars) == 1 and len(sources) == 2:
        return scalars[0]
    raise _undecided(name, sources, f"it names no target and has {len(labels)} ClassLabels", unusable)


def _undecided(name: str, sources: Sequence[Source], reason: str, unusable: Mapping[str, str]) -> InvalidArgument:
    candidates = [each.name for each in sources if each.kind not in ("image", "sequence")]
    shown = ", ".join(f"{each.name}: {each.kind}{'' if each.shape == () else list(each.shape)}" for each in sources)
    others = "".join(f", {each}: {why}" for each, why in unusable.items())
    accepted = f"given; {reason}. Candidates: {', '.join(candidates) or 'none'}. The features of {name!r} are "
    return InvalidArgument("target", None, f"{accepted}{shown}{others}")


def _names(argument: str, names: Any, table: Names) -> list[str]:
    """The dataset's names for these, which may also be a model's."""
    if names is None:
        return []
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
        raise InvalidArgument(argument, names, "a list of names of features")
    return [table.find(name) or name for name in names]


def _below(
    argument: str, names: list[str], known: list[str], unusable: Mapping[str, str], exact: bool = False
) -> list[str]:
    """The usable features that the names stand for; refuses names that the dataset does not have."""
    found: list[str] = []
    for each in names:
        matching = [other for other in known if other == each or (not exact and other.startswith(f"{each}."))]
        if not matching and (argument != "exclude" or each not in unusable):
            if each in unusable:
                raise InvalidArgument(argument, each, f"another feature: it is {unusable[each]}")
            check_choice(argument, each, known)
        found += matching
    return found


def _under(keys: Sequence[str], known: Sequence[str]) -> list[str]:
    return [each for key in keys for each in known if each == key or each.startswith(f"{key}.")]


def _kinds(features: Any, known: Sequence[str]) -> dict[str, str]:
    if not isinstance(features, Mapping):
        return {}
    for kind in features.values():
        check_choice("features", kind, GIVEN_KINDS)
    return {each: kind for key, kind in features.items() for each in known if each == key or each.startswith(f"{key}.")}


def _with_kind(source: Source, given: str | None) -> Source:
    if given is None:
        return source
    fitting = {"number": ("number", "category", "string"), "category": ("number", "category", "string")}
    if source.kind not in fitting.get(given, ("string",)):
        raise InvalidArgument("features", {source.name: given}, f"a kind that suits a {source.kind} of {source.dtype}")
    return Source(source.path, source.kind, source.shape, source.dtype, source.names, given)


def _flat(keys: Any) -> list[str]:
    """The names in nested supervised keys."""
    if isinstance(keys, str):
        return [keys]
    values = keys.values() if isinstance(keys, Mapping) else keys
    return [name for value in values for name in _flat(value)]
