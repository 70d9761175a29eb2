"""apply_each: what Pillow does to one image, for batches in which each image has an operation of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["OPERATIONS", "apply_each"]

WHITE = 255.0
"""Operations are on levels from 0, black, to this."""


def apply_each(images: Any, which: Any, operations: Sequence[str], amounts: Any) -> Any:
    """Each image after an operation of its own, which the others do not pay for.

    Args:
        images: levels from 0 to 255, float32 of shape (batch, height, width, channels).
        which: place of the image's operation in ``operations``, int32 of shape (batch,).
        operations: names in ``OPERATIONS``.
        amounts: of the image's operation, in its own unit: float32 of shape (batch,).

    Returns:
        Levels from 0 to 255, not rounded.

    Example:
        >>> import tensorflow as tf
        >>> pixels, names = tf.constant([10.0, 200.0], shape=(2, 1, 1, 1)), ["solarize", "brightness"]
        >>> apply_each(pixels, tf.constant([1, 0]), names, tf.constant([2.0, 128.0])).numpy().ravel()
        array([20., 55.], dtype=float32)
    """
    import tensorflow as tf

    moves = [place for place, name in enumerate(operations) if name in MOVES]
    others = [place for place in range(len(operations)) if place not in moves]
    kinds = tf.constant([others.index(place) if place in others else len(others) for place in range(len(operations))])
    places = tf.dynamic_partition(tf.range(tf.shape(images)[0]), tf.gather(kinds, which), len(others) + bool(moves))
    changed = [
        COLOURS[operations[place]](tf.gather(images, those), tf.gather(amounts, those))
        for place, those in zip(others, places, strict=False)
    ]
    if moves:  # all of them at once
        which, amounts = tf.gather(which, places[-1]), tf.gather(amounts, places[-1])
        matrix = tf.zeros([tf.shape(which)[0], 6])
        for place in moves:
            own = _matrix(MOVES[operations[place]](amounts, *images.shape[1:3]), amounts)
            matrix = tf.where((which == place)[:, None], own, matrix)
        changed.append(_affine(tf.gather(images, places[-1]), matrix))
    return tf.clip_by_value(tf.reshape(tf.dynamic_stitch(places, changed), tf.shape(images)), 0.0, WHITE)


def _each(amounts: Any) -> Any:
    return amounts[:, None, None, None]


# --- moves --------------------------------------------------------------------------------------------------------


def _matrix(coefficients: Sequence[Any], amounts: Any) -> Any:
    """Coefficients, each a number or one for each image, as a tensor of shape (batch, 6)."""
    import tensorflow as tf

    return tf.stack([tf.broadcast_to(tf.cast(each, tf.float32), tf.shape(amounts)) for each in coefficients], axis=1)


def _affine(images: Any, matrix: Any) -> Any:
    """Pillow's ``Image.transform(AFFINE, BILINEAR)``, with the edge drawn out in place of black.

    Args:
        images: a batch.
        matrix: (a, b, c, d, e, f) of each image: the point (x, y) gets what is at (a x + b y + c, d x + e y + f), in
            pixels from the upper left corner.
    """
    import tensorflow as tf

    a, b, c, d, e, f = tf.unstack(matrix, axis=1)
    nothing = tf.zeros_like(a)
    across, down = c + (a + b - 1.0) / 2, f + (d + e - 1.0) / 2  # TensorFlow counts from the middle of the first pixel
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, across, d, e, down, nothing, nothing], axis=1),
        output_shape=tf.shape(images)[1:3],
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )


def _rotate(degrees: Any, height: int, width: int) -> Sequence[Any]:
    """About the middle, against the clock for positive degrees."""
    import tensorflow as tf

    angle = degrees * (math.pi / 180)
    cos, sin = tf.cos(angle), tf.sin(angle)
    across, down = width / 2, height / 2
    return cos, -sin, across - across * cos + down * sin, sin, cos, down - across * sin - down * cos


def _shear_x(factors: Any, *_: int) -> Sequence[Any]:
    return 1.0, factors, 0.0, 0.0, 1.0, 0.0


def _shear_y(factors: Any, *_: int) -> Sequence[Any]:
    return 1.0, 0.0, 0.0, factors, 1.0, 0.0


def _translate_x(shares: Any, _: int, width: int) -> Sequence[Any]:
    """To the left by whole pixels, about this share of the width."""
    import tensorflow as tf

    return 1.0, 0.0, tf.round(shares * width), 0.0, 1.0, 0.0


def _translate_y(shares: Any, height: int, _: int) -> Sequence[Any]:
    """Up by whole pixels, about this share of the height."""
    import tensorflow as tf

    return 1.0, 0.0, 0.0, 0.0, 1.0, tf.round(shares * height)


MOVES: Mapping[str, Callable[[Any, int, int], Sequence[Any]]] = {
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
    "rotate": _rotate,
}
"""Name -> function of amounts (factors, shares of a side, degrees), height and width, to the coefficients of a map."""


# --- colours ------------------------------------------------------------------------------------------------------


def _blend(plain: Any, images: Any, factors: Any) -> Any:
    """``plain`` at factor 0, the images at 1, more of what sets them apart beyond."""
    return plain + _each(factors) * (images - plain)


def _grey(images: Any) -> Any:
    """The lightness, shape (batch, height, width, 1)."""
    import tensorflow as tf

    if images.shape[-1] != 3:
        return tf.reduce_mean(images, axis=-1, keepdims=True)
    return tf.reduce_sum(images * tf.constant([0.299, 0.587, 0.114]), axis=-1, keepdims=True)


def _brightness(images: Any, factors: Any) -> Any:
    return _each(factors) * images


def _color(images: Any, factors: Any) -> Any:
    return _blend(_grey(images), images, factors)


def _contrast(images: Any, factors: Any) -> Any:
    import tensorflow as tf

    return _blend(tf.round(tf.reduce_mean(_grey(images), axis=[1, 2], keepdims=True)), images, factors)


def _sharpness(images: Any, factors: Any) -> Any:
    """Smoothed at factor 0 by a 3x3 filter with 5 of 13 parts in its middle; pixels at the edge stay."""
    import tensorflow as tf

    height, width = images.shape[1:3]
    if min(height, width) < 3:
        return images
    # No convolution: that of oneDNN gives no image at all, as where no image of a batch is sharpened, another shape.
    near = [images[:, down : height - 2 + down, right : width - 2 + right] for down in range(3) for right in range(3)]
    inner = (tf.add_n(near) + 4.0 * images[:, 1:-1, 1:-1]) / 13.0
    inside = tf.pad(tf.ones((height - 2, width - 2, 1), tf.bool), [[1, 1], [1, 1], [0, 0]])
    smooth = tf.where(inside, tf.pad(inner, [[0, 0], [1, 1], [1, 1], [0, 0]]), images)
    return _blend(smooth, images, factors)


def _posterize(images: Any, bits: Any) -> Any:
    """Only the upper bits of each level, a whole number from 0 to 8."""
    import tensorflow as tf

    step = _each(2.0 ** (8.0 - bits))
    return tf.floor(tf.floor(images + 1e-3) / step) * step  # levels such as 127.99999 are 128


def _solarize(images: Any, thresholds: Any) -> Any:
    """Levels from the threshold on are turned round."""
    import tensorflow as tf

    return tf.where(images < _each(thresholds), images, WHITE - images)


def _auto_contrast(images: Any, _: Any) -> Any:
    """Each channel of an image stretched from black to white, unless it has one level only."""
    import tensorflow as tf

    low, high = (reduce(images, axis=[1, 2], keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    return tf.where(high > low, (images - low) * tf.math.divide_no_nan(WHITE, high - low), images)


def _equalize(images: Any, _: Any) -> Any:
    """Each channel of an image with about as many pixels of each level; in whole levels."""
    import tensorflow as tf

    shape = tf.shape(images)
    pixels = shape[1] * shape[2]
    rows = tf.reshape(tf.transpose(tf.cast(tf.round(images), tf.int32), [0, 3, 1, 2]), [-1, pixels])
    count = tf.shape(rows)[0]
    ids = rows + 256 * tf.range(count)[:, None]
    ones = tf.ones([count * pixels], tf.int32)
    histogram = tf.reshape(tf.math.unsorted_segment_sum(ones, tf.reshape(ids, [-1]), 256 * count), [-1, 256])
    last = tf.gather(histogram, tf.reduce_max(rows, axis=1), batch_dims=1)
    step = (pixels - last)[:, None] // 255
    before = tf.cumsum(histogram, axis=1, exclusive=True)
    table = tf.minimum((before + step // 2) // tf.maximum(step, 1), 255)
    table = tf.where(step > 0, table, tf.range(256)[None, :])  # too few pixels: as they are
    found = tf.gather(table, rows, batch_dims=1)
    return tf.cast(tf.transpose(tf.reshape(found, tf.gather(shape, [0, 3, 1, 2])), [0, 2, 3, 1]), tf.float32)


def _identity(images: Any, _: Any) -> Any:
    return images


COLOURS: Mapping[str, Callable[[Any, Any], Any]] = {
    "identity": _identity,
    "brightness": _brightness,
    "color": _color,
    "contrast": _contrast,
    "sharpness": _sharpness,
    "posterize": _posterize,
    "solarize": _solarize,
    "auto_contrast": _auto_contrast,
    "equalize": _equalize,
}
"""Name -> function of a batch of levels and an amount for each image: a factor, 1 for no change; bits; a threshold."""

OPERATIONS = (*MOVES, *COLOURS)
