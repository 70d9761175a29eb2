"""From a prepared TFDS builder to NumPy arrays: which features are input and target, and reading them at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from callbacks.checks import InvalidArgument

__all__ = ["Selection", "available_memory", "check_memory", "read", "select"]

ACCEPTED = (
    "a dataset with one Image of fixed size and a ClassLabel, or with numeric inputs (one 1-D Tensor, or a flat"
    " FeaturesDict of numeric scalars) and a ClassLabel or a float scalar as target"
)


@dataclass(frozen=True)
class Selection:
    """Which features of a dataset are its inputs and its target.

    Args:
        inputs: paths of the input features, each a tuple of keys; several are stacked into one vector in this order.
        target: path of the target.
        shape: of one input example.
        class_names: of the target; empty for regression.
        feature_names: of the stacked inputs; empty where the inputs are one tensor.
        image: whether the input is an image.
    """

    inputs: tuple[tuple[str, ...], ...]
    target: tuple[str, ...]
    shape: tuple[int, ...]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...] = ()
    image: bool = False


def select(name: str, info: Any) -> Selection:
    """Finds input and target among the features of a TFDS dataset.

    They are ``info.supervised_keys`` where it has them; else the only ClassLabel is the target, and the only Image or
    else all other features are the inputs.

    Args:
        name: of the dataset, for messages.
        info: a ``tfds.core.DatasetInfo``.

    Raises:
        InvalidArgument: for features that are not supported, listing them and what is accepted.
    """
    import tensorflow_datasets as tfds

    features, keys = info.features, info.supervised_keys
    if not isinstance(features, tfds.features.FeaturesDict):
        raise _refuse(name, features, "its features are no FeaturesDict")
    inputs: list[tuple[str, ...]]
    if keys is None:
        labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
        if len(labels) != 1:
            raise _refuse(name, features, f"it names no target and has {len(labels)} ClassLabels")
        target = (labels[0],)
        images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
        inputs = [(key,) for key in (images if len(images) == 1 else sorted(set(features) - set(labels)))]
    else:
        if len(keys) != 2 or not isinstance(keys[1], str):
            raise _refuse(name, features, f"its supervised keys are {keys!r}")
        target = (keys[1],)
        chosen = [keys[0]] if isinstance(keys[0], str) else list(keys[0])
        if not all(isinstance(key, str) for key in chosen):
            raise _refuse(name, features, f"its supervised keys are {keys!r}")
        inputs = [(key,) for key in sorted(chosen)]
    if len(inputs) == 1 and isinstance(features[inputs[0][0]], tfds.features.FeaturesDict):
        inputs = [(*inputs[0], key) for key in sorted(features[inputs[0][0]])]
    class_names = _target_names(name, features, _at(features, target))
    if len(inputs) == 1:
        feature = _at(features, inputs[0])
        if isinstance(feature, tfds.features.Image):
            return _image(name, features, inputs[0], target, class_names)
        if _numeric(feature) and len(feature.shape) == 1:
            if feature.shape[0] is None:
                raise _refuse(name, features, f"{'/'.join(inputs[0])!r} has no fixed length")
            return Selection((inputs[0],), target, (feature.shape[0],), class_names)
    for path in inputs:
        feature = _at(features, path)
        if not _numeric(feature) or feature.shape != ():
            raise _refuse(name, features, f"{'/'.join(path)!r} is a {type(feature).__name__} that cannot be an input")
    if not inputs:
        raise _refuse(name, features, "it has no inputs")
    names = tuple(path[-1] for path in inputs)
    return Selection(tuple(inputs), target, (len(inputs),), class_names, names)


def _image(name: str, features: Any, path: tuple[str, ...], target: tuple[str, ...], names: Any) -> Selection:
    image = _at(features, path)
    if None in image.shape:
        raise _refuse(name, features, f"its images are of varying size {image.shape}; resize them first")
    if np.dtype(image.np_dtype) != np.uint8:
        raise _refuse(name, features, f"its images are {np.dtype(image.np_dtype)}, not uint8")
    if not names:
        raise _refuse(name, features, "images with a number as target are not supported")
    return Selection((path,), target, tuple(image.shape), names, image=True)


def _at(features: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        features = features[key]
    return features


def _numeric(feature: Any) -> bool:
    import tensorflow_datasets as tfds

    plain = type(feature) in (tfds.features.Tensor, tfds.features.Scalar)  # not ClassLabel, Text, BBox, ...
    return plain and np.dtype(feature.np_dtype).kind in "fiub"


def _target_names(name: str, features: Any, target: Any) -> tuple[str, ...]:
    import tensorflow_datasets as tfds

    if isinstance(target, tfds.features.ClassLabel):
        if not target.num_classes or target.num_classes < 2:
            raise _refuse(name, features, f"its label has {target.num_classes or 'no known'} classes")
        return tuple(target.names)
    if _numeric(target) and target.shape == () and np.dtype(target.np_dtype).kind == "f":
        return ()
    raise _refuse(name, features, "its target is neither a ClassLabel nor a float scalar")


def _refuse(name: str, features: Any, reason: str) -> InvalidArgument:
    listed = features.items() if hasattr(features, "items") else [("features", features)]
    shown = ", ".join(f"{key}: {type(feature).__name__}{_shape(feature)}" for key, feature in listed)
    return InvalidArgument("name", name, f"{ACCEPTED}; {reason}. The features of {name!r} are {shown}")


def _shape(feature: Any) -> str:
    try:
        return str(tuple(feature.shape)) if hasattr(feature, "np_dtype") else ""
    except (TypeError, NotImplementedError):
        return ""


def available_memory() -> int:
    """Bytes of memory that this process can still get, with the limit of its container (cgroup v2) if it has one."""
    import psutil

    available = int(psutil.virtual_memory().available)
    try:
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
            return min(available, max(int(limit.read()) - int(used.read()), 0))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return available


def check_memory(name: str, info: Any, selection: Selection, splits: list[str]) -> None:
    """Refuses, before anything is read, a dataset whose arrays would not fit in half of the available memory.

    Raises:
        InvalidArgument: saying how much is needed and how much there is.
    """
    each = int(np.prod(selection.shape)) * (1 if selection.image else 4) + 8
    needed = each * sum(info.splits[split].num_examples for split in splits)
    available = available_memory()
    if needed > available / 2:
        gib = 2.0**30
        raise InvalidArgument(
            "name",
            name,
            f"a dataset that fits in half of the available memory: its arrays take {needed / gib:.2f} GiB"
            f" and {available / gib:.2f} GiB are available",
        )


def read(builder: Any, selection: Selection, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Decodes a split once, in the order in which it is stored.

    Args:
        builder: a prepared ``tfds.core.DatasetBuilder``.
        selection: from :func:`select`.
        split: a published split.

    Returns:
        x, uint8 (n, height, width, channels) or float32 (n, features), and y (n,), integers or floats.
    """
    import tensorflow_datasets as tfds

    wanted: dict[str, Any] = {}
    for path in (*selection.inputs, selection.target):
        level = wanted
        for key in path[:-1]:
            level = level.setdefault(key, {})
        level[path[-1]] = True
    examples = builder.as_dataset(
        split=split,
        batch_size=-1,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(wanted),
        read_config=tfds.ReadConfig(try_autocache=False, num_parallel_calls_for_decode=os.cpu_count()),
    )
    columns = [_at(examples, path).numpy() for path in selection.inputs]
    y = _at(examples, selection.target).numpy()
    if selection.image:
        return columns[0], y
    with np.errstate(over="ignore"):  # what overflows is refused later, with its column named
        if len(columns) == 1 and columns[0].ndim == 2:
            return columns[0].astype(np.float32), y
        return np.stack([column.astype(np.float32) for column in columns], axis=1), y
