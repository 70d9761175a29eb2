"""as_run: a training of a compiled model as a Run, whose model answers with probabilities."""

from __future__ import annotations

from typing import Any

import keras

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.layers import is_functional
from ..answers import from_logits
from ..data.spec import Spec
from ..model_inputs import inputs_for, inputs_of
from ..models.records import record_inputs
from ..recipe import Recipe
from ..recipe_compile import compile_by
from ..run import Run
from .trainer import CompiledRun

__all__ = ["as_run", "with_answers"]


def as_run(run: CompiledRun, *, epochs: int, seed: int) -> Run:
    """The run, to be exported: its model has the outputs that the data's task takes, and the task's usual loss.

    Raises:
        InvalidArgument: for a model that is not functional or sequential.
    """
    model = with_answers(run.model, run.data.spec)
    compile_by(Recipe(), model, run.data.spec)
    return Run(
        model=model,
        recipe=run.recipe,
        data=run.data,
        history=run.history,
        epochs=epochs,
        best_epoch=run.best_epoch,
        seed=seed,
        seconds=run.seconds,
        message=run.message,
    )


def with_answers(model: keras.Model, spec: Spec) -> keras.Model:
    """A model with the same weights that returns probabilities where it returned logits, and one of two classes.

    Raises:
        InvalidArgument: for a model that is not functional or sequential.
    """
    if not is_functional(model):
        accepted = "a functional or sequential model, to be exported: Keras does not know the outputs of others"
        raise InvalidArgument("model", type(model).__name__, accepted)
    inputs: Any
    if spec.record:
        inputs = record_inputs(spec.features)
    else:
        taken = inputs_of(model)[0]
        inputs = keras.Input(taken.shape[1:], dtype=taken.dtype, name=taken.name)
    answers = model(inputs_for(model, inputs))
    two = spec.task == "binary" and answers.shape[-1] == 2
    if spec.task != "regression" and from_logits(getattr(model, "loss", None)):
        several = spec.task == "multiclass" or two
        answers = keras.layers.Activation("softmax" if several else "sigmoid", name="probabilities")(answers)
    return keras.Model(inputs, answers[:, 1:] if two else answers, name=model.name)
