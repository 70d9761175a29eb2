"""write_saved_model, load_saved_model: a SavedModel that takes raw inputs and says what its outputs mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import keras

from ...callbacks.checks import InvalidArgument
from ..data.spec import Spec
from ..stored.digests import DIGESTS, check_digests
from ..stored.json_files import parse, read_json
from ..stored.reading import read_bytes
from ..stored.schema import ANYTHING, NUMBER, TEXT, Mapped, Object
from .description import description
from .signatures import further_signatures

__all__ = [
    "DESCRIBE",
    "EXPORT",
    "EXPORTED",
    "Served",
    "load_saved_model",
    "raw_signature",
    "saved_model_folder",
    "write_saved_model",
]

DESCRIBE = "describe"
"""The signature without inputs that returns the task, the class names, the columns and the Spec."""

EXPORT = "export.json"
EXPORTED = Object(
    optional={
        "files": Mapped(of=TEXT),
        "test": Mapped(of=NUMBER),
        "refused": Mapped(of=TEXT),
        "compared": Mapped(of=ANYTHING),
        "sha256": DIGESTS,
    },
    others=ANYTHING,
)
"""The file of an export that says what is in it, and what it holds."""

WRITTEN = "a directory that recipes.export has written"


class Served(NamedTuple):
    """A SavedModel that was read back.

    Attributes:
        predict: its "serving_default" signature: from tensors by argument to tensors by output.
        spec: of the data it was trained on.
        signatures: all of its signatures, by name.
    """

    predict: Any
    spec: Spec
    signatures: Any


def write_saved_model(model: keras.Model, spec: Spec, folder: Path) -> None:
    """Writes a trained model as a SavedModel.

    Its signatures "serve" and "serving_default" take a batch of raw inputs, of the types that the data have, and return
    what ``model.predict`` does; :func:`recipes.serving.signatures.further_signatures` lists those that take records or
    encoded images and return labels. "describe" takes nothing and returns "task", "class_names" (none for a
    regression), "columns" (their names, if they have names), "arguments" (of a record: of "serving_default" for each
    column) and "spec", the Spec as JSON.

    Args:
        model: a functional or sequential model.
        spec: of its data.
        folder: a new directory.

    Example:
        >>> write_saved_model(run.model, run.data.spec, Path("served"))              # doctest: +SKIP
        >>> tf.saved_model.load("served").signatures["describe"]()["class_names"]
        <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'no', b'yes'], dtype=object)>
    """
    import tensorflow as tf

    def serve(inputs: Any) -> Any:
        # Keras leaves ``training`` open, which some layers, such as RandomRotation and Resizing, take for True.
        return model(inputs, training=False)

    def describe() -> dict[str, Any]:
        return {
            name: tf.constant(value, tf.string, shape=[] if isinstance(value, str) else [len(value)])
            for name, value in description(spec).items()
        }

    archive = keras.export.ExportArchive()
    archive.track(model)
    inputs = raw_signature(model, spec)
    served = archive.add_endpoint("serve", serve, [inputs])
    for name, (function, taken) in further_signatures(served, inputs, spec).items():
        archive.add_endpoint(name, function, [taken])
    archive.add_endpoint(DESCRIBE, describe, [])
    archive.write_out(str(folder), verbose=False)


def raw_signature(model: keras.Model, spec: Spec) -> Any:
    """The raw inputs: shapes are the model's, types those of the data, which the model casts as ``predict`` does.

    Args:
        model: a functional or sequential model.
        spec: of its data.

    Returns:
        A ``tf.TensorSpec``, or a dictionary of them by the model's names.
    """
    import tensorflow as tf

    def raw(tensor: Any, dtype: str) -> tf.TensorSpec:
        return tf.TensorSpec((None, *tensor.shape[1:]), dtype, tensor.name)

    if spec.record:
        types = {feature.key: feature.dtype for feature in spec.features}
        return {name: raw(tensor, types[name]) for name, tensor in model.input.items()}
    return raw(model.inputs[0], spec.input_dtype)


def saved_model_folder(directory: str | os.PathLike[str]) -> Path:
    """The folder of the SavedModel in an export: the one with the highest version; else the directory itself.

    Args:
        directory: an export. It has a folder that is named by its version, as servers want it: ``1``; or, as in 0.1,
            ``saved_model``.

    Example:
        >>> saved_model_folder("out")                                                # doctest: +SKIP
        PosixPath('out/1')
    """
    folder = Path(directory)
    names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    versions = [name for name in names if name.isdecimal() and (folder / name / "saved_model.pb").is_file()]
    if versions:
        return folder / max(versions, key=int)
    return folder / "saved_model" if "saved_model" in names else folder


def load_saved_model(directory: str | os.PathLike[str]) -> Served:
    """Reads a SavedModel back.

    Args:
        directory: an export, or its folder with the SavedModel, wherever it lies now. (Version 0.1 wrote the Spec
            beside it only.)

    Raises:
        InvalidArgument: if there is none, it is damaged, or it is not of this package.

    Example:
        >>> load_saved_model("out").spec.class_names                                 # doctest: +SKIP
        ('no', 'yes')
    """
    import tensorflow as tf

    folder = saved_model_folder(directory)
    if not (folder / "saved_model.pb").is_file():
        raise InvalidArgument("saved_model", str(directory), WRITTEN)
    try:
        _check_unchanged(folder)
        signatures = tf.saved_model.load(str(folder)).signatures
    except Exception as error:  # TensorFlow, protobuf and the file system have many
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise InvalidArgument("saved_model", str(directory), f"one that TensorFlow can read ({reason})") from None
    beside = folder.parent / "spec.json"
    if DESCRIBE in signatures and "serving_default" in signatures:
        text = signatures[DESCRIBE]().get("spec", b"")
        text = text.numpy() if hasattr(text, "numpy") else text
    elif "serving_default" in signatures and beside.is_file():
        text = read_bytes(beside)
    else:
        accepted = f"{WRITTEN}; this one does not say what its outputs mean"
        raise InvalidArgument("saved_model", str(directory), accepted)
    try:
        spec = Spec.from_config(parse(text))
    except ValueError as error:
        reason = " ".join(str(error).split())[:100]
        raise InvalidArgument("saved_model", str(directory), f"{WRITTEN}; its Spec cannot be read ({reason})") from None
    return Served(signatures["serving_default"], spec, signatures)


def _check_unchanged(folder: Path) -> None:
    """Raises ``ValueError`` if the files are not those of the export beside them, if there is one."""
    if not (folder.parent / EXPORT).is_file():
        return
    digests = read_json(folder.parent / EXPORT, EXPORTED).get("sha256", {})
    check_digests(folder.parent, digests, [name for name in digests if name.startswith(f"{folder.name}/")])
