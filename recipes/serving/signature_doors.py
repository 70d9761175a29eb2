"""signature_answers: the answers of a SavedModel's further signatures, in the Predictor's form, to compare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.named_arrays import length
from ..data.spec import Spec
from .signatures import IMAGES, LABELS, RECORDS, encoded_features

__all__ = ["comparable", "signature_answers"]

EXACT = ("uint8", "uint16")
"""Types of images that a PNG file holds exactly."""


def comparable(signatures: Mapping[str, Any], spec: Spec) -> list[str]:
    """The further signatures that take the raw inputs of data: not those for images of floats, which no file holds.

    Args:
        signatures: of a SavedModel, by name.
        spec: of its data.
    """
    inexact = spec.kind == "image" and spec.input_dtype not in EXACT
    rounded = any(feature.dtype not in EXACT for feature in encoded_features(spec))
    left_out = {IMAGES: inexact, RECORDS: rounded}
    return [name for name in (LABELS, RECORDS, IMAGES) if name in signatures and not left_out.get(name)]


def signature_answers(signatures: Mapping[str, Any], name: str, x: Any, spec: Spec) -> list[dict[str, Any]]:
    """The answers to raw inputs, as :class:`recipes.Predictor` gives them.

    Args:
        signatures: of a SavedModel, by name.
        name: one of :func:`comparable`.
        x: raw inputs: an array, or several by the model's names.
        spec: of the data.

    Example:
        >>> signature_answers(served.signatures, "labels", x, spec)[0]               # doctest: +SKIP
        {'class': 'yes', 'probability': 0.87}
    """
    import tensorflow as tf

    signature = signatures[name]
    response = signature(**{argument: tf.constant(array) for argument, array in _arguments(signature, name, x, spec)})
    answer = {key: value.numpy() for key, value in response.items()}
    rows = range(length(x))
    if spec.task == "regression":
        values = answer["prediction"].reshape(len(rows), -1)
        return [{"value": float(row[0])} if len(row) == 1 else {"values": row.tolist()} for row in values]
    if spec.task != "multilabel":
        pairs = zip(answer["prediction"], answer["probability"], strict=True)
        return [{"class": label.decode(), "probability": float(score)} for label, score in pairs]
    answers = []
    for row in rows:
        labels = [label.decode() for label in answer["classes"][row]]
        chosen = [label for label, is_chosen in zip(labels, answer["chosen"][row], strict=True) if is_chosen]
        probabilities = dict(zip(labels, map(float, answer["scores"][row]), strict=True))
        answers.append({"classes": chosen, "probabilities": probabilities})
    return answers


def _arguments(signature: Any, name: str, x: Any, spec: Spec) -> list[tuple[str, Any]]:
    """(argument, array) of a signature for raw inputs."""
    if name == IMAGES:
        return [("image_bytes", _encoded(x))]
    if spec.record:
        encoded = {feature.key for feature in encoded_features(spec)} if name == RECORDS else set()
        arguments = {key: spec.names.arguments[user] for key, user in spec.names.outer.items()}
        return [
            (f"{arguments[key]}_bytes", _encoded(array)) if key in encoded else (arguments[key], array)
            for key, array in x.items()
        ]
    if name == RECORDS:
        return [(argument, x[:, place]) for place, argument in enumerate(spec.names.arguments.values())]
    (argument,) = signature.structured_input_signature[1]
    return [(argument, x)]


def _encoded(images: Any) -> np.ndarray:
    """Images as PNG files."""
    import tensorflow as tf

    return np.array([tf.io.encode_png(image).numpy() for image in images], object)
