"""RandAugment: two operations for each image, all of one strength."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .amounts import Amount, draw_operations, signed, unused
from .levels import Levels
from .pillow_operations import apply_each

if TYPE_CHECKING:
    from ..dataset import Data

__all__ = ["RandAugment"]


def _enhanced(far: Any, signs: Any) -> Any:
    return 1.0 + 0.9 * signs * far


def _bits(far: Any, _: Any) -> Any:
    import tensorflow as tf

    return 8.0 - tf.round(4.0 * far)


AMOUNTS: dict[str, Amount] = {
    "identity": unused,
    "shear_x": signed(0.3),
    "shear_y": signed(0.3),
    "translate_x": signed(150 / 331),
    "translate_y": signed(150 / 331),
    "rotate": signed(30.0),
    "brightness": _enhanced,
    "color": _enhanced,
    "contrast": _enhanced,
    "sharpness": _enhanced,
    "posterize": _bits,
    "solarize": lambda far, _: 255.0 * (1.0 - far),
    "auto_contrast": unused,
    "equalize": unused,
}
"""The paper's operations, and how much of each at most: the ranges of torchvision's RandAugment, magnitudes 0 to 30."""


class RandAugment:
    """Each image goes through operations drawn from 14, each as likely; strength is their magnitude, of 30, as a share.

    Keras' RandAugment draws the operations once for a batch, turns by up to half a circle and in one direction only,
    and posterizes less where its factor is larger.
    """

    def __init__(self, strength: float, data: Data, operations: int = 2):
        self._strength, self._operations = strength, operations
        self._levels = Levels(data.spec)

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        levels, count = self._levels.of(images), tf.shape(images)[0]
        far = tf.fill([count], tf.constant(self._strength, tf.float32))
        for _ in range(self._operations):
            which, amounts = draw_operations(count, list(AMOUNTS.values()), far, seeds)
            levels = apply_each(levels, which, list(AMOUNTS), amounts)
        return self._levels.as_images(levels)
