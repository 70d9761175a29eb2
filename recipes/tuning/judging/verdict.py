"""verdict: the outcome of a comparison in sentences, with what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...choice import split_names
from ...report import formatting
from ...report.results import Results, records
from ..candidate import CANDIDATE
from ..record import IN_PARTS
from .next_steps import next_steps

if TYPE_CHECKING:
    from ..resuming import Resumption

__all__ = ["verdict"]

NAMED = 6
"""How many arms that are as good or open are named; those that differ all are."""

Row = Mapping[str, Any]


def verdict(results: Results, resumption: Resumption) -> list[str]:
    """The outcome in sentences: the main effects, the arms, what would decide the open ones, and the decision.

    Args:
        results: the tables of the comparison; their ``verdict`` is not read.
        resumption: how to go on with the search.
    """
    rows = results.rows()
    unfinished = results.settings.get("unfinished")
    head = [f"Unfinished: {unfinished}; no others are compared. {resumption.again()}"] if unfinished else []
    failures = list(results.trials.loc[results.trials["status"] == "failed", "message"])
    if results.winner is None:
        if failures:
            return [*head, f"Every arm failed, the first training with {failures[0]}."]
        return [*head, "Every arm diverged: lower the learning rates."]
    steps = [] if unfinished else next_steps(results, resumption)
    sentences = [*head, *_main_effects(results), *_arms(results, rows), *steps, _decision(results)]
    if failures:
        sentences.append(f"{_count(len(failures), 'training')} failed, the first with {failures[0]}.")
    parts = int(results.trials["message"].astype(str).str.startswith(IN_PARTS).sum())
    if parts:
        sentences.append(
            f"{_count(parts, 'training')} computed batches in parts, as the accelerator ran out of memory: their "
            "numbers differ from those of whole batches by rounding, and more with batch normalization."
        )
    superseded = int(results.settings.get("superseded", 0))
    if superseded:
        sentences.append(
            f"{_count(superseded, 'repeat')} of settings that a later trial surpassed: on record, but not counted."
        )
    sentences += _against_base_rate(results)
    missing = int(results.settings.get("without_outcomes", 0))
    if missing:
        own = "origin" in (results.settings.get("metrics") or [{}])[0]
        why = "since the metric is not defined without some of them" if own else "as of searches of earlier versions"
        sentences.append(
            f"The outcomes of the test examples are missing for {_count(missing, 'final training')}, {why}: so far "
            "intervals hold the noise between repeats only, not that of the test split."
        )
    return sentences


def _base_rate(results: Results) -> str:
    beside = formatting.beside(results.metric, results.base_rate)
    return f"{beside} %" if beside else ""


def _against_base_rate(results: Results) -> list[str]:
    """A sentence, if the accuracy of the decision is not above that of a constant answer."""
    row = results.row(results.winner or "") or {}
    if not _base_rate(results) or row["test_mean"] > results.base_rate:
        return []
    return [
        f"The decision does not beat the base rate, {formatting.score(results.base_rate, results.metric)} %: to answer "
        'the most frequent class always is as good. The metric "balanced_accuracy", "auc" or "pr_auc" tells more here.'
    ]


def _main_effects(results: Results) -> list[str]:
    """A sentence per factor with several levels: which differ from the reference's, averaged over the other choices."""
    effects = records(results.main_effects)
    factors = dict.fromkeys(row["factor"] for row in effects)
    by_factor = {factor: [row for row in effects if row["factor"] == factor] for factor in factors}
    by_factor = {factor: rows for factor, rows in by_factor.items() if len(rows) > 1}
    if len(by_factor) < 2:
        return []  # the arms say the same
    sentences = []
    for factor, rows in by_factor.items():
        reference = next((row for row in rows if row["verdict"] == "reference"), None)
        if reference is None:
            continue
        others = [row for row in rows if row is not reference]
        groups = _by_word(results, others, _level)
        sentences.append(
            f"{factor.replace('_', ' ').capitalize()}, on average and against {_level(reference)}: {groups}."
        )
    return sentences


