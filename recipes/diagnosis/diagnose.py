"""diagnose: what is wrong with a model and its data, in words, before a long training."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import check_integer, check_number
from ...callbacks.gradients.measurement import build
from ...callbacks.gradients.report import gradient_report
from ...callbacks.inside.loss_facts import LossFacts, as_tensors, chance_losses, data_loss, loss_facts
from ...callbacks.inside.random_state import random_state, set_random_state
from ...callbacks.inside.step_hooks import has_own_step
from ...callbacks.inside.training import forward
from ...callbacks.taken import in_one_line, taken_by
from ..recipe import Recipe
from ..run import Run
from .data_symptoms import data_symptoms, joined
from .model_symptoms import gradient_symptoms, input_symptoms, weight_symptoms
from .output_symptoms import label_symptoms, output_symptoms
from .subject import Subject, subject_of
from .symptom import Symptom, symptom
from .trial_symptoms import trial_symptoms
from .trials import Batch, dataset

__all__ = ["Diagnosis", "diagnose"]

HIGH_LOSS, HIGH_ERROR = 3.0, 20.0
"""A first loss is high beyond this multiple of that of chance; an error, whose targets seldom have a mean of 0, beyond
the second."""

ADVICE = {"column leaks", "constant input"}
"""Symptoms in spite of which trial trainings tell something."""

TRIALS = "one batch by heart, the learning rate, held-out examples"


@dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` finds; ``str(diagnosis)`` is a line each.

    Attributes:
        symptoms: what is wrong, causes before what may follow from them; () for a healthy model.
        untried: what was not looked at, and why; "" if everything was.
        facts: what was measured: "first loss", "loss by chance", "learning rate", the "suggested rate" of a short range
            test and the "highest rate", above which its loss rises (a rate between them is no symptom), ...
        seconds: that it took.
    """

    symptoms: tuple[Symptom, ...] = ()
    untried: str = ""
    facts: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.symptoms

    @property
    def notes(self) -> list[str]:
        """What was measured, and what was not looked at, a line each."""
        facts = ", ".join(f"{name} {value:.3g}" for name, value in self.facts.items())
        return [*filter(None, [facts and f"measured: {facts}", self.untried])]

    def __str__(self) -> str:
        return "\n".join([*(map(str, self.symptoms) if self.symptoms else ["healthy: nothing was found"]), *self.notes])


@checked
def diagnose(
    model: keras.Model | Recipe | Run,
    data: Any = None,
    y: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    batch_size: int = 32,
    seconds: float = 30.0,
) -> Diagnosis:
    """Says what is wrong with a model and its data, with the remedy, before a long training.

    It looks at the examples (NaN, constant inputs or targets, columns that leak, batches that are not shuffled), at the
    weights (NaN, frozen), at whether targets, output and loss fit, at the scale of the inputs, at gradients, dead and
    saturated units, and at the first loss, which should be about that of chance. If all that is right, trial trainings
    show whether one batch can be learned by heart, whether the learning rate is sane, whether every layer is updated,
    and whether the inputs tell the labels of held-out examples. The model, its optimizer and all random states are
    restored.

    Args:
        model: a compiled Keras model; or a :class:`recipes.Recipe`, whose model is built; or a :class:`recipes.Run`,
            whose curves are read too.
        data: what Keras' ``fit`` trains on: arrays (x, y), a ``tf.data.Dataset``, ``keras.utils.PyDataset``, ...; or a
            :class:`recipes.Data`, which a recipe needs. None for a run. At most 2,048 examples are looked at; a
            generator advances by them.
        y, sample_weight, class_weight: as for ``fit``.
        batch_size: batch size for arrays. Default 32.
        seconds: about how long the trial trainings may take, > 0. Default 30.

    Returns:
        A :class:`Diagnosis`.

    Raises:
        InvalidArgument: for a model that is not compiled, a recipe without :class:`recipes.Data`, and data that cannot
            be read.

    Source: Karpathy 2019, "A Recipe for Training Neural Networks": the loss at initialization, one batch by heart.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        >>> model.compile("adam", "sparse_categorical_crossentropy")
        >>> print(diagnose(model, x, 1 + np.arange(256) % 3).symptoms[0].sentence)
        85 of 256 labels, such as 3, are not among 0 to 2
    """
    start = time.monotonic()
    seconds = check_number("seconds", seconds, above=0)
    batch_size = check_integer("batch_size", batch_size, low=1)
    before = random_state()
    try:
        subject = subject_of(model, data, y, sample_weight, class_weight, batch_size)
        found, facts, untried = _examine(subject, seconds)
    finally:
        set_random_state(before)
    return Diagnosis(tuple(found), untried, facts, time.monotonic() - start)


