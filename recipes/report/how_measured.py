"""The protocol of a comparison in sentences, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..optimizer_choice import schedules_in_words
from .results import Results

__all__ = ["protocol"]

PRUNED = {
    "asha": " Before, a trial was trained for a sixteenth and a quarter of the epochs{least}, each with its own end of "
    "the schedule; the best third and then the best quarter of an arm's trials so far went on.",
    "median": " A trial was stopped when it{least} fell below the median of the arm's earlier ones.",
}

WIDENED = (
    " An arm whose best learning rate lay at an end of its range got half as many trials again in the decade beyond."
)

WORDS = {"diverged": "diverged", "failed": "failed", "pruned": "were pruned"}


def protocol(results: Results) -> list[str]:
    """The protocol in words, one or two sentences per step; unknown settings are not mentioned.

    Example:
        >>> protocol(results)[0]   # doctest: +SKIP
        'Every arm, an optimizer with a regularizer, got the same budget: 20 trials of at most 10 epochs, ...'
    """
    settings = results.settings
    metric = results.metric.words
    trials, epochs, seeds = (_count(settings.get(name)) for name in ("trials", "epochs", "repeats"))
    prune = settings.get("prune") or "none"
    budget = f"{trials} trial{'s' * (trials != 1)}" if trials else "as many trials as every other"
    length = f" of at most {epochs} epoch{'s' * (epochs != 1)}" if epochs else ""
    counted = f"{seeds or 'several'} fresh seeds"
    if settings.get("repeats") == "auto":
        counted = "fresh seeds, 3 at first and then more for the arms that were open"
    tuned = _TUNINGS.get(str(settings.get("tunings")), "")
    steps = [
        f"Every arm, an optimizer with a regularizer, got the same budget: {budget}{length}, in which its own learning "
        "rate and the strengths of its own regularizer were searched. No arm had to live with the settings of another."
        + PRUNED.get(prune, "").format(least=_least(prune, settings.get("least_updates")))
        + (WIDENED if settings.get("widen") else ""),
        f"The setting with the best validation {metric} was chosen{tuned}; arms "
        "are ordered by it, too. The test split had no part in tuning: it tells which arms differ from the reference, "
        "and which are as good as the best.",
    ]
    recipe = settings.get("recipe") or {}
    if "schedule" in recipe and "optimizer" in recipe:
        schedules = schedules_in_words(recipe["schedule"], recipe["optimizer"], settings.get("factors") or {})
        steps += [] if schedules is None else [schedules]
    if seeds == 1:
        steps.append(
            "The chosen setting of each arm was trained once more with a fresh seed. One seed says nothing about the "
            "noise between trainings: no spread is known, and no difference can be told from chance."
        )
    else:
        steps.append(
            f"The chosen setting of each arm was then trained again with {counted}"
            f"{_splits(settings)}, the same for every arm; the scores are their mean and their standard deviation."
        )
        steps.append(
            f"The arms are compared with the reference, {results.reference}, repeat by repeat and example by example, "
            f"by Dunnett's test. Its intervals are simultaneous: with {results.confidence} confidence all of them hold "
            f"together, however many arms there are{_looks(settings)}. They hold {_noise(results)}"
            + (
                ". That one arm's setting was chosen with more luck than another's is not in them."
                if settings.get("tunings") in (None, "once")
                else ", and that one arm's setting was chosen with more luck than another's."
            )
        )
    total = len(results.trials)
    lost = {"diverged": int(results.trials["diverged"].fillna(False).astype(bool).sum())}
    lost |= {word: int((results.trials["status"] == word).sum()) for word in ("failed", "pruned")}
    if total:
        losses = [f"{count:,} {WORDS[word]}" for word, count in lost.items() if count]
        steps.append(
            f"Of {total:,} trainings {' and '.join(losses)}; they stay in the records of their arm."
            if losses
            else f"None of the {total:,} trainings diverged or failed."
        )
    return steps


def _least(rule: str, updates: Any) -> str:
    """The updates before which no trial was judged, in words."""
    if not updates:
        return ""
    return f", but for at least {updates} updates" if rule == "asha" else f", after at least {updates} updates,"


_TUNINGS = {
    "some": ", anew for the first two repeats and every third one, with other settings to try",
    "each": ", anew for each repeat, with other settings to try",
}


def _looks(settings: Mapping[str, Any]) -> str:
    return " and however often the search looked at its results" if settings.get("repeats") == "auto" else ""


def _splits(settings: Mapping[str, Any]) -> str:
    if not settings.get("resplit"):
        return ""
    if settings.get("overlap") is None:
        return ", each with its own training and validation splits"
    return (
        ", each with its own training, validation and test splits; the test splits take turns, as in cross-validation"
    )


def _noise(results: Results) -> str:
    missing = int(results.settings.get("without_outcomes", 0))
    of_splits = "" if not results.settings.get("resplit") else " and their split of the data"
    between = f"the noise between repeats, which differ in their seed{of_splits}"
    if results.settings.get("overlap") is not None:
        return f"{between}, corrected for what their training sets share, and that of a finite number of examples"
    if not missing:
        return f"{between}, and that of a finite test split"
    return (
        f"{between}; that of the finite test split only as far as the outcomes of its examples are known, which "
        f"{missing:,} of the final trainings lack"
    )


def _count(value: Any) -> int | None:
    """A count from a setting that is the count or a list of the items; None for anything else."""
    if isinstance(value, (list, tuple)):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
