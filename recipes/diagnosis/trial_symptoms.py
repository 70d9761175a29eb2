"""What trial trainings show: a batch not learned, a wrong rate, weights that never move, labels without inputs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import keras

from ...callbacks.inside.loss_facts import lowest_loss
from ...callbacks.inside.optimizer_values import set_learning_rate
from ...callbacks.inside.state import set_training_state
from .symptom import Symptom, symptom
from .trials import (
    MOST,
    Batch,
    Clock,
    borrowed,
    by_heart,
    own_rate,
    suggested_rate,
    told_by_inputs,
    untouched,
    weights_of,
)

__all__ = ["trial_symptoms"]

SMALL = 32
"""Examples in the batch that is to be learned by heart."""

LOW_RATE = 30.0
"""A rate is too low if it is so many times below the suggested one, and learns no batch by heart."""

FEWEST = 16
"""Held-out examples from which on shuffled labels are looked for."""


def trial_symptoms(
    model: keras.Model, batches: Sequence[Batch], facts: dict[str, float], rate: float | None, seconds: float
) -> tuple[list[Symptom], str]:
    """What trial trainings show, and what there was no time for.

    Args:
        model: built and compiled; it is restored.
        batches: of the training data.
        facts: holds the "first loss" and, where it is known, the "loss by chance"; what is measured is added.
        rate: to train at; None for the optimizer's own, which is then judged.
        seconds: that it may take.
    """
    small = _rows(batches[0], SMALL)
    parts = len(batches) // 5
    train, held_out = (batches[:-parts], batches[-parts:]) if parts else (batches, [])
    begun = time.monotonic()
    start, lowest = facts.get("loss by chance", facts["first loss"]), lowest_loss(model, small)
    with borrowed(model) as before:
        if rate is not None:
            set_learning_rate(model.optimizer, rate)
        own, known = own_rate(model), weights_of(model)
        learned, loss = by_heart(model, small, start, Clock(begun + seconds / 4), lowest)
        still = untouched(model, known) if learned else []
        facts["one batch by heart"] = loss
        set_training_state(model, before)
        if own is not None:
            found = _rate_symptoms(model, train, facts, own, rate is None, begun + seconds / 2)
            if not learned and "suggested rate" in facts:
                suggested = facts["suggested rate"]
                set_learning_rate(model.optimizer, suggested)
                again, _ = by_heart(model, small, start, Clock(begun + 3 * seconds / 4), lowest)
                set_training_state(model, before)
                if again and rate is None and (own > suggested or own < suggested / LOW_RATE):
                    return [_wrong_rate(own, suggested, f"one batch is left at a loss of {loss:.3g}")], ""
                learned = again
            elif found:
                return found, ""
        if learned is None:
            return [], f"not looked at in {seconds:.0f} seconds: one batch by heart, held-out examples"
        if not learned:
            text = f"after {MOST} steps on the same {examples_in([small])} examples the loss is {loss:.3g}"
            return [symptom("one batch not learned", f"{text}, where chance has {start:.3g}")], ""
        if still:
            return [symptom("never updated", f"training leaves the weights of {still[0]!r} as they were")], ""
        if examples_in(held_out) < FEWEST or small[1] is None:
            return [], "not looked at for lack of examples: whether the inputs tell the labels"
        set_training_state(model, before)
        if rate is not None:
            set_learning_rate(model.optimizer, rate)
        told, deviations = told_by_inputs(model, train, held_out, Clock(begun + seconds))
    if told is None:
        return [], f"not looked at in {seconds:.0f} seconds: whether the inputs tell the labels"
    if told:
        return [], ""
    text = f"after a short training the loss on {examples_in(held_out):,} held-out examples is no better than with"
    return [symptom("inputs do not tell the labels", f"{text} shuffled labels ({deviations:.1f} deviations)")], ""


def _rate_symptoms(
    model: keras.Model, train: Sequence[Batch], facts: dict[str, float], own: float, judged: bool, end: float
) -> list[Symptom]:
    """Runs a range test, and compares its result with the optimizer's own rate."""
    facts["learning rate"] = own
    suggestion = suggested_rate(model, train, Clock(end))
    if suggestion is None:
        return []
    facts["suggested rate"], facts["highest rate"] = suggestion
    if not judged or own <= (limit := facts["highest rate"]):
        return []
    return [_wrong_rate(own, facts["suggested rate"], f"the loss of the range test rises above {limit:.3g}")]


def _wrong_rate(own: float, suggested: float, why: str) -> Symptom:
    name = "learning rate too high" if own > suggested else "learning rate too low"
    return symptom(name, f"it is {own:.3g}, a range test suggests {suggested:.3g}, and {why}")


def examples_in(batches: Sequence[Batch]) -> int:
    """The number of examples in some batches."""
    return sum(keras.tree.flatten(x)[0].shape[0] for x, _, _ in batches)


def _rows(batch: Batch, count: int) -> Batch:
    """The first examples of a batch."""
    x, y, weights = (
        None if part is None else keras.tree.map_structure(lambda leaf: leaf[:count], part) for part in batch
    )
    return x, y, weights
