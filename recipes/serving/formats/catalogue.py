"""FORMATS: the formats that a model can be exported in."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from ....callbacks.checks import InvalidArgument, check_choice
from ...catalogue import Lookup, Option
from ...data.spec import Spec
from ...environment import install_command
from .litert import LiteRT, write_litert, write_litert_int8
from .onnx import Onnx, write_onnx

__all__ = ["ALL_FORMATS", "FORMATS", "SAVED_MODEL", "Format", "checked_formats"]

SAVED_MODEL = "saved_model"


class Format(NamedTuple):
    """A format with its converter and runtime.

    Attributes:
        name: as in ``recipes.export(formats=...)``.
        file: its file in an export.
        write: from the model, its Spec, the file and training inputs, or None, to the file. Raises Refused.
        read: from the file to an object with a ``spec`` and ``outputs(raw inputs)``.
        extra: of this package, which installs the modules.
        modules: what write and read import.
        summary, source, when: for ``recipes list formats``; the last says when to use it and when not.
        exact: whether its answers are the model's; else they are rounded.
    """

    name: str
    file: str
    write: Callable[[keras.Model, Spec, Path, Any], None]
    read: Callable[[Path], Any]
    extra: str
    modules: tuple[str, ...]
    summary: str
    source: str
    exact: bool = True
    hyperparameters: tuple[()] = ()
    when: str = ""


FORMATS = {
    entry.name: entry
    for entry in (
        Format(
            "litert",
            "model.tflite",
            write_litert,
            LiteRT.read,
            "litert",
            ("ai_edge_litert",),
            "For phones and small devices; batch normalization is folded into the kernels.",
            "LiteRT, formerly TensorFlow Lite",
            when="For phones, and for single answers in microseconds. Not for training on, nor for servers that batch.",
        ),
        Format(
            "litert_int8",
            "model_int8.tflite",
            write_litert_int8,
            LiteRT.read,
            "litert",
            ("ai_edge_litert",),
            "The same with kernels and activations in 8 bits, calibrated on training examples: a quarter of the size.",
            "Jacob et al. 2018",
            exact=False,
            when="Where size or an integer unit decides. Not for regression to many digits: answers are "
            "rounded; compare its accuracy first.",
        ),
        Format(
            "onnx",
            "model.onnx",
            write_onnx,
            Onnx,
            "onnx",
            ("onnx", "onnxruntime", "tf2onnx"),
            "For ONNX Runtime and the programs that read ONNX.",
            "Open Neural Network Exchange",
            when="For runtimes without TensorFlow and other languages. Not where TensorFlow is at hand: "
            "saved_model is the model exactly.",
        ),
    )
}
"""Formats other than a SavedModel, by name."""

ALL_FORMATS: Lookup[Any] = Lookup(
    "format",
    [
        Option(
            SAVED_MODEL,
            "For TensorFlow Serving and every program with TensorFlow; takes raw inputs by name.",
            "TensorFlow",
            when="For servers: TensorFlow Serving, batches, text and mixed inputs. Not for one example at a "
            "time on a small device: litert answered twelve to forty times as fast here.",
        ),
        *FORMATS.values(),
    ],
)


def checked_formats(formats: Sequence[str] | str) -> tuple[str, ...]:
    """The formats in order, each once.

    Raises:
        InvalidArgument: for unknown formats, none at all, and one whose packages are not installed, with the command
            that installs them.

    Example:
        >>> checked_formats(["saved_model"])
        ('saved_model',)
    """
    known = list(ALL_FORMATS)
    listed = [formats] if isinstance(formats, str) else list(formats)
    if not listed:
        raise InvalidArgument("formats", formats, f"at least one of {', '.join(known)}")
    for name in listed:
        check_choice("formats", name, known)
        if name != SAVED_MODEL:
            entry = FORMATS[name]
            if not all(map(is_installed, entry.modules)):
                accepted = f"one whose packages are installed: {install_command(entry.extra)}"
                raise InvalidArgument("formats", name, accepted)
    return tuple(dict.fromkeys(listed))


def is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
