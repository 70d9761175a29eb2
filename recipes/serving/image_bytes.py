"""decoded_images: the bytes of image files as pixels, within an exported model, as Pixels reads files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..data.image_sizes import resized
from .pixels import WHITE, Pixels

__all__ = ["decodable", "decoded_images"]

BITS = 24
"""Position of the byte of a PNG file that has the bits of a channel."""


def decodable(pixels: Pixels, channels: int | None) -> bool:
    """Whether files have images of so many channels, and their depth says what is their range in training.

    Example:
        >>> decodable(Pixels("uint8", 0.0, 255.0), 3), decodable(Pixels("float32", -3.0, 5.0), 3)
        (True, False)
    """
    return pixels.white is not None and channels in (1, 2, 3, 4)


def decoded_images(contents: Any, pixels: Pixels, shape: Sequence[int | None], *, resize: bool) -> Any:
    """Images of shape (n, height, width, channels) from a tensor of strings, in the type and range of training.

    Args:
        contents: the bytes of PNG, JPEG, GIF (the first frame) or WebP files, shape (n,). BMP files are refused, whose
            palettes TensorFlow does not read.
        pixels: of the training images.
        shape: (height, width, channels) of an image.
        resize: whether images of other sizes are resized to it, as the model does; otherwise they are refused.

    Example:
        >>> decoded_images(tf.constant([png]), Pixels("uint8", 0.0, 255.0), (8, 8, 1), resize=False)   # doctest: +SKIP
    """
    import tensorflow as tf

    def decode(content: Any) -> Any:
        image = _pixels(content, pixels, shape[-1] or 0)
        if resize and shape[0] and shape[1]:
            image = resized(image, (shape[0], shape[1]))
        return tf.ensure_shape(image, shape)

    return tf.map_fn(decode, contents, fn_output_signature=tf.TensorSpec(shape, pixels.dtype))


def _pixels(content: Any, pixels: Pixels, channels: int) -> Any:
    """One image in the type and range of training."""
    import tensorflow as tf

    white = pixels.white or 1.0
    png = tf.strings.substr(content, 0, 4) == b"\x89PNG"
    deep = tf.cond(png, lambda: tf.strings.substr(content, BITS, 1) == b"\x10", lambda: tf.constant(False))
    if pixels.dtype == "uint8":
        return _decoded(content, channels, tf.uint8)
    if pixels.dtype == "uint16":
        if (pixels.high or 0) < WHITE["uint16"] / 2:
            tf.debugging.Assert(deep, [f"images of 16 bits are wanted: {pixels}"])
        return _decoded(content, channels, tf.uint16)

    def scaled(dtype: Any) -> Any:
        values = tf.cast(_decoded(content, channels, dtype), tf.float64)
        return tf.cast(values * (white / WHITE[dtype.name]), tf.float32)

    return tf.cond(deep, lambda: scaled(tf.uint16), lambda: scaled(tf.uint8))


def _decoded(content: Any, channels: int, dtype: Any) -> Any:
    """One image as :func:`recipes.data.images.image_files.decode_image` decodes it."""
    import tensorflow as tf

    channels = channels if channels in (1, 3, 4) else 0
    start = tf.strings.substr(content, 0, 3)
    tf.debugging.Assert(tf.strings.substr(content, 0, 2) != b"BM", ["send PNG, JPEG, GIF or WebP images, not BMP"])
    if not channels:
        return tf.io.decode_image(content, 0, dtype, expand_animations=False)
    direct = (start == b"GIF") | (start == b"RIF")  # which TensorFlow does not convert
    return tf.cond(
        direct,
        lambda: _converted(tf.io.decode_image(content, 0, dtype, expand_animations=False), channels),
        lambda: tf.io.decode_image(content, channels, dtype, expand_animations=False),
    )


def _converted(image: Any, channels: int) -> Any:
    """An image with this number of channels; grey by TensorFlow's weights of the colours."""
    import tensorflow as tf

    present = tf.shape(image)[-1]
    colour = tf.cond(present == 1, lambda: tf.repeat(image, 3, axis=-1), lambda: image)
    if channels == 1:
        grey = lambda: tf.image.rgb_to_grayscale(tf.ensure_shape(colour[..., :3], (None, None, 3)))  # noqa: E731
        return tf.cond(present == 1, lambda: image, grey)
    if channels == 4:
        opaque = tf.fill([*tf.unstack(tf.shape(image)[:2]), 1], image.dtype.max)
        opaque = tf.cast(opaque, image.dtype)
        return tf.cond(tf.shape(colour)[-1] == 3, lambda: tf.concat([colour, opaque], axis=-1), lambda: colour)
    return colour[..., :channels]
