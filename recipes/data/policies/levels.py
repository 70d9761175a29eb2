"""Levels: the pixels of any data in levels from 0 to 255, as Pillow's operations have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..spec import Spec

__all__ = ["Levels"]


class Levels:
    """Pixels as levels from 0, black, to 255, white, and back.

    Args:
        spec: of images; black is 0, or the smallest pixel if that is negative, and white the largest.

    Example:
        >>> from recipes import Spec
        >>> levels = Levels(Spec(name="one", kind="image", input_shape=(1, 1, 1), input_max=1.0))   # doctest: +SKIP
        >>> levels.of(0.5)                                                                     # doctest: +SKIP
        127.5
    """

    def __init__(self, spec: Spec):
        self._black = min(0.0, spec.input_min or 0.0)
        self._scale = 255.0 / ((spec.input_max or 255.0) - self._black)

    def of(self, images: Any) -> Any:
        """The levels of pixels."""
        return (images - self._black) * self._scale

    def as_images(self, levels: Any) -> Any:
        """The pixels of levels."""
        return levels / self._scale + self._black
