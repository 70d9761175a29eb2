"""The weights of a trial on disk, and how its model is built to take them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ....callbacks.checks import InvalidArgument
from ...files import new_path, write_text
from ...model_files import set_weights
from ...stored.json_files import parse
from ...stored.reading import read_bytes
from .best_epoch import BestEpoch

__all__ = ["described", "read_weights", "write_weights"]


def described(inputs: Any) -> Any:
    """Tensors as JSON can hold them, for :func:`read_weights`: "float32 2 6" in place of each, in the same structure.

    Example:
        >>> described({"a": tf.zeros((2, 6)), "b": tf.zeros((2,), tf.int32)})
        {'a': 'float32 2 6', 'b': 'int32 2'}
    """
    return keras.tree.map_structure(lambda tensor: " ".join([tensor.dtype.name, *map(str, tensor.shape)]), inputs)


def write_weights(path: Path, best: BestEpoch, inputs: Any) -> None:
    """Writes the weights of the best epoch, and beside them how to build the model.

    Args:
        path: a ``.weights.h5`` file in a folder that exists.
        best: with weights.
        inputs: what :func:`described` says of a batch; None if unknown.
    """
    build = {"build_config": best.trained.get_build_config(), "inputs": inputs}  # type: ignore[union-attr]
    for name, value in build.items():
        write_text(path.with_name(f"{name}.json"), json.dumps(value))
    set_weights(best.trained, best.weights)  # type: ignore[arg-type]
    with new_path(path) as scratch:
        best.trained.save_weights(scratch)  # type: ignore[union-attr]


def read_weights(path: Path, model: keras.Model) -> None:
    """Loads the weights into a new model, which is built first if it is not, by a call on zeros like the inputs.

    Raises:
        InvalidArgument: for a model that cannot be built.
    """
    if not model.built:
        _build(path, model)
    if model.compiled:
        model.optimizer.build(model.trainable_variables)  # the file holds its state too
    model.load_weights(path)


def _build(path: Path, model: keras.Model) -> None:
    config, inputs = (parse(read_bytes(path.with_name(f"{name}.json"))) for name in ("build_config", "inputs"))
    try:
        if inputs is not None:
            model(keras.tree.map_structure(_zeros, inputs))
        elif config:
            model.build_from_config(config)
            model.built = bool(model.weights)  # Keras builds the layers of a subclassed model alone
        if not model.built and not model.layers:
            raise ValueError("the shapes of its inputs are unknown")
    except Exception as error:  # the model's own call may raise anything
        reason = " ".join(str(error).split())
        accepted = f"built in HyperModel.build, by a call on an example, since it cannot be built here: {reason}"
        raise InvalidArgument("model", model.name, accepted) from None


def _zeros(text: str) -> tf.Tensor:
    dtype, *shape = text.split(" ")
    sizes = list(map(int, shape))
    return tf.fill(sizes, "") if dtype == "string" else tf.zeros(sizes, dtype)
