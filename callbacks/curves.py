"""read_curves: what the loss curves of a training show, in words, with the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import InvalidArgument, check_number

__all__ = ["FINDINGS", "Finding", "read_curves"]

SHORTEST = 4
"""With fewer epochs only NaN is reported: the least that can be compared is the last two with the two before."""

UNLEARNED = 0.95
"""A training loss that never fell below this fraction of the reference has learned nothing worth mentioning."""

JUMP = 0.25
"""A rise of the training loss by this fraction of the reference, without recovery, is not noise: 1cycle's high rates
raise it by a few percent, and then it falls below its old value."""

RECOVERED = 0.01
"""A training loss has recovered if it ends within this fraction of the reference above its lowest value before the
jump."""

BLOWN_UP = 10.0
"""An untrained network starts near chance level. A first epoch of this many times its loss was thrown there by the
first steps."""

RISE = 0.1
"""A training loss rises if it ends higher than its lowest value by this fraction of the reference."""

POOR = 0.5
"""A loss above this fraction of the reference is poor: less than half of what can be known has been learned. Noisy
targets can have the same effect, which the sentence mentions."""

OVERFIT = 0.01
OVERFIT_RELATIVE = 0.05
"""A rise of the validation loss counts if it exceeds both 1 % of the reference and 5 % of its minimum. Below the first
it does not matter (0.064 to 0.070 with ten classes), below the second it is a plateau."""

IMPROVEMENT = 0.03
"""A fall over the last third of the epochs by 3 % of the reference makes more epochs worthwhile. A loss below 3 % has
less than that left to fall."""

ANNEALED = 0.1
"""Epochs at less than this fraction of the highest rate end every fall; they do not show whether there is more to
gain."""

SIGMAS = 3.0
"""A difference must exceed this many standard deviations of the curve's noise."""


@dataclass(frozen=True)
class Finding:
    """What a training shows.

    Attributes:
        name: "step size too large", "overfitting", "underfitting", "still improving" or "converged" of curves; others
            of errors and units.
        epoch: where it shows, from 1: the first NaN, the top of the jump, the lowest validation loss; else the last.
        sentence: the observation, with numbers.
        remedy: what to do about it; empty for "converged".
        choices: names in the catalogues of ``recipes`` that apply the remedy: "l2", "dropout", ...

    Example:
        >>> history = {"loss": [2.3, 1.0, 0.5, 0.2, 0.1, 0.1], "val_loss": [2.0, 0.9, 0.9, 1.0, 1.1, 1.2]}
        >>> read_curves(history)[0].name
        'overfitting'
    """

    name: str
    epoch: int
    sentence: str
    remedy: str
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        remedy = f" Remedy: {self.remedy}" if self.remedy else ""
        choices = f" ({', '.join(self.choices)})" if self.choices else ""
        return f"{self.name}: {self.sentence}.{remedy}{choices}{'.' if self.remedy else ''}"


FINDINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "step size too large": (
        "a lower learning rate, such as a range test suggests, or a warm-up to it",
        ("one_cycle",),
    ),
    "overfitting": (
        "more data, more regularization, a smaller model, or a stop at the lowest validation loss",
        ("early_stopping", "l2", "dropout"),
    ),
    "underfitting": (
        "a larger or better suited model, less regularization, a better optimizer or initializer",
        ("mlp", "cnn", "nadam", "he_normal"),
    ),
    "still improving": ("more epochs, or a higher learning rate", ("one_cycle", "nadam")),
    "converged": ("", ()),
}
"""Name -> remedy, and the names in the catalogues that apply it."""


