"""write_warm_up: requests that TensorFlow Serving makes before it serves a model, whose first answer is quick then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.spec import Spec
from .image_bytes import decodable
from .pixels import Pixels
from .signatures import encoded_features

__all__ = ["black_png", "neutral_requests", "write_warm_up"]

FILE = "assets.extra/tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for them, in the folder of a SavedModel."""

UNSERVED = ("__saved_model_init_op", "describe")
"""Signatures that need no warming up."""


def write_warm_up(folder: Path, spec: Spec) -> None:
    """Writes a request for each signature, of one example without content, as a TFRecord of ``PredictionLog``.

    Args:
        folder: a SavedModel.
        spec: of its data.

    Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup

    Example:
        >>> write_warm_up(Path("out/1"), spec)                                       # doctest: +SKIP
    """
    import tensorflow as tf

    (folder / FILE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for signature, tensors in neutral_requests(folder, spec).items():
            writer.write(_prediction_log(spec.name, signature, tensors))


def neutral_requests(folder: Path, spec: Spec) -> dict[str, dict[str, Any]]:
    """Signature -> argument -> a tensor of one example without content: zeros, "" and black images.

    Args:
        folder: a SavedModel.
        spec: of its data.

    Example:
        >>> neutral_requests(Path("out/1"), spec)["labels"]                          # doctest: +SKIP
        {'inputs': array([[0., 0.]], dtype=float32)}
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    black = _black_images(spec)
    return {
        name: {
            argument: np.array([black[argument]], object) if argument in black else _empty(info, tf)
            for argument, info in sorted(signature.inputs.items())
        }
        for name, signature in sorted(saved.meta_graphs[0].signature_def.items())
        if name not in UNSERVED
    }


def _empty(info: Any, tf: Any) -> np.ndarray:
    dtype = tf.as_dtype(info.dtype)
    shape = [1 if side.size < 1 else side.size for side in info.tensor_shape.dim]
    return np.full(shape, "", object) if dtype == tf.string else np.zeros(shape, dtype.as_numpy_dtype)


def _black_images(spec: Spec) -> dict[str, bytes]:
    """Argument of encoded images -> a black PNG file of their size and depth."""
    images: dict[str, tuple[Any, str]] = {}
    if spec.kind == "image" and decodable(Pixels.of(spec), spec.input_shape[-1]):
        images["image_bytes"] = spec.input_shape, spec.input_dtype
    for feature in encoded_features(spec):
        images[f"{spec.names.arguments[feature.name]}_bytes"] = feature.shape, feature.dtype
    return {argument: black_png(*image) for argument, image in images.items()}


def black_png(shape: Sequence[int | None], dtype: str) -> bytes:
    """A black PNG file: of 16 bits for "uint16", else of 8.

    Example:
        >>> black_png((8, 8, 1), "uint8")[:4]
        b'\\x89PNG'
    """
    import tensorflow as tf

    image = tf.zeros([side or 1 for side in shape], tf.uint16 if dtype == "uint16" else tf.uint8)
    content: bytes = tf.io.encode_png(image).numpy()
    return content


def _prediction_log(model: str, signature: str, tensors: Mapping[str, Any]) -> bytes:
    """A ``tensorflow.serving.PredictionLog`` of a ``PredictRequest``, without the package that defines them."""
    import tensorflow as tf

    request = _field(1, _field(1, model.encode()) + _field(3, signature.encode()))
    for argument, tensor in tensors.items():
        content = tf.make_tensor_proto(tensor).SerializeToString()
        request += _field(2, _field(1, argument.encode()) + _field(2, content))
    return _field(6, _field(1, request))


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that has a length: its tag, the length and the content."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])
