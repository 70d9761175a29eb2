"""What a diagnosis is of: the compiled model, its data, and what is known of it already."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.fit_data import FitData
from ..data import Data
from ..data.spec import Spec
from ..learning_rate import usual_peak
from ..recipe import Recipe
from ..run import Run
from ..trainer import Trainer
from .data_symptoms import caught_leaks, leak_symptoms
from .symptom import Symptom

__all__ = ["Subject", "subject_of"]

EXAMPLES, BYTES = 2048, 2**27
"""How many examples are looked at, and how large they may be together."""

CURVES = ("step size too large", "overfitting", "underfitting")
"""The findings of :meth:`recipes.Run.read_curves` that are symptoms."""


class Subject(NamedTuple):
    """A model to examine.

    Attributes:
        model: compiled.
        data: for its training.
        symptoms: known from the recipe's data and the run's curves.
        rate: to train at, that of a run or where ``fit`` would find one; None for the optimizer's own, which is judged.
        spec: of the recipe's data; None for other data.
    """

    model: keras.Model
    data: FitData
    symptoms: list[Symptom]
    rate: float | None = None
    spec: Spec | None = None

    def to_user(self, x: Any) -> Any:
        """The inputs by the names that the user knows them by."""
        return self.spec.names.to_user(x) if self.spec is not None and self.spec.record and isinstance(x, dict) else x

    @property
    def examples(self) -> int:
        """How many examples to look at."""
        if self.data.kind != "arrays":
            return EXAMPLES
        leaves = keras.tree.flatten(next(self.data.batches())[0])
        size = sum(leaf.nbytes / len(leaf) for leaf in leaves)
        return int(np.clip(BYTES / size, 4 * self.data.batch_size, EXAMPLES))


def subject_of(model: Any, data: Any, y: Any, sample_weight: Any, class_weight: Any, batch_size: int) -> Subject:
    """The arguments of :func:`recipes.diagnose`, checked and built."""
    if isinstance(model, Run):
        if data is not None:
            raise InvalidArgument("data", type(data), "None for a run, which has its data")
        symptoms = [
            Symptom(found.name, found.sentence, found.remedy) for found in model.read_curves() if found.name in CURVES
        ]
        rate = None if model.recipe.finds_its_own_step else model.recipe.learning_rate  # the schedule has left another
        return Subject(
            model.model, _batches(model.data, model.recipe), [*symptoms, *_leaks(model.data)], rate, model.data.spec
        )
    if isinstance(model, Recipe):
        if not isinstance(data, Data):
            raise InvalidArgument("data", type(data), "a recipes.Data for a recipe, which builds its model for it")
        searches = model.learning_rate is None and not model.finds_its_own_step
        rate = usual_peak(model) if searches else None
        return Subject(Trainer(data, model).model, _batches(data, model), _leaks(data), rate, data.spec)
    if not isinstance(model, keras.Model) or not model.compiled:
        raise InvalidArgument("model", model, "a compiled Keras model, a recipes.Recipe or a recipes.Run")
    if isinstance(data, Data):
        for name, value in (("y", y), ("sample_weight", sample_weight), ("class_weight", class_weight)):
            if value is not None:
                raise InvalidArgument(name, type(value), "None with a recipes.Data, which has its own")
        return Subject(model, FitData(data.batches("train", seed=0)), _leaks(data), spec=data.spec)
    options = {"sample_weight": sample_weight, "class_weight": class_weight, "batch_size": batch_size}
    source = FitData(data, y, **options, targets=False)
    return Subject(model, source, leak_symptoms(source.inputs, source.targets))


def _batches(data: Data, recipe: Recipe) -> FitData:
    return FitData(data.batches("train", seed=0, augment=recipe.augment(data)))


def _leaks(data: Data) -> list[Symptom]:
    x, y = data.arrays("train")
    return caught_leaks(data.spec, data.spec.names.to_user(x) if data.spec.record else x, y)
