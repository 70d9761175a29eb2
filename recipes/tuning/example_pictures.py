"""shown: one example's inputs for readers, in words and as a picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..data.input_arrays import is_absent
from ..data.named_arrays import apply, take
from ..data.spec import Spec

__all__ = ["shown"]

LONGEST = 300
"""The most characters of a text."""

MOST = 20
"""The most columns."""


def shown(x: Any, place: int, spec: Spec) -> tuple[str, bytes | None]:
    """An example's inputs: texts and columns in words, and its first image as the bytes of a PNG file.

    Args:
        x: raw inputs: an array, or several by the model's names.
        place: the position of the example.
        spec: of the data.

    Example:
        >>> shown(np.array([[1.5, 2.0]]), 0, spec)                        # doctest: +SKIP
        ('age 1.5, size 2', None)
    """
    one = apply(lambda array: np.asarray(array)[0], take(x, np.array([place])))
    if spec.record:
        highs = {feature.name: feature.high for feature in spec.features if feature.kind == "image"}
        values = spec.names.to_user(one)
        images = [_png(values[name], high) for name, high in highs.items()]
        rest = {name: value for name, value in values.items() if name not in highs}
        return _columns(rest), images[0] if images else None
    if spec.kind == "image":
        return "", _png(one, spec.input_max)
    if np.ndim(one) == 1:
        return _columns(dict(zip(spec.feature_names or map(str, range(len(one))), one, strict=True))), None
    return _words(one), None


def _columns(values: dict[str, Any]) -> str:
    listed = [f"{name} {_words(value)}" for name, value in list(values.items())[:MOST]]
    return ", ".join(listed) + (f", and {len(values) - MOST} more" if len(values) > MOST else "")


def _words(value: Any) -> str:
    if np.ndim(value):
        return f"({' x '.join(map(str, np.shape(value)))} numbers)"
    if is_absent(value):
        return "missing"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def _png(image: Any, high: float | None) -> bytes:
    """An image whose white is the largest value in training."""
    from matplotlib.image import imsave

    pixels = np.asarray(image, np.float64)
    pixels = pixels if pixels.shape[-1] in (3, 4) else pixels.mean(axis=-1)
    white = max(high or 0.0, float(pixels.max()), 1e-12)
    black = min(0.0, float(pixels.min()))
    buffer = io.BytesIO()
    scaled = np.clip((pixels - black) / (white - black), 0.0, 1.0)
    imsave(buffer, scaled, format="png", cmap="gray", vmin=0.0, vmax=1.0)
    return buffer.getvalue()
