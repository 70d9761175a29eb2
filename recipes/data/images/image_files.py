"""read_header, decode_image: the size of an image file without decoding it, and its pixels."""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

__all__ = ["PICTURES", "BrokenImage", "Header", "decode_image", "is_picture", "read_header"]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
"""Suffixes of the image files that TensorFlow decodes."""
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The JPEG markers of segments with the image's size."""
PALETTE = 2048
"""More bytes than the header of a BMP file and its palette have."""
BARE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
"""The JPEG markers without a segment."""
PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
"""Channels by colour type."""


class BrokenImage(ValueError):
    """A file that is not a whole image; the message says why."""


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image file say.

    Args:
        height, width: in pixels, as stored: the orientation in EXIF data does not count.
        channels: 1 grey, 2 grey with transparency, 3 colour, 4 colour with transparency.
        bits: of a channel.
    """

    height: int
    width: int
    channels: int
    bits: int = 8


def is_picture(name: str | os.PathLike[str]) -> bool:
    """Whether a name ends as those of the image files that can be read.

    Example:
        >>> is_picture("Cat.JPG"), is_picture("notes.txt")
        (True, False)
    """
    return Path(name).suffix.lower() in PICTURES


def read_header(source: str | os.PathLike[str] | bytes) -> Header:
    """The size of an image file, whatever its suffix.

    Args:
        source: the path of the file, or its bytes.

    Raises:
        BrokenImage: for a file that is none of PNG, JPEG, GIF, BMP and WebP, or ends within its header.

    Source: the formats' specifications: ISO/IEC 15948 (PNG), ITU-T T.81 (JPEG), GIF89a, BITMAPINFOHEADER (BMP), RFC
    9649 (WebP).

    Example:
        >>> read_header("cat.jpg")                                   # doctest: +SKIP
        Header(height=375, width=500, channels=3, bits=8)
    """
    start = b""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            start = file.read(32)
            if start.startswith(b"\x89PNG\r\n\x1a\n"):
                width, height, bits, color = struct.unpack(">IIBB", start[16:26])
                return Header(height, width, PNG_CHANNELS[color], bits)
            if start.startswith(b"\xff\xd8"):
                return _jpeg(file)
            if start.startswith((b"GIF87a", b"GIF89a")):
                width, height = struct.unpack("<HH", start[6:10])
                return Header(height, width, 3)
            if start.startswith(b"BM"):
                return _bmp(start + file.read(PALETTE))
            if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
                return _webp(start)
    except (struct.error, KeyError):
        raise BrokenImage("it ends within its header" if start else "it is empty") from None
    except OSError as error:
        raise BrokenImage(error.strerror or str(error)) from None
    raise BrokenImage("it is empty" if not start else "it is no PNG, JPEG, GIF, BMP or WebP image")


def decode_image(content: bytes, channels: int = 0, dtype: str = "uint8") -> np.ndarray:
    """The pixels of an image file, shape (height, width, channels); the first frame of an animation.

    Transparency is left out with ``channels=3`` and kept with 4. EXIF orientations are not applied.

    Args:
        content: the file's bytes: PNG, JPEG, GIF, BMP or WebP.
        channels: 1, 3 or 4 to convert to; 0 (default) for those of the file.
        dtype: "uint8" (default), or "uint16" for PNG files of 16 bits.

    Raises:
        BrokenImage: for bytes that are not a whole image.

    Example:
        >>> decode_image(Path("cat.jpg").read_bytes()).shape         # doctest: +SKIP
        (375, 500, 3)
    """
    import tensorflow as tf

    direct = content[:2] == b"BM" or content[:3] == b"GIF" or content[8:12] == b"WEBP"  # TensorFlow does not convert
    try:
        if content[:2] == b"BM":
            _bmp(content)
        image = tf.io.decode_image(content, 0 if direct else channels, tf.as_dtype(dtype), expand_animations=False)
    except tf.errors.OpError as error:
        raise BrokenImage(_reason(str(error.message))) from None
    except struct.error:
        raise BrokenImage("it ends within its header") from None
    return _converted(image.numpy(), channels) if direct and channels else image.numpy()


def _converted(image: np.ndarray, channels: int) -> np.ndarray:
    """An image with this number of channels; grey by TensorFlow's weights of the colours."""
    import tensorflow as tf

    present = image.shape[-1]
    if present == channels:
        return image
    if present == 1:
        image = np.repeat(image, 3, axis=-1)
    if channels == 1:
        grey: np.ndarray = tf.image.rgb_to_grayscale(image[..., :3]).numpy()
        return grey
    if channels == 4 and image.shape[-1] == 3:
        opaque = np.full((*image.shape[:-1], 1), np.iinfo(image.dtype).max, image.dtype)
        return np.concatenate([image, opaque], axis=-1)
    return image[..., :channels]


def _reason(message: str) -> str:
    text = " ".join(message.split("}} ")[-1].split(" [Op:")[0].split())
    damaged = ("Uncompress failed", "Invalid ", "should match", "is empty", "Incomplete")
    return "it is cut off or damaged" if any(word in text for word in damaged) else text[:100]


def _bmp(content: bytes) -> Header:
    """The header of a BMP file. TensorFlow would read the numbers of colours in a palette as shades of grey."""
    (size,) = struct.unpack("<I", content[14:18])
    width, height, _, bits = struct.unpack("<iiHH", content[18:30])
    if bits <= 8:
        palette = np.frombuffer(content[14 + size : 14 + size + 4 * 256], np.uint8)
        ramp = np.arange(256, dtype=np.uint8)
        if bits < 8 or len(palette) < 4 * 256 or (palette.reshape(256, 4)[:, :3] != ramp[:, np.newaxis]).any():
            raise BrokenImage("it is a BMP image with a palette: convert it to PNG")
    return Header(abs(height), width, max(bits // 8, 1))


def _webp(start: bytes) -> Header:
    kind = start[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
        return Header(height, width, 4 if start[20] & 0x10 else 3)
    if kind == b"VP8L":
        (packed,) = struct.unpack("<I", start[21:25])
        return Header((packed >> 14 & 0x3FFF) + 1, (packed & 0x3FFF) + 1, 4 if packed >> 28 & 1 else 3)
    width, height = struct.unpack("<HH", start[26:30])
    return Header(height & 0x3FFF, width & 0x3FFF, 3)


def _jpeg(file: BinaryIO) -> Header:
    """The first frame of a JPEG file, found segment by segment."""
    file.seek(2)
    while True:
        byte = file.read(1)
        while byte and byte != b"\xff":
            byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
        if not byte:
            raise BrokenImage("it ends within its header")
        marker = byte[0]
        if marker in BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in START_OF_FRAME:
            bits, height, width, channels = struct.unpack(">BHHB", file.read(6))
            return Header(height, width, 3 if channels == 4 else channels, bits)
        file.seek(length - 2, 1)