def read_curves(history: Any, *, baseline: float | None = None) -> tuple[Finding, ...]:
    """What the loss curves of a training show, in words.

    Losses are judged as fractions of a reference: ``baseline``, the loss of a model that knows nothing. Without it the
    reference is the training loss of the first epoch, and "poor" then only means that little was gained since. Give
    the baseline if it is known: for cross-entropy the entropy of the classes' shares, ``-sum(p * log(p))``, which is
    ``log(classes)`` where they are equally frequent; for squared errors the targets' variance.
    The first of these findings that applies is returned:

    - **step size too large**: the loss became NaN or infinite; or the training loss never fell below the reference
      (unless it falls steadily, which is "still improving"); or it jumped up by a quarter of the reference and never
      recovered; or it ends well above its lowest value; or it starts far above the reference and ends poor.
    - **overfitting** since epoch k: the validation loss, smoothed by a running median of 3, was lowest at epoch k and
      ends higher, while the training loss kept falling; or it ends no better than the baseline, while the training loss
      fell below half of it.
    - **still improving**: the validation loss (without one, the training loss) of the last third of the epochs is
      clearly below all earlier values, and there is enough left to gain. Epochs at annealed rates do not count.
    - **underfitting**: training and validation loss both end above half of the reference, and are not improving.
    - **converged**: none of these.

    A rise in the middle, as from 1cycle's high rates, is no finding if the loss falls below it afterwards. Differences
    must exceed 3 standard deviations of the curve's noise, which is estimated from its second differences. The
    thresholds are constants of this module, each with its reason.

    Args:
        history: a ``keras.callbacks.History``, or its dictionary: "loss" and optionally "val_loss" and "learning_rate",
            with one value per epoch.
        baseline: the loss at chance level, > 0, in the unit of the loss. Default None, see above. It should exclude
            penalties on weights, although the loss includes them.

    Returns:
        A tuple of :class:`Finding`: one, or none for a training of fewer than 4 epochs without NaN.

    Raises:
        InvalidArgument: for a history without "loss", curves of different lengths, or a baseline that is not > 0.

    Source: the rules of thumb of the lectures of Goodfellow et al. 2016, chapter 11, and of Karpathy's "A Recipe for
    Training Neural Networks"; the thresholds are ours.

    Example:
        >>> finding, = read_curves({"loss": [2.0, 0.6, 0.3, 0.21, 0.2, 0.2]}, baseline=2.3)
        >>> finding.name
        'converged'
    """
    curves = _curves(history)
    loss, validation, rate = curves["loss"], curves.get("val_loss"), curves.get("learning_rate")
    if baseline is not None:
        baseline = check_number("baseline", baseline, above=0)
    finding = _not_finite(loss, validation)
    if finding is None and len(loss) >= SHORTEST:
        # An untrained network may start above the baseline; coming down to it is no gain.
        reference = baseline if baseline is not None else float(loss[0]) or 1.0
        unit = "the loss at chance level" if baseline is not None else "the first epoch's"
        finding = (
            _step_size(loss, reference, unit)
            or _overfitting(loss, validation, reference)
            or (_no_better_than_chance(loss, validation, baseline) if baseline is not None else None)
            or _improving(loss, validation, rate, reference, unit)
            or _underfitting(loss, validation, reference, unit)
            or _converged(loss, validation, reference, unit)
        )
    return (finding,) if finding is not None else ()


# --- the findings ---------------------------------------------------------------------------------------------------


def _finding(name: str, epoch: int, sentence: str) -> Finding:
    remedy, choices = FINDINGS[name]
    return Finding(name, epoch, sentence, remedy, choices)


def _not_finite(loss: np.ndarray, validation: np.ndarray | None) -> Finding | None:
    for name, curve in (("training", loss), ("validation", validation)):
        if curve is not None and not np.isfinite(curve).all():
            epoch = int(np.argmin(np.isfinite(curve))) + 1
            return _finding("step size too large", epoch, f"the {name} loss is {curve[epoch - 1]} in epoch {epoch}")
    return None


