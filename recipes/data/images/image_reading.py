"""Images: how the files of a folder are read: checked by their headers, decoded once, in memory or on disk."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ...files import cache_folder
from ..disk.on_disk import available_memory, stored_once
from ..image_sizes import resized_images
from .image_files import BrokenImage, Header, decode_image, read_header

__all__ = ["Images"]

CHUNK = 2**26
"""Bytes of images to decode at a time."""
SHOWN = 5
"""Maximum number of files to name in a message."""
Files = Mapping[str, tuple[list[Path], Any]]
"""Split -> (files, y)."""


@dataclass(frozen=True)
class Images:
    """How the images of a folder are read.

    Args:
        root: the folder.
        shape: (height, width, channels) of all images once they are read.
        dtype: "uint8" or "uint16".
        size: (height, width) to resize to, or None.
        broken: files without a header -> why.
        skip_broken: whether broken files are left out.
    """

    root: Path
    shape: tuple[int, int, int]
    dtype: str
    size: tuple[int, int] | None
    broken: Mapping[Path, str]
    skip_broken: bool

    @classmethod
    def of(cls, root: Path, splits: Files, size: Any, skip_broken: bool) -> Images:
        """Checks the headers of all files."""
        files = [path for paths, _ in splits.values() for path in paths]
        with ThreadPoolExecutor() as pool:
            read = dict(zip(files, pool.map(_header, files), strict=True))
        broken = {path: header for path, header in read.items() if isinstance(header, str)}
        headers = {path: header for path, header in read.items() if isinstance(header, Header)}
        if broken and not skip_broken:
            raise _broken(root, broken, len(files))
        if not headers:
            raise InvalidArgument("folder", str(root), f"one with whole images, but all {len(files)} are broken")
        height, width = _one_size(root, headers) if size is None else size
        deep = {path: header.bits > 8 for path, header in headers.items()}
        if any(deep.values()) and not all(deep.values()):
            one, other = (next(path for path, bits in deep.items() if bits is which) for which in (True, False))
            shown = f"{_named(root, one)} has 16 bits a channel and {_named(root, other)} has 8"
            raise InvalidArgument("folder", str(root), f"one of images of one kind, but {shown}")
        transparent = sum(header.channels in (2, 4) for header in headers.values())
        if transparent:
            _warn(root, f"left out the transparency of {transparent:,} of {len(files):,} images")
        channels = 1 if all(header.channels <= 2 for header in headers.values()) else 3
        dtype = "uint16" if all(deep.values()) else "uint8"
        return cls(root, (height, width, channels), dtype, size, broken, skip_broken)

    def digest(self, splits: Files) -> str:
        """SHA-256 of the names and sizes of the files."""
        facts = [[fact[:2] for fact in self._facts(paths)] for paths, _ in splits.values()]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def read(self, splits: Files, memory: float) -> dict[str, tuple[Any, Any]]:
        """The images and targets of all splits, in memory or on disk."""
        each = int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize
        needed = each * sum(len(paths) for paths, _ in splits.values())
        on_disk = needed > memory * available_memory()
        read, broken = {}, dict(self.broken)
        for split, (paths, y) in splits.items():
            parts = _Parts(self, [path for path in paths if path not in self.broken], max(1, CHUNK // each))
            if on_disk:
                name = re.sub(r"[^\w.-]+", "-", f"{self.root.name}-{split}")
                facts = [str(self.root), self._facts(paths), self.shape, self.dtype, self.size]
                arrays = stored_once(cache_folder() / "decoded", name, facts, needed, parts.__iter__)
            else:
                arrays = parts.together()
            whole = {parts.paths[place] for place in arrays["kept"].tolist()}
            broken |= {
                path: parts.reasons.get(path, "it cannot be decoded") for path in parts.paths if path not in whole
            }
            read[split] = (arrays["images"], y[[path in whole for path in paths]])
        if broken:
            total = sum(len(paths) for paths, _ in splits.values())
            if not self.skip_broken:
                raise _broken(self.root, broken, total)
            _warn(
                self.root,
                f"left out {len(broken):,} of {total:,} images, which are broken: {_listed(self.root, broken)}",
            )
        return read

    def _facts(self, paths: Sequence[Path]) -> list[Any]:
        stats = [(path, path.stat()) for path in paths]
        return [[_named(self.root, path), stat.st_size, stat.st_mtime_ns] for path, stat in stats]


@dataclass
class _Parts:
    """Decodes files chunk by chunk; those that are broken are missing among the kept ones."""

    images: Images
    paths: list[Path]
    chunk: int

    def __post_init__(self) -> None:
        self.reasons: dict[Path, str] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        height, width, channels = self.images.shape
        resized_images("folder", [np.zeros((1, 1, channels), self.images.dtype)], (height, width))  # traces once
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self.paths), self.chunk):
                paths = self.paths[start : start + self.chunk]
                decoded = list(pool.map(self._decode, paths))
                whole = {place: image for place, image in enumerate(decoded) if image is not None}
                if whole:
                    yield {"images": np.stack([*whole.values()]), "kept": start + np.array([*whole])}
        if self.reasons and not self.images.skip_broken:
            raise _broken(self.images.root, self.reasons, len(self.paths))

    def together(self) -> dict[str, Any]:
        """All images as one array."""
        out = np.empty((len(self.paths), *self.images.shape), self.images.dtype)
        kept: list[np.ndarray] = []
        at = 0
        for part in self:
            out[at : at + len(part["images"])] = part["images"]
            at += len(part["images"])
            kept.append(part["kept"])
        out.flags.writeable = False  # so that it is not copied
        return {"images": out[:at], "kept": np.concatenate(kept) if kept else np.zeros(0, int)}

    def _decode(self, path: Path) -> np.ndarray | None:
        height, width, channels = self.images.shape
        try:
            image = decode_image(path.read_bytes(), channels, self.images.dtype)
        except (BrokenImage, OSError) as error:
            self.reasons[path] = str(error)
            return None
        if self.images.size is not None:
            resized: np.ndarray = resized_images("folder", [image], (height, width))[0]
            return resized
        if image.shape != self.images.shape:
            self.reasons[path] = f"it is {image.shape[0]}x{image.shape[1]} and its header says {height}x{width}"
            return None
        return image


def _header(path: Path) -> Header | str:
    try:
        return read_header(path)
    except BrokenImage as error:
        return str(error)


def _one_size(root: Path, headers: Mapping[Path, Header]) -> tuple[int, int]:
    """The size of all images; refuses different ones."""
    sizes = Counter((header.height, header.width) for header in headers.values())
    usual = sizes.most_common(1)[0][0]
    if len(sizes) > 1:
        other, header = next((p, h) for p, h in headers.items() if (h.height, h.width) != usual)
        count = f"{len(headers) - sizes[usual]:,} of {len(headers):,} are not {usual[0]}x{usual[1]}"
        shown = f"{count}, {_named(root, other)} is {header.height}x{header.width}"
        raise InvalidArgument("image_size", None, f"(height, width), since images vary in size: {shown}")
    return usual


def _named(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _listed(root: Path, broken: Mapping[Path, str]) -> str:
    shown = ", ".join(f"{_named(root, path)} ({reason})" for path, reason in list(broken.items())[:SHOWN])
    return shown + (", ..." if len(broken) > SHOWN else "")


def _broken(root: Path, broken: Mapping[Path, str], total: int) -> InvalidArgument:
    verb = "is" if len(broken) == 1 else "are"
    text = f"{len(broken):,} of {total:,} {verb} broken: {_listed(root, broken)}; skip_broken=True leaves them out"
    return InvalidArgument("folder", str(root), f"one of whole images, but {text}")


def _warn(root: Path, text: str) -> None:
    warn(f"folder {root.name!r}: {text}")
