"""AugMix: an image mixed with what chains of operations make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from .amounts import Amount, draw_operations, signed, unused
from .levels import Levels
from .pillow_operations import apply_each

if TYPE_CHECKING:
    from ..dataset import Data

__all__ = ["AugMix"]

DEPTH = 3
"""The most operations of a chain; the fewest are 1, and all numbers as likely."""

LEAST = 0.01
"""How far an operation goes at least, of 1; the paper's severity 0.1, of 10."""


def _bits(far: Any, _: Any) -> Any:
    import tensorflow as tf

    return 4.0 - tf.floor(4.0 * far)


def _threshold(far: Any, _: Any) -> Any:
    import tensorflow as tf

    return 256.0 - tf.floor(256.0 * far)


AMOUNTS: dict[str, Amount] = {
    "auto_contrast": unused,
    "equalize": unused,
    "posterize": _bits,
    "rotate": signed(30.0),
    "solarize": _threshold,
    "shear_x": signed(0.3),
    "shear_y": signed(0.3),
    "translate_x": signed(1 / 3),
    "translate_y": signed(1 / 3),
}
"""The operations of the authors' program, without those of the corruptions that the paper tests on."""


class AugMix:
    """Each image mixed with three chains of one to three operations; strength is the largest severity, of 10, as share.

    How far an operation goes is uniform up to the strength; the chains' shares are from a Dirichlet distribution, and
    the image's own is uniform. Without the paper's loss on two such mixtures of an image (Jensen-Shannon divergence).

    Keras' AugMix draws the operations once, when a pipeline is traced, for all images of the training; its turns and
    moves have one direction only.
    """

    def __init__(self, strength: float, data: Data, chains: int = 3):
        self._strength, self._chains = strength, chains
        self._levels = Levels(data.spec)

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        levels, count = self._levels.of(images), tf.shape(images)[0]
        several = count * self._chains  # all chains at once: the first one of every image, the second one, ...
        changed = tf.tile(levels, [self._chains, 1, 1, 1])
        depths = keras.random.randint((several,), 1, DEPTH + 1, seed=seeds)
        for place in range(DEPTH):
            far = keras.random.uniform((several,), min(LEAST, self._strength), self._strength, seed=seeds)
            which, amounts = draw_operations(several, list(AMOUNTS.values()), far, seeds)
            which = tf.where(place < depths, which, len(AMOUNTS))  # else it stays as it is
            changed = apply_each(changed, which, [*AMOUNTS, "identity"], amounts)
        drawn = keras.random.uniform((self._chains, count), 1e-12, 1.0, seed=seeds)
        shares = -tf.math.log(drawn)  # Dirichlet(1, 1, ...), divided by their sum
        shares = shares / tf.reduce_sum(shares, axis=0)
        chains = tf.reshape(changed, tf.concat([[self._chains], tf.shape(levels)], axis=0))
        mixture = tf.reduce_sum(shares[:, :, None, None, None] * chains, axis=0)
        own = keras.random.uniform((count,), seed=seeds)[:, None, None, None]
        return self._levels.as_images(own * levels + (1.0 - own) * mixture)