def _step_size(loss: np.ndarray, reference: float, unit: str) -> Finding | None:
    name, last, lowest = "step size too large", len(loss), int(np.argmin(loss))
    if loss.min() > UNLEARNED * reference and len(loss) >= SHORTEST:
        if _steadily_falling(loss) and loss[0] <= BLOWN_UP * reference:
            return None
        learned = f"the training loss does not fall: its lowest value, {loss.min():.3g} in epoch {lowest + 1}"
        return _finding(name, lowest + 1, f"{learned}, is {_share(loss.min() / reference)} {unit}")
    before = np.minimum.accumulate(loss)[:-1]
    rises = loss[1:] - before
    top = int(np.argmax(rises)) + 1
    if rises[top - 1] > JUMP * reference and _end(loss) > before[top - 1] + RECOVERED * reference:
        rose = f"the training loss rose from {before[top - 1]:.3g} to {loss[top]:.3g} in epoch {top + 1}"
        since = "" if top + 1 == last else f" and ended at {loss[-1]:.3g} in epoch {last}"
        return _finding(name, top + 1, rose + since)
    rise = float(loss[-2:].min() - _median3(loss).min())
    if rise > max(RISE * reference, SIGMAS * _noise(loss, lowest)):
        rose = f"the training loss rises: from {loss[lowest]:.3g} in epoch {lowest + 1} to {loss[-1]:.3g}"
        return _finding(name, last, f"{rose} in epoch {last}")
    if loss[0] > BLOWN_UP * reference and _end(loss) > POOR * reference:
        thrown = f"the training loss was {loss[0]:.3g} in epoch 1, {_share(loss[0] / reference)} {unit}"
        return _finding(name, 1, f"{thrown}, and ended at {loss[-1]:.3g}")
    return None


def _overfitting(loss: np.ndarray, validation: np.ndarray | None, reference: float) -> Finding | None:
    if validation is None:
        return None
    smooth = _median3(validation)
    best = int(np.argmin(smooth))
    if len(loss) - 1 - best < 2:
        return None
    rise = float(np.median(validation[-3:])) - float(smooth[best])
    least = max(OVERFIT * reference, OVERFIT_RELATIVE * abs(smooth[best]), SIGMAS * _noise(validation, best))
    if rise <= least or _end(loss) >= loss[best]:
        return None
    near = slice(max(0, best - 1), best + 2)
    lowest = near.start + int(np.argmin(validation[near]))
    return _finding(
        "overfitting",
        lowest + 1,
        f"since epoch {lowest + 1} the validation loss has risen from {validation[lowest]:.3g} to {validation[-1]:.3g} "
        f"while the training loss fell from {loss[lowest]:.3g} to {loss[-1]:.3g}",
    )


def _no_better_than_chance(loss: np.ndarray, validation: np.ndarray | None, baseline: float) -> Finding | None:
    if validation is None or _end(validation) < baseline or _end(loss) > POOR * baseline:
        return None
    lowest = int(np.argmin(validation))
    return _finding(
        "overfitting",
        lowest + 1,
        f"the validation loss ends at {validation[-1]:.3g}, {_share(validation[-1] / baseline)} the loss at chance "
        f"level (lowest: {validation[lowest]:.3g} in epoch {lowest + 1}), while the training loss fell to "
        f"{loss[-1]:.3g}",
    )


