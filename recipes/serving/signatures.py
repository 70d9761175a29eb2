"""further_signatures: what servers want beside raw tensors: records by column, encoded images, labels in the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.feature import Feature
from ..data.spec import Spec
from .image_bytes import decodable, decoded_images
from .pixels import Pixels

__all__ = ["IMAGES", "LABELS", "RECORDS", "encoded_features", "further_signatures"]

LABELS, IMAGES, RECORDS = "labels", "images", "records"
"""Names of the signatures."""

TOP = 5
"""How many classes an answer names at most, the likeliest first."""

Signature = tuple[Callable[[Any], dict[str, Any]], Any]
"""A function of tensors, and the TensorSpecs that it takes."""


def further_signatures(serve: Callable[[Any], Any], inputs: Any, spec: Spec) -> dict[str, Signature]:
    """The signatures beside "serving_default" of a SavedModel, by name.

    - "labels", of models with classes, takes what "serving_default" does.
    - "records" takes each column by its argument: of a record what "serving_default" does, but images in
      "<argument>_bytes"; of a table with named columns a number for each.
    - "images", of models for images, takes "image_bytes".

    Images are the bytes of PNG, JPEG, GIF or WebP files, one string each. All answer alike, with as many rows as
    inputs: "prediction" (the label; the number, or numbers, of a regression); with classes also "probability" (of the
    label), "classes" and "scores" (the five likeliest, and their probabilities). With several labels at once there is
    no "prediction": "classes" and "scores" have all labels, and "chosen" says which are above 0.5. A row without an
    answer, since a value is missing or unreadable that never was in training, has NaN for numbers and "" for labels.

    Args:
        serve: from raw inputs to outputs.
        inputs: what it takes: a TensorSpec, or several by the model's names.
        spec: of the data.

    Example:
        >>> sorted(further_signatures(serve, inputs, spec))                          # doctest: +SKIP
        ['images', 'labels']
    """
    import tensorflow as tf

    signatures: dict[str, Signature] = {}
    if spec.task != "regression":
        signatures[LABELS] = lambda raw: _answer(serve(raw), spec), inputs
    if spec.record:
        signatures[RECORDS] = _of_records(serve, inputs, spec)
    elif spec.feature_names:
        keys = list(spec.names.inner.values())
        columns = {key: tf.TensorSpec((None,), inputs.dtype, key) for key in keys}
        signatures[RECORDS] = (
            lambda record: _answer(serve(tf.stack([record[key] for key in keys], axis=1)), spec),
            columns,
        )
    if spec.kind == "image" and decodable(Pixels.of(spec), spec.input_shape[-1]):

        def of_images(contents: Any) -> dict[str, Any]:
            return _answer(
                serve(decoded_images(contents, Pixels.of(spec), spec.input_shape, resize=spec.resized)), spec
            )

        signatures[IMAGES] = of_images, tf.TensorSpec((None,), tf.string, "image_bytes")
    return signatures


def encoded_features(spec: Spec) -> list[Feature]:
    """The images of a record that the signature "records" takes encoded: not those whose argument has another feature.

    Example:
        >>> [feature.name for feature in encoded_features(spec)]                     # doctest: +SKIP
        ['photo']
    """
    taken = {argument.lower() for argument in spec.names.arguments.values()} if spec.record else set()
    return [
        feature
        for feature in spec.features
        if spec.record
        and feature.kind == "image"
        and decodable(Pixels.of(feature), feature.shape[-1])
        and f"{spec.names.arguments[feature.name]}_bytes".lower() not in taken
    ]


def _of_records(serve: Callable[[Any], Any], inputs: dict[str, Any], spec: Spec) -> Signature:
    """Records whose images are encoded."""
    import tensorflow as tf

    images = {f.key: f for f in encoded_features(spec)}
    taken = {
        key: tf.TensorSpec((None,), tf.string, f"{key}_bytes") if key in images else tensor
        for key, tensor in inputs.items()
    }

    def of_records(record: dict[str, Any]) -> dict[str, Any]:
        decoded = {
            key: decoded_images(record[key], Pixels.of(image), image.shape, resize=image.resized)
            for key, image in images.items()
        }
        return _answer(serve({**record, **decoded}), spec)

    return of_records, taken


def _answer(outputs: Any, spec: Spec) -> dict[str, Any]:
    """The outputs as labels and probabilities, or as numbers."""
    import tensorflow as tf

    if spec.task == "regression":
        return {"prediction": outputs[:, 0] if spec.outputs == 1 else outputs}
    names = tf.constant(spec.class_names)
    if spec.task == "binary":
        outputs = tf.concat([1.0 - outputs, outputs], axis=1)
    several = spec.task == "multilabel"
    count = len(spec.class_names)
    scores, places = tf.math.top_k(outputs, count if several else min(TOP, count))
    classes = tf.where(tf.math.is_nan(scores), "", tf.gather(names, places))
    if several:
        return {"classes": classes, "scores": scores, "chosen": scores > 0.5}
    return {"prediction": classes[:, 0], "probability": scores[:, 0], "classes": classes, "scores": scores}
