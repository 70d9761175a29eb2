"""Pixels: the type and range of the training images, to which files are converted and by which arrays are judged."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.feature import Feature
from ..data.images.image_files import decode_image, read_header
from ..data.spec import Spec
from ..stored.reading import read_bytes

__all__ = ["Pixels"]

WHITE = {"uint8": 255.0, "uint16": 65535.0}

BEYOND = 4.0
"""Values so many times as large as the largest of training are of another range."""
FAR_BEYOND = 16.0
"""The same where the training images have no usual range, and may have some very large values."""

MOST_PIXELS = 2**28
"""The most pixels of an image file: one of a few kilobytes can claim thousands of millions."""


class Pixels(NamedTuple):
    """What the values of training images were.

    Attributes:
        dtype: "uint8", "uint16" or "float32".
        low, high: the smallest and the largest value in training; None if unknown.

    Example:
        >>> Pixels("float32", 0.0, 1.0).white, Pixels("float32", 0.0, 255.0).white, Pixels("float32", -1.0, 1.0).white
        (1.0, 255.0, None)
    """

    dtype: str
    low: float | None
    high: float | None

    @classmethod
    def of(cls, source: Spec | Feature) -> Pixels:
        """Those of a model for images, or of an image in records."""
        if isinstance(source, Feature):
            return cls(source.dtype, source.low, source.high)
        return cls(source.input_dtype, source.input_min, source.input_max)

    @property
    def white(self) -> float | None:
        """What stands for white, if the range is a usual one: all of the integers, 0 to 1, or 0 to 255."""
        if self.dtype in WHITE:
            return WHITE[self.dtype]
        if self.low is None or self.high is None or self.low < 0:
            return None
        return 1.0 if 0.5 < self.high <= 1 else 255.0 if 128 <= self.high <= 255 else None

    def read(self, file: Path, channels: int | None) -> np.ndarray:
        """The image in a file, (height, width, channels), in the type and range of training.

        Args:
            file: PNG, JPEG, BMP, GIF or WebP.
            channels: 1, 3 or 4 to convert to; otherwise those of the file.

        Raises:
            InvalidArgument: if the training images had no usual range, or one of another depth.
            BrokenImage: for a file that is not a whole image.
        """
        header = read_header(file)
        if header.height * header.width > MOST_PIXELS:
            accepted = f"an image of at most {MOST_PIXELS:,} pixels, not {header.width:,} x {header.height:,}"
            raise InvalidArgument("input", str(file), accepted)
        deep = header.bits > 8
        wide = deep and self.dtype != "uint8"
        depth = "uint16" if wide or self.dtype == "uint16" else "uint8"
        if self.white is None or (self.dtype == "uint16" and not deep and (self.high or 0) < WHITE["uint16"] / 2):
            raise InvalidArgument("input", str(file), f"an array of {self}: its depth says nothing of their range")
        image = decode_image(read_bytes(file), channels if channels in (1, 3, 4) else 0, depth)
        if self.dtype == "float32":
            image = (image * (self.white / WHITE[depth])).astype(np.float32)
        return image

    def check(self, argument: str, images: np.ndarray) -> None:
        """Raises for images whose values are of another range than those of training.

        Raises:
            InvalidArgument: naming the range received and that of training.
        """
        if self.high is None:
            return
        smallest, largest = float(images.min()), float(images.max())
        whole = np.issubdtype(images.dtype, np.integer)
        if self.dtype != "float32":
            beyond = largest > BEYOND * self.high or (self.dtype == "uint16" and self._is_shallow(images))
        elif self.white == 1.0:
            beyond = largest > (1.0 if whole else BEYOND)
        elif self.white == 255.0:
            beyond = largest <= 1.0 and bool((images != np.round(images)).any())
        else:
            beyond = max(-smallest, largest) > FAR_BEYOND * max(abs(self.low or 0.0), self.high)
        if beyond:
            raise InvalidArgument(argument, f"{images.dtype} from {smallest:g} to {largest:g}", f"{self}")

    def _is_shallow(self, images: np.ndarray) -> bool:
        """Whether these are images of 8 bits, and those of training of more."""
        return images.dtype == np.uint8 and (self.high or 0) > BEYOND * WHITE["uint8"]

    def __str__(self) -> str:
        known = f" from {self.low:g} to {self.high:g}" if self.low is not None and self.high is not None else ""
        return f"{self.dtype} values{known}, as in training"
