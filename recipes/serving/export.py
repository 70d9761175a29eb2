"""export: writes a trained model as a SavedModel that takes raw inputs, and checks it against the live model."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.named_arrays import apply, length, take
from ..files import new_directory

if TYPE_CHECKING:
    from ..data.spec import Spec
    from ..run import Run

__all__ = ["ExportMismatch", "export"]

TOLERANCE = 1e-5
"""Largest allowed difference between the outputs of the live and the reloaded model: of probabilities, or of numbers
in standard deviations of the target (or their largest distance from its mean), besides the rounding of their type."""

EXAMPLES = 256
"""Maximum number of test examples to compare."""


class ExportMismatch(RuntimeError):
    """An exported model whose outputs differ from the live model's."""


def export(run: Run, directory: str | os.PathLike[str], *, overwrite: bool = False) -> str:
    """Exports a trained model so that it can be served without this package, and checks the files.

    ``directory`` gets ``saved_model/`` (a TensorFlow SavedModel: its "serve" and "serving_default" signatures take a
    batch of raw inputs, e.g. uint8 images, and return probabilities or numbers), ``model.keras``, ``recipe.json``,
    ``spec.json`` (inputs and outputs: shapes, class names, the "name" of each column and the model's name for it,
    "input") and ``export.json`` (the check, the test scores and how the signature takes columns). A record has an
    argument for each column: "arguments" by column name. A table of numbers is one argument of shape (n, columns):
    "columns" has their names in that order, if they have names. The SavedModel and the ``.keras`` file are loaded back
    and must agree with the live model on test examples; otherwise nothing is left behind.

    Args:
        run: a :class:`recipes.Run`, also one loaded by :meth:`recipes.Run.load`.
        directory: a new or empty directory, or an earlier export with ``overwrite=True``.
        overwrite: whether an existing export may be replaced. Default False.

    Returns:
        The directory.

    Raises:
        InvalidArgument: if the run diverged, or the directory is not writable or has other files.
        ExportMismatch: if an exported file does not agree with the live model.

    Example:
        >>> recipes.export(run, "out")                                    # doctest: +SKIP
        >>> served = tf.saved_model.load("out/saved_model")               # doctest: +SKIP
        >>> probabilities = served.serve(images)                          # doctest: +SKIP
    """
    if not isinstance(getattr(run, "model", None), keras.Model):
        raise InvalidArgument("run", run, "a recipes.Run, as recipes.fit returns it")
    if run.diverged:
        raise InvalidArgument("run", run.message, "a training that did not diverge")
    with new_directory(directory, marker="export.json", overwrite=overwrite) as folder:
        run.model.export(folder / "saved_model", verbose=False)
        run.model.save(folder / "model.keras")
        # Without optimizer and loss, so that loading the file needs no class of this package.
        keras.models.load_model(folder / "model.keras", compile=False).save(folder / "model.keras")
        (folder / "recipe.json").write_text(run.recipe.to_json() + "\n")
        (folder / "spec.json").write_text(json.dumps(run.data.spec.to_config(), indent=2) + "\n")
        checked = check(run.model, folder, _examples(run), run.data.spec)
        facts: dict[str, Any] = {"checked": checked, "test": run.evaluate()}
        if run.data.spec.record:
            facts["arguments"] = run.data.spec.names.arguments
        elif run.data.spec.feature_names:
            facts["columns"] = list(run.data.spec.feature_names)
        (folder / "export.json").write_text(json.dumps(facts, indent=2) + "\n")
    return str(directory)


def _examples(run: Run) -> Any:
    """The first raw test inputs."""
    x, y = run.data.arrays("test")
    return apply(np.asarray, take(x, np.arange(min(EXAMPLES, len(y)))))


def check(model: keras.Model, folder: Path, examples: Any, spec: Spec) -> dict[str, Any]:
    """Loads both files and compares them with the live model on raw examples, an array or several by name.

    Args:
        model: the live model.
        folder: with ``saved_model/`` and ``model.keras``.
        examples: raw inputs.
        spec: of the data.

    Returns:
        The number of examples and the largest difference per file.

    Raises:
        ExportMismatch: if a difference exceeds the tolerance.
    """
    import tensorflow as tf

    raw = apply(tf.constant, examples)
    expected = np.asarray(model(raw, training=False))
    allowed = _allowed(expected, spec)
    served = tf.saved_model.load(str(folder / "saved_model"))
    answers = {
        "saved_model": [np.asarray(served.serve(raw)) for _ in range(2)],
        "keras": [np.asarray(keras.models.load_model(folder / "model.keras")(raw, training=False))],
    }
    differences = {}
    for name, outputs in answers.items():
        worst = max(float(np.max(np.abs(output - expected))) for output in outputs)
        if not all(np.all(np.abs(output - expected) <= allowed) for output in outputs):
            raise ExportMismatch(
                f"{name} differs from the live model by up to {worst:.3g} on {length(examples)} examples"
            )
        differences[name] = worst
    return {"examples": length(examples), "largest_difference": differences}


def _allowed(expected: np.ndarray, spec: Spec) -> Any:
    """The largest allowed difference of each output."""
    if spec.task != "regression":
        return TOLERANCE
    distance = np.max(np.abs(expected - np.asarray(spec.target_mean)), axis=0)
    rounding = 4 * np.finfo(expected.dtype).eps * np.max(np.abs(expected), axis=0)
    return TOLERANCE * np.maximum(distance, np.sqrt(spec.target_variance)) + rounding
