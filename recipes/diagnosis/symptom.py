"""Symptom: one thing that is wrong with a model or its data, in words, with the remedy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REMEDIES", "Symptom", "symptom"]

REMEDIES = {
    "labels out of range": "number the classes from 0 to K - 1, with K units in the last layer; 0 and 1 for a sigmoid",
    "NaN in the data": "leave such examples out, or fill in the mean and add an input that says where it was missing",
    "constant label": "check how the targets are read; there is nothing to learn as they are",
    "constant input": "leave it out, or check how it is read; there is nothing to learn from it as it is",
    "constant inputs": "check how the inputs are read; there is nothing to learn from them as they are",
    "column leaks": "leave the column out if it would not be known when predicting",
    "data not shuffled": "shuffle the examples before they are batched",
    "NaN in the weights": "load or initialize the weights again, and train with callbacks.StopOnNaN()",
    "nothing is trained": "set layer.trainable = True at least for the last layer, and compile again",
    "head is frozen": "set its trainable = True, and compile again",
    "loss cannot be computed": "choose the loss that goes with the targets and the output",
    "softmax over one unit": "use a sigmoid and binary cross-entropy for one unit, or two units",
    "softmax twice": "use one softmax: either in the model, or from_logits=True with a linear last layer",
    "output does not fit the loss": "end in a softmax (a sigmoid for yes or no), or compile with from_logits=True",
    "loss does not fit the targets": "take sparse_categorical_crossentropy for numbers of classes, or an output "
    "of the targets' shape",
    "output cannot reach the targets": "use a linear last layer, or bring the targets to its range",
    "input not normalized": "divide pixels by 255, or put a Normalization, Rescaling or BatchNormalization layer first",
    "layer cut off": "connect it: every step from it to the loss must be differentiable (no argmax, rounding, NumPy or "
    "stop_gradient)",
    "vanishing gradient": "",
    "exploding gradient": "",
    "dead units": "",
    "saturated units": "",
    "high first loss": "start the last layer with small weights, and normalize the inputs and a regression's targets",
    "learning rate too high": "take the rate that callbacks.find_learning_rate suggests, or less",
    "learning rate too low": "take the rate that callbacks.find_learning_rate suggests",
    "one batch not learned": "a larger model, less regularization, another activation or initialization",
    "never updated": "check that the optimizer is given these weights, and that their gradient is not 0",
    "inputs do not tell the labels": "check that inputs and labels are in the same order, and what the labels mean",
}
"""Name of a symptom -> remedy; "" where the sentence has it already."""


@dataclass(frozen=True)
class Symptom:
    """One thing that is wrong.

    Attributes:
        name: one of :data:`REMEDIES`.
        sentence: the observation, with numbers and the layer or column.
        remedy: what to do about it; "" where the sentence says so.

    Example:
        >>> str(symptom("constant label", "all 64 targets are 3"))
        'constant label: all 64 targets are 3. Remedy: check how the targets are read; there is nothing to learn as \
they are.'
    """

    name: str
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = self.sentence.rstrip(".")
        return f"{self.name}: {sentence}." + (f" Remedy: {self.remedy}." if self.remedy else "")


def symptom(name: str, sentence: str) -> Symptom:
    """The symptom of this name, with its remedy."""
    return Symptom(name, sentence, REMEDIES[name])
