"""LiteRT, formerly TensorFlow Lite: a ``.tflite`` file for phones and small devices, in float32 or int8."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ....callbacks.checks import InvalidArgument
from ...data.named_arrays import apply, length, take
from ...data.spec import Spec
from ...machine_fault import is_of_machine
from ...quiet import hidden_output
from ...stored.json_files import parse
from ...stored.reading import LARGEST, read_bytes
from ..agreement import changed
from ..description import by_argument, description, spec_of
from .portable import SIGNATURE, portable
from .refusal import Refused, check_portable, in_a_line

__all__ = ["LiteRT", "write_litert", "write_litert_int8"]

LABELS, DESCRIPTION = "labels.txt", "description.json"
"""Files that are appended to a ``.tflite`` file as a ZIP archive, as LiteRT's tools append a model's associated files:
the class names, one a line, and all that :func:`recipes.serving.description.description` returns."""

GOOD_ENOUGH = 0.005
"""Where more of the answers to training examples change, fewer operations are quantized."""

IN_FLOAT = (
    *("ADD", "CAST", "CONCATENATION", "DIV", "EXP", "LOG", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "ONE_HOT", "POW"),
    *("RESHAPE", "RSQRT", "SELECT", "SELECT_V2", "SOFTMAX", "SQRT", "SQUARE", "SUB", "SUM", "TANH"),
)
"""Operations that then stay in float32: the preprocessing of columns in unlike units, and the rescaling of targets. The
kernels of dense and convolutional layers are int8 all the same."""


class LiteRT:
    """A LiteRT model in LiteRT's own interpreter.

    Args:
        content: of the file.
        spec: of the data that the model was trained on.

    Example:
        >>> LiteRT.read("out/model.tflite").outputs(images).shape                    # doctest: +SKIP
        (32, 10)
    """

    def __init__(self, content: bytes, spec: Spec):
        from ai_edge_litert.interpreter import Interpreter

        self.spec = spec
        self._interpreter = Interpreter(model_content=content)
        self._runner = self._interpreter.get_signature_runner(SIGNATURE)

    @classmethod
    def read(cls, path: Path) -> LiteRT:
        """Reads a file with the Spec in it.

        Raises:
            InvalidArgument: if it is not of this package, or damaged.
        """
        try:
            content = read_bytes(path, LARGEST)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if archive.getinfo(DESCRIPTION).file_size > LARGEST:
                    raise ValueError(f"{DESCRIPTION} has more than {LARGEST:,} bytes")
                spec = spec_of(parse(archive.read(DESCRIPTION)))
            return cls(content, spec)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InvalidArgument(
                "file", str(path), f"one that recipes.export has written ({in_a_line(error)})"
            ) from None

    def outputs(self, arrays: Any) -> np.ndarray:
        """The model's outputs for a batch of raw inputs, shape (n, outputs).

        Args:
            arrays: an array, or several by the model's names.
        """
        (argument, *_) = self._runner.get_input_details()
        inputs = by_argument(apply(np.asarray, arrays), self.spec, argument)
        (outputs,) = self._runner(**apply(_with_bytes, inputs)).values()
        return outputs


def write_litert(model: keras.Model, spec: Spec, path: Path, calibration: Any) -> None:
    """Writes a model in float32 as a LiteRT file that takes raw inputs by their names, and holds what they mean.

    Args:
        model: a trained functional or sequential model.
        spec: of its data.
        path: the new file.
        calibration: ignored.

    Raises:
        Refused: if LiteRT lacks an operation that the model needs.

    Source: ``tf.lite.TFLiteConverter``.
    """
    del calibration
    check_portable(model, spec)
    with portable(model, spec, unrolled=True) as folder, hidden_output("tensorflow"):
        content = in_refusals(lambda: _converter(folder).convert())
    _write(content, spec, path)


def write_litert_int8(model: keras.Model, spec: Spec, path: Path, calibration: Any) -> None:
    """:func:`write_litert` with int8 weights and activations; inputs and outputs keep their types.

    All operations are quantized; if that changes too many answers to the training examples, the kernels of dense and
    convolutional layers alone.

    Args:
        model, spec, path: as for :func:`write_litert`.
        calibration: raw training inputs, from which the ranges of the activations are taken; None if there are none.

    Raises:
        Refused: if LiteRT lacks an operation that the model needs, or there are no training inputs.

    Source: Jacob et al. 2018; ``tf.lite.experimental.QuantizationDebugger`` for selective quantization.
    """
    import tensorflow as tf

    check_portable(model, spec)
    if calibration is None:
        raise Refused("it needs training inputs, which the saved run does not hold; save the run again")
    expected = np.asarray(model.predict_on_batch(apply(tf.constant, calibration)))

    def loss(content: bytes) -> float:
        return changed(LiteRT(content, spec).outputs(calibration), expected, spec.task)

    with portable(model, spec, unrolled=True) as folder, hidden_output("tensorflow"):
        content = in_refusals(lambda: _int8_converter(folder, spec, calibration).convert())
        enough = loss(content) <= GOOD_ENOUGH
    if not enough:
        with portable(model, spec, unrolled=True, apart=True) as folder, hidden_output("tensorflow"):
            partly = in_refusals(lambda: _partly_int8(_int8_converter(folder, spec, calibration)))
            content = min(content, partly, key=loss)
    _write(content, spec, path)


def _converter(folder: Path) -> Any:
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])


def _int8_converter(folder: Path, spec: Spec, calibration: Any) -> Any:
    import tensorflow as tf

    _, keywords = tf.saved_model.load(str(folder)).signatures[SIGNATURE].structured_input_signature

    def examples() -> Iterator[dict[str, np.ndarray]]:
        for row in range(length(calibration)):
            yield apply(_with_bytes, by_argument(take(calibration, np.array([row])), spec, next(iter(keywords))))

    converter = _converter(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    return converter


def _partly_int8(converter: Any) -> bytes:
    import tensorflow as tf

    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(IN_FLOAT))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return debugger.get_nondebug_quantized_model()


def in_refusals(convert: Callable[[], bytes]) -> bytes:
    """What ``convert`` returns; its error as Refused, in a line."""
    try:
        return convert()
    except Exception as error:  # the converter raises its own ConverterError, RuntimeError and ValueError
        if is_of_machine(error):
            raise
        text = str(error)
        if "TensorList" in text:
            raise Refused("it has no loops over a number of steps that varies, or over more than 256") from None
        lacking = sorted(set(re.findall(r"'?tf\.(\w+)'? (?:op|\()", text)))
        if lacking:
            raise Refused(f"it lacks the operations {', '.join(lacking)}") from None
        raise Refused(f"its converter fails: {in_a_line(error)}") from None


def _write(content: bytes, spec: Spec, path: Path) -> None:
    """Writes the file and appends the description."""
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(LABELS, "".join(f"{name}\n" for name in spec.class_names))
        archive.writestr(DESCRIPTION, json.dumps(description(spec), ensure_ascii=False))


def _with_bytes(array: np.ndarray) -> np.ndarray:
    """Strings as UTF-8, as LiteRT takes them; other arrays unchanged."""
    if array.dtype != object:
        return array
    return np.array([text.encode() if isinstance(text, str) else text for text in array.tolist()])