def _arms(results: Results, rows: Sequence[Row]) -> list[str]:
    """The arms by their word, against the reference."""
    reference = results.row(results.reference) or {}
    score = _score(results, reference)
    repeats = _count(int(reference["repeats"]), "repeat") + _base_rate(results)
    head = f"The reference, {_arm(reference)}, has a test {results.metric.words} of {score} over {repeats}."
    others = [row for row in rows if row["arm"] != results.reference]
    if results.reference != results.settings["default_arm"]:
        lost = results.row(results.settings["default_arm"])
        how = f" {lost['verdict']}" if lost else " is missing"
        name = f", {_arm(lost)}," if lost else ""
        head = f"The default arm{name}{how}: the arms are compared with the best of the others. {head}"
    if not others:
        return [head]
    return [head, f"Of {_count(len(others), 'other arm')}: {_by_word(results, others, _arm)}."]


def _by_word(results: Results, rows: Sequence[Row], name: Callable[[Row], str]) -> str:
    """ "better: adam by 0.50 points (1.8 of 359 test examples); as good: nadam; 3 open": rows by their word."""
    parts = []
    for word in ("better", "worse"):
        differing = [f"{name(row)} by {_amount(results, row)}" for row in rows if row["verdict"] == word]
        if differing:
            parts.append(f"{word}: {', '.join(differing)}")
    margin = formatting.margin(results.margin, results.metric)
    for word, meaning in (("as good", f" (within {margin})"), ("open", ""), ("diverged", ""), ("failed", "")):
        alike = [name(row) for row in rows if row["verdict"] == word]
        if len(alike) == len(rows) > 1 and word == "open":
            parts.append("all open")
        elif len(alike) > NAMED:
            parts.append(f"{len(alike)} {word}{meaning}")
        elif alike:
            parts.append(f"{word}{meaning}: {', '.join(alike)}")
    return "; ".join(parts)


def _amount(results: Results, row: Row) -> str:
    """A difference without its sign, with its unit: "0.56 points (2.0 of 359 test examples)"."""
    metric, examples = results.metric, results.test_examples
    amount = formatting.score(abs(row["difference"]), metric) + " points" * metric.percentage
    if not metric.resolution(examples):
        return amount
    return f"{amount} ({formatting.in_examples(abs(row['difference']), examples).lstrip('+')} of {examples:,} examples)"


def _decision(results: Results) -> str:
    """The decision and its reason."""
    row = results.row(results.winner or "") or {}
    best = next(row for row in results.rows() if row["against_best"] == "best")
    equals = [_arm(row) for row in results.rows() if row["against_best"] == "as good"]
    so_far = " so far" if "unfinished" in results.settings else ""
    head = f"Decision{so_far}: {_arm(row)}, test {results.metric.words} {_score(results, row)}"
    if row["chosen"] == "best":
        why = f"best on the validation data{_of_the_better(results, row)}"
        equal = f", as good as it: {', '.join(equals[:NAMED])}" if equals else ", and no arm is known to be as good"
        more = f" and {len(equals) - NAMED} more" if len(equals) > NAMED else ""
        return f"{head}; {why}{equal}{more}."
    if row["chosen"] == "cheaper":
        times = f"{formatting.duration(row['seconds'])} against {formatting.duration(best['seconds'])} a training"
        return f"{head}; as good as the best, {_arm(best)}, and cheaper: {times}."
    return f"{head}; as good as the best, {_arm(best)}, and less sensitive to its setting."


def _of_the_better(results: Results, row: Row) -> str:
    first = results.rows()[0]
    if row["arm"] == first["arm"]:
        return ""
    return (
        " of those that are better than the reference" if row["verdict"] == "better" else " of those that are not worse"
    )


def _score(results: Results, row: Row) -> str:
    spread = formatting.spread(row["test_mean"], row["test_sd"], results.metric)
    return spread + " %" * results.metric.percentage


def _arm(row: Row) -> str:
    if CANDIDATE in row:
        return row["arm"]
    names = list(row)
    factors = names[names.index("arm") + 1 : names.index("learning_rate")]
    others = [f"{name.replace('_', ' ')} {row[name]}" for name in factors if name not in ("optimizer", "regularizer")]
    return f"{row['optimizer']} with {_regularizer(row['regularizer'])}" + f" ({', '.join(others)})" * bool(others)


def _level(row: Row) -> str:
    return _regularizer(row["level"]) if row["factor"] == "regularizer" else row["level"]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _regularizer(name: str) -> str:
    return " and ".join(split_names(name)).replace("_", " ") or "no regularizer"
