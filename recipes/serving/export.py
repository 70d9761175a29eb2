"""export: writes a trained model as a SavedModel that takes raw inputs, and checks it against that model."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.named_arrays import apply, take
from ..files import new_directory
from ..model_files import load_model, save_model
from .gate import check_export
from .saved_model import write_saved_model

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["export"]

EXAMPLES = 256
"""Maximum number of test examples to compare."""


def export(run: Run, directory: str | os.PathLike[str], *, overwrite: bool = False) -> str:
    """Exports a trained model so that it can be served without this package, and checks the files.

    ``directory`` gets ``saved_model/`` (a TensorFlow SavedModel: its "serve" and "serving_default" signatures take a
    batch of raw inputs, e.g. uint8 images, and return probabilities or numbers; "describe" returns the task, the class
    names and the Spec), ``model.keras``, ``recipe.json``,
    ``spec.json`` (inputs and outputs: shapes, class names, the "name" of each column and the model's name for it,
    "input") and ``export.json`` (the check, the test scores and how the signature takes columns). A record has an
    argument for each column: "arguments" by column name. A table of numbers is one argument of shape (n, columns):
    "columns" has their names in that order, if they have names. The files are loaded back and must answer test examples
    as the trained model does (see :func:`recipes.serving.gate.check_export`); otherwise nothing is left behind.

    Args:
        run: a :class:`recipes.Run`, also one loaded by :meth:`recipes.Run.load`.
        directory: a new or empty directory, or an earlier export with ``overwrite=True``.
        overwrite: whether an existing export may be replaced. Default False.

    Returns:
        The directory.

    Raises:
        InvalidArgument: if the run diverged, or the directory is not writable or has other files.
        ExportMismatch: if an exported file does not agree with the trained model.

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
        save_model(run.model, folder / "model.keras")
        # Without optimizer and loss, so that loading the file needs no class of this package.
        load_model(folder / "model.keras", like=run.model).save(folder / "model.keras")
        write_saved_model(run.model, run.data.spec, folder / "saved_model")
        (folder / "recipe.json").write_text(run.recipe.to_json() + "\n")
        (folder / "spec.json").write_text(json.dumps(run.data.spec.to_config(), indent=2) + "\n")
        checked = check_export(run.model, run.data.spec, _examples(run), folder)
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
