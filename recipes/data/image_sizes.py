"""resized_inputs: images of any size as arrays of one size, resized as models resize raw images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_integer
from .disk.stored import Stored
from .named_arrays import Inputs, items
from .statistics.narrowing import native

__all__ = ["are_images", "check_channels", "checked_size", "resized", "resized_images", "resized_inputs"]

BYTES = (np.uint8, np.uint16)
"""Types of the values that only images have."""
CHANNELS = (1, 3, 4)
"""Usual numbers of channels of an image."""
CHUNK = 256
"""Images of one size to resize at a time."""


def checked_size(size: Any) -> tuple[int, int] | None:
    """``image_size`` as two integers, or None.

    Raises:
        InvalidArgument: for anything else.

    Example:
        >>> checked_size([32, 48])
        (32, 48)
    """
    if size is None:
        return None
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise InvalidArgument("image_size", size, "(height, width), two integers >= 1")
    return check_integer("image_size", size[0], low=1), check_integer("image_size", size[1], low=1)


def are_images(values: Any) -> bool:
    """Whether values are images: an array of three or four dimensions of them, or a list of arrays of any sizes.

    Floats are images only with channels; without, they are sequences.

    Example:
        >>> are_images([np.zeros((4, 5), "uint8"), np.zeros((6, 5), "uint8")]), are_images(np.zeros((3, 8, 8)))
        (True, False)
    """
    if isinstance(values, (list, tuple)):
        return bool(values) and all(hasattr(value, "ndim") and _is_image(value) for value in values)
    if isinstance(values, np.ndarray) and values.dtype == object:
        return values.ndim == 1 and are_images(values.tolist())
    if isinstance(values, Stored):
        return values.ndim == 4
    return isinstance(values, np.ndarray) and values.ndim in (3, 4) and (values.ndim == 4 or values.dtype in BYTES)


def check_channels(argument: str, shape: tuple[int, ...]) -> None:
    """Refuses images whose channels come before their rows, as PyTorch has them.

    Args:
        argument: name of the images, for messages.
        shape: of all images, (n, height, width, channels); other shapes pass.
    """
    if len(shape) == 4 and shape[1] in CHANNELS and shape[2] > max(CHANNELS) and shape[3] > max(CHANNELS):
        accepted = "images of shape (n, height, width, channels): numpy.moveaxis(..., 1, -1) moves the channels there"
        raise InvalidArgument(argument, shape, accepted)


def resized_inputs(
    splits: Mapping[str, Inputs], size: tuple[int, int] | None, arguments: Mapping[str, str]
) -> tuple[dict[str, Inputs], list[str]]:
    """The inputs of all splits with their images of one size.

    Args:
        splits: split -> x, an array or list, or a dictionary of these.
        size: (height, width); None leaves the inputs as they are.
        arguments: split -> name of its inputs, for messages.

    Returns:
        (split -> x, names of the inputs that are images, "" for a single one).

    Raises:
        InvalidArgument: for a size without images, and images that do not all have as many channels.
    """
    if size is None:
        return dict(splits), []
    splits = {split: _arrays(x) for split, x in splits.items()}
    train = splits["train"]
    names = [name for name, values in items(train) if are_images(values)]
    if not names:
        raise InvalidArgument("image_size", size, f"None, since there are no images in {arguments['train']}")
    replaced: dict[str, Inputs] = {}
    for split, x in splits.items():
        if not isinstance(train, dict):
            replaced[split] = resized_images(arguments[split], x, size)
        elif isinstance(x, dict):
            replaced[split] = {
                name: resized_images(f"{arguments[split]}[{name!r}]", values, size) if name in names else values
                for name, values in x.items()
            }
        else:
            replaced[split] = x
    return replaced, names


def _arrays(values: Any) -> Any:
    """Images of other libraries, such as tensors, as arrays; anything else unchanged."""
    if isinstance(values, dict):
        return {name: _arrays(value) for name, value in values.items()}
    if isinstance(values, np.ndarray):
        return native(values)
    tensor = hasattr(values, "__array__") and not isinstance(values, Stored) and getattr(values, "ndim", 0) in (3, 4)
    return np.asarray(values) if tensor else values


def resized_images(argument: str, images: Any, size: tuple[int, int]) -> Any:
    """Images as one array (n, height, width, channels) of the narrowest of uint8, uint16 and float32 that holds them.

    Args:
        argument: name of the images, for messages.
        images: an array (n, height, width) or (n, height, width, channels), or a list of arrays of any sizes. One array
            of the size, in memory or on disk, is returned as it is.
        size: (height, width).

    Raises:
        InvalidArgument: for anything else.

    Example:
        >>> resized_images("x", [np.zeros((4, 5, 3), "uint8"), np.zeros((6, 2, 3), "uint8")], (8, 8)).shape
        (2, 8, 8, 3)
    """
    if not are_images(images):
        shown = f"{images.dtype} of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        accepted = (
            "images: uint8 of shape (n, height, width[, channels]), floats with channels, or a list of such arrays"
        )
        raise InvalidArgument(argument, shown, accepted)
    if getattr(images, "ndim", 0) == 4 and images.shape[1:3] == size and images.dtype in (*BYTES, np.float32):
        return images
    for shape in {image.shape for image in images}:
        check_channels(argument, (len(images), *shape))
    dtype = _common_dtype(images)
    channels = Counter(1 if image.ndim == 2 else image.shape[-1] for image in images)
    if len(channels) > 1:
        shown = ", ".join(f"{count:,} of {number}" for number, count in sorted(channels.items()))
        raise InvalidArgument(
            argument, shown, "images of the same number of channels: make all grey or all colour first"
        )
    (count,) = channels
    out = np.empty((len(images), *size, count), dtype)
    resize = _compiled(size, dtype.name, count)
    at = 0
    for chunk in _of_one_size(images):
        batch = np.stack(chunk).astype(dtype, copy=False)
        out[at : at + len(chunk)] = resize(batch if batch.ndim == 4 else batch[..., np.newaxis])
        at += len(chunk)
    return out


def resized(images: Any, size: tuple[int, int]) -> Any:
    """Tensors of shape (height, width, channels) or (n, height, width, channels), resized as models resize raw images.

    Both use :class:`keras.layers.Resizing`.
    """
    import keras

    return keras.layers.Resizing(*size, dtype=images.dtype.name)(images)


@cache
def _compiled(size: tuple[int, int], dtype: str, channels: int) -> Callable[[Any], Any]:
    """:func:`resized` for batches of images of any size, traced once."""
    import tensorflow as tf

    signature = tf.TensorSpec((None, None, None, channels), dtype)
    function = tf.function(lambda images: resized(images, size), input_signature=[signature]).get_concrete_function()
    return lambda images: function(tf.constant(images)).numpy()


def _is_image(value: Any) -> bool:
    return value.ndim in (2, 3) and 0 not in value.shape and (value.ndim == 3 or value.dtype in BYTES)


def _common_dtype(images: Sequence[np.ndarray]) -> np.dtype[Any]:
    joint = np.result_type(*{image.dtype for image in images})
    return joint if joint in BYTES else np.dtype(np.float32)


def _of_one_size(images: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """The images in order, in stretches of one size."""
    chunk: list[np.ndarray] = []
    for image in images:
        if chunk and (image.shape != chunk[0].shape or len(chunk) == CHUNK):
            yield chunk
            chunk = []
        chunk.append(image)
    if chunk:
        yield chunk
