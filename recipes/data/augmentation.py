"""Random transformations of batches of images in the input pipeline; those of a batch depend on its seed alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.inside.layers import use_seed_generator
from ...callbacks.warning import warn
from ..catalogue import Catalogue, Entry, Range
from .cutout import Cutout
from .pad_and_crop import PadAndCrop
from .policies.aug_mix import AugMix
from .policies.rand_augment import RandAugment
from .statistics.moments import chunks, moments

if TYPE_CHECKING:
    from .dataset import Data
    from .spec import Spec

__all__ = ["TRANSFORMATIONS", "augmentation", "check_images", "pipeline_function", "preset"]

DRAWS = 1000
"""More than any function for a pipeline draws for a batch."""


def _largest(data: Data) -> float:
    """The pixel value of white."""
    return data.spec.input_max or 255.0


def _flip(**_: Any) -> Any:
    return keras.layers.RandomFlip("horizontal")


class _AlternatingFlip:
    """Left and right exchanged in every second epoch: from each pair of epochs the network sees both sides of an image.

    In which one an image begins is drawn by its pixels and the seed, so that every epoch flips about half of them, and
    equal images alike. ``flip`` shows every second image twice the same way in two epochs.
    """

    def __init__(self, data: Data, **_: Any):
        self._steps = data.steps_per_epoch
        self._marks = np.random.default_rng(0).integers(1, 2**31, data.spec.input_shape)  # of each pixel

    def __call__(self, images: Any, raw: Any, seed: Any) -> Any:
        """The images, of which some are flipped.

        Args:
            images: (batch, height, width, channels).
            raw: the same before any other transformation.
            seed: that of the training, and the number of the batch since its start.
        """
        import tensorflow as tf

        raw = tf.convert_to_tensor(raw)
        numbers = tf.cast(raw, tf.int64) if raw.dtype.is_integer else tf.cast(tf.bitcast(raw, tf.int32), tf.int64)
        sums = tf.reduce_sum(numbers * self._marks, axis=[1, 2, 3])  # wraps around, which does no harm
        mixed = tf.bitwise.bitwise_xor(sums, tf.cast(seed[0], tf.int64) * 0x85EBCA77) * 0x9E3779B1
        drawn = tf.bitwise.bitwise_xor(tf.bitwise.right_shift(mixed, 20), tf.bitwise.right_shift(mixed, 35))
        epoch = tf.cast(seed[1], tf.int64) // self._steps
        flipped = tf.equal((drawn + epoch) % 2, 1)
        return tf.where(flipped[:, None, None, None], tf.reverse(images, [2]), images)


def _translation(strength: float, **_: Any) -> Any:
    return keras.layers.RandomTranslation(strength, strength, fill_mode="nearest")


def _rotation(strength: float, **_: Any) -> Any:
    return keras.layers.RandomRotation(strength / 360.0, fill_mode="nearest")


def _zoom(strength: float, **_: Any) -> Any:
    return keras.layers.RandomZoom(strength, fill_mode="nearest")


def _shear(strength: float, **_: Any) -> Any:
    return keras.layers.RandomShear(strength, strength, fill_mode="nearest")


def _hue(strength: float, data: Data) -> Any:
    return keras.layers.RandomHue(strength, value_range=(0, _largest(data)))


def _color_jitter(strength: float, data: Data) -> Any:
    return keras.layers.RandomColorJitter(
        value_range=(0, _largest(data)),
        brightness_factor=strength,
        contrast_factor=strength,
        saturation_factor=(0.5 - strength / 2, 0.5 + strength / 2),
        hue_factor=strength / 10,
    )


class _Noise:
    """Gaussian noise; strength is its standard deviation as a fraction of the pixel range."""

    def __init__(self, strength: float, data: Data):
        self._stddev = _largest(data) * strength

    def __call__(self, images: Any, seeds: Any) -> Any:
        return images + keras.random.normal(keras.ops.shape(images), stddev=self._stddev, seed=seeds)


class _Crop:
    """A random window of at least ``1 - strength`` of each side, resized to the full image."""

    def __init__(self, strength: float, **_: Any):
        self._smallest = 1.0 - strength

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
        side = keras.random.uniform((count, 1), self._smallest, 1.0, seed=seeds)
        corner = keras.random.uniform((count, 2), 0.0, 1.0, seed=seeds) * (1.0 - side)
        boxes = tf.concat([corner, corner + side], axis=1)
        return tf.image.crop_and_resize(images, boxes, tf.range(count), (height, width))


class _Erasing:
    """A random rectangle filled with random pixels; strength is its largest share of the image.

    Its share is uniform from 0.02, or strength if that is less, and the logarithm of its ratio of height to width, both
    as shares of the sides, from 0.3 to 1 / 0.3. The paper erases half of the images; here it is all, some hardly.
    """

    def __init__(self, strength: float, data: Data):
        self._area, self._white = strength, _largest(data)

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        count, sides = tf.shape(images)[0], tf.constant(list(images.shape[1:3]), tf.float32)
        area = keras.random.uniform((count, 1), min(0.02, self._area), self._area, seed=seeds)
        ratio = tf.exp(keras.random.uniform((count, 1), np.log(0.3), -np.log(0.3), seed=seeds))
        shares = tf.minimum(tf.sqrt(tf.concat([area * ratio, area / ratio], axis=1)), 1.0)
        lengths = tf.maximum(tf.round(shares * sides), 1.0)  # shape (count, 2): height and width
        first = tf.floor(keras.random.uniform((count, 2), 0.0, 1.0, seed=seeds) * (sides - lengths + 1.0))
        rows, columns = (tf.range(size, dtype=tf.float32)[None, :] for size in images.shape[1:3])
        within = [
            (places >= first[:, axis : axis + 1]) & (places < (first + lengths)[:, axis : axis + 1])
            for axis, places in enumerate((rows, columns))
        ]
        erased = within[0][:, :, None] & within[1][:, None, :]
        pixels = keras.random.uniform(tf.shape(images), 0.0, self._white, seed=seeds)
        return tf.where(erased[..., None], pixels, images)


class _Elastic:
    """Moves each pixel by Gaussian noise smoothed over a seventh of each side; strength is a fraction of the side.

    Keras' RandomElasticTransform moves rows and columns alike, hardly smooths, and unrolls the batch.
    """

    def __init__(self, strength: float, data: Data):
        self._strength = strength
        self._smooth = [_smoothing(size) for size in data.spec.input_shape[:2]]

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        count, (height, width) = tf.shape(images)[0], images.shape[1:3]
        noise = keras.random.normal((count, height, width, 2), seed=seeds)
        moves = tf.einsum("hi,bijc,wj->bhwc", self._smooth[0], noise, self._smooth[1])
        grid = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), axis=-1)
        sides = tf.constant([height, width], tf.float32)
        position = tf.clip_by_value(tf.cast(grid, tf.float32) + self._strength * sides * moves, 0.0, sides - 1)
        low = tf.minimum(tf.floor(position), tf.maximum(sides - 2, 0.0))
        row, column = tf.split(position - low, 2, axis=-1)
        low = tf.cast(low, tf.int32)
        last = tf.constant([height - 1, width - 1])

        def at(down: int, right: int) -> Any:
            return tf.gather_nd(images, tf.minimum(low + tf.constant([down, right]), last), batch_dims=1)

        above = at(0, 0) * (1 - column) + at(0, 1) * column
        below = at(1, 0) * (1 - column) + at(1, 1) * column
        return above * (1 - row) + below * row


def _smoothing(size: int) -> np.ndarray:
    """A Gaussian filter as a matrix that keeps the variance of white noise."""
    distance = np.subtract.outer(np.arange(size), np.arange(size)) / (size / 7)
    kernel = np.exp(-(distance**2) / 2)
    return (kernel / np.sqrt((kernel**2).sum(axis=1, keepdims=True))).astype(np.float32)


def _covariance(images: Any) -> np.ndarray:
    """The covariance of the channels over all pixels, in float64, chunk by chunk."""
    channels = images.shape[-1]
    mean, _ = moments(images)
    sums, count = np.zeros((channels, channels)), 0
    for chunk in chunks(images):
        pixels = chunk.reshape(-1, channels) - np.array(mean)
        sums, count = sums + pixels.T @ pixels, count + len(pixels)
    return sums / max(count - 1, 1)


class _FancyPCA:
    """Adds ``sum_i p_i a_i l_i`` to every pixel of an image, with ``a ~ N(0, variance)`` drawn once per image.

    p and l are the eigenvectors and the eigenvalues of the covariance of the channels, over all pixels of the training
    split, of values from 0 to 1; strength is the variance, 0.1 in the source. Some programs take the square roots of
    the eigenvalues, or 0.1 as the standard deviation: with l near 0.17, as in photographs, the roots make 2.4 times
    the change.
    """

    def __init__(self, strength: float, data: Data):
        largest = _largest(data)
        values, vectors = np.linalg.eigh(_covariance(data.arrays("train")[0]) / largest**2)
        self._moves = (largest * vectors * np.maximum(values, 0.0)).T.astype(np.float32)  # one row per component
        self._stddev = math.sqrt(strength)

    def __call__(self, images: Any, seeds: Any) -> Any:
        amounts = keras.random.normal((keras.ops.shape(images)[0], len(self._moves)), stddev=self._stddev, seed=seeds)
        return images + (amounts @ self._moves)[:, None, None, :]


TRANSFORMATIONS = Catalogue(
    "transformation",
    [
        Entry(
            "flip",
            _flip,
            "Left and right exchanged, every other image.",
            "Keras' RandomFlip",
            when="For photographs, whose left and right do not matter. Not for digits, letters, road signs or "
            "the organs of a body.",
        ),
        Entry(
            "alternating_flip",
            _AlternatingFlip,
            "Left and right exchanged in every second epoch, for half of the images in the odd ones.",
            "Jordan 2024, arXiv:2404.00498",
            when="In place of flip in trainings of a few epochs: two epochs show each image both ways. In "
            "long trainings the two come to the same.",
        ),
        Entry(
            "translation",
            _translation,
            "Moved by up to this share of each side.",
            "Keras' RandomTranslation",
            (Range("strength", 0.02, 0.2, 0.1),),
            when="For objects that may lie off the centre. Not where the place tells the class, or where "
            "objects touch the border.",
        ),
        Entry(
            "pad_and_crop",
            PadAndCrop,
            "Moved by whole pixels, up to this share of each side; mirrored beyond the edge.",
            "He et al. 2016; Jordan 2024, arXiv:2404.00498",
            (Range("strength", 0.03, 0.2, 0.0625),),
            when="For small photographs, which moves by fractions of a pixel blur. Not for digits at the border, whose "
            "mirror image beyond it looks like another stroke.",
        ),
        Entry(
            "crop",
            _Crop,
            "A window that leaves out up to this share of each side, enlarged.",
            "Szegedy et al. 2015",
            (Range("strength", 0.05, 0.5, 0.2),),
            when="For photographs that their object fills. Not for small objects and digits, of which a crop "
            "may lose the part that counts.",
        ),
        Entry(
            "rotation",
            _rotation,
            "Turned by up to this many degrees.",
            "Keras' RandomRotation",
            (Range("strength", 2.0, 30.0, 10.0),),
            when="Up to 15 degrees for handwriting and photographs, any angle for views from above. Not so "
            "far that a 6 becomes a 9.",
        ),
        Entry(
            "zoom",
            _zoom,
            "Made larger or smaller by up to this share.",
            "Keras' RandomZoom",
            (Range("strength", 0.02, 0.3, 0.1),),
            when="Where the distance to the object varies. Not where its size tells the class, as with cells "
            "or parts at a known scale.",
        ),
        Entry(
            "shear",
            _shear,
            "Slanted by up to this share.",
            "Keras' RandomShear",
            (Range("strength", 0.02, 0.3, 0.1),),
            when="For slanted handwriting and for objects seen from the side. Not for shapes whose angles are "
            "measured.",
        ),
        Entry(
            "elastic",
            _Elastic,
            "Bent as if drawn on rubber, by this share of each side.",
            "Simard et al. 2003",
            (Range("strength", 0.01, 0.1, 0.04),),
            when="For handwriting and tissue, which bend. Not for rigid objects and printed letters.",
        ),
        Entry(
            "erasing",
            _Erasing,
            "A rectangle of up to this share of the image filled with random pixels.",
            "Zhong et al. 2020",
            (Range("strength", 0.05, 0.5, 0.3),),
            when="For photographs whose objects may be hidden in part. Not for small images, where a "
            "rectangle can cover all of the object.",
        ),
        Entry(
            "cutout",
            Cutout,
            "A square of this share of each side filled with the mean colour.",
            "DeVries and Taylor 2017, arXiv:1708.04552",
            (Range("strength", 0.1, 0.75, 0.375),),
            when="For photographs of one object, in trainings of many epochs. Not in short ones, nor where a detail of "
            "that size tells the class.",
        ),
        Entry(
            "noise",
            _Noise,
            "Gaussian noise of this standard deviation, in shares of the range.",
            "Sietsma and Dow 1991",
            (Range("strength", 0.01, 0.3, 0.05),),
            when="For pictures of poor sensors or taken in little light. Not where fine texture tells the class.",
        ),
        Entry(
            "hue",
            _hue,
            "Hue shifted by up to this share.",
            "Keras' RandomHue",
            (Range("strength", 0.02, 0.3, 0.1),),
            when="Where paint and cameras change the colour but not the class. Not for flowers, fruit or "
            "stained cells, which colour tells apart.",
        ),
        Entry(
            "color_jitter",
            _color_jitter,
            "Brightness, contrast, saturation and a little hue changed by up to this share.",
            "Keras' RandomColorJitter",
            (Range("strength", 0.05, 0.6, 0.2),),
            when="For photographs in changing light. Not where brightness or colour is the measurement.",
        ),
        Entry(
            "fancy_pca",
            _FancyPCA,
            "Colours moved along the principal components of the training images; the strength is a variance.",
            "Krizhevsky et al. 2012",
            (Range("strength", 0.02, 2.0, 0.1),),
            when="For large sets of photographs, as a mild change of light. Not for few images, whose "
            "components are uncertain.",
        ),
        Entry(
            "rand_augment",
            RandAugment,
            "Two of 14 operations drawn for each image, all at this share of their largest magnitude, 30.",
            "Cubuk et al. 2019, arXiv:1909.13719",
            (Range("strength", 0.1, 0.9, 0.3),),
            when="For photographs, when no one knows which changes keep the label: one number in place of a list. Not "
            "for digits and scans, which it also solarizes and posterizes.",
        ),
        Entry(
            "aug_mix",
            AugMix,
            "Each image mixed with three chains of operations of up to this share of the largest severity, 10.",
            "Hendrycks et al. 2020, arXiv:1912.02781",
            (Range("strength", 0.1, 0.9, 0.3),),
            when="For photographs that will come blurred, noisy or in other light. Not for small grey images, "
            "whose mixtures look like nothing that will come.",
        ),
    ],
)


def preset(spec: Spec) -> tuple[str, ...]:
    """The transformations that keep the labels of such images.

    - Classes named by one character (digits, letters), and grey images: translation, rotation and zoom; never a flip,
      which turns a character into another one or none.
    - Colour images: flip and translation, as He et al. 2016 augment CIFAR-10.

    Example:
        >>> preset(data.spec)          # doctest: +SKIP
        ('translation', 'rotation', 'zoom')
    """
    if spec.input_shape[-1] == 1 or _characters(spec):
        return "translation", "rotation", "zoom"
    return "flip", "translation"


def augmentation(
    data: Data, transformations: Sequence[str] | Mapping[str, float] | None = None, *, strength: float = 1.0
) -> Callable[[Any, Any], Any]:
    """A function that augments a batch of raw images with a seed, for a ``tf.data`` pipeline.

    It returns images of the same type, clipped to the range of pixels, and rounded if these are integers. The same
    images and seed give the same result, whatever ran before.

    Args:
        data: data of images; its training split determines the principal components of "fancy_pca".
        transformations: names in the order of application, or a mapping from names to strengths; None (default) for
            :func:`preset`. See ``recipes list transformations``.
        strength: factor on all strengths, > 0. Default 1.

    Returns:
        ``augment(images, seed)``, for images of shape (batch, height, width, channels) and a seed of two integers.

    Raises:
        InvalidArgument: for data other than images, an unknown name, or a strength that is not positive.

    Example:
        >>> augment = augmentation(data, ["translation", "noise"])     # doctest: +SKIP
        >>> batches = data.train.enumerate().map(  # doctest: +SKIP
        ...     lambda step, batch: (augment(batch[0], (0, step)), batch[1])
        ... )
    """
    spec = data.spec
    check_images(spec)
    strength = check_number("strength", strength, above=0)
    if transformations is None:
        transformations = preset(spec)
    if isinstance(transformations, str) or not isinstance(transformations, (Sequence, Mapping)):
        raise InvalidArgument("transformations", transformations, "a list of names, or a mapping of names to strengths")
    steps = []
    for name in transformations:
        ranges = TRANSFORMATIONS[name].hyperparameters
        default = ranges[0].default if ranges else 1.0
        value = transformations[name] if isinstance(transformations, Mapping) else default
        value = check_number(name, value, above=0) * strength
        if name in ("rand_augment", "aug_mix"):
            check_number(name, value, above=0, high=1)
        elif name not in (
            "flip",
            "alternating_flip",
            "rotation",
            "fancy_pca",
            "noise",
        ):  # a fraction of a side or of a range
            check_number(name, value, above=0, below=1)
        steps.append(TRANSFORMATIONS.build(name, strength=value, data=data))
    flips = [name for name in ("flip", "alternating_flip") if name in transformations]
    if flips and _characters(spec):
        warn(
            f"a flipped character is another one or none: {flips[0]!r} changes what the labels of {spec.name!r} say",
        )
    if spec.input_shape[-1] == 1:
        for name in transformations:
            if name in ("hue", "color_jitter", "fancy_pca"):
                raise InvalidArgument("transformations", name, f"one for grey images: {spec.name!r} has no colours")

    return pipeline_function(data, steps)


def check_images(spec: Spec) -> None:
    """Raises ``InvalidArgument`` for data without images."""
    if spec.kind != "image":
        raise InvalidArgument("augmentation", spec.kind, f"used with images: {spec.name!r} has none")


def pipeline_function(data: Data, steps: Sequence[Any], *, stream: int = 0) -> Callable[[Any, Any], Any]:
    """What :func:`augmentation` returns, of transformations that are built.

    Args:
        data: of images.
        steps: Keras layers, or functions of images and a seed generator, in the order of application.
        stream: functions of other streams draw other random numbers with the same seed. Default 0.
    """
    largest, smallest = _largest(data), min(0.0, data.spec.input_min or 0.0)

    def augment(images: Any, seed: Any) -> Any:
        import tensorflow as tf

        seeds, out = _Seeds(seed, stream), tf.cast(images, tf.float32)
        for step in steps:
            if isinstance(step, keras.layers.Layer):
                use_seed_generator(step, seeds)
                out = step(out, training=True)
            elif isinstance(step, _AlternatingFlip):
                out = step(out, images, seed)
            else:
                out = step(out, seeds)
            out.set_shape(images.shape)  # which some of TensorFlow's operations forget, and later steps ask for
        out = tf.round(out) if tf.as_dtype(images.dtype).is_integer else out
        return tf.cast(tf.clip_by_value(out, smallest, largest), images.dtype)

    return augment


def _characters(spec: Spec) -> bool:
    return bool(spec.class_names) and all(len(name) == 1 for name in spec.class_names)


class _Seeds(keras.random.SeedGenerator):
    """Seeds derived from two integers and the number of a stream, instead of a state that advances."""

    def __init__(self, seed: Any, stream: int):
        self._seed, self._drawn = seed, stream * DRAWS

    def next(self, ordered: bool = True) -> Any:
        import tensorflow as tf

        self._drawn += 1  # counted during tracing: the n-th draw of each call
        mixed = tf.random.experimental.stateless_fold_in(tf.cast(tf.stack(list(self._seed)), tf.int64), self._drawn)
        return tf.cast(mixed, tf.uint32)  # the type of Keras' own seeds
