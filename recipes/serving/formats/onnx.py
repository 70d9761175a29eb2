"""ONNX: a file for ONNX Runtime and the many other runtimes that read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from ....callbacks.checks import InvalidArgument
from ...data.named_arrays import apply
from ...data.spec import Spec
from ...machine_fault import is_of_machine
from ...quiet import hidden_output
from ..description import by_argument, described, spec_of
from .portable import SIGNATURE, portable
from .refusal import Refused, check_portable, in_a_line

__all__ = ["Onnx", "write_onnx"]

OPSET, WITH_STRINGS = 18, 19
"""Versions of ONNX's operations: the newest that tf2onnx writes, and the first that compares strings. What else differs
between the two does not concern the operations that tf2onnx writes."""

LARGEST = 2**31
"""The size of a file that protobuf can write, in bytes."""


class Onnx:
    """An ONNX model in ONNX Runtime.

    Args:
        path: the file.

    Raises:
        InvalidArgument: if it is not of this package, or damaged.

    Example:
        >>> Onnx("out/model.onnx").outputs(images).shape                             # doctest: +SKIP
        (32, 10)
    """

    def __init__(self, path: Path):
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(str(path))
            self.spec = spec_of(self._session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # ONNX Runtime has a dozen of its own
            raise InvalidArgument(
                "file", str(path), f"one that recipes.export has written ({in_a_line(error)})"
            ) from None

    def outputs(self, arrays: Any) -> np.ndarray:
        """The model's outputs for a batch of raw inputs, shape (n, outputs).

        Args:
            arrays: an array, or several by the model's names.
        """
        inputs = by_argument(apply(np.asarray, arrays), self.spec, self._session.get_inputs()[0].name)
        (outputs,) = self._session.run(None, apply(_with_text, inputs))
        return outputs


def write_onnx(model: keras.Model, spec: Spec, path: Path, calibration: Any) -> None:
    """Writes a model as an ONNX file that takes raw inputs by their names, and holds what they mean.

    Keras' own ``model.export(format="onnx")`` makes the statistics of Normalization, and other constants, inputs of the
    file; here tf2onnx reads a SavedModel, whose inputs are those of its signature.

    Args:
        model: a trained functional or sequential model.
        spec: of its data.
        path: the new file.
        calibration: ignored.

    Raises:
        Refused: if ONNX lacks an operation that the model needs.

    Source: https://github.com/onnx/tensorflow-onnx
    """
    del calibration
    import onnx

    check_portable(model, spec)
    with portable(model, spec) as folder, hidden_output("tensorflow", "tf2onnx"):
        try:
            proto = converted(folder)
        except Exception as error:  # whatever tf2onnx raises
            if is_of_machine(error):
                raise
            raise Refused(f"its converter fails: {in_a_line(error)}") from None
    if any(entry.type.tensor_type.elem_type == onnx.TensorProto.STRING for entry in proto.graph.input):
        proto.opset_import[0].version = WITH_STRINGS
    lacking = sorted({node.op_type for node in proto.graph.node if not onnx.defs.has(node.op_type, node.domain)})
    if lacking:
        raise Refused(f"it lacks the operations {', '.join(lacking)}")
    for entry in (*proto.graph.input, *proto.graph.output):
        entry.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.helper.set_model_props(proto, described(spec))
    if proto.ByteSize() > LARGEST:
        raise Refused("it is larger than the 2 GiB that such a file can be")
    onnx.save_model(proto, path)


def converted(folder: Path) -> Any:
    """The SavedModel as an ONNX model."""
    import tf2onnx

    graph, inputs, outputs, names = tf2onnx.tf_loader.from_saved_model(
        str(folder), None, None, tag="serve", signatures=[SIGNATURE], return_tensors_to_rename=True
    )
    proto, _ = tf2onnx.convert.from_graph_def(
        graph,
        input_names=inputs,
        output_names=outputs,
        tensors_to_rename=names,
        opset=OPSET,
        custom_op_handlers={"SelectV2": (_select, []), "Equal": (_equal, []), "Sigmoid": (_sigmoid, [])},
    )
    return proto


def _select(graph: Any, node: Any, *_: Any) -> None:
    """tf2onnx would write "where" as a sum of products, in which NaN and infinite values stay NaN."""
    from tf2onnx.onnx_opset.controlflow import Select

    node.set_attr("handles_nan", True)
    Select.version_9(graph, node)


def _sigmoid(graph: Any, node: Any, *_: Any) -> None:
    """1 / (1 + exp(-x)), since ONNX Runtime's own approximation is a percent off for probabilities of 1e-5."""
    import onnx

    dtype, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    (x,), outputs = node.input, node.output
    graph.remove_node(node.name)
    one = graph.make_const(f"{node.name}_one", np.array(1.0, onnx.helper.tensor_dtype_to_np_dtype(dtype))).output[0]
    power = graph.make_node("Exp", graph.make_node("Neg", [x]).output).output[0]
    total = graph.make_node("Add", [power, one]).output
    graph.make_node("Reciprocal", total, outputs=outputs, name=node.name, dtypes=[dtype], shapes=[shape])


def _equal(graph: Any, node: Any, *_: Any) -> None:
    """tf2onnx would cast strings to numbers, since ONNX compares them only from version 19 on."""
    import onnx
    from tf2onnx.onnx_opset.logical import Equal

    if graph.get_dtype(node.input[0]) != onnx.TensorProto.STRING:
        Equal.version_11(graph, node)


def _with_text(array: np.ndarray) -> np.ndarray:
    """Strings as ONNX Runtime takes them; other arrays unchanged."""
    if array.dtype != object:
        return array
    texts = np.empty(array.shape, object)
    texts[...] = [text.decode() if isinstance(text, bytes) else text for text in array.tolist()]
    return texts
