"""The library of a search: the models of its final trainings on one split, and what they predict."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ....callbacks.checks import InvalidArgument
from ...as_compiled.served import with_answers
from ...as_compiled.trainer import compiled_model
from ...model_files import set_weights
from ...recipe import Recipe
from ...registration.own_entries import import_own
from ...scoring import predictions
from ..arms import Arm
from ..candidate import Candidate
from ..kept_weights import read_weights
from ..record import Record
from ..settings import arms_in

if TYPE_CHECKING:
    from ...data import Data

__all__ = ["Library", "Models"]


@dataclass(frozen=True)
class Library:
    """Some final trainings on the same split, with what each model predicts.

    Args:
        data: with that split.
        records: of the trainings.
        validation, test: predictions of shape (models, n, outputs).
    """

    data: Data
    records: Sequence[Record]
    validation: np.ndarray
    test: np.ndarray


class Models:
    """Makes the models of a search's final trainings again, from their kept weights.

    Args:
        directory: of the search.
        settings: of the search.

    Raises:
        InvalidArgument: for a function that makes models and cannot be imported here.
    """

    def __init__(self, directory: str | os.PathLike[str], settings: Mapping[str, Any]):
        import_own(settings.get("own", ()))
        self._directory = directory
        self._base = Recipe.from_json(json.dumps(settings["recipe"]))
        self._arms: dict[str, Arm] = {arm.name: arm for arm in arms_in(settings)}

    def model(self, record: Record, data: Data) -> keras.Model:
        """The model of a training, with its weights; its outputs are probabilities or numbers.

        Args:
            record: of the training.
            data: with its split.

        Raises:
            InvalidArgument: for weights that are missing, or not of this model.
        """
        arm = self._arms[record.arm]
        recipe = arm.recipe(self._base, {k: value for k, value in record.values.items() if not math.isnan(value)})
        own = isinstance(arm, Candidate) and arm.compiled
        model = compiled_model(recipe, data) if own else recipe.resolved(data.spec).build_model(data.spec)
        try:
            set_weights(model, read_weights(self._directory, record.key, model.get_weights()) or [])
        except ValueError as error:
            reason = " ".join(str(error).split())[:200]
            accepted = f"that of an undamaged search (the weights of {record.key} are not of its model: {reason})"
            raise InvalidArgument("directory", str(self._directory), accepted) from None
        return with_answers(model, data.spec) if own else model

    def library(self, records: Sequence[Record], data: Data) -> Library:
        """The trainings with what their models predict for the validation and the test split of the data."""
        validation, test = [], []
        for record in records:
            model = self.model(record, data)
            validation.append(predictions(model, data, "validation"))
            test.append(predictions(model, data, "test"))
        return Library(data, records, np.array(validation), np.array(test))
