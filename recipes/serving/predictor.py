"""Predictor: an exported model that predicts class names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.named_arrays import apply
from .batches import batches
from .conversion import fitted
from .saved_model import load_saved_model

__all__ = ["Predictor"]


class Predictor:
    """An exported SavedModel that predicts class names, or values if it has no classes.

    Args:
        directory: a directory written by :func:`recipes.export`, or its folder with the SavedModel, wherever it lies
            now.

    Attributes:
        spec: the :class:`recipes.Spec` of the data that the model was trained on, which the SavedModel holds.

    Raises:
        InvalidArgument: if there is no SavedModel of this package, or it is damaged.

    Example:
        >>> Predictor("out")(images)[0]                     # doctest: +SKIP
        {'class': '7', 'probability': 0.998}
    """

    def __init__(self, directory: str | os.PathLike[str]):
        self._signature, self.spec = load_saved_model(directory)
        _, keywords = self._signature.structured_input_signature
        if self.spec.record:
            self._arguments = dict(self.spec.names.arguments)
        else:
            self._arguments = {tensor.name: argument for argument, tensor in keywords.items()}
        self._taken = {
            name: (tuple(keywords[argument].shape[1:]), np.dtype(keywords[argument].dtype.as_numpy_dtype))
            for name, argument in self._arguments.items()
        }

    def outputs(self, arrays: Any) -> np.ndarray:
        """What the signature "serving_default" returns, shape (n, outputs).

        Args:
            arrays: a batch of raw inputs of the exported types: an array or tensor, or several by the model's names.
        """
        import tensorflow as tf

        if isinstance(arrays, Mapping):
            arguments = {self._arguments[self.spec.names.outer[name]]: values for name, values in arrays.items()}
        else:
            (argument,) = self._arguments.values()
            arguments = {argument: arrays}
        (outputs,) = self._signature(**apply(tf.constant, arguments)).values()
        return np.asarray(outputs)

    def __call__(self, inputs: Any) -> list[dict[str, Any]]:
        """The predictions for raw inputs, or for a single one, computed in batches.

        Args:
            inputs: shape (n, *input_shape) or (*input_shape), of the exported dtype, or whole numbers that fit it; one
                or more texts; sequences of different lengths as a list; records as columns by name, as a list of
                dictionaries, or as a DataFrame. See :func:`recipes.serving.conversion.fitted`.

        Returns:
            One dictionary per input: ``{"class": name, "probability": p}`` for classes; ``{"classes": [names],
            "probabilities": {name: p}}`` for multilabel, with the classes above 0.5 and the probabilities of all;
            ``{"value": v}`` for regression, ``{"values": [v, ...]}`` with several targets.

        Raises:
            InvalidArgument: if names, shapes or values do not fit, or are so large that the answer is not finite.
        """
        arrays = fitted(inputs, self._taken, self.spec)
        if self.spec.record:
            arrays = self.spec.names.to_model(arrays)
        else:
            (arrays,) = arrays.values()
        outputs = np.concatenate([self.outputs(batch) for batch in batches(arrays)])
        wrong = np.flatnonzero(~np.isfinite(outputs.astype(np.float64)).all(axis=1))
        if len(wrong):
            accepted = f"in the range of training: the answer to {len(wrong)} of {len(outputs)} is not finite"
            raise InvalidArgument("input", f"row {wrong[0] + 1}", accepted)
        return self._answers(outputs)

    def _answers(self, outputs: np.ndarray) -> list[dict[str, Any]]:
        """An answer for each row of outputs."""
        task, names = self.spec.task, self.spec.class_names
        if task == "regression":
            single = outputs.shape[-1] == 1
            return [{"value": float(row[0])} if single else {"values": row.tolist()} for row in outputs]
        if task == "binary":
            outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
        if task == "multilabel":
            rows = [dict(zip(names, row.tolist(), strict=True)) for row in outputs]
            return [{"classes": [name for name, p in row.items() if p > 0.5], "probabilities": row} for row in rows]
        best = outputs.argmax(axis=1)
        return [
            {"class": names[k], "probability": float(row[k])} for k, row in zip(best.tolist(), outputs, strict=True)
        ]
