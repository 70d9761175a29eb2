"""export: writes a trained model as a SavedModel that takes raw inputs, and checks it against that model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_integer
from ...callbacks.warning import warn
from ..files import new_directory
from ..model_files import load_model, save_model
from ..saved_run import Savable, SavedRun, recipe_text
from ..stored.digests import digests_of
from ..stored.json_files import write_json
from .blessing import compare_served, refuse_worse, served_model, test_data_of
from .formats.catalogue import FORMATS, SAVED_MODEL, Format, checked_formats
from .formats.refusal import Refused
from .gate import ExportMismatch, check_export, check_format
from .model_card import as_markdown, model_card
from .predictor import Predictor
from .saved_model import EXPORT, write_saved_model
from .serving_notes import serving_notes
from .trained_models import trained_model
from .warm_up import write_warm_up

if TYPE_CHECKING:
    from ..data import Data
    from ..run import Run

__all__ = ["export"]


@checked
def export(
    run: Run | keras.Model | str | os.PathLike[str] | Savable,
    directory: str | os.PathLike[str],
    *,
    data: Data | None = None,
    formats: str | Sequence[str] = (SAVED_MODEL,),
    version: int = 1,
    compare: str | os.PathLike[str] | None = None,
    slices: Sequence[str] | Mapping[str, Any] = (),
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
    "columns" has their names in that order, if they have names. ``model_card.md`` and ``model_card.json`` say on what
    data, how and with which scores the model was trained, what was checked, and its limits.

    The files are loaded back and must answer test examples as the trained model does (see
    :func:`recipes.serving.gate.check_export`); otherwise nothing is left behind.

    Other formats take the same raw inputs by the same names and hold what "describe" returns: ONNX in the metadata of
    the file, LiteRT in a ``description.json`` and a ``labels.txt`` that ``zipfile`` reads from the file. Each is
    checked in its own runtime. One that cannot hold the model, or answers otherwise, is left out with a warning that
    says why.

    Args:
        run: a :class:`recipes.Run`; the directory of a saved one, whose data are not needed; an ensemble, as
            :meth:`recipes.Comparison.ensemble` returns it; or a functional or sequential ``keras.Model``, with
            ``data``.
        directory: a new or empty directory, or an earlier export with ``overwrite=True``.
        data: of a ``keras.Model`` that was trained in a script of one's own: the data of that training, whose raw
            inputs the model takes, e.g. ``recipes.Data.from_arrays(x, y, class_names=...)``. Default None.
        formats: "saved_model" (default); "litert" (``model.tflite``); "litert_int8" (``model_int8.tflite``, quantized
            with training examples, which may change the class of up to 2 % of the test examples, and the numbers of a
            regression by 2 % of their variance); "onnx" (``model.onnx``). They need the extras
            ``keras-training-recipes[litert]`` and ``[onnx]``.
        version: the name of the SavedModel's folder, a whole number >= 1. TensorFlow Serving serves the highest in a
            directory. Default 1.
        compare: the export that is served now. Both models answer the test split; one that is worse by more than noise
            is refused. A saved run has to find its data again for that. Default None.
        slices: where else it must not be worse: names of columns of the inputs, or name -> a value for each test
            example. Every value of 20 or more examples is compared; many numbers are cut at their quartiles. The
            intervals are simultaneous for all comparisons. Default: nowhere else.
        overwrite: whether an existing export may be replaced. Default False.

    Returns:
        The directory.

    Raises:
        InvalidArgument: if the run diverged, a saved one is damaged or its model cannot be loaded here, a Keras model
            does not fit the data, Keras cannot save the model, a format is unknown or not installed, none of the
            formats can hold the model, or the directory is not writable or has other files.
        ExportMismatch: if the SavedModel or the Keras file does not agree with the trained model.
        WorseModel: if the model is worse than that of ``compare``, with the slice, the scores and the interval.

    Example:
        >>> recipes.export(run, "out", formats=("saved_model", "onnx"))   # doctest: +SKIP
        >>> served = tf.saved_model.load("out/1")                         # doctest: +SKIP
        >>> probabilities = served.serve(images)                          # doctest: +SKIP
        >>> session = onnxruntime.InferenceSession("out/model.onnx")      # doctest: +SKIP
        >>> probabilities, = session.run(None, {"inputs": images})        # doctest: +SKIP
        >>> recipes.export(keras_model, "mine", data=recipes.Data.from_arrays(x, y))   # doctest: +SKIP
        >>> json.loads(session.get_modelmeta().custom_metadata_map["class_names"])     # doctest: +SKIP
    """
    check_bool("overwrite", overwrite)
    version = check_integer("version", version, low=1)
    chosen = checked_formats(formats)
    served = served_model(compare, slices, chosen)
    trained = trained_model(run, data)
    tested = None if served is None else test_data_of(run, data)
    model, spec = trained.model, trained.spec
    with new_directory(directory, marker="export.json", overwrite=overwrite) as folder:
        save_model(model, folder / "model.keras")
        # Without optimizer and loss, so that loading the file needs no class of this package.
        load_model(folder / "model.keras", like=model).save(folder / "model.keras")
        if SAVED_MODEL in chosen:
            write_saved_model(model, spec, folder / str(version))
            write_warm_up(folder / str(version), spec)
            (folder / "SERVING.md").write_text(serving_notes(spec, version), encoding="utf-8")
        if trained.recipe is not None:
            (folder / "recipe.json").write_text(recipe_text(trained.recipe))
        (folder / "spec.json").write_text(json.dumps(spec.to_config(), indent=2) + "\n")
        checked = check_export(model, spec, trained.examples, folder, saved_model=SAVED_MODEL in chosen)
        written = {entry: _written(entry, trained, folder) for name, entry in FORMATS.items() if name in chosen}
        refused = {entry.name: result for entry, result in written.items() if isinstance(result, str)}
        if len(refused) == len(chosen):
            raise InvalidArgument("formats", list(refused), f"one that can hold the model; {_reasons(refused)}")
        found = {entry: result for entry, result in written.items() if not isinstance(result, str)}
        checked["formats"] = {entry.name: result for entry, result in found.items()}
        files = {str(version): "agrees with the trained model"} if SAVED_MODEL in chosen else {}
        files |= {entry.file: _comparison(result, spec.task) for entry, result in found.items()}
        facts: dict[str, Any] = {"files": files, "checked": checked, "refused": refused, "test": trained.facts["test"]}
        if served is not None and tested is not None:
            facts["compared"] = compare_served(Predictor(folder), served, tested, slices)
            refuse_worse(facts["compared"], str(compare))
        if spec.record:
            facts["arguments"] = spec.names.arguments
        elif spec.feature_names:
            facts["columns"] = list(spec.feature_names)
        write_json(folder / EXPORT, {**facts, "sha256": digests_of(folder)})
        card = model_card(trained, facts)
        (folder / "model_card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "model_card.md").write_text(as_markdown(card), encoding="utf-8")
    if refused:
        warn(f"not exported as {_reasons(refused)}")
    return str(directory)


def _written(entry: Format, trained: SavedRun, folder: Path) -> dict[str, float] | str:
    """Writes and checks the file of a format. Returns what was found, or why there is no such file."""
    path = folder / entry.file
    try:
        entry.write(trained.model, trained.spec, path, trained.calibration)
        return check_format(trained.model, trained.spec, trained.examples, entry, path)
    except (Refused, ExportMismatch) as error:
        path.unlink(missing_ok=True)
        return str(error)


def _comparison(found: Mapping[str, float], task: str) -> str:
    """What was found, in words."""
    if "changed" not in found:
        return "agrees with the trained model"
    if task == "regression":
        return f"differs from the trained model by up to {found['changed']:.2g} of the variance of an output"
    return f"predicts another class than the trained model for {found['changed']:.1%} of the examples"


def _reasons(refused: Mapping[str, str]) -> str:
    """The reasons, with the formats of each."""
    formats: dict[str, list[str]] = {}
    for name, reason in refused.items():
        formats.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in formats.items())