def _examine(subject: Subject, seconds: float) -> tuple[list[Symptom], dict[str, float], str]:
    """All symptoms, what was measured, and what was not looked at."""
    model, targets = subject.model, subject.data.targets
    batches = [as_tensors(batch) for batch in subject.data.sample(subject.examples)]
    first, facts = batches[0], dict[str, float]()
    failure = _build(model, first)
    takes_missing = not failure and _takes_missing(model, batches)
    users = [(subject.to_user(x), y, weights) for x, y, weights in batches]
    symptoms = [*data_symptoms(users, targets, takes_missing=takes_missing), *subject.symptoms]
    if _names(symptoms) & {"NaN in the data"}:
        return symptoms, facts, _left_out("everything else")
    if failure and not model.built:
        return [*symptoms, *failure], facts, _left_out("everything else")
    weights = weight_symptoms(model)
    if weights:
        return [*symptoms, *weights], facts, _left_out("everything else")
    own_step = has_own_step(model) or model.loss is None
    if not own_step:
        with taken_by(model, subject.data.argument, lambda: [(first[0], None, None)]):
            mismatch = _mismatch(model, batches, targets) or failure
        if mismatch:
            return [*symptoms, *mismatch], facts, _left_out(f"gradients, {TRIALS}")
    symptoms += input_symptoms(model, first[0])
    symptoms += gradient_symptoms(model, gradient_report(model, dataset([first])))
    if own_step:
        return symptoms, facts, f"not looked at, since the model has a train_step of its own: the loss, {TRIALS}"
    chance = chance_losses(model, batches)
    facts["first loss"] = float(np.mean([data_loss(model, batch) for batch in batches[:8]]))
    if chance is not None:
        facts["loss by chance"] = chance[0]
        symptoms += _high_loss(facts["first loss"], chance, loss_facts(model.loss))
    if _names(symptoms) - ADVICE:
        return symptoms, facts, _left_out(TRIALS)
    tried, untried = trial_symptoms(model, batches, facts, subject.rate, seconds)
    return [*symptoms, *tried], facts, untried


def _takes_missing(model: keras.Model, batches: Sequence[Batch]) -> bool:
    """Whether inputs are NaN or infinite, and the model answers them with numbers all the same."""
    answered = False
    for x, _, _ in batches:
        if all(_is_finite(leaf) for leaf in keras.tree.flatten(x)):
            continue
        if not all(_is_finite(leaf) for leaf in keras.tree.flatten(forward(model, x))):
            return False
        answered = True
    return answered


def _is_finite(tensor: Any) -> bool:
    """Whether a tensor has no NaN or infinity; one of strings or whole numbers has none."""
    values = np.asarray(tensor)
    return values.dtype.kind not in "fV" or bool(np.isfinite(values.astype(np.float64)).all())


def _names(symptoms: Sequence[Symptom]) -> set[str]:
    return {found.name for found in symptoms}


def _left_out(what: str) -> str:
    return f"not looked at before this is mended: {what}"


def _mismatch(model: keras.Model, batches: Sequence[Batch], targets: Any) -> list[Symptom]:
    """Why targets, output and loss do not fit; nothing for several outputs."""
    facts = loss_facts(model.loss)
    x, y, _ = batches[0]
    output = forward(model, x)
    if y is not None and not keras.tree.is_nested(y) and hasattr(output, "shape"):
        labels = joined([part for _, part, _ in batches]) if targets is None else targets
        found = label_symptoms(facts, labels, output.shape[-1]) or output_symptoms(model, facts, y, output)
        if found:
            return found
    return []


def _build(model: keras.Model, batch: Batch) -> list[Symptom]:
    """Builds what the first step would build, and says why that fails."""
    try:
        build(model, keras.utils.pack_x_y_sample_weight(*batch))
    except Exception as error:  # of Keras, TensorFlow or the user's model or loss
        return [symptom("loss cannot be computed", in_one_line(error))]
    return []


def _high_loss(loss: float, chance: tuple[float, float], facts: LossFacts) -> list[Symptom]:
    best, even = chance
    factor = HIGH_LOSS if facts.crossentropy else HIGH_ERROR
    if not loss > factor * max(best, even) or best < 0:
        return []
    of = "all classes alike" if facts.crossentropy else "the mean"
    text = f"the loss before training is {loss:.3g}, where predicting {of} has {max(best, even):.3g}"
    return [symptom("high first loss", text)]
