"""Predictor: an exported model that predicts class names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_unmasked
from ..data.named_arrays import length
from .answers import answers_of
from .batch_prediction import Paths, Progress, predict_files, predicted_table
from .batches import batches, joined
from .columns import Rows
from .conversion import fitted
from .number_columns import Where, nth_row
from .saved_model import load_saved_model
from .unknown_categories import UnknownCategories

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Predictor"]


class Predictor:
    """An exported SavedModel that predicts class names, or values if it has no classes.

    Args:
        directory: a directory written by :func:`recipes.export`, or its folder with the SavedModel, wherever it lies
            now.

    Attributes:
        spec: the :class:`recipes.Spec` of the data that the model was trained on, which the SavedModel holds.
        signatures: those of the SavedModel, by name, as ``tf.saved_model.load`` returns them.

    Raises:
        InvalidArgument: if there is no SavedModel of this package, or it is damaged.

    Example:
        >>> Predictor("out")(images)[0]                     # doctest: +SKIP
        {'class': '7', 'probability': 0.998}
    """

    @checked
    def __init__(self, directory: str | os.PathLike[str]):
        self._signature, self.spec, self.signatures = load_saved_model(directory)
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

        Raises:
            InvalidArgument: for other names, types and shapes.
        """
        if self.spec.record:
            names = {name: self._arguments[outer] for name, outer in self.spec.names.outer.items()}
            if not isinstance(arrays, Mapping) or set(arrays) != set(names):
                received = list(arrays) if isinstance(arrays, Mapping) else type(arrays)
                raise InvalidArgument("arrays", received, f"a mapping of {', '.join(names)}")
            arguments = {names[name]: values for name, values in arrays.items()}
        else:
            (argument,) = self._arguments.values()
            arguments = {argument: arrays}
        (outputs,) = self._signature(**{name: self._batch(name, values) for name, values in arguments.items()}).values()
        return np.asarray(outputs)

    def _batch(self, argument: str, values: Any) -> Any:
        """An input of the signature as a tensor, if its type and shape are those that it takes."""
        import tensorflow as tf

        wanted = self._signature.structured_input_signature[1][argument]
        accepted = f"a batch of {wanted.dtype.name} of shape {tuple(wanted.shape)}"
        try:
            tensor = tf.constant(check_unmasked("arrays", values))
        except (TypeError, ValueError, MemoryError, RecursionError):
            raise InvalidArgument("arrays", values, accepted) from None
        if tensor.dtype != wanted.dtype or not wanted.shape.is_compatible_with(tensor.shape):
            raise InvalidArgument("arrays", f"{tensor.dtype.name} of shape {tuple(tensor.shape)}", accepted)
        return tensor

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
        return answers_of(self.scores(inputs), self.spec)

    @checked
    def scores(self, inputs: Any, where: Where | None = None, unknown: UnknownCategories | None = None) -> np.ndarray:
        """The outputs for raw inputs, shape (n, outputs).

        Args:
            inputs: as for a call.
            where: names a row, for messages. Default: by its number.
            unknown: counts the values of categories that the model does not know. Default None.

        Raises:
            InvalidArgument: as for a call.
        """
        where = where or (inputs.where if isinstance(inputs, Rows) else nth_row)
        arrays = fitted(inputs, self._taken, self.spec)
        if unknown is not None and self.spec.record:
            unknown.add(arrays)
        if self.spec.record:
            arrays = self.spec.names.to_model(arrays)
        else:
            (arrays,) = arrays.values()
        outputs = joined(map(self.outputs, batches(arrays)), length(arrays))
        wrong = np.flatnonzero(~np.isfinite(outputs.astype(np.float64)).all(axis=1))
        if len(wrong):
            accepted = f"in the range of training: the answer to {len(wrong)} of {len(outputs)} is not finite"
            raise InvalidArgument("input", where(int(wrong[0])), accepted)
        return outputs

    @checked
    def predict_table(
        self, inputs: Any, *, keep: Sequence[str] = (), threshold: float | None = None, prefix: str = ""
    ) -> pd.DataFrame:
        """The predictions as a table, with a column for each class.

        Args:
            inputs: as for a call. Columns of a DataFrame that the model does not take are ignored with a warning.
            keep: names of columns of a DataFrame to copy.
            threshold: the probability above which a label is predicted, for binary (the second class) and multilabel.
                Default 0.5.
            prefix: put before the names of the classes. Default "".

        Returns:
            The columns of ``keep``; "prediction", the label, or for multilabel the list of labels; and the probability
            of each class under its name. Of a regression "prediction" alone, or "prediction_1", "prediction_2", ... for
            several targets. The index is that of the DataFrame.

        Raises:
            InvalidArgument: as for a call, for a column that is not there, and for two columns named alike.

        Example:
            >>> Predictor("out").predict_table(frame, keep=["id"])                   # doctest: +SKIP
                id prediction        no       yes
            0  007        yes  0.124000  0.876000
        """
        return predicted_table(self, inputs, keep=keep, threshold=threshold, prefix=prefix)

    @checked
    def predict_files(
        self,
        inputs: Paths,
        to: str | os.PathLike[str],
        *,
        keep: Sequence[str] = (),
        threshold: float | None = None,
        prefix: str = "",
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Writes the predictions for files as a table, in batches, so that files of any size can be scored.

        Args:
            inputs: a file, a folder, or several: CSV, TSV, Parquet, JSON, JSON lines, NumPy, text files with a text a
                line, images. Columns that the model does not take are ignored with one warning. ``.json`` files are
                read as a whole.
            to: a new .csv, .tsv, .parquet or .jsonl file, which appears when all is written. Its columns are those of
                :meth:`predict_table`; the labels of multilabel are a JSON list in CSV and TSV files. If there are
                several files, a column "file" comes first.
            keep: names of columns of the inputs to copy.
            threshold, prefix: as for :meth:`predict_table`.
            overwrite: whether to replace an existing file. Default False.
            progress: is called after each batch with the share of the inputs that is done, 0 to 1.

        Returns:
            The number of rows.

        Raises:
            InvalidArgument: in one line, with the file, row, column and value at fault. Then nothing is written.

        Example:
            >>> Predictor("out").predict_files("customers.csv", "scores.csv", keep=["id"])     # doctest: +SKIP
            4811
        """
        return predict_files(
            self,
            inputs,
            to,
            keep=keep,
            threshold=threshold,
            prefix=prefix,
            overwrite=overwrite,
            progress=progress,
        )