def _improving(
    loss: np.ndarray, validation: np.ndarray | None, rate: np.ndarray | None, reference: float, unit: str
) -> Finding | None:
    which, curve = ("training", loss) if validation is None else ("validation", validation)
    if loss.min() > UNLEARNED * reference:  # but it falls steadily, or _step_size would have reported it
        fell = f"the training loss falls slowly, from {loss[0]:.3g} to {loss[-1]:.3g} in {len(loss)} epochs"
        return _finding("still improving", len(loss), fell)
    working = curve
    if rate is not None and np.isfinite(rate).all() and rate.max() > 0:
        ends = int(np.flatnonzero(rate >= ANNEALED * rate.max())[-1]) + 1
        working = curve[: max(ends, SHORTEST)]
    width = max(2, len(working) // 3)
    now, before = float(working[-width:].mean()), float(working[-2 * width : -width].mean())
    least = max(IMPROVEMENT * reference, SIGMAS * _noise(working, -1) * (2.0 / width) ** 0.5)
    clearly_lowest = now < _median3(working)[:-width].min() and working[-1] < before
    if before - now <= least or not clearly_lowest or curve[-1] < IMPROVEMENT * reference:
        return None
    last = len(working)
    when = f"epochs {last - width + 1} to {last}" + (", before the rate was annealed," if last < len(curve) else "")
    return _finding(
        "still improving",
        len(loss),
        f"the mean {which} loss of {when} was {now:.3g}, after {before:.3g} in the {width} before; it ends at "
        f"{curve[-1]:.3g}, {_share(curve[-1] / reference)} {unit}",
    )


def _underfitting(loss: np.ndarray, validation: np.ndarray | None, reference: float, unit: str) -> Finding | None:
    ends = [_end(curve) for curve in (loss, validation) if curve is not None]
    if min(ends) <= POOR * reference:
        return None
    values = " and ".join(f"{end:.3g} ({_share(end / reference)} {unit})" for end in ends)
    losses = "the training loss has" if validation is None else "training and validation loss have"
    sentence = f"{losses} stopped falling at {values}, unless the inputs tell no more about the targets"
    return _finding("underfitting", len(loss), sentence)


def _converged(loss: np.ndarray, validation: np.ndarray | None, reference: float, unit: str) -> Finding:
    which, curve = ("training", loss) if validation is None else ("validation", validation)
    beside = "" if validation is None else f", beside a training loss of {loss[-1]:.3g}"
    lowest = int(np.argmin(curve))
    least = "" if lowest == len(curve) - 1 else f" (lowest: {curve[lowest]:.3g} in epoch {lowest + 1})"
    sentence = f"the {which} loss has settled at {curve[-1]:.3g}{least}, {_share(curve[-1] / reference)} {unit}{beside}"
    return _finding("converged", len(loss), sentence)


# --- curves ---------------------------------------------------------------------------------------------------------


def _curves(history: Any) -> dict[str, np.ndarray]:
    values = getattr(history, "history", history)
    accepted = 'a History, or a mapping with "loss" and optionally "val_loss" and "learning_rate", a number per epoch'
    if not isinstance(values, Mapping) or "loss" not in values:
        raise InvalidArgument("history", history, accepted)
    curves = {}
    for name in ("loss", "val_loss", "learning_rate"):
        if name not in values:
            continue
        try:
            curves[name] = np.array([float(value) for value in values[name]])
        except (TypeError, ValueError):
            raise InvalidArgument("history", {name: values[name]}, accepted) from None
        if len(curves[name]) != len(curves["loss"]):
            lengths = {key: len(curve) for key, curve in curves.items()}
            raise InvalidArgument("history", lengths, accepted + " and the same number of epochs for each")
    if len(curves["loss"]) == 0:
        raise InvalidArgument("history", history, accepted + " and at least one epoch")
    return curves


def _median3(curve: np.ndarray) -> np.ndarray:
    """The running median of 3, of the same length; the first and the last value stay."""
    padded = np.concatenate([curve[:1], curve, curve[-1:]])
    return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)


def _noise(curve: np.ndarray, where: int) -> float:
    """The standard deviation of independent noise on a smooth curve, at an index, from the median second difference.

    If all values are positive, the differences are those of the logarithm: exponential decay has none, and noise is
    about proportional to the loss.
    """
    if len(curve) < 3:
        return 0.0
    positive = bool((curve > 0).all())
    differences = np.diff(np.log(curve) if positive else curve, 2)
    relative = 1.4826 * float(np.median(np.abs(differences))) / 6.0**0.5
    return relative * float(_median3(curve)[where]) if positive else relative


def _end(curve: np.ndarray) -> float:
    """The mean of the last two values."""
    return float(curve[-2:].mean())


def _share(ratio: float) -> str:
    """A ratio in words: "16% of", "1.7% of", "31 times"."""
    if abs(ratio) >= 2:
        return f"{ratio:.3g} times"
    return f"{ratio:.0%} of" if abs(ratio) >= 0.1 else f"{100 * ratio:.2g}% of"


def _steadily_falling(curve: np.ndarray) -> bool:
    """Whether the curve falls in at least 4 of 5 epochs and ends lower than it began by more than its noise."""
    return bool(np.mean(np.diff(curve) < 0) >= 0.8 and curve[0] - curve[-1] > SIGMAS * _noise(curve, 0))
