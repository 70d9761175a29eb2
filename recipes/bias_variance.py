"""bias_or_variance: which of the two most of a model's error is, in words, beside its size and that of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..callbacks.curves import FINDINGS, Finding

__all__ = ["agreed", "bias_or_variance", "capacity"]

SMALL = 0.05
"""A validation error below this fraction of that by chance is small, whatever it consists of. A rule of thumb."""

SIGMAS = 2.0
"""The errors on training and validation examples differ if they do so by this many standard errors."""


def bias_or_variance(
    train: float, validation: float, noise: float, chance: float, *, of: str, size: str = "", epoch: int = 0
) -> tuple[Finding, ...]:
    """Which part of the validation error is the larger one, and what helps against it.

    The error on the training examples is what the model cannot fit: its bias, with what nobody can know of the targets.
    What validation examples have beyond it is its variance. More data and regularization reduce the second and raise
    the first; a larger model and longer training do the opposite.

    Args:
        train, validation: the errors of the trained model, without dropout: shares, >= 0.
        noise: the standard error of ``validation``, from the number of its examples.
        chance: the error of a constant answer on the validation examples, > 0.
        of: what they are shares of, with a verb.
        size: a sentence on the size of the model, to follow. Default "".
        epoch: of the weights.

    Returns:
        A tuple of one :class:`callbacks.Finding`, "bias", "variance" or "little error"; () if an error is not finite.

    Source: Ng 2018, "Machine Learning Yearning", chapters 20 to 23; Geman et al. 1992, "Neural networks and the
    bias/variance dilemma". The thresholds are ours.

    Example:
        >>> finding, = bias_or_variance(0.02, 0.12, 0.01, 0.9, of="of the answers are wrong")
        >>> print(finding.name, finding.sentence.partition(": ")[2])
        variance 10 points of variance beside 2 of bias
    """
    if not all(map(math.isfinite, (train, validation, noise, chance))):
        return ()
    gap = validation - train
    errors = f"{_percent(validation)} {of} in validation, {_percent(train)} in training, {_percent(chance)} by chance"
    points, rest = f"{100 * gap:.2g} points of variance", f"{100 * train:.2g}"
    if gap <= SIGMAS * noise:
        parts = f"no variance that so few validation examples could tell from none, beside {rest} points of bias"
    elif gap > train:
        parts = f"{points} beside {rest} of bias"
    else:
        parts = f"{rest} points of bias beside {points}"
    worse = "; it does not beat chance" if validation >= chance else ""
    sentence = f"{errors}: {parts}{worse}" + (f"; {size}" if size else "")
    if validation < SMALL * chance:
        return (Finding("little error", epoch, sentence, ""),)
    large = gap > SIGMAS * noise and gap > train
    remedy, choices = FINDINGS["overfitting" if large else "underfitting"]
    return (Finding("variance" if large else "bias", epoch, sentence, remedy, choices),)


CONTRADICTING = {"bias": "overfitting", "variance": "underfitting"}
"""What an error is most of, and the finding of the curves whose remedy would raise it."""


def agreed(errors: Sequence[Finding], curves: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of both, where none has a remedy that the others speak against.

    Args:
        errors: of :func:`bias_or_variance`.
        curves: of :func:`callbacks.read_curves`.

    Example:
        >>> bias, rise = Finding("bias", 3, "9 points", "a larger model"), Finding("overfitting", 3, "", "smaller")
        >>> agreed([bias], [rise])[1].remedy  # early stopping is not among its choices, for it is used
        'none, for the weights are those of the lowest validation loss; most of the error is bias all the same'
    """
    found = {finding.name for finding in errors}
    agreeing = list[Finding]()
    for curve in curves:
        against = next((name for name in found if CONTRADICTING.get(name) == curve.name), None)
        change: dict[str, Any] = {}
        if against == "bias":
            kept = tuple(choice for choice in curve.choices if choice == "early_stopping")
            stop = "a stop at" if kept else "none, for the weights are those of"
            change = {
                "remedy": f"{stop} the lowest validation loss; most of the error is bias all the same",
                "choices": kept,
            }
        elif against == "variance":
            change = {"remedy": "that for variance; both losses may be high since targets are noisy", "choices": ()}
        agreeing.append(replace(curve, **change))
    if any(curve.name == "still improving" for curve in curves):
        errors = [
            replace(finding, remedy=f"more epochs first, for the loss is still falling; then {finding.remedy}")
            if finding.name == "bias"
            else finding
            for finding in errors
        ]
    return (*errors, *agreeing)


def capacity(parameters: int, examples: int, input_shape: Sequence[int | None] | None = None) -> str:
    """The number of trained parameters against that of the training examples, in words.

    Args:
        parameters: that are trained.
        examples: of the training split, >= 1.
        input_shape: of an example of numbers; None (default) for other inputs.

    Source: Zhang et al. 2017, "Understanding deep learning requires rethinking generalization": 2 n + d parameters, in
    two layers, suffice for any labels of n examples of d numbers. Belkin et al. 2019, "Reconciling modern
    machine-learning practice and the classical bias-variance trade-off", for why so many need not overfit.

    Example:
        >>> capacity(5_000, 1_000, (64,))
        '5,000 trained parameters for 1,000 training examples (5 each): enough to learn any labels by heart'
        >>> capacity(500, 1_000)
        '500 trained parameters for 1,000 training examples (0.5 each): fewer than examples'
    """
    counts = f"{parameters:,} trained parameters for {examples:,} training examples ({parameters / examples:.3g} each)"
    known = input_shape is not None and None not in input_shape
    if known and parameters >= 2 * examples + math.prod(size or 1 for size in input_shape or ()):
        return f"{counts}: enough to learn any labels by heart"
    return f"{counts}: {'fewer' if parameters < examples else 'no fewer'} than examples"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
