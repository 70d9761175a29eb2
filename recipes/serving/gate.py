"""check_export: whether what was exported answers as the trained model does, through every door that users take."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..data.named_arrays import apply, length, take
from ..data.spec import Spec
from ..model_files import load_model
from .agreement import ON_GPU, TOLERANCE, Scale, difference, difference_of_answers
from .batches import batches
from .predictor import Predictor
from .signature_doors import comparable, signature_answers
from .signatures import IMAGES

__all__ = ["ExportMismatch", "check_export"]

RESIZED = 8
"""How many images are tried at another size, where the model takes any."""


class ExportMismatch(RuntimeError):
    """An exported model whose answers differ from those of the trained model."""


def check_export(model: keras.Model, spec: Spec, examples: Any, folder: Path) -> dict[str, Any]:
    """Compares the exported files with ``model.predict``, each output in its own scale.

    Compared are the SavedModel's signatures "serving_default", "labels", "records" and "images", and the ``.keras``
    file, on all examples and on a single one, and the answers of the Predictor, which gets columns by their users'
    names; and all of these at another size of images where the model takes any.

    Args:
        model: the trained model.
        spec: of its data.
        examples: raw inputs: an array, or several by the model's names.
        folder: an export, with the folder of a SavedModel and ``model.keras``.

    Returns:
        "examples", their number, and "largest_difference", door -> difference in standard deviations of the output.

    Raises:
        ExportMismatch: naming door, output and difference.

    Example:
        >>> check_export(run.model, run.data.spec, run.data.arrays("test")[0][:9], Path("out"))    # doctest: +SKIP
        {'examples': 9, 'largest_difference': {'saved_model': 0.0, 'predictor': 0.0, 'keras': 0.0}}
    """
    predictor = Predictor(folder)
    unequal = [name for name, value in spec.to_config().items() if value != predictor.spec.to_config()[name]]
    if unequal:
        raise ExportMismatch(f"saved_model describes other data than the trained model's: {', '.join(unequal)}")
    reloaded = load_model(folder / "model.keras", like=model)
    trials = [examples, take(examples, np.arange(1)), *_of_other_sizes(examples, spec)]
    tolerance = ON_GPU if keras.distribution.list_devices("gpu") else TOLERANCE
    scale = Scale(_outputs(model.predict_on_batch, examples), spec.task, tolerance)
    doors: dict[str, Callable[[Any, np.ndarray], tuple[float, int]]] = {
        "saved_model": lambda raw, expected: difference(_outputs(predictor.outputs, raw), expected, scale),
        "predictor": lambda raw, expected: difference_of_answers(
            predictor(_by_users_names(raw, spec)), expected, scale, spec
        ),
        "keras": lambda raw, expected: difference(_outputs(reloaded.predict_on_batch, raw), expected, scale),
    }
    for name in comparable(predictor.signatures, spec):
        doors[name] = functools.partial(_compared, predictor, name, scale)
    worst = dict.fromkeys(doors, 0.0)
    for raw in trials:
        expected = _outputs(model.predict_on_batch, raw)
        for door, compare in doors.items():
            try:
                largest, output = compare(raw, expected)
            except Exception as error:  # whatever TensorFlow raises for inputs that do not fit
                reason = " ".join(str(error).split())[:200]
                raise ExportMismatch(f"{door} does not answer {length(raw)} test examples: {reason}") from error
            if largest > tolerance:
                of = f" of {spec.class_names[output]!r}" if spec.outputs == len(spec.class_names) else f" {output}"
                raise ExportMismatch(
                    f"{door} differs from the trained model in output{of if spec.outputs > 1 else ''} by up to"
                    f" {largest:.3g} standard deviations on {length(raw)} examples"
                )
            worst[door] = max(worst[door], largest)
    return {"examples": length(examples), "largest_difference": worst}


def _compared(predictor: Predictor, name: str, scale: Scale, raw: Any, expected: np.ndarray) -> tuple[float, int]:
    """The difference of the answers of a further signature, of which some images are encoded for."""
    spec = predictor.spec
    some = np.arange(min(RESIZED, len(expected)) if name == IMAGES or spec.kind == "mixed" else len(expected))
    answers = signature_answers(predictor.signatures, name, take(raw, some), spec)
    return difference_of_answers(answers, expected[some], scale, spec)


def _of_other_sizes(x: Any, spec: Spec) -> list[Any]:
    """Some of the examples with larger images, if the model takes images of any size."""
    some = take(x, np.arange(min(RESIZED, length(x))))
    if spec.resized:
        return [_enlarged(some)]
    larger = {feature.key: _enlarged(some[feature.key]) for feature in spec.features if feature.resized}
    return [{**some, **larger}] if larger else []


def _enlarged(images: np.ndarray) -> np.ndarray:
    return images.repeat(2, axis=1).repeat(3, axis=2)


def _outputs(answer: Callable[[Any], Any], x: Any) -> np.ndarray:
    """The outputs for all examples, in the batches of the Predictor: half precision rounds by the size of a batch."""
    import tensorflow as tf

    return np.concatenate([np.asarray(answer(apply(tf.constant, batch))) for batch in batches(x)])


def _by_users_names(x: Any, spec: Spec) -> Any:
    """The inputs as users have them: columns by name where they have names, in another order than in training."""
    if spec.record:
        return dict(reversed(spec.names.to_user(x).items()))
    if spec.feature_names:
        return {name: x[:, place] for place, name in reversed(list(enumerate(spec.feature_names)))}
    return list(x) if spec.kind == "text" else x
