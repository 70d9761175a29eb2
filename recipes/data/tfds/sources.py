"""sources_of: the usable features of a TFDS dataset, and in words why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Source", "is_translation", "sources_of"]


@dataclass(frozen=True)
class Source:
    """One feature of a dataset; nested features are flattened.

    Args:
        path: the keys that lead to it.
        kind: "image", "vector", "number", "string", "category", "sequence" (of vectors) or "labels" (any number of
            labels per example).
        shape: shape of one example, None where a size varies.
        dtype: NumPy's name of the type of the values; "object" for strings.
        names: names of the classes, for a ClassLabel or labels.
        declared_kind: the kind that the user declared, or None.
    """

    path: tuple[str, ...]
    kind: str
    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    names: tuple[str, ...] = ()
    declared_kind: str | None = None

    @property
    def name(self) -> str:
        """The keys, joined by "."."""
        return ".".join(self.path)


def sources_of(features: Any, path: tuple[str, ...] = ()) -> tuple[list[Source], dict[str, str]]:
    """The usable features sorted by name (a prepared dataset has them in no order), and why the others are unusable.

    Args:
        features: a ``tfds.features.FeatureConnector``, such as ``info.features``.
        path: the keys that lead to it.

    Returns:
        (sources, name of each other feature -> what it is, in words that follow "it is").

    Example:
        >>> import tensorflow_datasets as tfds
        >>> sources_of(tfds.features.FeaturesDict({"sound": tfds.features.Audio()}))[1]
        {'sound': 'audio; compute spectrograms of shape (steps, size) for Data.from_arrays'}
    """
    import tensorflow_datasets as tfds

    if not isinstance(features, tfds.features.FeaturesDict) or isinstance(features, tfds.features.Sequence):
        source = _source(path, features)
        return ([source], {}) if isinstance(source, Source) else ([], {".".join(path) or "features": source})
    sources: list[Source] = []
    unusable: dict[str, str] = {}
    for key, feature in sorted(features.items()):
        usable_below, unusable_below = sources_of(feature, (*path, key))
        sources, unusable = [*sources, *usable_below], {**unusable, **unusable_below}
    return sources, unusable


def is_translation(features: Any, source: Source) -> bool:
    """Whether the source is one language of a ``tfds.features.Translation`` in ``features``."""
    import tensorflow_datasets as tfds

    for key in source.path[:-1]:
        features = features[key]
    return isinstance(features, tfds.features.Translation)


def _source(path: tuple[str, ...], feature: Any) -> Source | str:
    """The feature as a Source, or what it is if it cannot be one."""
    import tensorflow_datasets as tfds

    kinds = tfds.features
    if isinstance(feature, kinds.Audio):
        return "audio; compute spectrograms of shape (steps, size) for Data.from_arrays"
    if isinstance(feature, kinds.Video):
        return "video; compute one vector a frame, of shape (steps, size), for Data.from_arrays"
    if isinstance(feature, kinds.TranslationVariableLanguages):
        return "translations into languages that vary"
    if isinstance(feature, kinds.Dataset):
        return "a dataset within each example"
    if isinstance(feature, kinds.ClassLabel):
        return Source(path, "category", (), "int64", tuple(feature.names or ()))
    if isinstance(feature, kinds.Image):
        return Source(path, "image", tuple(feature.shape), np.dtype(feature.np_dtype).name)
    if isinstance(feature, kinds.Sequence):
        return _sequence(path, feature)
    if isinstance(feature, (kinds.Tensor, kinds.Scalar)):  # Text, BBoxFeature and others are Tensors
        return _tensor(path, tuple(feature.shape), feature.np_dtype)
    return f"of type {type(feature).__name__}, which no model here takes"


def _sequence(path: tuple[str, ...], feature: Any) -> Source | str:
    import tensorflow_datasets as tfds

    kinds, inner = tfds.features, feature.feature
    if isinstance(inner, kinds.ClassLabel):
        return Source(path, "labels", (None,), "int64", tuple(inner.names or ()))
    if isinstance(inner, kinds.FeaturesDict):
        return f"several objects an example, each with {', '.join(sorted(inner))}"
    if isinstance(inner, kinds.Sequence):
        return "sequences within a sequence"
    if isinstance(inner, kinds.Image):
        return "several images an example"
    if isinstance(inner, kinds.Text):
        return "several texts an example"
    if isinstance(inner, kinds.Audio) or not isinstance(inner, (kinds.Tensor, kinds.Scalar)):
        return f"a sequence of {type(inner).__name__}, which no model here takes"
    return _tensor(path, feature.get_tensor_info().shape, inner.np_dtype)


def _tensor(path: tuple[str, ...], shape: tuple[int | None, ...], dtype: Any) -> Source | str:
    dtype = np.dtype(dtype)
    if dtype.kind in "OSU":
        return "several texts an example" if shape else Source(path, "string", (), "object")
    if dtype.kind not in "fiub" and dtype.name != "bfloat16":
        return f"of type {dtype.name}, which no model here takes"
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
    return f"an array of shape {shape}, neither an image (height, width, 1 to 4) nor a sequence (steps, size)"
