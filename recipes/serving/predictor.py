"""Predictor: an exported model that predicts class names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.spec import Spec
from .conversion import fitted

__all__ = ["Predictor"]


class Predictor:
    """An exported SavedModel that predicts class names, or values if it has no classes.

    Args:
        directory: a directory written by :func:`recipes.export`, or its ``saved_model`` folder.

    Raises:
        InvalidArgument: if there is no SavedModel.

    Example:
        >>> Predictor("out")(images)[0]                     # doctest: +SKIP
        {'class': '7', 'probability': 0.998}
    """

    def __init__(self, directory: str | os.PathLike[str]):
        import tensorflow as tf

        folder = Path(directory)
        if (folder / "saved_model").is_dir():
            folder = folder / "saved_model"
        if not (folder / "saved_model.pb").is_file():
            raise InvalidArgument("saved_model", str(directory), "a directory that recipes.export has written")
        self._model = tf.saved_model.load(str(folder))
        self._signature = self._model.signatures["serving_default"]
        _, keywords = self._signature.structured_input_signature
        beside = folder.parent / "spec.json"
        self.spec = Spec.from_config(json.loads(beside.read_text())) if beside.is_file() else None
        if self.spec is not None and self.spec.record:
            self._arguments = dict(self.spec.names.arguments)
        else:  # one input, or the user's names are unknown
            self._arguments = {tensor.name: argument for argument, tensor in keywords.items()}
        self._taken = {
            name: (tuple(keywords[argument].shape[1:]), np.dtype(keywords[argument].dtype.as_numpy_dtype))
            for name, argument in self._arguments.items()
        }

    def __call__(self, inputs: Any) -> list[dict[str, Any]]:
        """The predictions for a batch of raw inputs, or for a single one.

        Args:
            inputs: shape (n, *input_shape) or (*input_shape), of the exported dtype, or whole numbers that fit it; one
                or more texts; sequences of different lengths as a list; records as columns by name, as a list of
                dictionaries, or as a DataFrame. See :func:`recipes.serving.conversion.fitted`.

        Returns:
            One dictionary per input: ``{"class": name, "probability": p}`` for classes; ``{"classes": [names],
            "probabilities": {name: p}}`` for multilabel, with the classes above 0.5 and the probabilities of all;
            ``{"value": v}`` for regression, ``{"values": [v, ...]}`` with several targets.

        Raises:
            InvalidArgument: if names, shapes or values do not fit.
        """
        import tensorflow as tf

        arrays = fitted(inputs, self._taken, self.spec)
        (answers,) = self._signature(
            **{self._arguments[name]: tf.constant(array) for name, array in arrays.items()}
        ).values()
        outputs = np.asarray(answers)
        task = self.spec.task if self.spec else ("multiclass" if outputs.shape[-1] > 1 else "regression")
        if task == "regression":
            single = outputs.shape[-1] == 1
            return [{"value": float(row[0])} if single else {"values": row.tolist()} for row in outputs]
        if task == "binary":
            outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
        names = self.spec.class_names if self.spec else tuple(str(k) for k in range(outputs.shape[1]))
        if task == "multilabel":
            rows = [dict(zip(names, row.tolist(), strict=True)) for row in outputs]
            return [{"classes": [name for name, p in row.items() if p > 0.5], "probabilities": row} for row in rows]
        best = outputs.argmax(axis=1)
        return [
            {"class": names[k], "probability": float(row[k])} for k, row in zip(best.tolist(), outputs, strict=True)
        ]
