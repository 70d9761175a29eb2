"""export: writes a trained model as a SavedModel that takes raw inputs, and checks it against that model."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument, check_bool, check_integer
from ..data.examples import raw_examples
from ..files import new_directory
from ..model_files import load_model, save_model
from ..saved_run import SavedRun, read_run, recipe_text
from .gate import check_export
from .saved_model import write_saved_model
from .serving_notes import serving_notes
from .warm_up import write_warm_up

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["export"]


def export(
    run: Run | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    version: int = 1,
    overwrite: bool = False,
) -> str:
    """Exports a trained model so that it can be served without this package, and checks the files.

    ``directory`` gets ``1/`` (a TensorFlow SavedModel: its "serve" and "serving_default" signatures take a
    batch of raw inputs, e.g. uint8 images, and return probabilities or numbers; "labels", "records" and "images" return
    labels and take columns by name or encoded images, see :func:`recipes.serving.signatures.further_signatures`;
    "describe" returns the task, the class names, the columns and the Spec), ``SERVING.md`` (the command for TensorFlow
    Serving and a request), ``model.keras``, ``recipe.json``,
    ``spec.json`` (inputs and outputs: shapes, class names, the "name" of each column and the model's name for it,
    "input") and ``export.json`` (the check, the test scores and how the signature takes columns). A record has an
    argument for each column: "arguments" by column name. A table of numbers is one argument of shape (n, columns):
    "columns" has their names in that order, if they have names. The files are loaded back and must answer test examples
    as the trained model does (see :func:`recipes.serving.gate.check_export`); otherwise nothing is left behind.

    Args:
        run: a :class:`recipes.Run`; or the directory of a saved one, whose data are not needed.
        directory: a new or empty directory, or an earlier export with ``overwrite=True``.
        version: the name of the SavedModel's folder, a whole number >= 1. TensorFlow Serving serves the highest in a
            directory. Default 1.
        overwrite: whether an existing export may be replaced. Default False.

    Returns:
        The directory.

    Raises:
        InvalidArgument: if the run diverged, a saved one is damaged or its model cannot be loaded here, Keras cannot
            save the model, or the directory is not writable or has other files.
        ExportMismatch: if an exported file does not agree with the trained model.

    Example:
        >>> recipes.export(run, "out")                                    # doctest: +SKIP
        >>> served = tf.saved_model.load("out/1")                         # doctest: +SKIP
        >>> probabilities = served.serve(images)                          # doctest: +SKIP
    """
    check_bool("overwrite", overwrite)
    version = check_integer("version", version, low=1)
    trained = _trained(run)
    if trained.facts["message"] is not None:
        raise InvalidArgument("run", trained.facts["message"], "a training that did not diverge")
    model, spec = trained.model, trained.spec
    with new_directory(directory, marker="export.json", overwrite=overwrite) as folder:
        save_model(model, folder / "model.keras")
        # Without optimizer and loss, so that loading the file needs no class of this package.
        load_model(folder / "model.keras", like=model).save(folder / "model.keras")
        write_saved_model(model, spec, folder / str(version))
        write_warm_up(folder / str(version), spec)
        (folder / "SERVING.md").write_text(serving_notes(spec, version), encoding="utf-8")
        (folder / "recipe.json").write_text(recipe_text(trained.recipe))
        (folder / "spec.json").write_text(json.dumps(spec.to_config(), indent=2) + "\n")
        checked = check_export(model, spec, trained.examples, folder)
        facts: dict[str, Any] = {"checked": checked, "test": trained.facts["test"]}
        if spec.record:
            facts["arguments"] = spec.names.arguments
        elif spec.feature_names:
            facts["columns"] = list(spec.feature_names)
        (folder / "export.json").write_text(json.dumps(facts, indent=2) + "\n")
    return str(directory)


def _trained(run: Any) -> SavedRun:
    """What is exported: of a run in memory, or of a saved one."""
    if isinstance(run, (str, os.PathLike)):
        saved = read_run(run)
        if saved.examples is None:
            accepted = (
                "that of a run with examples to check it by; load this one: recipes.export(recipes.load_run(...), ...)"
            )
            raise InvalidArgument("run", str(run), accepted)
        return saved
    if not isinstance(getattr(run, "model", None), keras.Model):
        raise InvalidArgument("run", run, "a recipes.Run, as recipes.fit returns it, or the directory of a saved one")
    facts = {"message": run.message, "test": {} if run.diverged else run.evaluate()}
    examples = raw_examples(run.data.arrays("test")[0])
    return SavedRun(run.model, run.recipe, run.data.spec, run.history, facts, examples)
