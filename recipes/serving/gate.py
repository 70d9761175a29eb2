"""check_export, check_format: whether what is exported answers as the trained model, through every door of users."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..data.named_arrays import apply, length, take
from ..data.spec import Spec
from ..model_files import load_model
from ..quiet import hidden_output, without_retracing_warnings
from .agreement import ON_GPU, TOLERANCE, Scale, changed, difference, difference_of_answers
from .batches import batches
from .formats.catalogue import Format
from .predictor import Predictor
from .signature_doors import comparable, signature_answers
from .signatures import IMAGES

__all__ = ["LOSS", "ExportMismatch", "by_users_names", "check_export", "check_format"]

LOSS = 0.02
"""How much of the answers a format that rounds may change: see :func:`recipes.serving.agreement.changed`."""

Door = Callable[[Any, np.ndarray], tuple[float, int]]
"""From raw inputs and the outputs expected to the largest difference and the output that it is in."""

RESIZED = 8
"""How many images are tried at another size, where the model takes any."""


class ExportMismatch(RuntimeError):
    """An exported model whose answers differ from those of the trained model."""


@without_retracing_warnings()
def check_export(
    model: keras.Model, spec: Spec, examples: Any, folder: Path, *, saved_model: bool = True
) -> dict[str, Any]:
    """Compares the exported files with ``model.predict``, each output in its own scale.

    Compared are the SavedModel's signatures "serving_default", "labels", "records" and "images", and the ``.keras``
    file, on all examples and on a single one, and the answers of the Predictor, which gets columns by their users'
    names; and all of these at another size of images where the model takes any.

    Args:
        model: the trained model.
        spec: of its data.
        examples: raw inputs: an array, or several by the model's names.
        folder: an export, with the folder of a SavedModel and ``model.keras``.
        saved_model: whether there is a SavedModel. Default True.

    Returns:
        "examples", their number, and "largest_difference", door -> difference in standard deviations of the output.

    Raises:
        ExportMismatch: naming door, output and difference.

    Example:
        >>> check_export(run.model, run.data.spec, run.data.arrays("test")[0][:9], Path("out"))    # doctest: +SKIP
        {'examples': 9, 'largest_difference': {'saved_model': 0.0, 'predictor': 0.0, 'keras': 0.0}}
    """
    scale = _scale(model, spec, examples)
    reloaded = load_model(folder / "model.keras", like=model)
    doors: dict[str, Door] = {
        "keras": lambda raw, expected: difference(_outputs(reloaded.predict_on_batch, raw), expected, scale)
    }
    if saved_model:
        predictor = Predictor(folder)
        _check_description("saved_model", predictor.spec, spec)
        doors = {
            "saved_model": lambda raw, expected: difference(_outputs(predictor.outputs, raw), expected, scale),
            "predictor": lambda raw, expected: difference_of_answers(
                predictor(by_users_names(raw, spec)), expected, scale, spec
            ),
            **doors,
        }
        for name in comparable(predictor.signatures, spec):
            doors[name] = functools.partial(_compared, predictor, name, scale)
    worst = _largest_differences(model, spec, examples, doors, scale.tolerance)
    return {"examples": length(examples), "largest_difference": worst}


@without_retracing_warnings()
def check_format(model: keras.Model, spec: Spec, examples: Any, entry: Format, path: Path) -> dict[str, float]:
    """Compares a file in another format, in its own runtime, with ``model.predict``.

    Args:
        model, spec, examples: as for :func:`check_export`.
        entry: the format. One that rounds may change the class of 2 % of the examples, and the numbers of a regression
            by 2 % of their variance.
        path: the file.

    Returns:
        "largest_difference", as of :func:`check_export`; of a format that rounds, "changed", as of
        :func:`recipes.serving.agreement.changed`.

    Raises:
        ExportMismatch: if the answers differ, or the file describes other data.
    """
    with hidden_output():  # LiteRT says which delegates it has
        runtime = entry.read(path)
        _check_description(entry.name, runtime.spec, spec)
        if entry.exact:
            scale = _scale(model, spec, examples)
            doors = {entry.name: lambda raw, expected: difference(_outputs(runtime.outputs, raw), expected, scale)}
            (largest,) = _largest_differences(model, spec, examples, doors, scale.tolerance).values()
            return {"largest_difference": largest}
        expected = _outputs(model.predict_on_batch, examples)
        share = changed(_outputs(runtime.outputs, examples), expected, spec.task)
    if share > LOSS:
        what = "the numbers by {:.2g} of their variance" if spec.task == "regression" else "the class of {:.1%}"
        text = f"{entry.name} changes {what.format(share)} on {length(examples)} examples, more than {LOSS:.0%}"
        raise ExportMismatch(text)
    return {"changed": share}


def _scale(model: keras.Model, spec: Spec, examples: Any) -> Scale:
    tolerance = ON_GPU if keras.distribution.list_devices("gpu") else TOLERANCE
    return Scale(_outputs(model.predict_on_batch, examples), spec.task, tolerance)


def _check_description(door: str, described: Spec, spec: Spec) -> None:
    """Raises if what is exported holds another Spec than that of the trained model."""
    expected = spec.to_config()
    unequal = [name for name, value in described.to_config().items() if value != expected[name]]
    if unequal:
        raise ExportMismatch(f"{door} describes other data than the trained model's: {', '.join(unequal)}")


def _largest_differences(
    model: keras.Model, spec: Spec, examples: Any, doors: Mapping[str, Door], tolerance: float
) -> dict[str, float]:
    """The largest difference at each door: for all examples, for a single one, and for larger images."""
    trials = [examples, take(examples, np.arange(1)), *_of_other_sizes(examples, spec)]
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
    return worst


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


def by_users_names(x: Any, spec: Spec) -> Any:
    """The inputs as users have them: columns by name where they have names, in another order than in training.

    Args:
        x: raw inputs: an array, or several by the model's names.
        spec: of the data.
    """
    if spec.record:
        return dict(reversed(spec.names.to_user(x).items()))
    if spec.feature_names:
        return {name: x[:, place] for place, name in reversed(list(enumerate(spec.feature_names)))}
    return list(x) if spec.kind == "text" else x
